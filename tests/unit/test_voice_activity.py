"""The beginning, the strength and the end of a voice."""

from __future__ import annotations

import pytest

from telnyx_actors.core.voice_activity import (
    EnergyGate,
    EnergyGateSettings,
    VoiceActivity,
    VoiceChange,
    VoiceChangeKind,
)

STARTED, CONFIRMED, STOPPED = VoiceChangeKind


def changes(flags: str, *, begin_ms: int = 0) -> list[tuple[int, VoiceChange]]:
    """``#`` is a voiced frame, ``_`` is none, ``x`` one that never came; with when each change was told."""
    activity = VoiceActivity()
    told = []
    for index, flag in enumerate(flags):
        at_ms = begin_ms + 20 * index
        change = activity.feed(flag == "#", at_ms) if flag != "x" else None
        if change is not None:
            told.append((at_ms, change))
    return told


def test_a_voice_starts_is_confirmed_and_stops_at_the_times_it_really_did() -> None:
    assert changes("__##########______", begin_ms=1000) == [
        (1080, VoiceChange(STARTED, 1040)),
        (1140, VoiceChange(CONFIRMED, 1040)),
        (1320, VoiceChange(STOPPED, 1240)),
    ]


@pytest.mark.parametrize("flags", ["_#_____", "_##______", "#____#____#____#", "##_____##_____##"])
def test_clicks_are_nothing(flags: str) -> None:
    assert changes(flags) == []


def test_a_voice_with_small_holes_starts_where_its_first_sound_was() -> None:
    assert changes("_#_#_#")[0] == (100, VoiceChange(STARTED, 20))


@pytest.mark.parametrize("flags", ["###_##__", "#__#_#_#_#_#_#_#_#"])
def test_a_thin_voice_is_not_confirmed(flags: str) -> None:
    assert CONFIRMED not in [change.kind for _, change in changes(flags)]


def test_confirmation_allows_for_two_holes_in_160_ms() -> None:
    assert (140, VoiceChange(CONFIRMED, 0)) in changes("##_##_##")


def test_a_plosive_inside_a_word_does_not_stop_the_voice() -> None:
    kinds = [change.kind for _, change in changes("######____######_____")]

    assert kinds == [STARTED, CONFIRMED, STOPPED]


def test_each_voice_is_told_of_anew() -> None:
    kinds = [change.kind for _, change in changes("######_____######_____")]

    assert kinds == [STARTED, CONFIRMED, STOPPED] * 2


def test_frames_that_never_came_are_no_voice() -> None:
    assert changes("######xxxxx_")[-1] == (220, VoiceChange(STOPPED, 120))
    assert changes("######xxxxx###")[-2:] == [(220, VoiceChange(STOPPED, 120)), (260, VoiceChange(STARTED, 220))]


def test_a_voice_that_does_not_end_is_ended_by_a_reset() -> None:
    activity = VoiceActivity()
    for at_ms in range(0, 5000, 20):
        activity.feed(True, at_ms)

    assert activity.is_speaking
    activity.reset()
    assert not activity.is_speaking


def test_after_a_reset_the_same_sound_counts_anew() -> None:
    activity = VoiceActivity()
    for at_ms in range(0, 1000, 20):
        activity.feed(True, at_ms)
    activity.reset()

    assert [activity.feed(True, at_ms) for at_ms in (1000, 1020, 1040)] == [None, None, VoiceChange(STARTED, 1000)]


# --- the gate ------------------------------------------------------------------


def opened(gate: EnergyGate, loudness: int, *, seconds: float) -> int:
    """For how many of the frames the gate was open."""
    return sum(gate.is_open(loudness) for _ in range(round(seconds * 50)))


def test_the_gate_opens_at_once_for_a_voice_and_shuts_at_once_behind_it() -> None:
    gate = EnergyGate()
    opened(gate, 8, seconds=3)

    assert [gate.is_open(loudness) for loudness in (8, 1000, 1000, 8)] == [False, True, True, False]


def test_the_gate_stays_shut_for_comfort_noise() -> None:
    assert opened(EnergyGate(), 40, seconds=10) == 0


@pytest.mark.parametrize("loudness", [100, 1000, 8000])
def test_steady_noise_shuts_the_gate_within_three_seconds_and_for_good(loudness: int) -> None:
    gate = EnergyGate()
    opened(gate, 8, seconds=5)
    opened(gate, loudness, seconds=3)

    assert opened(gate, loudness, seconds=60) == 0


def test_a_voice_is_heard_above_the_noise_it_was_given_time_to_know() -> None:
    gate = EnergyGate()
    opened(gate, 300, seconds=4)

    assert gate.is_open(1500)


def test_on_a_noisy_line_a_syllable_may_sink_into_the_noise_for_a_moment() -> None:
    gate = EnergyGate(EnergyGateSettings(noisy_hold_frames=2))
    opened(gate, 300, seconds=4)

    assert [gate.is_open(loudness) for loudness in (1500, 300, 300, 300)] == [True, True, True, False]


def test_the_hiss_behind_a_last_s_is_no_voice_and_a_weak_syllable_is() -> None:
    gate = EnergyGate()
    opened(gate, 8, seconds=3)

    vowel, s = [4800, 3400, 2100, 480], [105, 96, 83]
    assert [gate.is_open(loudness) for loudness in vowel + s] == [True] * 4 + [False] * 3
    assert [gate.is_open(loudness) for loudness in (4800, 400, 300, 4800)] == [True] * 4


def test_a_quiet_word_may_follow_a_loud_one() -> None:
    gate = EnergyGate()
    opened(gate, 8, seconds=3)
    opened(gate, 12_000, seconds=0.5)
    opened(gate, 8, seconds=0.5)

    assert gate.is_open(200)


def test_when_the_noise_ends_the_floor_falls_at_once() -> None:
    gate = EnergyGate()
    opened(gate, 1000, seconds=5)

    gate.is_open(8)

    assert gate.is_open(900)


def test_a_long_speech_with_pauses_between_words_keeps_the_gate_open() -> None:
    gate = EnergyGate()
    words = ([2000] * 20 + [30] * 4) * 100  # 48 s

    assert sum(map(gate.is_open, words)) == 2000
