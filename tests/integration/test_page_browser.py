"""The page over a living engine, in Chromium: twenty calls, one looked into and hung up, and one held from the browser."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from bench.page.phrases import phrases
from support.browser import browsing
from support.engine import House
from support.waiting import until
from telnyx_actors.core.audio import Encoding, silence, to_pcm16
from telnyx_actors.standins import voices
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, Stay, WaitForAgent

QUESTION = "¿Qué hora es?"
TALK = CallerScript((WaitForAgent(silent_ms=200), Say(QUESTION), WaitForAgent(silent_ms=300), Stay(60_000), HangUp()))
CALLS = 20


def test_twenty_calls_are_watched_and_one_is_hung_up(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with House(tmp_path / "data") as house, house.scene(), browsing(tmp_path / "profile") as browser:
        browser.open(f"{house.url}/console")
        calls = [house.dial(TALK, nombre=f"Ana {number}") for number in range(CALLS)]
        browser.wait(lambda: browser.count(".calls:not(.over) .line[data-state=live]") == CALLS, "twenty live calls")
        browser.run("document.querySelectorAll('.line').forEach((line) => (line.seenBefore = true))")
        wanted = house.view(calls[7]).plan.ref
        assert browser.text(".blank") == "Elija una llamada para verla por dentro."

        browser.find(f'.line[href="#calls/{wanted}"]').click()
        browser.wait(lambda: QUESTION in browser.text(".turns"), "what the caller said")
        browser.find(".fall summary").click()
        assert "Pensar" in browser.text(".fall-body table")
        browser.find(".events input[type=search]").send_keys("AskModel")
        browser.wait(lambda: {"AskModel"} == set(browser.run(_STEPS)), "only what passes the filter")
        assert browser.run("return [...document.querySelectorAll('.line')].every((line) => line.seenBefore)")

        browser.find(".actions .danger").click()
        browser.find(".sure")
        browser.find(".hangup .danger").click()
        browser.find(f'.over .line[href="#calls/{wanted}"][data-state=ended]')
        assert house.world.wait_ended(calls[7], 5).call_control_id == calls[7]
        browser.wait(lambda: browser.count(".calls:not(.over) .line") == CALLS - 1, "nineteen go on")

        browser.run("location.hash = '#actors'")
        browser.wait(lambda: browser.count(".actors tbody tr") > CALLS, "a row for each call and part")
        browser.run("location.hash = '#health'")
        browser.find(".chart polyline, .chart circle")
        assert browser.complaints() == []


_STEPS = "return [...document.querySelectorAll('.step b')].map((each) => each.textContent)"


def test_a_call_is_held_with_the_microphone_and_another_without_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    microphone = tmp_path / "microphone.wav"
    _write(
        microphone,
        silence(Encoding.PCMU, 8000) + voices.speak(QUESTION, voice="cliente").audio + silence(Encoding.PCMU, 64_000),
    )
    with House(tmp_path / "data") as house, browsing(tmp_path / "profile", microphone=microphone) as browser:
        recorded = list(phrases())
        for path, text in recorded:
            house.world.phrasebook.add(text, voices.spread(text, path.read_bytes()))
        browser.open(f"{house.url}/console#phone")

        # Resampled twice it is not the sound any more that the stand-in knows by heart: it hears that somebody speaks.
        browser.find("#call-mic").click()
        browser.wait(
            lambda: browser.count(".turn.reply.completed .heard:not(:empty)") == 1, "an answer that was heard", 15
        )
        assert house.engine.calls.all()[0].trail.turns[-1].said == "[ininteligible]"
        browser.find("#phone-hangup").click()
        until(house.engine.calls.ended)

        browser.find("#call-script").click()
        browser.find(".turn.greeting .heard:not(:empty)")
        browser.driver.find_elements("css selector", ".phrase")[1].click()
        browser.wait(
            lambda: browser.count(".turn.reply.completed .heard:not(:empty)") == 1, "an answer that was heard", 15
        )
        assert house.engine.calls.all()[0].trail.turns[-1].said == recorded[1][1]
        browser.find("#phone-hangup").click()
        browser.find('.phone[data-state="phoneEnded"]')

        browser.find(".recording button").click()
        browser.find(".player .waves")
        browser.wait(lambda: not browser.text(".player .figure").endswith("0:00"), "a recording with a length")
        assert browser.complaints() == []
        until(lambda: not len(house.engine.calls))
        assert [view.ended_reason for view in house.engine.calls.ended()] == ["normal_clearing"] * 2


def _write(path: Path, ulaw: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(to_pcm16(Encoding.PCMU, ulaw))


pytestmark = pytest.mark.timeout(90)
