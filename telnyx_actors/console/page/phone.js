// The softphone: a call from this browser, by microphone or by recorded phrases.

import { h, say, set } from "./dom.js";
import { post } from "./live.js";
import { PhoneLine } from "./phone_line.js";
import { PHRASES } from "./phrases.js";
import { t } from "./words.js";

/** `changed(ref)`: another call is the one that is held, by the engine's name for it. */
export function phonePanel(live, changed) {
  const phone = new Phone(live, changed);
  phone.node.translate = () => phone.build();
  return phone.node;
}

class Phone {
  constructor(live, changed) {
    this.live = live;
    this.changed = changed;
    this.state = "phoneIdle";
    this.node = h("section", { class: "phone" });
    this.build();
    // The engine has the carrier's commands carried out here.
    const take = live.take;
    live.take = (message) => (message.phone ? this.obey(message.phone) : take(message));
    addEventListener("pagehide", () => this.line && navigator.sendBeacon(`/console/phone/${encodeURIComponent(this.line.call.call_control_id)}/hangup`));
  }

  build() {
    this.status = h("p", { class: "status", role: "status" });
    this.error = h("p", { class: "error", role: "alert" });
    this.mic = h("button", { type: "button", class: "primary", id: "call-mic", click: () => this.begin(true) }, t("callMic"));
    this.scripted = h("button", { type: "button", class: "quiet", id: "call-script", click: () => this.begin(false) }, t("callScript"));
    this.hang = h("button", { type: "button", class: "danger", id: "phone-hangup", click: () => this.hangUp() }, t("hangupPhone"));
    this.mute = h("button", { type: "button", class: "quiet", "aria-pressed": "false", click: () => this.toggleMute() }, t("mute"));
    this.meters = ["you", "agent"].map((who) => h("div", { class: `meter ${who}` }, h("span", {}, t(who)), h("i", {}, h("b", {}))));
    this.phrases = PHRASES.map((phrase) => h("button", { type: "button", class: "phrase", lang: "es", click: () => this.sayPhrase(phrase) }, phrase.text));
    this.node.replaceChildren(
      h("h2", {}, t("phoneTitle")), h("p", { class: "hint" }, t("phoneText")),
      h("div", { class: "handset" }, this.status, h("div", { class: "meters", role: "img", "aria-label": t("levels") }, this.meters),
        h("div", { class: "controls" }, this.mic, this.scripted, this.mute, this.hang)),
      this.error,
      h("section", { class: "phrases", "aria-label": t("scripted") }, h("h3", {}, t("scripted")), h("p", { class: "hint" }, t("scriptedText")), this.phrases));
    this.show(this.state);
  }

  show(state) {
    this.state = state;
    say(this.status, t(state));
    set(this.node, { "data-state": state });
    const isOn = state === "phoneCalling" || state === "phoneTalking";
    for (const button of [this.mic, this.scripted]) set(button, { hidden: isOn });
    for (const button of [this.hang, this.mute]) set(button, { hidden: !isOn });
    for (const button of this.phrases) set(button, { disabled: state !== "phoneTalking" });
  }

  // --- a call ---

  async begin(withMicrophone) {
    say(this.error, "");
    this.show("phoneCalling");
    try {
      await this.openAudio(withMicrophone);
      const call = await post("/console/phone");
      this.live.keep("phone", { phone: call.call_control_id });
      this.line = new PhoneLine(call, this.audio, () => this.over());
      this.audio.port.onmessage = ({ data }) => this.hear(data);
      this.show("phoneTalking");
      this.changed(call.call_id);
    } catch (error) {
      this.closeAudio();
      this.show("phoneIdle");
      say(this.error, error.message);
    }
  }

  async openAudio(withMicrophone) {
    this.context = new AudioContext({ latencyHint: "interactive" });
    await this.context.audioWorklet.addModule("/console/page/phone_worklet.js");
    this.audio = new AudioWorkletNode(this.context, "phone-line", { outputChannelCount: [1] });
    this.audio.connect(this.context.destination);
    if (withMicrophone) {
      if (!navigator.mediaDevices) throw new Error(t("micInsecure"));
      const wish = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 } };
      this.microphone = await navigator.mediaDevices.getUserMedia(wish).catch(() => {
        throw new Error(t("micDenied"));
      });
      this.context.createMediaStreamSource(this.microphone).connect(this.audio);
    }
    await this.context.resume();
  }

  closeAudio() {
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.context?.close();
    this.microphone = this.context = this.audio = null;
  }

  async hangUp() {
    const line = this.line;
    await post(`/console/phone/${encodeURIComponent(line.call.call_control_id)}/hangup`).catch(() => {});
    line.end();
  }

  over() {
    this.live.keep("phone", null);
    this.line = null;
    speechSynthesis?.cancel();
    this.closeAudio();
    this.show("phoneEnded");
    for (const meter of this.meters) meter.lastChild.firstChild.style.width = "0";
  }

  hear(data) {
    this.line?.take(data);
    if (data.levels) this.meters.forEach((meter, side) => (meter.lastChild.firstChild.style.width = `${Math.min(100, Math.round(Math.sqrt(data.levels[side]) * 100))}%`));
    if (data.said) for (const button of this.phrases) set(button, { "aria-pressed": null });
  }

  toggleMute() {
    const isMuted = this.mute.getAttribute("aria-pressed") !== "true";
    set(this.mute, { "aria-pressed": String(isMuted) });
    say(this.mute, isMuted ? t("unmute") : t("mute"));
    this.audio.port.postMessage({ muted: isMuted });
  }

  async sayPhrase(phrase) {
    const file = await fetch(`/console/page/${phrase.file}`);
    this.audio?.port.postMessage({ script: new Uint8Array(await file.arrayBuffer()) });
  }

  // --- the carrier's commands ---

  /** What Telnyx would do by itself: here it is the browser that speaks, and that connects a new stream. */
  obey({ id, command, text, media }) {
    if (id !== this.line?.call.call_control_id) return;
    if (command === "stream") this.line.connect(`/stream/media?${media}`);
    if (command === "stop") speechSynthesis.cancel();
    if (command === "speak") {
      const words = Object.assign(new SpeechSynthesisUtterance(text), { lang: "es-MX" });
      words.onend = words.onerror = () => this.live.send({ spoken: id });
      speechSynthesis.speak(words);
    }
  }
}
