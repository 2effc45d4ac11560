"""What a call's record says, on timelines laid out by hand. Times in ms; the agent is loud where it plays."""

from __future__ import annotations

import io
import wave

import pytest

from telnyx_actors.standins.carrier_call import CallEvent, CarrierCall, Utterance
from telnyx_actors.standins.playout import Playout

LOUD = b"\x00"
QUIET = b"\xff"


def ms(value: float) -> int:
    return int(value * 8)


def call(length_ms: int = 10_000) -> CarrierCall:
    record = CarrierCall("v3:x", "leg", "session", "outgoing", "+571", "+572")
    record.answered_at = record.media_at = 100.0
    record.ended_at = 100.0 + length_ms / 1000
    return record


def agent(record: CarrierCall, start_ms: int, length_ms: int) -> None:
    record.stream.push(LOUD * ms(length_ms), ms(start_ms))


def caller(record: CarrierCall, start_ms: int, length_ms: int) -> None:
    record.utterances.append(Utterance("algo", ms(start_ms), LOUD * ms(length_ms)))


def event(record: CarrierCall, kind: str, at_ms: int) -> None:
    record.events.append(CallEvent(100 + at_ms / 1000, at_ms / 1000, kind))


class TestPlayout:
    def test_sound_that_arrives_in_time_continues_the_queue(self) -> None:
        playout = Playout()
        assert playout.push(LOUD * 160, 800) == 800
        assert playout.push(LOUD * 160, 850) is None
        assert playout.push(LOUD * 160, 1120) is None
        assert [(segment.start, segment.end) for segment in playout.segments] == [(800, 1280)]

    def test_sound_that_arrives_late_leaves_a_gap(self) -> None:
        playout = Playout()
        playout.push(LOUD * 160, 0)
        assert playout.push(LOUD * 160, 200) == 40
        assert playout.heard(0, 360) == LOUD * 160 + QUIET * 40 + LOUD * 160

    def test_a_mark_returns_when_everything_before_it_has_played(self) -> None:
        playout = Playout()
        playout.push(LOUD * 160, 0)
        playout.mark("a")
        playout.push(LOUD * 160, 0)
        playout.mark("b")
        assert playout.due_marks(159) == []
        assert playout.due_marks(160) == ["a"]
        assert playout.due_marks(1000) == ["b"]

    def test_a_mark_with_nothing_before_it_is_due_at_once(self) -> None:
        playout = Playout()
        playout.mark("a")
        assert playout.due_marks(0) == ["a"]

    def test_a_clear_cuts_what_was_not_heard_and_hands_back_the_marks_in_order(self) -> None:
        playout = Playout()
        for name in ("a", "b"):
            playout.push(LOUD * 160, 0)
            playout.mark(name)
        assert playout.clear(100) == (220, ["a", "b"])
        assert playout.heard(0, 320) == LOUD * 100 + QUIET * 220
        assert playout.clear(100) == (0, [])

    def test_a_clear_before_anything_played_leaves_no_trace(self) -> None:
        playout = Playout()
        playout.push(LOUD * 160, 500)
        assert playout.clear(500) == (160, [])
        assert playout.segments == []


def test_both_sides_lie_on_one_timeline() -> None:
    record = call(1000)
    agent(record, 100, 200)
    caller(record, 500, 300)
    assert record.heard == QUIET * ms(100) + LOUD * ms(200) + QUIET * ms(700)
    assert record.spoken == QUIET * ms(500) + LOUD * ms(300) + QUIET * ms(200)
    assert record.agent_speech() == [(0.1, 0.3)]
    assert record.caller_speech() == [(0.5, 0.8)]


def test_what_is_queued_when_the_call_ends_was_not_heard() -> None:
    record = call(1000)
    agent(record, 900, 500)
    caller(record, 950, 500)
    assert record.agent_playing() == [(0.9, 1.0)]
    assert record.caller_speech() == [(0.95, 1.0)]
    assert len(record.heard) == len(record.spoken) == ms(1000)


def test_silence_around_the_callers_words_is_not_speech() -> None:
    record = call()
    record.utterances.append(Utterance("Hola", ms(1000), QUIET * ms(100) + LOUD * ms(400) + QUIET * ms(300)))
    assert record.caller_speech() == [(1.1, 1.5)]


def test_a_pause_within_the_agents_speech_joins_unless_it_is_long() -> None:
    record = call()
    agent(record, 0, 500)
    agent(record, 700, 300)
    agent(record, 2000, 100)
    assert record.agent_speech() == [(0.0, 1.0), (2.0, 2.1)]
    assert record.agent_playing() == [(0.0, 0.5), (0.7, 1.0), (2.0, 2.1)]


def test_the_response_time_runs_from_the_callers_last_sound_to_the_agents_first() -> None:
    record = call()
    caller(record, 1000, 500)
    agent(record, 2250, 400)
    caller(record, 3000, 500)
    caller(record, 4000, 500)
    agent(record, 5000, 400)
    assert [response.seconds for response in record.response_times()] == pytest.approx([0.75, None, 0.5])


def test_an_end_of_speech_over_which_the_agent_talks_is_no_response() -> None:
    record = call()
    caller(record, 1000, 500)
    agent(record, 1200, 1000)
    assert record.response_times() == []
    assert record.talked_over_s() == pytest.approx(0.3)


def test_a_barge_in_lasts_from_the_callers_first_sound_to_the_clear() -> None:
    record = call()
    agent(record, 1000, 650)
    caller(record, 1500, 500)
    event(record, "clear", 1650)
    assert [barge_in.seconds for barge_in in record.barge_in_times()] == pytest.approx([0.15])


def test_a_barge_in_that_nothing_answered_has_no_time() -> None:
    record = call()
    agent(record, 1000, 1000)
    caller(record, 1500, 500)
    event(record, "clear", 4000)
    assert [barge_in.seconds for barge_in in record.barge_in_times()] == [None]


def test_speech_while_the_agent_is_silent_is_no_barge_in() -> None:
    record = call()
    agent(record, 1000, 400)
    caller(record, 1500, 500)
    assert record.barge_in_times() == []


def test_a_gap_inside_a_reply_is_an_underrun_unless_it_was_cleared_or_the_caller_spoke() -> None:
    record = call()
    for start in (1000, 1700, 2500, 3300, 6000):
        agent(record, start, 500)
    event(record, "clear", 2200)
    caller(record, 3100, 100)
    assert record.underruns() == [(1.5, 1.7)]


def test_dead_air_is_every_wait_for_the_agent() -> None:
    record = call(8000)
    agent(record, 400, 600)
    caller(record, 2000, 500)
    agent(record, 3500, 500)
    caller(record, 6000, 1000)
    assert record.dead_air() == [(0.0, 0.4), (2.5, 3.5), (7.0, 8.0)]


def test_media_after_a_clear_is_timed() -> None:
    record = call()
    event(record, "clear", 1000)
    event(record, "media_after_clear", 1250)
    event(record, "clear", 2000)
    assert record.media_after_clear() == pytest.approx([0.25])


def test_the_wav_has_the_caller_left_and_the_agent_right() -> None:
    record = call(1000)
    agent(record, 0, 100)
    with wave.open(io.BytesIO(record.wav())) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 8000)
        left, right = file.readframes(1)[:2], file.readframes(1)[2:]
    assert int.from_bytes(left, "little", signed=True) == 0
    assert int.from_bytes(right, "little", signed=True) == -32124
