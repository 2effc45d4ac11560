// The media socket of a softphone's call: the same frames as Telnyx sends and takes.

/** Frames as the engine reads them. Pure. */
export class Frames {
  constructor(callControlId) {
    this.call = callControlId;
    this.chunk = 0;
  }

  start() {
    const format = { encoding: "PCMU", sample_rate: 8000, channels: 1 };
    const start = { call_control_id: this.call, media_format: format };
    return [{ event: "connected", version: "1.0.0" }, { event: "start", sequence_number: "1", stream_id: this.call, start }];
  }

  media(frame) {
    this.chunk += 1;
    const media = { track: "inbound", chunk: String(this.chunk), timestamp: String((this.chunk - 1) * 20), payload: toBase64(frame) };
    return { event: "media", sequence_number: String(this.chunk + 1), stream_id: this.call, media };
  }

  mark(name) {
    return { event: "mark", stream_id: this.call, mark: { name } };
  }

  stop() {
    return { event: "stop", stream_id: this.call };
  }
}

/** What came from the engine, as what the audio thread understands. Pure. */
export function understood(text) {
  const { event, media, mark } = JSON.parse(text);
  if (event === "media") return { audio: fromBase64(media.payload) };
  if (event === "mark") return { mark: mark.name };
  return event === "clear" ? { clear: true } : {};
}

/** How long a lost line is waited for: the engine connects it anew, unless it is gone itself. */
const PATIENCE_MS = 8000;

export const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));
export const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** One call: from the audio thread to the engine and back, until it is over. */
export class PhoneLine {
  /** `ended()` once the line is gone for good. */
  constructor(call, node, ended) {
    this.call = call;
    this.node = node;
    this.ended = ended;
    this.frames = new Frames(call.call_control_id);
    this.connect(call.media);
  }

  connect(path) {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${path}`);
    clearTimeout(this.patience);
    this.socket?.close();
    this.socket = socket;
    socket.addEventListener("open", () => this.frames.start().forEach((frame) => this.send(frame)));
    socket.addEventListener("message", ({ data }) => this.node.port.postMessage(understood(data)));
    socket.addEventListener("close", ({ reason }) => socket === this.socket && this.lost(reason));
  }

  lost(reason) {
    if (reason === "call over") this.end();
    else this.patience = setTimeout(() => this.end(), PATIENCE_MS);
  }

  /** From the audio thread. */
  take({ frame, marks }) {
    if (frame) this.send(this.frames.media(frame));
    for (const name of marks ?? []) this.send(this.frames.mark(name));
  }

  send(frame) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  end() {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.patience);
    this.send(this.frames.stop());
    this.socket.close();
    this.ended();
  }
}
