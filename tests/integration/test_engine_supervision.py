"""Actors die in the middle of calls: the calls do not notice, and no turn is lost or said twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.engine import Ended, House, assert_as_long_as_the_call, replies_after
from support.waiting import until
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, WaitForAgent
from telnyx_actors.standins.carrier_call import CarrierCall

GREETED = WaitForAgent(silent_ms=200)
ANSWERED = WaitForAgent(silent_ms=600)
PARTS = ("transcriber", "responder", "speaker", "archiver", "carrier")
THE_CALL = "the call itself"
LISTENING, SPEAKING = "¿Abren los sábados?", "Cuénteme."
SHORT_ANSWER, LONG_ANSWER = "De nueve a dos.", "Con mucho gusto. Sábados de nueve a dos."


PETS = dict(zip((*PARTS, THE_CALL), ("perro", "gato", "loro", "burro", "conejo", "pato"), strict=True))


def thinking(name: str) -> str:
    """A question of this call only, so that its answer can be held up."""
    return f"¿Y el {PETS[name]}?"


def is_answering(carrier: CarrierCall) -> bool:
    return carrier.stream.segments[-1].start > carrier.utterances[-1].speech[1]


def is_written(house: House, name: str) -> bool:
    """A reply that loses its author in the middle is taken as it is: that is another test's."""
    return house.asked(f"Doña {name}")[-1].outcome == "complete"


def moments(house: House, name: str, call: str) -> Iterator[Callable[[], bool]]:
    """When an actor is to die: while the caller speaks, while the model thinks, while the agent speaks."""
    carrier = house.world.call(call)
    yield lambda: len(carrier.utterances) == 1
    yield lambda: any(thinking(name) in str(entry.data) for entry in house.world.entries("claude"))
    yield lambda: len(carrier.utterances) == 3 and is_answering(carrier) and is_written(house, name)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine")) as house:
        house.world.script_model([("sábados", SHORT_ANSWER), ("cuénteme", LONG_ANSWER), ("y el", SHORT_ANSWER)])
        yield house


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """All at once, to their ends; in each another actor dies three times."""
    calls, due = {}, []
    for name in (*PARTS, THE_CALL):
        house.world.fail("claude", Fault("delay", after_ms=500, match=thinking(name)))
        asking = (Say(LISTENING), ANSWERED, Say(thinking(name)), ANSWERED, Say(SPEAKING), ANSWERED)
        calls[name] = house.dial(CallerScript((GREETED, *asking, HangUp())), nombre=f"Doña {name}")
        due.append((name, moments(house, name, calls[name])))
    waiting = [(name, rest, next(rest)) for name, rest in due]

    def all_died() -> bool:
        for place, (name, rest, has_come) in enumerate(waiting):
            if has_come():
                house.crash(calls[name], "" if name == THE_CALL else name)
                waiting[place] = (name, rest, next(rest, lambda: False))
        return len(house.crashed) == 3 * len(calls)

    until(all_died, within_s=40.0)
    return house.all_ended(calls)


@pytest.mark.parametrize("name", [*PARTS, THE_CALL])
def test_every_turn_is_heard_and_answered_once(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert ended.said == [LISTENING, thinking(name), SPEAKING]
    assert [turn["heard"] for turn in ended.turns("reply")] == [SHORT_ANSWER, SHORT_ANSWER, LONG_ANSWER]
    assert {turn["end"] for turn in ended.turns()} == {"completed"}
    assert [len(replies) for replies in replies_after(ended)] == [1, 1, 1]


@pytest.mark.parametrize("name", [*PARTS, THE_CALL])
def test_the_socket_and_the_record_are_the_same_throughout(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert len(ended.carrier.events_of("stream.start")) == 1
    assert_as_long_as_the_call(ended)
    assert len(ended.turns()) == 4


@pytest.mark.parametrize("name", PARTS)
def test_each_death_is_counted(calls: dict[str, Ended], name: str) -> None:
    assert calls[name].counts[f"crash_{name}"] == 3


@pytest.mark.parametrize("name", [*PARTS, THE_CALL])
def test_each_death_is_in_the_log_under_the_name_of_its_call(calls: dict[str, Ended], name: str) -> None:
    assert sum("se cayó" in line for line in calls[name].log) == 3
    assert sum("terminó; reinicio" in line for line in calls[name].log) == 3
