// Health and latency of the last hour.

import { barChart, hourChart } from "./charts.js";
import { h } from "./dom.js";
import { clock, count, millis, shortPath } from "./format.js";
import { language, t } from "./words.js";

const PARTS = ["hearing", "thinking", "speaking", "held", "response"];
const QUANTILES = ["p50", "p90", "p95", "p99", "max"];
const RUNGS = { filler: "fillerRung", hedge: "hedge", apology: "apology", reassurance: "reassurance", give_up: "give_up" };
const CAUSES = { thinking: "thinkingOf", speaking: "speakingOf", hearing: "hearingOf" };
const FAULTS = { none: "noFault", caller: "callerFault", carrier: "carrierFault", provider: "provider", ours: "ours" };

/** Made anew as a whole: it changes every few seconds and nobody types into it. */
export function showHealth(view, health) {
  if (!health.minutes) return; // nothing was told yet
  const parts = PARTS.map((part) => [t(part === "response" ? "whole" : part), ...QUANTILES.map((quantile) => millis(health.parts?.[part]?.[quantile], language()))]);
  view.replaceChildren(
    h("div", { class: "cards" },
      card(t("responses"), h("p", { class: "hint" }, `${t("responsesText")} ${count(health.answers, language())} ${t("answers")}.`), hourChart(health.minutes)),
      card(t("distribution"), barChart(health.bins_ms, health.bars)),
      card(t("whereTime"), table([t("part"), ...QUANTILES], parts)),
      card(t("why"), list(health.ended, [t("reason"), t("fault"), t("times")], ([reason, fault, times]) => [reason, t(FAULTS[fault] ?? fault), count(times, language())])),
      card(t("silences"), list(health.dead_air, [t("rung"), t("cause"), t("times")], ([rung, cause, times]) => [t(RUNGS[rung] ?? rung), t(CAUSES[cause] ?? cause), count(times, language())])),
      card(t("vendorFailures"), list(health.vendors, [t("vendor"), t("kind"), t("times")], ([vendor, kind, times]) => [vendor, kind, count(times, language())])),
      card(t("crashList"), list(health.crashes, ["", t("actor"), ""], ([at, path, error]) => [clock(at, language()), shortPath(path), error]))));
}

function card(title, ...body) {
  return h("section", { class: "card", "aria-label": title }, h("h2", {}, title), body);
}

function list(rows, heads, cells) {
  return rows?.length ? table(heads, rows.map(cells)) : h("p", { class: "empty" }, t("none"));
}

function table(heads, rows) {
  return h("div", { class: "table-wrap" }, h("table", {},
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows.map(([first, ...cells]) => h("tr", {}, h("th", { scope: "row" }, first), cells.map((cell) => h("td", {}, cell)))))));
}
