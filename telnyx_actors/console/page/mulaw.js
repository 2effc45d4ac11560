// G.711 mu-law, as telephones speak it. Pure, and without globals of the page: the audio thread imports it too.

const BIAS = 0x84;
const CLIP = 32635;

/** A sample from -1 to 1 as one byte. */
export function encodeSample(sample) {
  let pcm = Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
  const sign = pcm < 0 ? 0x80 : 0;
  pcm = Math.min(Math.abs(pcm), CLIP) + BIAS;
  let exponent = 7;
  for (let mask = 0x4000; exponent > 0 && !(pcm & mask); mask >>= 1) exponent -= 1;
  const mantissa = (pcm >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

const DECODED = Float32Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + BIAS) << ((code & 0x70) >> 4)) - BIAS;
  return (code & 0x80 ? -magnitude : magnitude) / 32768;
});

export function decode(bytes) {
  return Float32Array.from(bytes, (byte) => DECODED[byte]);
}

export const SILENCE = 0xff;
