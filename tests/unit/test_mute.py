"""When a transcriber that says nothing is taken for mute."""

from __future__ import annotations

import pytest

from telnyx_actors.actors.mute import (
    ANSWER_S,
    BUSY_ANSWER_S,
    NEW_AFTER_S,
    NEW_VOICE_S,
    PROBE_AFTER_S,
    PROBE_S,
    MuteWatch,
)
from telnyx_actors.core.cadence import KNOWN_FROM, MARGIN_S, UNKNOWN_S
from telnyx_actors.providers.ports import Habits

FRAME_S = 0.02


@pytest.mark.parametrize(("announces_voices", "limit_s"), [(True, NEW_VOICE_S), (False, UNKNOWN_S)])
def test_a_transcriber_that_announces_voices_is_found_mute_sooner(announces_voices: bool, limit_s: float) -> None:
    watch = MuteWatch(Habits(tells_interims=True, announces_voices=announces_voices))
    watch.given(2.0, NEW_AFTER_S)
    assert not watch.is_mute(1, 1, 0.0)
    watch.given(limit_s - FRAME_S, 0.0)
    assert not watch.is_mute(1, 1, 0.0)
    watch.given(FRAME_S, 0.0)
    assert watch.is_mute(1, 1, 0.0)


def test_only_the_beginning_of_a_voice_is_announced() -> None:
    watch = MuteWatch(Habits(tells_interims=True, announces_voices=True))
    watch.given(0.0, NEW_AFTER_S)
    watch.given(NEW_VOICE_S / 2, 0.0)
    assert not watch.is_mute(1, 1, 0.0), "the announcement"
    watch.given(NEW_VOICE_S / 2, NEW_AFTER_S / 2)  # too short a pause for another
    watch.given(NEW_VOICE_S / 2, 0.0)
    assert not watch.is_mute(1, 1, 0.0)


def test_a_noise_costs_ever_fewer_connections() -> None:
    watch = MuteWatch(Habits(tells_interims=True))
    found = []
    for frame in range(1500):  # 30 s
        watch.given(FRAME_S, 0.0)
        if watch.is_mute(0, 0, frame * FRAME_S):
            found.append(round(frame * FRAME_S, 1))
    assert found == [1.6, 4.8, 11.2, 24.0]


def speak_until_told(watch: MuteWatch, voice_s: float, messages: int) -> None:
    """One more message, after so much of a voice."""
    for _ in range(round(voice_s / FRAME_S)):
        watch.given(FRAME_S, 0.0)
    assert not watch.is_mute(messages, messages, 0.0)


def test_a_transcriber_of_regular_habits_is_found_mute_as_soon_as_it_is_late() -> None:
    watch = MuteWatch(Habits(tells_interims=True))
    for messages in range(1, KNOWN_FROM + 1):
        speak_until_told(watch, 1.02, messages)
    limit_s = 1.02 + MARGIN_S
    watch.given(limit_s - FRAME_S, 0.0)
    assert not watch.is_mute(KNOWN_FROM, KNOWN_FROM, 0.0)
    watch.given(2 * FRAME_S, 0.0)
    assert watch.is_mute(KNOWN_FROM, KNOWN_FROM, 0.0)


def test_and_if_it_was_only_late_it_is_given_more_time_from_then_on() -> None:
    habits = Habits(tells_interims=True)
    watch = MuteWatch(habits)
    for messages in range(1, KNOWN_FROM + 1):
        speak_until_told(watch, 1.0, messages)
    for messages in (KNOWN_FROM, 1):
        assert habits.cadence.limit_s < 1.2
        watch.given(1.2, 0.0)
        assert watch.is_mute(messages, messages, 0.0), "taken for mute"
        watch.connected(habits)
        speak_until_told(watch, 0.2, 1)
    assert habits.cadence.limit_s == UNKNOWN_S


def test_a_connection_that_fell_mute_says_nothing_of_the_others() -> None:
    habits = Habits(tells_interims=True)
    for call in range(10):
        watch = MuteWatch(habits)
        for messages in range(1, KNOWN_FROM + 1):
            speak_until_told(watch, 1.0, messages)
        watch.given(1.2, 0.0)
        assert watch.is_mute(KNOWN_FROM, KNOWN_FROM, 0.0), call
    assert habits.cadence.limit_s < 1.2


