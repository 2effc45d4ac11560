// What is known of the engine, and how a message of its changes that. Pure: no DOM, no socket.

export const STEPS_MAX = 600;
const TOPICS = ["engine", "calls", "tree", "health"];

export function emptyState() {
  return { engine: {}, calls: {}, tree: {}, health: {}, call: null, phone: null, offset: 0, heardAt: 0 };
}

/** Take a message in; `now` is this machine's clock in ms. Returns the names of the topics that changed. */
export function apply(state, message, now) {
  const changed = new Set();
  if (message.at) {
    state.offset = message.at - now;
    state.heardAt = now;
  }
  const whole = new Set(message.whole ?? []);
  for (const topic of TOPICS) {
    if (!message[topic]) continue;
    state[topic] = merged(whole.has(topic) ? {} : state[topic], message[topic]);
    changed.add(topic);
  }
  if (message.call && state.call && message.call.ref === state.call.ref) {
    state.call = follow(state.call, message.call);
    changed.add("call");
  }
  return changed;
}

/** Rows by key, where null is a row that is no more. A new object, whose unchanged rows are the old ones. */
export function merged(rows, changes) {
  const next = { ...rows };
  for (const [key, row] of Object.entries(changes)) {
    if (row === null) delete next[key];
    else next[key] = row;
  }
  return next;
}

export function openCall(ref) {
  return { ref, turns: [], steps: [], now: null, actors: {}, usage: null, places: [] };
}

/** A call as it was, and what is new of it. */
export function follow(call, news) {
  return {
    ...call,
    turns: news.turns ? [...call.turns, ...news.turns] : call.turns,
    steps: news.steps ? [...call.steps, ...news.steps].slice(-STEPS_MAX) : call.steps,
    now: news.now ?? call.now,
    actors: news.actors ?? call.actors,
    usage: news.usage ?? call.usage,
    places: news.places ?? call.places,
  };
}

/** Calls in the order of the list: those in progress, newest first, then those that ended. */
export function callsInOrder(calls) {
  const rows = Object.entries(calls).map(([ref, call]) => ({ ref, ...call }));
  return rows.sort((a, b) => b.is_alive - a.is_alive || b.started - a.started);
}

/** The tree of actors as rows with their depth, the calls last; a call's children are left out unless it is open. */
export function treeRows(tree, open) {
  const isCall = (path) => Number(tree[path.split("/").slice(0, 2).join("/")]?.[0] === "CallActor");
  const paths = Object.keys(tree).sort((a, b) => isCall(a) - isCall(b) || compare(a.split("/"), b.split("/")));
  const rows = [];
  for (const path of paths) {
    const depth = path.split("/").length - 1;
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (depth > 1 && !open.has(parent)) continue;
    const below = depth === 1 ? paths.filter((other) => other.startsWith(`${path}/`)) : [];
    rows.push({ path, depth, actor: tree[path], below: below.length, worst: worst([path, ...below].map((each) => tree[each][1])) });
  }
  return rows;
}

function compare(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return a.length - b.length;
}

function worst(states) {
  return ["stuck", "busy"].find((state) => states.includes(state)) ?? "idle";
}

/** Which steps pass a filter: words that all have to be found, kinds, only failures, and also what happens all the time. */
export function filterSteps(steps, { words, kinds, failures, frequent }) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return steps.filter(([, , kind, name, text, isFailure, isFrequent]) => {
    if (!kinds.has(kind) || (failures && !isFailure) || (isFrequent && !frequent)) return false;
    const line = `${name} ${text}`.toLowerCase();
    return wanted.every((word) => line.includes(word));
  });
}
