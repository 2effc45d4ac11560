"""The page's own logic, in the browser it is for: codec, resampling, playing out, and what is made of a message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browser import Browser, browsing
from support.front_page import TOKEN, Page
from telnyx_actors.core.audio import Encoding, from_pcm16, to_pcm16


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    page = Page(TOKEN)
    yield page
    page.close()


@pytest.fixture(scope="module")
def browser(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile") / "chromium") as browser:
        browser.open(f"{page.here}/console/login")
        yield browser


def test_the_login_lets_in_who_has_the_token_in_their_language(page: Page, browser: Browser) -> None:
    browser.open(f"{page.here}/console")
    assert browser.driver.current_url.endswith("/console/login")
    assert browser.text("label") == "Token de la API (API_TOKEN)"
    browser.find("#token").send_keys("otro")
    browser.find(".primary").click()
    assert browser.text("#wrong") == "Ese token no es el de este motor."
    browser.find("#token").send_keys(TOKEN)
    browser.find(".primary").click()
    browser.find("#link[data-linked]")
    assert browser.driver.get_cookie("telnyx_actors_console")["httpOnly"] is True  # type: ignore[index]  # it is there
    assert browser.run("return document.cookie") == ""
    browser.find("#language").click()
    assert browser.text(".views") == "Calls\nActors\nHealth\nSoftphone"
    assert browser.run("return document.documentElement.lang") == "en"
    browser.find("#language").click()
    browser.find("#logout").click()
    browser.find("#token")
    assert browser.complaints() == []


def test_mu_law_is_that_of_the_engine(browser: Browser) -> None:
    everything = bytes(range(256))
    decoded = browser.module("mulaw.js", "Array.from(m.decode(Uint8Array.from({length: 256}, (_, i) => i)))")
    pcm = to_pcm16(Encoding.PCMU, everything)
    ours = [int.from_bytes(pcm[at : at + 2], "little", signed=True) for at in range(0, len(pcm), 2)]
    assert [round(sample * 32768) for sample in decoded] == ours
    samples = list(range(-32767, 32767, 257))
    encoded = browser.module("mulaw.js", f"{json.dumps(samples)}.map((s) => m.encodeSample(s / 32767))")
    theirs = from_pcm16(Encoding.PCMU, b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))
    assert encoded == list(theirs)


RESAMPLED = """(() => {
  const [from, to, hertz] = [%s];
  const resampler = new m.Resampler(from, to);
  const out = [];
  for (let at = 0; at < from; at += 128) {
    out.push(...resampler.push(Float32Array.from({length: 128}, (_, i) => Math.sin((2 * Math.PI * hertz * (at + i)) / from))));
  }
  const settled = out.slice(200, -200);
  const crossings = settled.filter((x, i) => i && Math.sign(x) !== Math.sign(settled[i - 1])).length;
  return { count: out.length, loudest: Math.max(...settled.map(Math.abs)), hertz: (crossings / 2 / settled.length) * to };
})()"""


@pytest.mark.parametrize(("rates", "hertz"), [("48000, 8000", 1000), ("44100, 8000", 700), ("8000, 48000", 1000)])
def test_a_voice_keeps_its_pitch_and_loudness_at_another_rate(browser: Browser, rates: str, hertz: int) -> None:
    found = browser.module("resample.js", RESAMPLED % f"{rates}, {hertz}")
    assert found["loudest"] == pytest.approx(1.0, abs=0.02)
    assert found["hertz"] == pytest.approx(hertz, rel=0.01)
    assert found["count"] == pytest.approx(int(rates.split(", ")[1]), rel=0.02)


def test_what_a_telephone_cannot_carry_is_taken_out_and_does_not_come_back_as_noise(browser: Browser) -> None:
    assert browser.module("resample.js", RESAMPLED % "48000, 8000, 6000")["loudest"] < 0.01


PLAYED = """(() => {
  const p = new m.Playout();
  const seen = [];
  const pull = (n) => { const out = new Float32Array(n); const marks = p.pull(out); seen.push([Array.from(out), marks]); };
  p.mark("first"); p.audio(Float32Array.of(1, 2, 3)); p.mark("a"); p.audio(Float32Array.of(4)); p.mark("b");
  pull(2); pull(2); pull(2);
  p.audio(Float32Array.of(5, 6)); p.mark("c"); p.audio(Float32Array.of(7)); p.mark("d");
  pull(1);
  seen.push(p.clear());
  pull(1);
  return { seen, isEmpty: p.isEmpty };
})()"""


def test_a_mark_comes_back_when_it_is_reached_and_all_of_them_at_a_clear(browser: Browser) -> None:
    found = browser.module("playout.js", PLAYED)
    assert found["seen"] == [
        [[1, 2], ["first"]],
        [[3, 4], ["a", "b"]],
        [[0, 0], []],
        [[5], []],
        ["c", "d"],
        [[0], []],
    ]
    assert found["isEmpty"]


def test_frames_are_those_of_a_media_socket(browser: Browser) -> None:
    from telnyx_actors.wire.telnyx_media import (
        Mark,
        Media,
        Stop,
        StreamStart,
        encode_clear,
        encode_mark,
        encode_media,
        parse,
    )

    made = "(() => { const f = new m.Frames('web:1'); return [...f.start(), f.media(Uint8Array.of(1, 255)), f.mark('n'), f.stop()]; })()"
    _, start, media, mark, stop = (parse(json.dumps(frame)) for frame in browser.module("phone_line.js", made))
    assert isinstance(start, StreamStart)
    assert (start.call_control_id, start.encoding, start.sample_rate) == ("web:1", "PCMU", 8000)
    assert isinstance(media, Media)
    assert (media.payload, media.track, media.chunk) == (b"\x01\xff", "inbound", 1)
    assert (mark, stop) == (Mark("n"), Stop())
    for text, understood in (
        (encode_media(b"\x07\xff"), {"audio": [7, 255]}),
        (encode_mark("x"), {"mark": "x"}),
        (encode_clear(), {"clear": True}),
    ):
        read = (
            f"(({{audio, ...rest}}) => audio ? {{audio: Array.from(audio)}} : rest)(m.understood({json.dumps(text)}))"
        )
        assert browser.module("phone_line.js", read) == understood


def test_messages_change_only_what_they_name(browser: Browser) -> None:
    script = """(() => {
      const state = m.emptyState();
      m.apply(state, {at: 1500, whole: ["calls"], calls: {a: {n: 1}, b: {n: 2}}}, 1000);
      const before = state.calls.a;
      const changed = m.apply(state, {at: 1600, calls: {b: null, c: {n: 3}}}, 1100);
      state.call = m.openCall("a");
      m.apply(state, {call: {ref: "a", turns: [1], steps: [[1]]}}, 0);
      m.apply(state, {call: {ref: "other", turns: [9]}}, 0);
      m.apply(state, {call: {ref: "a", turns: [2], now: {said: "x"}}}, 0);
      return {offset: state.offset, kept: before === state.calls.a, calls: state.calls, changed: [...changed], call: state.call};
    })()"""
    found: Any = browser.module("store.js", script)
    assert (found["offset"], found["kept"], found["changed"]) == (500, True, ["calls"])
    assert found["calls"] == {"a": {"n": 1}, "c": {"n": 3}}
    assert (found["call"]["turns"], found["call"]["steps"], found["call"]["now"]) == ([1, 2], [[1]], {"said": "x"})


def test_the_tree_is_folded_and_a_stuck_part_shows_through(browser: Browser) -> None:
    tree = {"e": ["S", "idle"], "e/c1": ["CallActor", "idle"], "e/c1/x": ["X", "stuck"], "e/z": ["Z", "busy"]}
    rows = browser.module("store.js", f"m.treeRows({json.dumps(tree)}, new Set())")
    assert [(row["path"], row["below"], row["worst"]) for row in rows] == [
        ("e", 0, "idle"),
        ("e/z", 0, "busy"),
        ("e/c1", 1, "stuck"),
    ]
    unfolded = browser.module("store.js", f"m.treeRows({json.dumps(tree)}, new Set(['e/c1']))")
    assert [row["path"] for row in unfolded] == ["e", "e/z", "e/c1", "e/c1/x"]


def test_events_pass_a_filter_of_words_and_kinds(browser: Browser) -> None:
    steps = [
        [1, 0, "event", "MarkReturned", "name=1", False, True],
        [2, 5, "action", "AskModel", "turn=1 said=Hola", False, False],
        [3, 9, "event", "HearingFailed", "reason=lost", True, False],
    ]
    call = "m.filterSteps({}, {{words: '{}', kinds: new Set({}), failures: {}, frequent: {}}}).map((s) => s[0])"

    def passed(words: str, kinds: str = "['event', 'action']", failures: str = "false", frequent: str = "false") -> Any:
        return browser.module("store.js", call.format(json.dumps(steps), words, kinds, failures, frequent))

    assert passed("") == [2, 3]
    assert passed("", frequent="true") == [1, 2, 3]
    assert passed("turn HOLA") == [2]
    assert passed("", kinds="['event']") == [3]
    assert passed("", failures="true") == [3]
    assert passed("nothing") == []


def test_a_turn_is_drawn_to_scale_with_its_guesses_apart(browser: Browser) -> None:
    spans = [["hearing", 0, 200, 0], ["thinking", 200, 600, 100], ["carrier", 600, 9000, 0]]
    scale = browser.module("waterfall.js", f"m.scaleOf([{{spans: {json.dumps(spans)}}}])")
    assert scale == pytest.approx(600 * 1.18)
    boxes = browser.module("waterfall.js", f"m.boxes({json.dumps(spans)}, 1000)")
    assert [(box["part"], box["guess"], round(box["left"]), round(box["width"])) for box in boxes] == [
        ("hearing", False, 0, 20),
        ("thinking", True, 20, 10),
        ("thinking", False, 30, 30),
        ("carrier", False, 60, 40),
    ]


def test_what_was_heard_ends_where_the_engine_counts(browser: Browser) -> None:
    assert browser.module("conversation.js", "m.splitHeard('Sí 🐶 claro', 4)") == ["Sí 🐶", " claro"]


def test_a_recording_is_drawn_by_its_loudest_samples(browser: Browser, tmp_path: Path) -> None:
    import wave

    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        loud, quiet = (16384).to_bytes(2, "little"), (0).to_bytes(2, "little")
        file.writeframes((loud + quiet) * 4000 + (quiet + loud) * 4000)
    view = f"new DataView(Uint8Array.from({list(path.read_bytes())}).buffer)"
    assert browser.module("wav.js", f"m.peaks({view}, 4).map((side) => Array.from(side))") == [
        [0.5, 0.5, 0, 0],
        [0, 0, 0.5, 0.5],
    ]
    assert browser.module("wav.js", f"m.seconds({view})") == 1


def test_figures_read_as_people_write_them(browser: Browser) -> None:
    assert browser.module(
        "format.js", "[m.span(3400), m.span(727000), m.span(3753000), m.millis(640, 'es'), m.millis(1240, 'es')]"
    ) == [
        "0:03",
        "12:07",
        "1:02:33",
        "640 ms",
        "1,24 s",
    ]
    assert browser.module("charts.js", "[m.niceTop(640), m.niceTop(2500), m.niceTop(61000)]") == [1000, 2500, 120000]
    minutes = "[null, [1, 2], [3, 4], null, [5, 6]]"
    assert browser.module("charts.js", f"m.stretches({minutes}, ([a]) => a)") == [[[1, 1], [2, 3]], [[4, 5]]]
    bars = "[...m.barChart([850, 1250], [0, 1, 0]).querySelectorAll('text')].map((each) => each.textContent)"
    assert browser.module("charts.js", bars) == ["≤ 850", "≤ 1,25 s", "1", "> 1,25 s"]


def test_nothing_is_said_in_one_language_only(browser: Browser) -> None:
    assert browser.module("words.js", "m.missing()") == []
