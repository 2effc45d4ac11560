from __future__ import annotations

from telnyx_actors.standins import voices
from telnyx_actors.standins.agent_words import AgentWords
from telnyx_actors.standins.carrier_call import CallEvent, CarrierCall

TEXT = "Claro que sí. El sábado tengo espacio."
SPEECH = voices.speak(TEXT)
SPOKEN = [(TEXT, SPEECH)]


def call_of(*pieces: tuple[int, bytes], length: int) -> CarrierCall:
    """A call of ``length`` bytes in which these pieces were played, each from its byte on."""
    record = CarrierCall("v3:a", "leg", "session", "outgoing", "+576015550100", "+573001234567")
    record.media_at, record.ended_at = 0.0, length / 8000
    for start, audio in pieces:
        record.stream.push(audio, start)
    return record


def texts(record: CarrierCall) -> list[str]:
    return [word.text for word in AgentWords().of(record, SPOKEN)]


def test_every_word_that_was_played_is_found_where_it_was_played() -> None:
    record = call_of((4321, SPEECH.audio), length=60_000)
    words = AgentWords().of(record, SPOKEN)
    assert [word.text for word in words] == TEXT.split()
    assert abs(words[0].start_ms - 4321 / 8) <= 20


def test_words_behind_a_cut_were_not_heard() -> None:
    cut = next(word.start_ms for word in SPEECH.words if word.text == "tengo") * 8
    assert texts(call_of((0, SPEECH.audio[:cut]), length=60_000)) == TEXT.split()[:-2]


def test_what_is_played_twice_is_heard_twice() -> None:
    beginning = SPEECH.audio[: next(word.start_ms for word in SPEECH.words if word.text == "El") * 8]
    record = call_of((0, beginning), (20_003, SPEECH.audio), length=80_000)
    assert texts(record) == [*TEXT.split()[:3], *TEXT.split()]


def test_nothing_is_heard_of_what_was_never_played() -> None:
    assert texts(call_of(length=8000)) == []


def test_a_call_read_while_it_runs_gives_the_same_words_as_one_read_at_its_end() -> None:
    record = call_of((4321, SPEECH.audio), length=60_000)
    reader = AgentWords()
    for now in range(0, 60_000, 777):
        record.ended_at = now / 8000
        reader.of(record, SPOKEN)
    record.ended_at = 60_000 / 8000
    assert reader.of(record, SPOKEN) == AgentWords().of(record, SPOKEN)


def test_the_carriers_own_voice_is_understood_too() -> None:
    apology = "Disculpa la demora."
    record = call_of(length=40_000)
    record.events.append(CallEvent(0.0, 0.0, "speak", {"text": apology}))
    record.carrier.push(voices.speak(apology, voice="operadora").audio, 100)
    assert texts(record) == apology.split()


def test_a_forgotten_call_is_read_anew() -> None:
    record = call_of((0, SPEECH.audio), length=60_000)
    reader = AgentWords()
    first = reader.of(record, SPOKEN)
    reader.forget()
    assert reader.of(record, SPOKEN) == first
