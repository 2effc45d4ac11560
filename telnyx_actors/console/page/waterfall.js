// One turn as a waterfall: where the time between the caller's last word and ours went.

import { h, say } from "./dom.js";
import { millis } from "./format.js";
import { language, t } from "./words.js";

export const PARTS = ["hearing", "thinking", "speaking", "held", "carrier"];
const LEAST_SCALE_MS = 600;

/** The time that all turns of a call are drawn over, so that they can be compared: up to the slowest answer. */
export function scaleOf(turns) {
  const ends = turns.flatMap((turn) => turn.spans.filter(([part]) => part !== "carrier").map(([, , to]) => to));
  return Math.max(LEAST_SCALE_MS, ...ends) * 1.18;
}

/** Spans as boxes in percent of the scale; what reaches beyond it is cut. `guess`: worked on before the turn was ours. */
export function boxes(spans, scale) {
  const percent = (ms) => Math.max(0, Math.min(100, (ms / scale) * 100));
  return spans.flatMap(([part, from, to, guessed]) => {
    const split = from + guessed;
    const halves = guessed > 0 ? [[from, split, true], [split, to, false]] : [[from, to, false]];
    return halves
      .filter(([begin, end]) => end > begin)
      .map(([begin, end, guess]) => ({ part, guess, left: percent(begin), width: percent(end) - percent(begin) }))
      .filter((box) => box.width > 0);
  });
}

/** In words, for who cannot see it. */
export function inWords(turn) {
  const parts = turn.spans.map(([part, from, to, guessed]) => {
    const guess = guessed ? ` (${millis(guessed, language())} ${t("guess")})` : "";
    return `${t(part)} ${millis(to - from, language())}${guess}`;
  });
  return parts.join(", ");
}

/** The bar that is always there; opened, a row for each part with its figures. */
export function waterfall(turn) {
  const bar = h("span", { class: "bar", role: "img", "aria-label": inWords(turn) });
  const summary = h("summary", {}, bar, h("span", { class: "took" }));
  const body = h("div", { class: "fall-body" });
  const node = h("details", { class: "fall", toggle: () => node.open && fill(body, node.turn, node.scale) }, summary, body);
  return node;
}

export function drawWaterfall(node, turn, scale) {
  node.turn = turn;
  node.scale = scale;
  const [bar, took] = node.firstChild.children;
  bar.replaceChildren(...boxes(turn.spans, scale).map(boxNode), ...ticks(turn, scale));
  say(took, millis(turn.response_ms, language()));
  if (node.open) fill(node.lastChild, turn, scale);
}

function boxNode(box) {
  const node = h("i", { class: `box ${box.part}${box.guess ? " guess" : ""}` });
  node.style.left = `${box.left}%`;
  node.style.width = `${box.width}%`;
  return node;
}

function ticks(turn, scale) {
  const found = [["committed", turn.committed_ms], ["filler", turn.filler_ms]];
  return found
    .filter(([, ms]) => ms !== null && ms >= 0 && ms <= scale)
    .map(([name, ms]) => {
      const node = h("i", { class: `tick ${name}`, title: `${t(name)}: ${millis(ms, language())}` });
      node.style.left = `${(ms / scale) * 100}%`;
      return node;
    });
}

function fill(body, turn, scale) {
  const rows = turn.spans.map((span) => {
    const [part, from, to, guessed] = span;
    const bar = h("span", { class: "bar", "aria-hidden": "true" }, boxes([span], scale).map(boxNode));
    return h("tr", {},
      h("th", { scope: "row" }, h("i", { class: `key ${part}` }), t(part)),
      h("td", { class: "drawn" }, bar),
      h("td", { class: "figure" }, millis(to - from, language())),
      h("td", { class: "figure faint" }, millis(from, language())),
      h("td", { class: "figure faint" }, guessed ? millis(guessed, language()) : "–"));
  });
  const head = h("tr", {}, ["part", "", "took", "from", "ofWhichGuess"].map((key) => h("th", { scope: "col", class: key ? "" : "drawn" }, key ? t(key) : "")));
  const facts = [["committed", turn.committed_ms], ["firstToken", turn.first_token_ms], ["filler", turn.filler_ms]]
    .filter(([, ms]) => ms !== null)
    .map(([name, ms]) => `${t(name)} ${millis(ms, language())}`);
  facts.push(`${t("attempts")}: ${turn.attempts}`, `${t("tokens")}: ${turn.tokens[0]} + ${turn.tokens[1]}`);
  body.replaceChildren(h("table", { class: "parts" }, h("thead", {}, head), h("tbody", {}, rows)), h("p", { class: "facts" }, facts.join(" · ")));
}

export function legend() {
  const keys = PARTS.map((part) => h("li", {}, h("i", { class: `key ${part}` }), t(part)));
  return h("ul", { class: "legend" }, keys, h("li", {}, h("i", { class: "key thinking guess" }), t("guess")), h("li", {}, h("i", { class: "key committed" }), t("committed")));
}
