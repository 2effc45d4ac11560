"""Scripted callers, on a clock that the test turns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from telnyx_actors.standins.audibility import SILENCE
from telnyx_actors.standins.caller import (
    Act,
    Began,
    CallerRun,
    CallerScript,
    HangUp,
    HungUp,
    InterruptAfter,
    Press,
    Pressed,
    Say,
    Stay,
    Step,
    Wait,
    WaitForAgent,
)

VOICE = b"\x00" * 480  # three frames


def silent(_: int) -> bool:
    return False


def live(
    *steps: Step, agent: Callable[[int], bool] = silent, frames: int = 500
) -> tuple[CallerRun, list[bytes], dict[int, Act]]:
    """Run a script; ``agent`` says in which frames the agent can be heard. Acts by frame."""
    run = CallerRun(CallerScript(steps), lambda text, voice: VOICE)
    sound, acts = [], {}
    for number in range(frames):
        frame, done = run.tick(agent(number))
        sound.append(frame)
        for act in done:
            acts[number] = act
        if HungUp() in done:
            break
    return run, sound, acts


def test_a_sentence_is_spoken_frame_by_frame_and_announced_with_its_first() -> None:
    run, sound, acts = live(Wait(0.04), Say("Hola"), HangUp())
    assert sound == [SILENCE, SILENCE, VOICE[:160], VOICE[160:320], VOICE[320:], SILENCE]
    assert acts == {2: Began("Hola", VOICE), 5: HungUp()}
    assert (run.error, run.done) == ("", True)


def test_sound_that_ends_within_a_frame_is_filled_with_silence() -> None:
    _, sound, _ = live(Say(audio=b"\x00" * 200))
    assert sound[1] == b"\x00" * 40 + b"\xff" * 120


def test_the_end_of_a_script_hangs_up() -> None:
    _, _, acts = live(Wait(0.1))
    assert acts == {5: HungUp()}


def test_waiting_for_silence_needs_the_agent_to_have_spoken_first() -> None:
    run, _, acts = live(WaitForAgent(silent_ms=200), agent=lambda frame: 50 <= frame < 80)
    assert acts == {89: HungUp()}
    assert run.outcomes[0].ended_ms == 1780


def test_what_the_agent_said_before_the_caller_spoke_is_no_answer() -> None:
    run, _, acts = live(
        WaitForAgent(speaking_ms=40), Say("Hola"), WaitForAgent(silent_ms=100), agent=lambda n: n < 2 or 40 <= n < 50
    )
    assert acts[max(acts)] == HungUp()
    assert max(acts) == 54
    assert run.error == ""


def test_a_breath_does_not_end_the_agents_speech_but_a_pause_does() -> None:
    breath = live(InterruptAfter(1.0, "No"), agent=lambda n: n % 25 < 20)
    assert min(breath[2]) == 50
    pause = live(InterruptAfter(1.0, "No", timeout_s=4), agent=lambda n: n % 40 < 20)
    assert "never spoke that long" in pause[0].error


def test_keys_are_pressed_one_after_another() -> None:
    _, _, acts = live(Press("1#"))
    assert acts == {0: Pressed("1"), 12: Pressed("#"), 24: HungUp()}


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (WaitForAgent(silent_ms=100, timeout_s=1), "did not within 1"),
        (WaitForAgent(speaking_ms=100, timeout_s=1), "did not within 1"),
        (InterruptAfter(1, "No", timeout_s=1), "never spoke"),
        (Stay(limit_s=1), "did not hang up"),
    ],
)
def test_a_wait_in_vain_makes_the_caller_hang_up_and_is_an_error(step: Step, words: str) -> None:
    run, _, acts = live(step, Say("nunca"))
    assert acts == {50: HungUp()}
    assert words in run.error
    assert words in run.outcomes[0].error
    assert len(run.outcomes) == 1


def test_a_wait_that_is_not_required_goes_on() -> None:
    run, _, acts = live(WaitForAgent(silent_ms=100, timeout_s=1, required=False), Say("¿Aló?"))
    assert acts[50] == Began("¿Aló?", VOICE)
    assert run.error == ""


@pytest.mark.parametrize(
    ("steps", "is_error"),
    [((Stay(10),), False), ((Wait(10), HangUp()), True), ((WaitForAgent(silent_ms=100), Stay(10)), True)],
)
def test_an_agent_who_hangs_up_is_expected_only_by_one_who_stays(steps: tuple[Step, ...], is_error: bool) -> None:
    run, _, _ = live(*steps, frames=20)
    run.cut_off()
    assert bool(run.error) is is_error
    assert len(run.outcomes) == 1
    assert run.outcomes[0].ended_ms == 400


def test_nothing_is_cut_off_after_the_end() -> None:
    run, _, _ = live(Say("Hola"))
    run.cut_off()
    assert (run.error, len(run.outcomes)) == ("", 1)
    assert run.tick(False) == (SILENCE, [])
