// The socket to the engine: opened again whenever it is lost, with more patience each time.

const PATIENCE_MS = [500, 1000, 2000, 4000, 8000];

export class Live {
  /** `take(message)` for each message, `linked(is)` when the connection comes or goes. */
  constructor(take, linked) {
    this.take = take;
    this.linked = linked;
    this.tries = 0;
    this.words = new Map(); // what the engine has to be told again by whoever it is next
    this.open();
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/console/live`);
    this.socket.addEventListener("open", () => {
      this.tries = 0;
      this.linked(true);
      for (const word of this.words.values()) this.send(word);
    });
    this.socket.addEventListener("message", (event) => this.take(JSON.parse(event.data)));
    this.socket.addEventListener("close", () => this.again());
  }

  again() {
    this.linked(false);
    const patience = PATIENCE_MS[Math.min(this.tries, PATIENCE_MS.length - 1)];
    this.tries += 1;
    setTimeout(() => this.open(), patience * (0.75 + Math.random() / 2));
    // Without a session any more, the login is where to go. A server that is away does not say so.
    if (this.tries > 1) fetch("/console", { redirect: "manual" }).then((answer) => answer.type === "opaqueredirect" && location.reload(), () => {});
  }

  /** Tell, and tell again after each new connection: `name` says what it replaces. */
  keep(name, word) {
    if (word === null) this.words.delete(name);
    else this.words.set(name, word);
    if (word !== null) this.send(word);
  }

  send(word) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(word));
  }
}

/** A wish that changes something. Resolves to the answer's JSON; rejects with words for people. */
export async function post(path) {
  const answer = await fetch(path, { method: "POST", headers: { Accept: "application/json" } });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.message ?? `${answer.status}`);
  return body;
}
