// Everything that happened in a call and was decided, with a filter.

import { h, keyed, say, set } from "./dom.js";
import { filterSteps } from "./store.js";
import { t } from "./words.js";

const KINDS = ["event", "action", "incident"];
const SHOWN_MAX = 250;

export function events(changed) {
  const words = h("input", { type: "search", placeholder: t("filter"), "aria-label": t("filter"), input: changed });
  const kinds = KINDS.map((kind) => toggle(t(`kind${kind[0].toUpperCase()}${kind.slice(1)}`), kind, true, changed));
  const failures = toggle(t("onlyFailures"), "failures", false, changed);
  const frequent = toggle(t("alsoFrequent"), "frequent", false, changed);
  const rows = h("ol", { class: "steps" });
  const node = h("section", { class: "events", "aria-label": t("events") },
    h("h3", {}, t("events"), h("small", { class: "shown" })),
    h("div", { class: "filter", role: "group", "aria-label": t("filter") }, words, kinds, frequent, failures),
    h("p", { class: "empty" }), rows);
  node.filter = () => ({
    words: words.value,
    kinds: new Set(kinds.filter((box) => box.firstChild.checked).map((box) => box.firstChild.value)),
    failures: failures.firstChild.checked,
    frequent: frequent.firstChild.checked,
  });
  return node;
}

function toggle(text, value, checked, changed) {
  return h("label", { class: "chip" }, h("input", { type: "checkbox", value, checked, change: changed }), text);
}

export function showEvents(node, steps) {
  const passed = filterSteps(steps, node.filter());
  const shown = passed.slice(-SHOWN_MAX).reverse();
  say(node.querySelector(".shown"), steps.length ? t("shown", shown.length, steps.length) : "");
  const empty = node.querySelector(".empty");
  say(empty, shown.length ? "" : t("noEvents"));
  set(empty, { hidden: shown.length > 0 });
  keyed(node.querySelector(".steps"), shown, ([number]) => number, makeStep, () => {});
}

function makeStep([, ms, kind, name, text, isFailure]) {
  return h("li", { class: `step ${kind}${isFailure ? " failure" : ""}` },
    h("span", { class: "at" }, (ms / 1000).toFixed(3)),
    h("span", { class: "sign", "aria-label": isFailure ? t("failed") : t(`kind${kind[0].toUpperCase()}${kind.slice(1)}`), role: "img" }, isFailure ? "!" : kind === "action" ? "→" : "·"),
    h("span", { class: "what" }, name ? h("b", {}, name) : null, " ", text));
}
