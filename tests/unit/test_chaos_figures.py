"""The chaos suite's pure parts: a wrong figure there would be believed."""

from __future__ import annotations

import pytest

from bench.chaos.figures import Told, figures, unsaid, words_lost
from bench.chaos.handover import holes_s
from bench.chaos.spin import lateness_ms
from bench.chaos.talk import EXCHANGES, Exchange
from telnyx_actors.standins.carrier_call import CallEvent, CarrierCall, Utterance
from telnyx_actors.standins.phrasebook import HeardWord

LOUD = b"\x10"
BEGAN = 1000.0
STORY = Exchange("¿Y luego?", "luego", "Primero esto. Al final aquello.", ("esto", "aquello"))


def at(seconds: float) -> int:
    return int(seconds * 8000)


def call(*played: tuple[float, float]) -> CarrierCall:
    """A call that is over; the agent's audio: when it came, and how long it was."""
    record = CarrierCall("v3:a", "leg", "session", "outgoing", "+1", "+2", media_at=BEGAN, ended_at=BEGAN + 30.0)
    for begin, length in played:
        record.stream.push(LOUD * at(length), at(begin))
    return record


def heard(text: str, since_s: float = 1.0) -> list[HeardWord]:
    """A word a second."""
    return [
        HeardWord(word, int((since_s + n) * 1000), int((since_s + n + 0.9) * 1000), 1.0)
        for n, word in enumerate(text.split())
    ]


def test_what_the_model_was_told_and_no_carrier_played_is_unsaid() -> None:
    told = Told([], ["Vale cincuenta mil pesos.", "También recibimos—"])
    assert unsaid(heard("Vale cincuenta pesos. También"), told) == ("mil", "recibimos")


def test_what_the_caller_said_and_the_model_was_never_told_is_lost() -> None:
    record = call()
    record.utterances = [Utterance("¿Cuánto cuesta la consulta?", at(1.0), LOUD * at(1.0))]
    assert words_lost(record, Told(["cuánto cuesta"], [])) == ("la", "consulta")


def test_a_sentence_that_was_heard_to_its_end_twice_is_doubled() -> None:
    record = call((2.5, 8.0))
    record.utterances = [Utterance(EXCHANGES[0].question, at(1.0), LOUD * at(1.0))]
    found = figures(record, heard("Vale pesos. recibimos tarjeta. recibimos tarjeta.", 2.5), Told([], []))
    assert (found.doubled, found.answered, found.turns) == (("tarjeta",), 1, 1)


def test_holes_are_told_apart_by_whether_a_sentence_goes_on() -> None:
    record = call((0.0, 0.5), (1.0, 0.5), (2.0, 0.25), (3.0, 4.0), (20.0, 1.0))
    within, between = holes_s(record, STORY, heard("Hola. Primero esto. Al final aquello. Adiós.", 0.0))
    assert within == pytest.approx([0.5, 0.0, 0.0])
    assert between == pytest.approx([0.75])


def test_audio_is_late_by_what_is_missing_of_what_should_have_waited() -> None:
    record = call()
    record.events = [
        CallEvent(BEGAN + n, n, "media", {"queued_ms": ms}) for n, ms in enumerate((0, 320.0, 290.0, 50.0))
    ]
    assert lateness_ms(record, BEGAN, BEGAN + 3.5) == [0.0, 10.0, 250.0]
    assert lateness_ms(record, BEGAN, BEGAN + 2.5) == [0.0, 10.0]
