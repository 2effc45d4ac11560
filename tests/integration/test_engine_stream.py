"""The media socket is lost: the call is not, and its record knows how long nobody heard anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.engine import Ended, House, assert_as_long_as_the_call
from support.waiting import until
from telnyx_actors.standins import sound
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, WaitForAgent
from telnyx_actors.standins.carrier_call import CarrierCall

GREETED = WaitForAgent(silent_ms=200)
ANSWERED = WaitForAgent(silent_ms=500)
QUESTION, NEXT = "¿Qué hora es?", "¿Y mañana?"
FIRST, SECOND = "Con mucho gusto.", "Ya son las tres. Cerramos a las seis."
GREETING = "Hola, don Nicanor."
FRAME_S = 0.02

# The first to lose its socket is dialled last: its new one would meet another call's fault.
LOST_AFTER_S = {"answer": 2.2, "caller's words": 0.9, "silence": 0.6, "greeting": 0.3}
DROPS = {name: Fault("drop", after=round(after_s / FRAME_S), match="media") for name, after_s in LOST_AFTER_S.items()}
FAULTS = {"garbage": Fault("garbage", after=40, match="media"), **DROPS}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine")) as house:
        house.world.script_model([("hora", f"{FIRST} {SECOND}"), ("mañana", "A las ocho.")])
        yield house


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """All at once, to their ends; each socket meets its own end."""
    script = CallerScript((GREETED, Say(QUESTION), ANSWERED, Say(NEXT), GREETED, HangUp()))
    calls = {}
    for name, fault in FAULTS.items():
        house.world.fail("telnyx", fault)
        calls[name] = house.dial(script, saludo=GREETING if name == "greeting" else "")
        until(lambda: not house.world.telnyx._faults)
    return house.all_ended(calls)


def gap(carrier: CarrierCall) -> tuple[float, float]:
    """When there was no stream, in seconds of the call."""
    (gone,), (_, again) = carrier.events_of("stream.gone"), carrier.events_of("stream.start")
    assert gone.at_s is not None and again.at_s is not None
    return gone.at_s, again.at_s


@pytest.mark.parametrize("name", DROPS)
def test_the_call_goes_on_over_a_new_socket(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    lost_s, found_s = gap(ended.carrier)
    print(f"\n{name}: no stream for {(found_s - lost_s) * 1000:.0f} ms")
    assert found_s - lost_s < 0.5
    assert ended.said == [QUESTION, NEXT]
    assert ended.turns("reply")[-1]["heard"] == "A las ocho."
    assert ended.transcript["end"]["reason"] == "normal_clearing"


@pytest.mark.parametrize(("name", "turn", "clause"), [("greeting", 0, GREETING), ("answer", 1, SECOND)])
def test_the_agent_goes_on_with_the_first_clause_that_was_not_heard_whole(
    house: House, calls: dict[str, Ended], name: str, turn: int, clause: str
) -> None:
    ended = calls[name]
    _, found_s = gap(ended.carrier)
    made = [made.audio for made in house.world.elevenlabs.syntheses if made.text == clause]
    assert ended.carrier.heard[int(found_s * 8000) :].count(made[-1]) == 1
    assert ended.turns()[turn]["end"] == "completed"


@pytest.mark.parametrize("name", DROPS)
def test_the_record_keeps_its_time_over_the_gap(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert_as_long_as_the_call(ended)
    assert ended.recording is not None
    last = ended.carrier.utterances[-1]
    found = ended.recording.caller.find(sound.ulaw_to_linear(last.audio))
    assert abs(found / 2 - last.start) / 8000 <= 0.1
    lost_s, found_s = gap(ended.carrier)
    missing = ended.recording.caller[2 * int((lost_s + 0.03) * 8000) : 2 * int((found_s - 0.01) * 8000)]
    assert sound.linear_rms(missing) == 0


def test_a_frame_that_is_none_is_counted_and_forgotten(house: House, calls: dict[str, Ended]) -> None:
    ended = calls["garbage"]
    assert len(ended.carrier.events_of("stream.start")) == 1
    assert ended.said == [QUESTION, NEXT]
    server = house.engine.front.server
    assert server is not None and server.counters.frames_garbage == 1
