// What the agent said and was not heard yet, in the order it came, with its marks between. Pure.
// It plays at the pace at which it is asked for samples: like a phone, and unlike a file.

export class Playout {
  constructor() {
    this.queue = []; // Float32Array: audio; string: a mark
    this.at = 0; // samples of the first piece that were played
  }

  audio(samples) {
    if (samples.length) this.queue.push(samples);
  }

  mark(name) {
    this.queue.push(name);
  }

  /** Drop everything. The marks come back at once, as Telnyx gives them back. */
  clear() {
    const marks = this.queue.filter((piece) => typeof piece === "string");
    this.queue = [];
    this.at = 0;
    return marks;
  }

  get isEmpty() {
    return this.queue.length === 0;
  }

  /** Fill `out` with what is next, silence where there is nothing. Returns the marks that were reached. */
  pull(out) {
    const marks = [];
    let have = 0;
    while (this.queue.length) {
      const piece = this.queue[0];
      if (typeof piece === "string") {
        marks.push(piece);
      } else {
        const some = piece.subarray(this.at, this.at + out.length - have);
        out.set(some, have);
        have += some.length;
        this.at += some.length;
        if (this.at < piece.length) break; // `out` is full
        this.at = 0;
      }
      this.queue.shift();
    }
    out.fill(0, have);
    return marks;
  }
}
