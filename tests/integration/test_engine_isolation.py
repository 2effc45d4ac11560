"""Calls do not touch each other, and leave nothing behind."""

from __future__ import annotations

import gc
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pykka
import pytest

from support.engine import Ended, House, messages_of
from support.waiting import until
from telnyx_actors.standins import sound
from telnyx_actors.standins.caller import Answer, CallerScript, HangUp, Say, WaitForAgent

GREETED = WaitForAgent(silent_ms=200)
ANSWERED = WaitForAgent(silent_ms=300)
PETS = ("perro", "gato", "loro")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine")) as house:
        house.world.script_model([("hora", "Las tres."), *((f"mi {pet}", f"El {pet} está bien.") for pet in PETS)])
        yield house


# --- side by side --------------------------------------------------------------


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """Three at once, to their ends."""
    dialled = {}
    for pet in PETS:
        questions = (Say(f"¿Cómo está mi {pet}?"), ANSWERED, Say(f"¿Come mi {pet}?"), ANSWERED)
        script = CallerScript((GREETED, *questions, HangUp()))
        dialled[pet] = house.dial(script, nombre=f"Dueño del {pet}", contexto=f"un {pet}", saludo=f"Hola, el {pet}.")
    return house.all_ended(dialled)


@pytest.fixture(params=PETS)
def pet(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def assert_only(pet: str, text: str) -> None:
    """The call's own is in there, and nothing of the others'."""
    assert [name for name in PETS if name in text] == [pet]


def test_three_calls_at_once_overlap_all_the_time(calls: dict[str, Ended]) -> None:
    """Else the other tests show nothing."""
    began = [ended.carrier.media_at or 0.0 for ended in calls.values()]
    over = [ended.carrier.ended_at or 0.0 for ended in calls.values()]
    assert max(began) + 3.0 < min(over)


def test_no_line_of_one_log_is_in_anothers(calls: dict[str, Ended], pet: str) -> None:
    ids = {name: ended.carrier.call_control_id for name, ended in calls.items()}
    lines = "\n".join(calls[pet].log)
    assert_only(pet, lines)
    assert [name for name, call in ids.items() if call in lines] == [pet]


def test_no_turn_of_one_transcript_is_in_anothers(calls: dict[str, Ended], pet: str) -> None:
    assert_only(pet, json.dumps(calls[pet].transcript, ensure_ascii=False))
    assert len(calls[pet].turns("reply")) == 2


def test_the_model_is_told_of_one_conversation_only(house: House, calls: dict[str, Ended], pet: str) -> None:
    asked = house.asked(f"Dueño del {pet}")
    assert asked
    for request in asked:
        assert_only(pet, str(request.body["system"]))
        assert_only(pet, str(messages_of(request)))


def test_no_sound_of_one_call_is_in_anothers(house: House, calls: dict[str, Ended], pet: str) -> None:
    ended = calls[pet]
    assert ended.recording is not None
    heard = ended.carrier.heard
    for name in PETS:
        made = [made.audio for made in house.world.elevenlabs.syntheses if f"El {name}" in made.text]
        assert made and all((audio in heard) is (name == pet) for audio in made)
        said = [sound.ulaw_to_linear(utterance.audio) for utterance in calls[name].carrier.utterances]
        assert all((audio in ended.recording.caller) is (name == pet) for audio in said)


# --- two by two ----------------------------------------------------------

KEPT_OPEN_MAX = 6
"""Connections that wait for the next call come and go; one that every call leaves behind makes twenty."""


def belongings() -> dict[str, int]:
    """What this process holds. Sockets of closed connections go with their last reference."""
    gc.collect()
    held = {"threads": threading.active_count(), "actors": len(pykka.ActorRegistry.get_all())}
    held["descriptors"] = len([*Path("/proc/self/fd").iterdir()]) if sys.platform == "linux" else 0
    return held


def no_more_than(before: dict[str, int]) -> bool:
    after = belongings()
    after["descriptors"] -= KEPT_OPEN_MAX
    return all(count <= before[what] for what, count in after.items())


def hold_two_calls(house: House) -> None:
    """As short as calls with everything in them can be: greeted, asked, answered."""
    script = (WaitForAgent(silent_ms=60), Say("¿Hora?"), WaitForAgent(silent_ms=0), HangUp())
    dialled = [house.dial(CallerScript(script, Answer(after_s=0.0)), saludo="Sí.") for _ in range(2)]
    for call in dialled:
        assert len(house.ended(call).turns("reply")) == 1


@pytest.mark.timeout(120)
def test_twenty_calls_leave_nothing_behind(house: House) -> None:
    for _ in range(2):
        hold_two_calls(house)
    before = belongings()
    for _ in range(10):
        hold_two_calls(house)
    try:
        until(lambda: no_more_than(before), within_s=10.0)
    finally:
        print(f"\nbefore {before}, after {belongings()}")
    assert len(house.engine.calls) == 0
    assert len(house.engine.runtime.stats.under()) == before["actors"]
