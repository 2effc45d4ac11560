"""Whole calls over loopback: who said what, what the model was asked, what is left of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from support.engine import PERSONA, Ended, House, assert_as_long_as_the_call, messages_of, replies_after
from support.waiting import until
from telnyx_actors.personas.reading import parse_persona
from telnyx_actors.standins.caller import CallerScript, HangUp, Press, Say, Step, Wait, WaitForAgent
from telnyx_actors.standins.telnyx_settings import LineSettings

GREETED = WaitForAgent(silent_ms=200)
ANSWERED = WaitForAgent(silent_ms=300)
HOUR, PRICE, CAT = "¿Qué hora es?", "¿Cuánto cuesta el baño?", "Quería preguntar por el gato."
ANSWERS = {
    HOUR: "Son las tres. Ya cerramos.",
    PRICE: "Cincuenta mil pesos.",
    CAT: "Traiga a su gato el lunes.",
    "[marcó 1 2 #]": "Recibido.",
}
BAD_LINE = LineSettings(loss=0.01, duplicate=0.1, reorder=0.1, jitter=0.02, max_held=3, comfort_noise=True)


def talk(*questions: str) -> CallerScript:
    """Hear the greeting, ask these and hear each answer, and hang up."""
    asked: list[Step] = [step for question in questions for step in (Say(question), ANSWERED)]
    return CallerScript((GREETED, *asked, HangUp()))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine")) as house:
        house.world.script_model([(re.escape(said), answer) for said, answer in ANSWERS.items()])
        yield house


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """All at once, to their ends, each on a line of its own."""
    calls = {}
    for name, line in (("A-law", LineSettings(law="PCMA")), ("bad line", BAD_LINE)):
        house.world.set_line(line)
        calls[name] = house.dial(talk(HOUR, PRICE))
        until(lambda name=name: house.world.call(calls[name]).media_at is not None)  # type: ignore[misc]  # the default binds the name now
    house.world.set_line(LineSettings())
    in_two_breaths = (GREETED, Say("Quería preguntar por"), Wait(0.45), Say("el gato."), ANSWERED, HangUp())
    calls["plain"] = house.dial(talk(HOUR, PRICE), nombre="Doña Inés", contexto="vacuna del perro")
    calls["saludo"] = house.dial(talk(), saludo="Hola, don Luis.")
    calls["keys"] = house.dial(CallerScript((GREETED, Press("12#"), ANSWERED, HangUp())), nombre="Teclas")
    calls["two breaths"] = house.dial(CallerScript(in_two_breaths), nombre="Dos alientos")
    calls["incoming"] = house.ring(talk(HOUR))
    return house.all_ended(calls)


def assert_answered(ended: Ended, *questions: str) -> None:
    """Every question was understood and answered once, and the transcript says what was heard."""
    assert ended.said == [*questions]
    assert [turn["heard"] for turn in ended.turns("reply")] == [ANSWERS[question] for question in questions]
    assert [turn["end"] for turn in ended.turns()] == ["completed"] * (1 + len(questions))
    assert [len(replies) for replies in replies_after(ended)] == [1] * len(questions)


def test_an_outbound_call_is_answered_turn_by_turn(calls: dict[str, Ended]) -> None:
    ended = calls["plain"]
    assert_answered(ended, HOUR, PRICE)
    head, end = ended.transcript["call"], ended.transcript["end"]
    assert (head["direction"], head["nombre"], head["number"]) == ("outgoing", "Doña Inés", ended.carrier.to)
    assert (end["reason"], end["counts"]) == ("normal_clearing", {})


def test_an_inbound_call_is_taken_and_answered(calls: dict[str, Ended]) -> None:
    ended = calls["incoming"]
    assert ended.carrier.direction == "incoming"
    assert_answered(ended, HOUR)
    head = ended.transcript["call"]
    assert (head["direction"], head["number"]) == ("incoming", ended.carrier.from_)


def test_the_model_knows_whom_it_talks_to_and_is_told_what_was_heard(house: House, calls: dict[str, Ended]) -> None:
    greeting = calls["plain"].heard[0]
    first, *_, last = house.asked("Doña Inés")
    assert "vacuna del perro" in str(first.body["system"])
    assert last.body["system"] == first.body["system"], "else the vendor could not cache it"
    opening, *exchanges = messages_of(last)
    assert opening[0] == "user"
    assert exchanges == [("assistant", greeting), ("user", HOUR), ("assistant", ANSWERS[HOUR]), ("user", PRICE)]


def test_the_greeting_goes_by_the_hour(calls: dict[str, Ended]) -> None:
    ended = calls["plain"]
    hour = datetime.fromisoformat(ended.transcript["call"]["started"]).astimezone(ZoneInfo("America/Bogota")).hour
    assert ended.heard[0] == parse_persona(PERSONA).greetings.at(hour)


def test_the_request_may_bring_its_own_greeting(calls: dict[str, Ended]) -> None:
    ended = calls["saludo"]
    assert ended.heard == ["Hola, don Luis."]
    assert len(ended.carrier.agent_speech(join_ms=600)) == 1


def test_a_law_comes_in_while_mu_law_goes_out(calls: dict[str, Ended]) -> None:
    ended = calls["A-law"]
    assert ended.transcript["call"]["encoding"] == "PCMA"
    assert_answered(ended, HOUR, PRICE)


def test_frames_lost_doubled_and_out_of_order_cost_no_word(calls: dict[str, Ended]) -> None:
    ended = calls["bad line"]
    assert_answered(ended, HOUR, PRICE)
    assert_as_long_as_the_call(ended)


def test_keys_reach_the_model_as_what_the_caller_pressed(house: House, calls: dict[str, Ended]) -> None:
    ended = calls["keys"]
    assert messages_of(house.asked("Teclas")[-1])[-1] == ("user", "[marcó 1 2 #]")
    assert [turn["heard"] for turn in ended.turns("reply")] == ["Recibido."]


def test_a_sentence_in_two_breaths_is_answered_once_and_whole(house: House, calls: dict[str, Ended]) -> None:
    ended = calls["two breaths"]
    assert ended.said == [CAT]
    assert [turn["heard"] for turn in ended.turns("reply")] == [ANSWERS[CAT]]
    (_, after_all) = replies_after(ended)
    assert len(after_all) == 1
    assert messages_of(house.asked("Dos alientos")[-1])[-1] == ("user", CAT)
