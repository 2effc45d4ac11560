// The recording of a call: both sides as waves, heard by the browser's own player.

import { h, say, set } from "./dom.js";
import { span } from "./format.js";
import { peaks, seconds } from "./wav.js";
import { t } from "./words.js";

const COLUMNS = 1200;

export function recording(ref) {
  const node = h("section", { class: "recording", "aria-label": t("recording") }, h("h3", {}, t("recording")));
  const hint = h("p", { class: "hint" }, t("recordingLater"));
  const load = h("button", { type: "button", class: "quiet", hidden: true, click: () => show(node, ref, load, hint) }, t("loadRecording"));
  node.append(hint, load);
  return node;
}

/** Once its record is in the archive. */
export function showRecording(node, isArchived) {
  const [, hint, load] = node.children;
  if (node.isShown || !isArchived) return;
  set(hint, { hidden: true });
  set(load, { hidden: false });
}

async function show(node, ref, load, hint) {
  const path = `/console/calls/${encodeURIComponent(ref)}`;
  set(load, { disabled: true });
  say(load, t("loading"));
  try {
    const file = await fetchParts(`${path}/audio.wav`);
    node.isShown = true;
    load.remove();
    hint.remove();
    node.append(player(file, path));
  } catch (error) {
    set(load, { disabled: false });
    say(load, t("loadRecording"));
    say(hint, error.message);
    set(hint, { hidden: false });
  }
}

/** The engine gives a megabyte at a time, so that no answer holds up the calls. */
export async function fetchParts(url) {
  const parts = [];
  for (let have = 0, size = Infinity; have < size; ) {
    const answer = await fetch(url, { headers: { Range: `bytes=${have}-` } });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).message ?? `${answer.status}`);
    const part = await answer.arrayBuffer();
    size = Number(answer.headers.get("Content-Range")?.split("/")[1] ?? part.byteLength);
    have += part.byteLength;
    parts.push(part);
    if (!part.byteLength) break;
  }
  return new Blob(parts, { type: "audio/wav" });
}

function player(file, path) {
  const url = URL.createObjectURL(file);
  const audio = h("audio", { src: url, preload: "auto" });
  const waves = h("canvas", { class: "waves", width: COLUMNS, height: 160, role: "img", "aria-label": `${t("caller")} / ${t("agent")}` });
  const head = h("i", { class: "playhead" });
  const at = h("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": t("position"), input: () => (audio.currentTime = (at.value / 1000) * length) });
  const button = h("button", { type: "button", class: "primary", click: () => (audio.paused ? audio.play() : audio.pause()) }, t("play"));
  const time = h("span", { class: "figure" });
  let length = 0;
  const follow = () => {
    const share = length ? audio.currentTime / length : 0;
    head.style.left = `${share * 100}%`;
    at.value = Math.round(share * 1000);
    set(at, { "aria-valuetext": span(audio.currentTime * 1000) });
    say(time, `${span(audio.currentTime * 1000)} / ${span(length * 1000)}`);
    if (!audio.paused) requestAnimationFrame(follow);
  };
  for (const event of ["play", "pause", "seeked", "ended"]) {
    audio.addEventListener(event, () => {
      say(button, audio.paused ? t("play") : t("pause"));
      follow();
    });
  }
  file.arrayBuffer().then((bytes) => {
    const view = new DataView(bytes);
    length = seconds(view);
    const sides = peaks(view, COLUMNS);
    drawWaves(waves, sides);
    // Colours follow the theme: drawn anew when it changes.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawWaves(waves, sides));
    document.addEventListener("themechange", () => drawWaves(waves, sides));
    follow();
  });
  return h("div", { class: "player" },
    h("div", { class: "stage" }, waves, head, h("span", { class: "side caller" }, t("caller")), h("span", { class: "side agent" }, t("agent"))),
    at,
    h("div", { class: "controls" }, button, time,
      h("a", { href: url, download: "llamada.wav" }, t("download")),
      h("a", { href: `${path}/transcript.json`, target: "_blank", rel: "noopener" }, t("transcriptFile"))),
    audio);
}

function drawWaves(canvas, sides) {
  const [context, style] = [canvas.getContext("2d"), getComputedStyle(canvas)];
  const half = canvas.height / 2;
  context.clearRect(0, 0, canvas.width, canvas.height);
  sides.slice(0, 2).forEach((side, index) => {
    context.fillStyle = style.getPropertyValue(index ? "--agent" : "--caller");
    const middle = half * (index + 0.5);
    side.forEach((loud, column) => {
      const tall = Math.max(1, loud * half * 0.94);
      context.fillRect(column, middle - tall / 2, 1, tall);
    });
  });
}