def test_a_short_pause_is_part_of_a_voice() -> None:
    watch = MuteWatch(Habits(tells_interims=True))
    watch.given(0.8, 0.3)
    watch.given(UNKNOWN_S - 0.8 - 0.3 - FRAME_S, 0.0)
    assert not watch.is_mute(0, 0, 0.0)
    watch.given(FRAME_S, 0.0)
    assert watch.is_mute(0, 0, 0.0)


def test_what_comes_in_a_pause_tells_nothing_of_its_cadence() -> None:
    habits = Habits(tells_interims=True)
    watch = MuteWatch(habits)
    for messages in range(1, 2 * KNOWN_FROM):
        watch.given(0.2, FRAME_S)
        assert not watch.is_mute(messages, messages, 0.0)
    assert habits.cadence.limit_s == UNKNOWN_S


def test_nothing_is_expected_of_a_transcriber_that_it_was_never_seen_to_do() -> None:
    watch = MuteWatch(Habits())
    watch.given(0.0, NEW_AFTER_S)
    watch.asked(0.0)
    watch.probed(0.0, 0)
    watch.given(60.0, 0.0)
    assert not watch.is_mute(0, 0, 60.0)


@pytest.mark.parametrize(("signs", "is_mute"), [(0, True), (1, False)])
def test_a_connection_with_nobody_at_the_other_end_is_found_by_a_probe(signs: int, is_mute: bool) -> None:
    watch = MuteWatch(Habits(tells_interims=True, answers_probes=True))
    watch.given(PROBE_AFTER_S - FRAME_S, 0.0)
    assert not watch.is_to_probe(1.0)
    watch.given(FRAME_S, 0.0)
    assert watch.is_to_probe(1.0)
    watch.probed(1.0, 0)
    assert not watch.is_to_probe(1.0), "once"
    assert not watch.is_mute(0, signs, 1.0 + PROBE_S - FRAME_S)
    assert watch.is_mute(0, signs, 1.0 + PROBE_S) is is_mute
    assert PROBE_AFTER_S + PROBE_S < 1.0


def test_as_long_as_probes_are_answered_they_go_on() -> None:
    watch = MuteWatch(Habits(answers_probes=True))
    for round_ in range(1, 4):
        watch.given(PROBE_AFTER_S, 0.0)
        assert watch.is_to_probe(1.0)
        watch.probed(float(round_), signs=round_)
        assert not watch.is_mute(0, round_ + 1, round_ + PROBE_S), "answered"
        assert not watch.is_to_probe(1.0), "only just"


def test_who_has_a_backlog_to_hear_is_not_probed_until_it_has_heard_that() -> None:
    watch = MuteWatch()
    watch.connected(Habits(answers_probes=True), 1.0, backlog_s=1.0)
    watch.given(60.0, 0.0)
    assert not watch.is_to_probe(4.9)
    assert watch.is_to_probe(5.0)


def test_who_has_a_backlog_to_hear_answers_behind_that() -> None:
    watch = MuteWatch()
    watch.connected(Habits(tells_interims=True, answers_requests=True), 0.0, backlog_s=2.0)
    watch.asked(0.5)
    assert not watch.is_mute(0, 0, 0.5 + BUSY_ANSWER_S - FRAME_S)
    assert not watch.is_mute(1, 1, 3.2), "it tells of before"
    assert not watch.is_mute(1, 1, 3.2 + BUSY_ANSWER_S - FRAME_S)
    assert watch.is_mute(1, 1, 3.2 + BUSY_ANSWER_S), "and no more"


def test_who_has_caught_up_answers_as_soon_as_ever() -> None:
    watch = MuteWatch()
    watch.connected(Habits(answers_requests=True), 0.0, backlog_s=1.0)
    watch.asked(10.0)
    assert not watch.is_mute(0, 0, 10.0 + ANSWER_S - FRAME_S)
    assert watch.is_mute(0, 0, 10.0 + ANSWER_S)
