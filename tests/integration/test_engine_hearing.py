"""Deepgram fails: no word is lost, and the call goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.engine import Ended, House, replies_after, until
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, WaitForAgent

GREETED = WaitForAgent(silent_ms=200)
ANSWERED = WaitForAgent(silent_ms=300)
QUESTION, NEXT = "¿A qué hora abren los sábados?", "¿Y hoy?"
TWICE = CallerScript((GREETED, Say(QUESTION), ANSWERED, Say(NEXT), GREETED, HangUp()))
SOON = "/v1/listen stream"

FAULTS = {
    "cut in mid-utterance": Fault("drop", after=1, match=SOON),  # the first message comes when the voice begins
    "closed for want of audio": Fault("drop", code="NET-0001", after=1, match=SOON),
    "refused once": Fault("refuse", status=503, match="connect"),
    "too many at once": Fault("refuse", status=429, match="connect"),
    "slow to connect": Fault("delay", after_ms=2500, match="connect"),
    "garbage": Fault("garbage", after=1, match=SOON),
    "late words": Fault("delay", after_ms=500, match="Results"),
}
MUTE = {"mute": Fault("stall", match=SOON), "dead": Fault("half_open", match=SOON)}
GONE = {
    "key refused": Fault("refuse", status=401, match="connect"),
    "mute again and again": Fault("stall", times=2, match=SOON),  # the last one: its second share comes later
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine")) as house:
        house.world.script_model([("sábados", "De nueve a dos."), ("hoy", "No abrimos.")])
        yield house


def dial_into(house: House, fault: Fault) -> str:
    """A call whose connection meets this fault, and no other's."""
    house.world.fail("deepgram", fault)
    call = house.dial(TWICE)
    until(lambda: house.world.deepgram._faults != [fault])
    return call


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """All at once, to their ends."""
    return house.all_ended({name: dial_into(house, fault) for name, fault in {**FAULTS, **MUTE, **GONE}.items()})


@pytest.mark.parametrize("name", FAULTS)
def test_every_word_is_heard_and_answered_once(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert ended.said == [QUESTION, NEXT]
    assert [turn["heard"] for turn in ended.turns("reply")] == ["De nueve a dos.", "No abrimos."]
    assert [len(replies) for replies in replies_after(ended)] == [1, 1]


@pytest.mark.parametrize("name", MUTE)
def test_what_a_dead_connection_was_told_is_told_to_the_next_one(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert ended.said == [QUESTION, NEXT]
    assert ended.turns("reply")[0]["heard"] == "De nueve a dos."
    answer_s = ended.carrier.response_times()[0].seconds
    assert answer_s is not None and answer_s < 4.0


@pytest.mark.parametrize("name", GONE)
def test_where_there_is_no_transcriber_the_carrier_hears(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert ended.counts["carrier_hearing"] == 1
    assert ended.turns("reply")[-1]["said"] == NEXT
    assert ended.turns("reply")[-1]["heard"] == "No abrimos."


def test_a_key_that_is_refused_is_named_to_the_operator(calls: dict[str, Ended]) -> None:
    assert "Revise DEEPGRAM_API_KEY" in "\n".join(calls["key refused"].log)
