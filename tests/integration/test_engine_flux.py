"""Deepgram's Flux, which ends turns itself: the same conversation, asked for earlier."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.engine import QUICK, Ended, House, replies_after
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, InterruptAfter, Say, Step, Wait, WaitForAgent

GREETED = WaitForAgent(silent_ms=200)
ANSWERED = WaitForAgent(silent_ms=300)
LONG = "Con mucho gusto le cuento de los horarios y de los precios."


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    flux = {"DEEPGRAM_MODEL": "flux-general-multi"}
    with House(tmp_path_factory.mktemp("engine"), QUICK, flux) as house:
        house.world.script_model([("hora", "Son las tres."), ("gato", "El lunes."), ("cuente", LONG), ("hoy", "No.")])
        yield house


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """All at once, to their ends."""
    scripts: dict[str, tuple[Step, ...]] = {
        "plain": (GREETED, Say("¿Qué hora es?"), ANSWERED, Say("¿Abren hoy?"), ANSWERED, HangUp()),
        "two breaths": (GREETED, Say("Quería preguntar por"), Wait(0.35), Say("el gato."), ANSWERED, HangUp()),
        "interrupted": (GREETED, Say("Cuente."), InterruptAfter(0.8, "¿Abren hoy?"), ANSWERED, HangUp()),
    }
    calls = {name: house.dial(CallerScript(steps), nombre=f"Doña {name}") for name, steps in scripts.items()}
    house.world.fail("deepgram", Fault("drop", after=2, match="/v2/listen stream"))
    calls["cut"] = house.dial(CallerScript((GREETED, Say("¿Qué hora es?"), ANSWERED, HangUp())))
    return house.all_ended(calls)


def test_turns_are_answered_once_each(calls: dict[str, Ended]) -> None:
    ended = calls["plain"]
    assert ended.said == ["¿Qué hora es?", "¿Abren hoy?"]
    assert [turn["heard"] for turn in ended.turns("reply")] == ["Son las tres.", "No."]
    assert [len(replies) for replies in replies_after(ended)] == [1, 1]


def test_the_model_is_asked_at_the_eager_end_of_a_turn(house: House, calls: dict[str, Ended]) -> None:
    asked = calls["plain"].turns("reply")[0]["times_ms"]
    assert asked["asked"] < asked["committed"]
    kinds = [entry.data["message"] for entry in house.world.entries("deepgram") if entry.kind == "sent"]
    assert "EagerEndOfTurn" in str(kinds)


def test_a_turn_that_is_resumed_is_answered_once_and_whole(calls: dict[str, Ended]) -> None:
    ended = calls["two breaths"]
    assert ended.said == ["Quería preguntar por el gato."]
    assert [turn["heard"] for turn in ended.turns("reply")] == ["El lunes."]


def test_who_interrupts_is_heard(calls: dict[str, Ended]) -> None:
    cut, answer = calls["interrupted"].turns("reply")
    assert (cut["end"], answer["said"], answer["heard"]) == ("interrupted", "¿Abren hoy?", "No.")
    (interruption,) = calls["interrupted"].carrier.barge_in_times()
    assert interruption.seconds is not None and interruption.seconds < 0.3


def test_a_connection_lost_in_mid_turn_costs_no_word(calls: dict[str, Ended]) -> None:
    assert calls["cut"].said == ["¿Qué hora es?"]
    assert calls["cut"].turns("reply")[0]["heard"] == "Son las tres."
