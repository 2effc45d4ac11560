"""Deepgram fails: no word is lost, and the call goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from support.engine import Ended, House, replies_after
from support.waiting import until
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import Answer, CallerScript, HangUp, Say, Wait, WaitForAgent

GREETED = WaitForAgent(silent_ms=200)
ANSWERED = WaitForAgent(silent_ms=300)
QUESTION, NEXT = "¿A qué hora abren los sábados?", "¿Y hoy?"
ALL_DIALLED = Wait(2.0)  # nobody speaks, and no connection breaks, before each call has the one that is meant for it
TWICE = CallerScript((GREETED, ALL_DIALLED, Say(QUESTION), ANSWERED, Say(NEXT), GREETED, HangUp()), Answer(after_s=0.0))
STT = "speech-to-text"
KEY_REFUSED = Fault("refuse", status=401, match="connect")

FAULTS = {
    "refused once": Fault("refuse", status=503, match="connect"),
    "too many at once": Fault("refuse", status=429, match="connect"),
    "slow to connect": Fault("delay", after_ms=1500, match="connect"),
    "garbage": Fault("garbage", after=1, match="stream"),
    "late words": Fault("delay", after_ms=500, match="Results"),
    "cut in mid-utterance": Fault("drop", after=1, match="stream"),  # the first message comes when the voice begins
    "closed for want of audio": Fault("drop", code="NET-0001", after=1, match="stream"),
}
MUTE = {"mute": Fault("stall", match="stream"), "dead": Fault("half_open", match="stream")}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine")) as house:
        house.world.script_model([("sábados", "De nueve a dos."), ("hoy", "No abrimos.")])
        yield house


def dial_into(house: House, fault: Fault) -> str:
    """A call whose first connection meets this fault, and no other's."""
    deepgram = house.world.deepgram
    number = deepgram.streams_asked + 1
    house.world.fail("deepgram", replace(fault, match=f"{fault.match} {number};"))
    call = house.dial(TWICE)
    until(lambda: deepgram.streams_asked == number)
    if fault.kind == "refuse" and fault is not KEY_REFUSED:
        until(lambda: deepgram.streams_asked == number + 1)  # the next call's is another
    return call


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """All at once, to their ends."""
    house.world.fail("telnyx", Fault("refuse", status=503, match=STT))
    both_refused = dial_into(house, KEY_REFUSED)
    until(lambda: any(entry.kind == "fault" for entry in house.world.telnyx.entries))  # the next call's is another
    faults = {**FAULTS, **MUTE, "key refused": KEY_REFUSED}
    ids = {name: dial_into(house, fault) for name, fault in faults.items()}
    return house.all_ended({**ids, "both refused": both_refused})


def assert_understood(ended: Ended) -> None:
    """Every word, each in its turn. Punctuation comes with the last word of all, for which an answer need not wait."""
    assert [said.strip("¿?") for said in ended.said] == [QUESTION.strip("¿?"), NEXT.strip("¿?")]


@pytest.mark.parametrize("name", FAULTS)
def test_every_word_is_heard_and_answered_once(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert_understood(ended)
    assert [turn["heard"] for turn in ended.turns("reply")] == ["De nueve a dos.", "No abrimos."]
    assert [len(replies) for replies in replies_after(ended)] == [1, 1]


@pytest.mark.parametrize("name", MUTE)
def test_what_a_dead_connection_was_told_is_told_to_the_next_one(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert_understood(ended)
    assert ended.turns("reply")[0]["heard"] == "De nueve a dos."
    answer_s = ended.carrier.response_times()[0].seconds
    assert answer_s is not None and answer_s < 4.0


def test_where_the_key_is_refused_the_reserve_hears_every_word_and_the_operator_is_told(
    calls: dict[str, Ended],
) -> None:
    ended = calls["key refused"]
    assert (ended.counts["reserve_hearing"], ended.counts.get("carrier_hearing", 0)) == (1, 0)
    assert_understood(ended)
    assert [turn["heard"] for turn in ended.turns("reply")] == ["De nueve a dos.", "No abrimos."]
    assert "Revise DEEPGRAM_API_KEY" in "\n".join(ended.log)


def test_where_the_reserve_fails_too_the_carrier_hears(calls: dict[str, Ended]) -> None:
    ended = calls["both refused"]
    assert (ended.counts.get("reserve_hearing", 0), ended.counts["carrier_hearing"]) == (0, 1)
    assert_understood(ended)
    assert [turn["heard"] for turn in ended.turns("reply")] == ["De nueve a dos.", "No abrimos."]


def test_a_transcriber_that_is_lost_for_good_in_mid_sentence_costs_no_word(house: House) -> None:
    """Its connection breaks behind the first words, and no other can be made: the reserve is given all of them."""
    deepgram = house.world.deepgram
    number = deepgram.streams_asked + 1
    house.world.fail("deepgram", Fault("drop", after=1, match=f"stream {number};"))
    for later in range(number + 1, number + 9):
        house.world.fail("deepgram", Fault("refuse", status=503, match=f"connect {later};"))
    ended = house.ended(house.dial(TWICE))
    house.world.heal()
    assert_understood(ended)
    assert ended.counts["reserve_hearing"] == 1
    assert [len(replies) for replies in replies_after(ended)] == [1, 1]


def test_a_long_backlog_is_heard_by_one_connection(house: House) -> None:
    """The new one has seconds to catch up with while the caller goes on: it is busy, not dead."""
    story = (
        "Buenas tardes, llamo porque mi perro no quiere comer desde el lunes, y ayer empezó a toser, "
        "así que quisiera saber a qué hora abren los sábados"
    )
    number = house.world.deepgram.streams_asked + 1
    house.world.fail("deepgram", Fault("drop", after=1, match=f"stream {number};"))
    house.world.fail("deepgram", Fault("delay", after_ms=2500, match=f"connect {number + 1};"))
    ended = house.ended(house.dial(CallerScript((GREETED, Say(story), ANSWERED, HangUp()), Answer(after_s=0.0))))
    assert [said.strip(".") for said in ended.said] == [story]
    assert sum("desconectado" in line for line in ended.log) == 1
