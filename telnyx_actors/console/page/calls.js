// The list of calls, and one of them from the inside.

import { conversation, showConversation } from "./conversation.js";
import { h, keyed, say, set } from "./dom.js";
import { events, showEvents } from "./events.js";
import { millis, shortPath, span } from "./format.js";
import { post } from "./live.js";
import { recording, showRecording } from "./recording.js";
import { callsInOrder } from "./store.js";
import { language, t } from "./words.js";

const STATES = { dialling: "dialling", ringing: "ringing", answered: "answered", live: "liveState", closing: "closing", ended: "endedState" };

export const stateOf = (call) => t(STATES[call.state] ?? call.state);
export const whoIs = (call) => (call.id.startsWith("web:") ? t("web") : call.name || call.number);

/** For how long it has been going on, or did: in ms. */
export function lasted(call, now) {
  if (!call.is_alive || call.state === "ended") return call.answered_s * 1000;
  return now - (call.answered ?? call.started);
}

// --- the list --------------------------------------------------------------------------

export function callList(changed) {
  const search = h("input", { type: "search", placeholder: t("search"), "aria-label": t("search"), input: changed });
  const [living, over] = [h("ol", { class: "calls" }), h("ol", { class: "calls over" })];
  const node = h("div", { class: "list" }, search,
    h("h2", {}, t("live"), h("small", {})), h("p", { class: "empty" }, t("noCalls")), living,
    h("h2", {}, t("ended"), h("small", {})), over);
  node.search = search;
  return node;
}

export function showCallList(node, calls, open, now) {
  const wanted = node.search.value.trim().toLowerCase();
  const found = callsInOrder(calls).filter((call) => !wanted || `${call.ref} ${call.id} ${call.name} ${call.number}`.toLowerCase().includes(wanted));
  const isOver = (call) => !call.is_alive || call.state === "ended";
  const [, livingHead, empty, living, overHead, over] = node.children;
  for (const [head, list, some] of [[livingHead, living, found.filter((call) => !isOver(call))], [overHead, over, found.filter(isOver)]]) {
    say(head.lastChild, some.length ? String(some.length) : "");
    keyed(list, some, (call) => call.ref, makeLine, () => {});
    for (const call of some) showLine(list.keyed.get(call.ref).node, call, open, now);
  }
  set(empty, { hidden: living.childElementCount > 0 });
  set(overHead, { hidden: over.childElementCount === 0 });
}

function makeLine(call) {
  return h("li", {}, h("a", { href: `#calls/${call.ref}`, class: "line" },
    h("i", { class: "dot", "aria-hidden": "true" }),
    h("span", { class: "who" }), h("span", { class: "time figure" }),
    h("span", { class: "what" }), h("span", { class: "answer figure" })));
}

function showLine(node, call, open, now) {
  const link = node.firstChild;
  const [, who, time, what, answer] = link.children;
  set(link, { "aria-current": call.ref === open ? "true" : null, "data-state": call.state, "data-failed": call.failures > 0, "data-busy": !call.is_at_pause });
  say(who, whoIs(call));
  say(time, span(lasted(call, now)));
  const failures = call.failures ? ` · ${call.failures} ${t("failures")}` : "";
  const state = call.state === "ended" && call.reason ? call.reason : stateOf(call);
  say(what, `${state} · ${call.turns} ${t("turns")}${failures}`);
  say(answer, call.response_ms === null ? "" : millis(call.response_ms, language()));
}

// --- one call ----------------------------------------------------------------------------

export function callDetail(ref, changed) {
  const actions = h("div", { class: "actions" });
  const head = h("header", { class: "call-head" },
    h("a", { href: "#calls", class: "back" }, `← ${t("back")}`),
    h("h2", {}), h("p", { class: "meta" }), h("p", { class: "usage" }), h("p", { class: "id" }), actions);
  actions.append(hangupControl(ref));
  const talk = conversation();
  const parts = h("section", { class: "call-actors", "aria-label": t("parts") }, h("h3", {}, t("parts")), h("ul", {}));
  const node = h("article", { class: "detail", "data-ref": ref }, head, talk, recording(ref), events(changed), parts);
  node.ref = ref;
  return node;
}

/** Asked twice, in place: a dialog would cover what one decides by. */
function hangupControl(ref) {
  const box = h("span", { class: "hangup" });
  const status = h("span", { role: "status" });
  const ask = () => {
    const no = h("button", { type: "button", class: "quiet", click: rest }, t("no"));
    const yes = h("button", { type: "button", class: "danger", click: () => act() }, t("yes"));
    box.replaceChildren(h("span", { class: "sure" }, t("sure")), yes, no);
    no.focus();
  };
  const rest = () => box.replaceChildren(h("button", { type: "button", class: "danger outline", click: ask }, t("hangup")), status);
  const act = async () => {
    say(status, t("hangingUp"));
    rest();
    await post(`/console/calls/${encodeURIComponent(ref)}/hangup`).catch((error) => say(status, error.message));
  };
  rest();
  return box;
}

export function showCallDetail(node, call, story, now) {
  const [head, talk, sound, happened, parts] = node.children;
  const [, name, meta, usage, id, actions] = head.children;
  say(name, whoIs(call));
  const isOver = !call.is_alive || call.state === "ended";
  const facts = [stateOf(call), span(lasted(call, now)), call.id.startsWith("web:") ? "" : `${t(call.direction)} ${call.number}`, isOver ? call.reason : ""];
  say(meta, facts.filter(Boolean).join(" · "));
  say(usage, story.usage ? t("usage", story.usage) + (story.usage.cost ? ` · ${story.usage.cost.toFixed(4)}` : "") : "");
  say(id, call.id || node.ref);
  set(actions, { hidden: isOver });
  showConversation(talk, story, !isOver);
  showRecording(sound, call.has_record);
  if (happened.shown !== story.steps || happened.wasFiltered) {
    happened.shown = story.steps;
    happened.wasFiltered = false;
    showEvents(happened, story.steps);
  }
  const actors = Object.entries(story.actors).map(([path, row]) => ({ path, row }));
  set(parts, { hidden: actors.length === 0 });
  keyed(parts.lastChild, actors, (actor) => actor.path, makePart, () => {});
  for (const { path, row } of actors) showPart(parts.lastChild.keyed.get(path).node, path, row);
}

function makePart() {
  return h("li", {}, h("i", { class: "dot", "aria-hidden": "true" }), h("b", {}), h("span", {}));
}

function showPart(node, path, [kind, state, message, waiting, , , restarts, lost]) {
  set(node, { "data-state": state });
  say(node.children[1], shortPath(path));
  const words = [t(state === "stuck" ? "stuckState" : state) + (message ? ` (${message})` : "")];
  if (waiting) words.push(`${t("mailbox")} ${waiting}`);
  if (restarts) words.push(`${t("restarts")} ${restarts}`);
  if (lost) words.push(`${t("lost")} ${lost}`);
  say(node.children[2], words.join(" · "));
  set(node, { title: kind });
}
