// From one sampling rate to another, piece by piece, by a windowed sinc. Pure.

const CROSSINGS = 8; // of the sinc on each side: 60 dB down, enough for a telephone
const PHASES = 128; // positions between two samples that the kernel is known at

export class Resampler {
  constructor(from, to) {
    this.step = from / to; // input samples an output sample
    const cutoff = Math.min(1, to / from) * 0.94;
    this.half = Math.ceil(CROSSINGS / cutoff);
    this.kernel = kernel(this.half, cutoff);
    this.waiting = new Float32Array(this.half); // silence before the first sample
    this.at = this.half; // where the next output lies in `waiting`
  }

  /** What can be said of the input so far: the output lags by half a kernel. */
  push(samples) {
    const input = new Float32Array(this.waiting.length + samples.length);
    input.set(this.waiting);
    input.set(samples, this.waiting.length);
    const output = [];
    while (this.at + this.half < input.length) {
      output.push(this.sampleAt(input, this.at));
      this.at += this.step;
    }
    const done = Math.max(0, Math.floor(this.at) - this.half);
    this.waiting = input.slice(done);
    this.at -= done;
    return Float32Array.from(output);
  }

  sampleAt(input, at) {
    const whole = Math.floor(at);
    const phase = Math.round((at - whole) * PHASES);
    let sum = 0;
    for (let i = 1 - this.half; i <= this.half; i += 1) sum += (input[whole + i] ?? 0) * this.kernel[(this.half - i) * PHASES + phase];
    return sum;
  }
}

/** Indexed so that the tap `i` of a position `phase / PHASES` past a sample is at `(half - i) * PHASES + phase`. */
function kernel(half, cutoff) {
  const taps = new Float32Array(2 * half * PHASES + PHASES + 1);
  for (let index = 0; index < taps.length; index += 1) {
    const x = index / PHASES - half;
    if (Math.abs(x) > half) continue;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x * cutoff) / (Math.PI * x * cutoff);
    const window = 0.42 + 0.5 * Math.cos((Math.PI * x) / half) + 0.08 * Math.cos((2 * Math.PI * x) / half);
    taps[index] = sinc * window * cutoff;
  }
  return taps;
}
