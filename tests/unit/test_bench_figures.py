"""The benchmark's pure parts: a wrong figure there would be believed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from bench.load.callers import QUESTIONS, script
from bench.load.figures import Heard, talked_over
from bench.load.outside import VENDORS, serial_ms
from bench.load.plot import Line, Panel, svg
from telnyx_actors.standins.caller import HangUp, InterruptAfter, Say
from telnyx_actors.standins.carrier_call import CarrierCall, Utterance

LOUD = b"\x10"
BEGAN = 1000.0


def at(seconds: float) -> int:
    return int(seconds * 8000)


def call(*said: tuple[float, float], heard: tuple[tuple[float, float], ...] = (), lasts_s: float = 30.0) -> CarrierCall:
    """A call that is over: what the caller said from when to when, and when the agent's audio came and how long it was."""
    record = CarrierCall("v3:a", "leg", "session", "outgoing", "+1", "+2", media_at=BEGAN, ended_at=BEGAN + lasts_s)
    record.utterances = [Utterance("…", at(begin), LOUD * at(end - begin)) for begin, end in said]
    for begin, length in heard:
        record.stream.push(LOUD * at(length), at(begin))
    return record


def heard(record: CarrierCall, since: float = 0.0, until: float = 30.0) -> Heard:
    figures = Heard()
    figures.add(record, BEGAN + since, BEGAN + until)
    return figures


def test_a_response_lasts_from_the_end_of_the_callers_words_to_the_first_audio() -> None:
    figures = heard(call((1.0, 2.0), (6.0, 7.0), heard=((2.7, 1.0), (7.9, 1.0))))
    assert figures.asked == 2
    assert figures.response_ms == pytest.approx([700.0, 900.0])
    assert figures.lost == 0
    assert figures.of_call_ms == pytest.approx([700.0])


def test_a_turn_that_nobody_answers_in_time_is_lost() -> None:
    figures = heard(call((1.0, 2.0), (8.0, 9.0), heard=((6.5, 1.0),)))
    assert (figures.asked, figures.lost) == (2, 2)


def test_only_what_was_asked_in_the_window_counts() -> None:
    record = call((1.0, 2.0), (6.0, 7.0), (11.0, 12.0), heard=((2.7, 1.0), (7.7, 1.0), (12.8, 1.0)))
    assert heard(record, 5.0, 10.0).response_ms == pytest.approx([700.0])
    assert heard(record, 31.0, 40.0).calls == 0


def test_a_barge_in_lasts_until_the_agents_audio_was_taken_back() -> None:
    record = call((4.0, 5.0), heard=((3.0, 5.0),))
    record.stream.clear(at(4.2))
    record.note("clear")
    record.events[-1] = replace(record.events[-1], at_s=4.2)
    figures = heard(record)
    assert figures.barge_in_ms == pytest.approx([200.0])
    assert figures.not_silenced == 0
    assert heard(call((4.0, 5.0), heard=((3.0, 5.0),))).not_silenced == 1


def test_an_underrun_is_a_gap_inside_a_reply_as_the_caller_hears_it() -> None:
    figures = heard(call((1.0, 2.0), heard=((3.0, 1.0), (4.3, 1.0), (9.0, 1.0))))
    assert figures.underruns == 1


def test_the_agent_talks_over_whoever_it_begins_to_speak_into() -> None:
    assert talked_over([(1.0, 2.0), (5.0, 6.0)], [(1.5, 3.0), (4.0, 5.5), (6.0, 7.0)]) == 1


def test_every_caller_asks_interrupts_and_hangs_up() -> None:
    asked = set()
    for number in range(21):
        steps = script(number).steps
        asked |= {step.text for step in steps if isinstance(step, Say)}
        assert any(isinstance(step, InterruptAfter) for step in steps)
        assert isinstance(steps[-1], HangUp)
    assert asked == set(QUESTIONS)
    assert script(5) == script(5)


def test_the_vendors_sum_is_made_of_what_the_stand_ins_wait() -> None:
    slower = replace(VENDORS, elevenlabs=replace(VENDORS.elevenlabs, first_audio_ms=1120))
    assert serial_ms() == 100 + 350 + 2 * 20 + 120
    assert serial_ms(slower) == serial_ms() + 1000


def test_the_plot_is_svg_and_leaves_out_what_was_not_measured() -> None:
    line = Line("p50 & p95", "#000", [(1, 700.0), (10, float("nan")), (100, 800.0)])
    root = ET.fromstring(svg([Panel("Latency", [line]), Panel("CPU", [])]))
    (points,) = [each.attrib["points"] for each in root.iter("{http://www.w3.org/2000/svg}polyline")]
    assert len(points.split()) == 2
