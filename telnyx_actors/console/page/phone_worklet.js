// The telephone on the audio thread: the microphone becomes frames of 20 ms, what comes from the agent becomes sound.
// Everything goes by the clock of the sound card, as on a real line.

import { SILENCE, decode, encodeSample } from "./mulaw.js";
import { Playout } from "./playout.js";
import { Resampler } from "./resample.js";

const LINE_HZ = 8000;
const FRAME = 160;
const LEVELS_EVERY = 800; // samples of the line: ten times a second

class PhoneLine extends AudioWorkletProcessor {
  constructor() {
    super();
    this.fromMicrophone = new Resampler(sampleRate, LINE_HZ);
    this.toSpeaker = new Resampler(LINE_HZ, sampleRate);
    this.playout = new Playout();
    this.piece = new Float32Array(8); // a millisecond
    this.sound = []; // for the speaker, at its own rate
    this.frame = new Uint8Array(FRAME);
    this.filled = 0;
    this.script = null; // a recorded phrase that is said instead of the microphone
    this.scriptAt = 0;
    this.isMuted = false;
    this.levels = [0, 0];
    this.counted = 0;
    this.port.onmessage = ({ data }) => this.take(data);
  }

  take(data) {
    if (data.audio) this.playout.audio(decode(data.audio));
    if (data.mark !== undefined) this.playout.mark(data.mark);
    if (data.clear) this.tell(this.playout.clear());
    if (data.script) [this.script, this.scriptAt] = [data.script, 0];
    if (data.muted !== undefined) this.isMuted = data.muted;
  }

  process([input], [output]) {
    this.hear(input[0] ?? new Float32Array(output[0].length));
    this.play(output);
    return true;
  }

  hear(samples) {
    for (const sample of this.fromMicrophone.push(samples)) {
      this.levels[0] = Math.max(this.levels[0], Math.abs(sample));
      this.frame[this.filled] = this.isMuted ? SILENCE : encodeSample(sample);
      this.filled += 1;
      if (this.filled === FRAME) this.send();
    }
  }

  send() {
    this.filled = 0;
    let frame = this.frame.slice();
    if (this.script) {
      frame = new Uint8Array(FRAME).fill(SILENCE);
      frame.set(this.script.subarray(this.scriptAt, this.scriptAt + FRAME));
      this.scriptAt += FRAME;
      if (this.scriptAt >= this.script.length) {
        this.script = null;
        this.port.postMessage({ said: true });
      }
      this.levels[0] = Math.max(...decode(frame).map(Math.abs));
    }
    this.port.postMessage({ frame }, [frame.buffer]);
  }

  play(output) {
    const wanted = output[0].length;
    while (this.sound.length < wanted) {
      this.tell(this.playout.pull(this.piece));
      for (const sample of this.piece) this.levels[1] = Math.max(this.levels[1], Math.abs(sample));
      this.sound.push(...this.toSpeaker.push(this.piece));
      this.count(this.piece.length);
    }
    const now = this.sound.splice(0, wanted);
    for (const channel of output) channel.set(now);
  }

  tell(marks) {
    if (marks.length) this.port.postMessage({ marks });
  }

  count(samples) {
    this.counted += samples;
    if (this.counted < LEVELS_EVERY) return;
    this.counted = 0;
    this.port.postMessage({ levels: this.levels, isSpeaking: !this.playout.isEmpty });
    this.levels = [0, 0];
  }
}

registerProcessor("phone-line", PhoneLine);
