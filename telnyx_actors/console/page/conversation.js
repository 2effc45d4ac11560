// What was said in a call: the caller's words, and of ours what was heard and what was not.

import { h, keyed, say, set } from "./dom.js";
import { span } from "./format.js";
import { drawWaterfall, legend, scaleOf, waterfall } from "./waterfall.js";
import { t } from "./words.js";

/** Our words in two: what was heard, and the rest. Counted as the engine counts, in characters, not in UTF-16. */
export function splitHeard(text, heardChars) {
  const letters = Array.from(text);
  return [letters.slice(0, heardChars).join(""), letters.slice(heardChars).join("")];
}

export function conversation() {
  const turns = h("ol", { class: "turns" });
  const now = h("div", { class: "now", "aria-hidden": "true" },
    h("p", { class: "said" }), h("p", { class: "spoke" }));
  return h("section", { class: "conversation", "aria-label": t("conversation") },
    h("h3", {}, t("conversation")), legend(), turns, now);
}

export function showConversation(node, call, isAlive) {
  const [, , turns, now] = node.children;
  const scale = scaleOf(call.turns);
  if (node.scale !== scale) {
    node.scale = scale;
    for (const entry of turns.keyed?.values() ?? []) entry.item = undefined; // drawn anew, over the new time
  }
  keyed(turns, call.turns, (turn) => turn.number, makeTurn, (row, turn) => showTurn(row, turn, scale));
  const [said, spoke] = now.children;
  say(said, isAlive ? (call.now?.said ?? "") : "");
  say(spoke, isAlive ? (call.now?.prepared ?? "") : "");
  set(said, { "data-who": t("caller") });
  set(spoke, { "data-who": `${t("agent")} · ${t("preparing")}` });
  set(now, { hidden: !(said.textContent || spoke.textContent) });
}

function makeTurn(turn) {
  const isAnswer = turn.spans.length > 0;
  return h("li", { class: `turn ${turn.kind} ${turn.end}` },
    h("p", { class: "when" }),
    h("p", { class: "said" }),
    h("p", { class: "spoke" }, h("span", { class: "heard" }), h("span", { class: "unheard" }), h("small", { class: "note" })),
    isAnswer ? waterfall(turn) : null);
}

function showTurn(row, turn, scale) {
  const [when, said, spoke, fall] = row.children;
  const marks = [t(turn.kind), turn.end === "completed" ? "" : t(turn.end)].filter(Boolean).join(", ");
  say(when, `${turn.at_ms === null ? "" : span(turn.at_ms)} ${marks}`);
  say(said, turn.said);
  set(said, { hidden: !turn.said, "data-who": t("caller") });
  set(spoke, { "data-who": t("agent") });
  const [heard, unheard] = splitHeard(turn.generated, turn.heard_chars);
  const [heardNode, unheardNode, note] = spoke.children;
  say(heardNode, heard);
  say(unheardNode, unheard);
  say(note, unheard.trim() ? (turn.heard_chars ? t("notHeard") : t("nothingHeard")) : "");
  set(spoke, { hidden: !turn.generated });
  if (fall) drawWaterfall(fall, turn, scale);
}
