// A recording as the engine archives it: PCM16, stereo, 8 kHz, caller left and agent right. Pure.

/** Where the samples of a WAV file are: `{rate, channels, at, bytes}`. Throws when it is not one of ours. */
export function readHead(view) {
  const word = (at) => String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
  if (word(0) !== "RIFF" || word(8) !== "WAVE") throw new Error("not a WAV file");
  let head = null;
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const [name, bytes] = [word(at), view.getUint32(at + 4, true)];
    if (name === "fmt ") head = { channels: view.getUint16(at + 10, true), rate: view.getUint32(at + 12, true), bits: view.getUint16(at + 22, true) };
    if (name === "data") return { ...head, at: at + 8, bytes: Math.min(bytes, view.byteLength - at - 8) };
    at += 8 + bytes + (bytes % 2);
  }
  throw new Error("no samples");
}

/** The loudest sample of each of `columns` slices, by channel: numbers from 0 to 1. */
export function peaks(view, columns) {
  const head = readHead(view);
  const frames = Math.floor(head.bytes / 2 / head.channels);
  return Array.from({ length: head.channels }, (_, channel) => {
    const found = new Float32Array(columns);
    for (let column = 0; column < columns; column += 1) {
      const end = Math.floor(((column + 1) * frames) / columns);
      for (let frame = Math.floor((column * frames) / columns); frame < end; frame += 1) {
        const loud = Math.abs(view.getInt16(head.at + (frame * head.channels + channel) * 2, true)) / 32768;
        if (loud > found[column]) found[column] = loud;
      }
    }
    return found;
  });
}

export function seconds(view) {
  const head = readHead(view);
  return head.bytes / 2 / head.channels / head.rate;
}
