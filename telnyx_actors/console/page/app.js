// The page: one socket, one state, and views that are brought up to date once a frame, and only where one can see them.

import { actorTable, showActors } from "./actors.js";
import { callDetail, callList, showCallDetail, showCallList, whoIs } from "./calls.js";
import { forget, h, keyed, say, set } from "./dom.js";
import { count, millis } from "./format.js";
import { showHealth } from "./health.js";
import { Live } from "./live.js";
import { phonePanel } from "./phone.js";
import { apply, emptyState, openCall } from "./store.js";
import { initTheme } from "./theme.js";
import { language, switchLanguage, t, translate } from "./words.js";

const $ = (id) => document.getElementById(id);
const VIEWS = ["calls", "actors", "health", "phone"];

const state = emptyState();
let dirty = new Set();
let shown = {}; // the roots of the views that have been made
let route = { view: "calls", ref: "" };

const live = new Live(
  (message) => need(...apply(state, message, Date.now())),
  (isLinked) => {
    if (isLinked && state.call) state.call = openCall(state.call.ref); // a new socket tells all of it again
    set($("link"), { "data-linked": isLinked });
    say($("link"), isLinked ? t("linked") : t("unlinked"));
  },
);

/** Something changed. Hidden pages are not drawn: what they miss is drawn when they are seen. */
function need(...topics) {
  if (!dirty.size && topics.length) requestAnimationFrame(draw);
  for (const topic of topics) dirty.add(topic);
}

function draw() {
  const topics = dirty;
  dirty = new Set();
  const now = Date.now() + state.offset;
  if (topics.has("engine") || topics.has("health") || topics.has("all")) drawFigures();
  if (route.view === "calls") drawCalls(topics, now);
  if (route.view === "actors") drawActors();
  if (route.view === "health" && (topics.has("health") || topics.has("all"))) showHealth($("view-health"), state.health);
  if (route.view === "phone") drawPhone(topics, now);
}

// --- the figures at the top ------------------------------------------------------------

function drawFigures() {
  const { engine, health } = state;
  const response = health.parts?.response ?? {};
  const silences = (health.dead_air ?? []).reduce((sum, [, , times]) => sum + times, 0);
  const figures = [
    { key: "inProgress", value: count(engine.calls, language()), note: t("ofTotal", count(engine.calls_total, language())) },
    { key: "p50", value: millis(response.p50, language()), note: t("lastHour") },
    { key: "p95", value: millis(response.p95, language()), note: t("lastHour"), bad: response.p95 > 2500 },
    { key: "deadAir", value: count(silences, language()), note: t("filled") },
    { key: "lag", value: millis(engine.front_lag_ms, language()), note: `${count(engine.actors, language())} ${t("actorCount")}`, bad: engine.front_lag_ms > 100 },
    { key: "crashes", value: count(engine.crashes, language()), note: `${t("mode")} ${engine.mode ?? ""}`, bad: engine.crashes > 0 },
  ];
  const box = $("figures");
  keyed(box, figures, (figure) => figure.key, () => h("p", {}, h("span"), h("b"), h("small")), () => {});
  for (const figure of figures) {
    const node = box.keyed.get(figure.key).node;
    say(node.children[0], t(figure.key));
    say(node.children[1], figure.value);
    say(node.children[2], figure.note);
    set(node, { "data-bad": Boolean(figure.bad) });
  }
  const stuck = engine.stuck ?? [];
  keyed($("alarm"), stuck, (each) => each.path, () => h("div", { class: "stuck" }, h("strong"), h("pre")), () => {});
  for (const each of stuck) {
    const node = $("alarm").keyed.get(each.path).node;
    say(node.children[0], t("stuckText", each.path, each.busy_s, each.message));
    say(node.children[1], each.stack.join("\n"));
  }
}

// --- the views -----------------------------------------------------------------------------

function drawCalls(topics, now) {
  const root = $("view-calls");
  shown.list ??= root.appendChild(callList(() => need("calls")));
  shown.pane ??= root.appendChild(h("div", { class: "pane" }));
  set(root, { "data-open": Boolean(route.ref) });
  showCallList(shown.list, state.calls, route.ref, now);
  drawDetail(shown.pane, route.ref, topics, now);
}

function drawDetail(pane, ref, topics, now) {
  const call = state.calls[ref];
  if (!call || !state.call || state.call.ref !== ref) {
    const invitation = t(route.view === "phone" ? "phoneBlank" : Object.keys(state.calls).length ? "pick" : "noCallYet");
    if (pane.querySelector(".blank")?.textContent !== invitation) pane.replaceChildren(h("p", { class: "blank" }, invitation));
    return;
  }
  let detail = pane.firstChild;
  if (detail?.ref !== ref) {
    detail = callDetail(ref, () => {
      detail.children[3].wasFiltered = true;
      need("call");
    });
    pane.replaceChildren(detail);
  }
  showCallDetail(detail, call, state.call, now);
}

function drawActors() {
  const root = $("view-actors");
  shown.actors ??= root.appendChild(actorTable(() => need("tree")));
  const names = Object.fromEntries(Object.entries(state.calls).map(([ref, call]) => [ref, whoIs(call)]));
  showActors(shown.actors, state.tree, names);
}

function drawPhone(topics, now) {
  const root = $("view-phone");
  if (!shown.phone) {
    shown.phone = phonePanel(live, (call) => {
      state.phone = call;
      follow();
      need("all");
    });
    root.append(shown.phone, (shown.phonePane = h("div", { class: "pane" })));
  }
  drawDetail(shown.phonePane, state.phone, topics, now);
}

// --- where one is ------------------------------------------------------------------------------

function readRoute() {
  const [view, ref] = location.hash.slice(1).split("/");
  route = { view: VIEWS.includes(view) ? view : "calls", ref: view === "calls" ? (ref ?? "") : "" };
  for (const name of VIEWS) {
    set($(`view-${name}`), { hidden: name !== route.view });
    set(document.querySelector(`.views a[href="#${name}"]`), { "aria-current": name === route.view ? "page" : null });
  }
  document.title = `${t(route.view)} · telnyx_actors`;
  follow();
  need("all");
}

/** Have the engine tell of what is looked at, and of nothing else. */
function follow() {
  const ref = route.view === "phone" ? (state.phone ?? "") : route.ref;
  if ((state.call?.ref ?? "") !== ref) state.call = ref ? openCall(ref) : null;
  if (route.view !== "actors") state.tree = {};
  live.keep("watch", { watch: ref, tree: route.view === "actors" });
}

function speak() {
  document.documentElement.lang = language();
  translate(document);
  say($("language"), t("language"));
  set($("language"), { "aria-label": t("languageLabel"), lang: language() === "es" ? "en" : "es" });
  say($("link"), $("link").dataset.linked !== undefined ? t("linked") : t("unlinked"));
}

$("language").addEventListener("click", () => {
  switchLanguage();
  const phone = shown.phone; // a conversation goes on while its words change
  shown = {};
  for (const view of ["calls", "actors", "health"]) forget($(`view-${view}`));
  forget($("figures"));
  if (phone) {
    shown.phone = phone;
    phone.translate();
    shown.phonePane = $("view-phone").lastChild;
    shown.phonePane.replaceChildren();
  }
  speak();
  initTheme($("theme"));
  readRoute();
});

addEventListener("hashchange", () => {
  readRoute();
  $("main").focus({ preventScroll: true });
  scrollTo(0, 0);
});
addEventListener("visibilitychange", () => need("all"));
setInterval(() => document.hidden || need("clock"), 1000);

speak();
initTheme($("theme"));
readRoute();
