"""ElevenLabs fails: what the model said is heard all the same, in the carrier's voice if it must be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from support.engine import PETS, Ended, House
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, WaitForAgent

GREETED = WaitForAgent(silent_ms=200)
ANSWERED = WaitForAgent(silent_ms=800)
PATIENT = WaitForAgent(silent_ms=2700)  # with a voice that is neither there nor gone
GO_ON, THE_END = "¿Y hoy?", "No abrimos."
SOME_WORDS = 2400  # bytes

MADE_AGAIN = {
    "refused": Fault("refuse", status=503),
    "too many at once": Fault("refuse", status=429),
    "reset before a sound": Fault("drop"),
    "empty": Fault("drop", code="end"),
    "words instead of sound": Fault("refuse", status=200),
    "cut in the middle": Fault("drop", after=SOME_WORDS),
    "cut without a word": Fault("drop", code="truncate", after=SOME_WORDS),
    "silent in the middle": Fault("stall", after=SOME_WORDS),
    "dead": Fault("half_open"),
    "garbage in the sound": Fault("garbage", after=SOME_WORDS),  # heard as a click
}
BY_CARRIER = {
    "always refused": Fault("refuse", status=503, times=-1),
    "key refused": Fault("refuse", status=401, times=-1),
    "always empty": Fault("drop", code="end", times=-1),
    "always cut": Fault("drop", after=SOME_WORDS, times=-1),
}
FAULTS = {**MADE_AGAIN, **BY_CARRIER}
QUESTIONS = {name: f"¿Y el {pet}?" for name, pet in zip(FAULTS, PETS, strict=True)}
ANSWERS = {name: f"Cuesta diez mil pesos el {pet}." for name, pet in zip(FAULTS, PETS, strict=True)}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine")) as house:
        yield house


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """All at once, to their ends. A fault is for the call in whose answer its pet is named."""
    for pet, fault in zip(PETS, FAULTS.values(), strict=True):
        house.world.fail("elevenlabs", replace(fault, match=f"el {pet}."))
    house.world.script_model(
        [("hoy", THE_END), *((f" {pet}", ANSWERS[n]) for pet, n in zip(PETS, FAULTS, strict=True))]
    )
    calls = {}
    for name, question in QUESTIONS.items():
        answered = PATIENT if FAULTS[name].kind in ("stall", "half_open") else ANSWERED
        script = CallerScript((GREETED, Say(question), answered, Say(GO_ON), GREETED, HangUp()))
        calls[name] = house.dial(script)
    return house.all_ended(calls)


def assert_heard(ended: Ended, question: str, answer: str) -> None:
    first, second = ended.turns("reply")
    assert (first["said"], first["heard"], first["end"]) == (question, answer, "completed")
    assert (second["said"], second["heard"]) == (GO_ON, THE_END)


@pytest.mark.parametrize("name", MADE_AGAIN)
def test_what_broke_is_made_again(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert_heard(ended, QUESTIONS[name], ANSWERS[name])
    assert ended.carrier.events_of("speak") == []


@pytest.mark.parametrize("name", BY_CARRIER)
def test_what_cannot_be_made_is_said_by_the_carrier(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert_heard(ended, QUESTIONS[name], ANSWERS[name])
    (spoken,) = ended.carrier.events_of("speak")
    assert ANSWERS[name].endswith(str(spoken.data["text"]))
