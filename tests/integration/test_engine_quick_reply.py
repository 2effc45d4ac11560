"""QUICK_REPLY_ENABLED in whole calls: heard before each reply in webhook mode, made once, and no part of the record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.engine import Ended, House
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, WaitForAgent

QUICK_REPLY = "Ya voy."  # of the house's persona
ANSWERS = (("hora", "Son las tres."), ("abren", "Mañana."), ("día", "Hoy es lunes."))
SETTINGS = {"QUICK_REPLY_ENABLED": "true", "DEAD_AIR_FILLER_MS": "600"}


def asking(*questions: str) -> CallerScript:
    """A patient person: a pause behind "ya voy" is not yet the answer."""
    steps = [step for question in questions for step in (WaitForAgent(silent_ms=1000), Say(question))]
    return CallerScript((*steps, WaitForAgent(silent_ms=1800), HangUp()))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine"), env=SETTINGS) as house:
        house.world.script_model(ANSWERS)
        yield house


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """One in each mode, at the same time. The model takes its time, as it does in the real world."""
    house.world.fail("claude", Fault("delay", after_ms=1400, match="día"))
    house.world.fail("claude", Fault("delay", after_ms=400, times=-1))
    house.engine.mode.uses_stream = False
    calls = {"files": house.dial(asking("¿Qué hora es?", "¿Cuándo abren?"))}
    house.engine.mode.uses_stream = True
    calls["live"] = house.dial(asking("¿Qué día es?"))
    return house.all_ended(calls)


def understood(house: House, ended: Ended) -> list[str]:
    """What the human understood of the agent, from the first word to the last."""
    return [word.text.strip(".,").lower() for word in house.world.agent_words(ended.carrier.call_control_id)]


def test_in_webhook_mode_it_is_heard_before_each_reply(house: House, calls: dict[str, Ended]) -> None:
    words = understood(house, calls["files"])
    assert [word for word in words if word in ("voy", "tres", "mañana")] == ["voy", "tres", "voy", "mañana"]


def test_with_live_audio_it_is_heard_where_a_reply_is_late(house: House, calls: dict[str, Ended]) -> None:
    words = understood(house, calls["live"])
    assert [word for word in words if word in ("voy", "lunes")] == ["voy", "lunes"]


def test_the_record_holds_the_replies_alone(calls: dict[str, Ended]) -> None:
    assert calls["files"].heard[1:] == ["Son las tres.", "Mañana."]
    assert calls["live"].heard[1:] == ["Hoy es lunes."]


def test_it_was_made_once_and_ahead_of_need(house: House, calls: dict[str, Ended]) -> None:
    made = [synthesis.text for synthesis in house.world.elevenlabs.syntheses]
    assert made.count(QUICK_REPLY) == 1
    assert made.index(QUICK_REPLY) < made.index("Son las tres.")
