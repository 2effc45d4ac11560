"""How fast it is, against vendors as slow as the real ones. Figures are printed (``pytest -s``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

import pytest

from support.engine import REAL, Ended, House, first_audio_s
from telnyx_actors.standins.caller import CallerScript, HangUp, InterruptAfter, Say, Step, WaitForAgent
from telnyx_actors.standins.claude_stream import tokens_of
from telnyx_actors.standins.world import WorldSettings

GREETED = WaitForAgent(silent_ms=200)
ANSWERED = WaitForAgent(silent_ms=300)
QUESTIONS = ("¿Qué hora es?", "¿Abren hoy?")
FIRST_CLAUSE = "Con mucho gusto. "
LONG_ANSWER = FIRST_CLAUSE + "Primero le cuento de los horarios, y después le cuento de los precios y de las vacunas."
ANSWERS = [("interrumpo", "Diga."), ("cuente", LONG_ANSWER), (".", FIRST_CLAUSE + "Sí.")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine"), REAL) as house:
        house.world.script_model(ANSWERS)
        yield house


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """All at once, to their ends."""
    asking: list[Step] = [step for question in QUESTIONS for step in (Say(question), ANSWERED)]
    interrupting: list[Step] = [
        step for _ in range(2) for step in (Say("Cuente."), InterruptAfter(0.6, "Interrumpo."), ANSWERED)
    ]
    scripts = {"asking": asking, "asking too": asking, "interrupting": interrupting, "interrupting too": interrupting}
    calls = {name: house.dial(CallerScript((GREETED, *steps, HangUp()))) for name, steps in scripts.items()}
    calls["greeted"] = house.dial(CallerScript((GREETED, HangUp())), saludo="Hola, don Nicanor.")
    return house.all_ended(calls)


def asked(calls: dict[str, Ended]) -> list[Ended]:
    return [calls["asking"], calls["asking too"]]


def assert_soon(what_ms: float, limit_ms: float, ended: Sequence[Ended]) -> None:
    """On a machine on which the carrier itself comes late, being late says nothing about the engine."""
    late_ms = max(call.carrier.max_tick_late_s for call in ended) * 1000
    if what_ms > limit_ms and late_ms > 50:
        pytest.skip(f"the machine is busy: the carrier itself was late by up to {late_ms:.0f} ms")
    assert what_ms <= limit_ms


def p50_ms(what: str, times_s: Sequence[float | None]) -> float:
    """The median, said aloud; what never happened counts as endless."""
    times_ms = [float("inf") if seconds is None else round(seconds * 1000) for seconds in times_s]
    print(f"\n{what}: p50 {median(times_ms)} ms of {times_ms}")
    return median(times_ms)


def serial_ms(world: WorldSettings) -> float:
    """What the vendors' own delays add up to, one after the other, behind a usual endpoint of 300 ms."""
    tokens, text = 0, ""
    for token in tokens_of(LONG_ANSWER):
        tokens, text = tokens + 1, text + token
        if len(text) >= len(FIRST_CLAUSE):
            break
    thinking_ms = world.claude.first_token_ms + (tokens - 1) * world.claude.token_ms
    return 300 + world.deepgram.v1.final_delay_ms + thinking_ms + world.elevenlabs.first_audio_ms


def test_an_answer_begins_before_the_vendors_delays_add_up(house: House, calls: dict[str, Ended]) -> None:
    responses = [response.seconds for ended in asked(calls) for response in ended.carrier.response_times()]
    serial = serial_ms(house.world.settings)
    assert len(responses) == 2 * len(QUESTIONS)
    p50 = p50_ms(f"response, where the vendors' delays add up to {serial:.0f} ms", responses)
    assert_soon(p50, serial - 1, asked(calls))


def test_the_model_is_asked_before_the_turn_is_over_and_heard_after_it(calls: dict[str, Ended]) -> None:
    times_ms = [turn["times_ms"] for ended in asked(calls) for turn in ended.turns("reply")]
    assert all(times["asked"] <= times["committed"] <= times["first_sent"] for times in times_ms)
    assert any(times["asked"] < times["committed"] for times in times_ms), "late words leave no time for it"


def test_a_caller_who_interrupts_is_given_the_floor_at_once(calls: dict[str, Ended]) -> None:
    interrupted = [calls["interrupting"], calls["interrupting too"]]
    barge_ins = [barge_in.seconds for ended in interrupted for barge_in in ended.carrier.barge_in_times()]
    assert len(barge_ins) == 4
    p50 = p50_ms("barge-in", barge_ins)
    assert_soon(p50, 200, interrupted)


def test_a_greeting_never_said_before_is_made_while_it_rings(calls: dict[str, Ended]) -> None:
    """It is in no cache, and yet the caller does not wait for the voice."""
    ended = calls["greeted"]
    after_s = first_audio_s(ended)
    print(f"\nnew greeting: {after_s * 1000:.0f} ms after start")
    assert ended.heard[0] == "Hola, don Nicanor."
    assert_soon(after_s * 1000, 150, [ended])
