// Two drawings: the last hour minute by minute, and how response times are distributed. SVG, drawn anew every few seconds.

import { h, s } from "./dom.js";
import { millis } from "./format.js";
import { language, t } from "./words.js";

const [TALL, LEFT, BOTTOM] = [220, 58, 24];

/** Drawn for the width there is, so that letters keep their size. */
const width = () => (innerWidth < 832 ? 380 : 720);

/** A round number of ms that the axis ends at: nothing drawn is above it. */
export function niceTop(highest) {
  const steps = [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 8000, 10000, 15000, 20000, 30000, 60000];
  return steps.find((step) => step >= highest) ?? Math.ceil(highest / 60000) * 60000;
}

/** Stretches of minutes without a gap, as points. */
export function stretches(minutes, pick) {
  const found = [];
  minutes.forEach((minute, index) => {
    if (!minute) return;
    if (!minutes[index - 1]) found.push([]);
    found.at(-1).push([index, pick(minute)]);
  });
  return found;
}

export function hourChart(minutes) {
  const across = width();
  const top = niceTop(Math.max(500, ...minutes.filter(Boolean).map(([, p95]) => p95)));
  const x = (index) => LEFT + ((index + 0.5) / minutes.length) * (across - LEFT - 8);
  const y = (ms) => 10 + (1 - ms / top) * (TALL - BOTTOM - 10);
  const lines = [0, top / 2, top].map((ms) => s("g", {}, s("line", { class: "grid", x1: LEFT, x2: across - 8, y1: y(ms), y2: y(ms) }), label(LEFT - 8, y(ms) + 4, millis(ms, language()), "end")));
  const path = (pick, name) => stretches(minutes, pick).map((points) => points.length === 1
    ? s("circle", { class: name, cx: x(points[0][0]), cy: y(points[0][1]), r: 2.5 })
    : s("polyline", { class: name, points: points.map(([index, ms]) => `${x(index)},${y(ms)}`).join(" ") }));
  const times = [[0, t("minutesAgo", 60), "start"], [29, t("minutesAgo", 30), "middle"], [59, t("now"), "end"]].map(([index, text, anchor]) => label(index ? x(index) : LEFT, TALL - 6, text, anchor));
  const target = top >= 2500 ? [s("line", { class: "target", x1: LEFT, x2: across - 8, y1: y(2500), y2: y(2500) })] : [];
  const answered = minutes.filter(Boolean);
  const text = answered.length ? `${t("p95")}: ${millis(answered.at(-1)[1], language())} (${t("now")})` : t("none");
  return h("figure", { class: "chart" },
    s("svg", { viewBox: `0 0 ${across} ${TALL}`, role: "img", "aria-label": `${t("responses")}. ${text}` }, ...lines, ...target, ...path(([, p95]) => p95, "tail"), ...path(([p50]) => p50, "middle"), ...times),
    h("figcaption", {}, h("i", { class: "key middle" }), "p50 ", h("i", { class: "key tail" }), "p95 ", target.length ? h("i", { class: "key target" }) : null, target.length ? t("target") : ""));
}

export function barChart(bounds, bars) {
  const across = width();
  const labelled = across < 500 ? 2 : 1; // every so many: there is no room for all
  const highest = Math.max(1, ...bars);
  const wide = (across - 16) / bars.length;
  const nodes = bars.map((count, index) => {
    const tall = (count / highest) * (TALL - BOTTOM - 24);
    const [x, y] = [8 + index * wide, TALL - BOTTOM - tall];
    const isLast = index === bounds.length; // all that is longer
    const bound = bounds[isLast ? index - 1 : index];
    const node = s("g", {},
      s("rect", { class: bound > 2500 || isLast ? "column late" : "column", x: x + 2, y, width: wide - 4, height: Math.max(tall, count ? 1 : 0), rx: 2 }),
      label(x + wide / 2, TALL - 8, index % labelled && !isLast ? "" : `${isLast ? ">" : "≤"} ${short(bound)}`, "middle"));
    if (count) node.append(label(x + wide / 2, y - 5, String(count), "middle"));
    return node;
  });
  const words = bars.map((count, index) => (count ? `${index < bounds.length ? `≤ ${millis(bounds[index], language())}` : `> ${millis(bounds.at(-1), language())}`}: ${count}` : "")).filter(Boolean);
  return s("svg", { viewBox: `0 0 ${across} ${TALL}`, role: "img", "aria-label": `${t("distribution")}. ${words.join("; ") || t("none")}`, class: "bars" }, ...nodes);
}

const short = (ms) => (ms < 1000 ? String(ms) : `${(ms / 1000).toLocaleString(language())} s`);

function label(x, y, text, anchor) {
  const node = s("text", { x, y, "text-anchor": anchor });
  node.textContent = text;
  return node;
}
