"""What Deepgram's stand-in hears, in audio time: no socket, no clock."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from multidict import MultiDict

from telnyx_actors.standins import sound, voices
from telnyx_actors.standins.deepgram_messages import Message, Outgoing
from telnyx_actors.standins.deepgram_query import Refused, parse_v1, parse_v2
from telnyx_actors.standins.deepgram_v1 import V1Recognizer, V1Settings
from telnyx_actors.standins.deepgram_v2 import V2Recognizer, V2Settings
from telnyx_actors.standins.phrasebook import Listener, Phrasebook

LONG = "Buenos días, quiero una cita para mi perro que no come desde ayer y está muy decaído y no quiere levantarse."
SHORT = "Sí, claro."
UNFINISHED = "Quiero una cita para el,"
SILENCE = b"\xff" * 160

BASE = {"model": "nova-3", "language": "es", "encoding": "mulaw", "sample_rate": "8000", "punctuate": "true"}
FLUX = {"model": "flux-general-multi", "encoding": "mulaw", "sample_rate": "8000"}


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    book = Phrasebook()
    for text in (LONG, SHORT, UNFINISHED):
        book.add(text, voices.speak(text, voice="cliente"))
    return book


def nova(book: Phrasebook, **query: str) -> V1Recognizer:
    options = parse_v1(MultiDict({**BASE, **query}))
    return V1Recognizer(Listener(book), options, V1Settings(), "r-1")


def flux(book: Phrasebook, **query: str) -> V2Recognizer:
    return V2Recognizer(Listener(book), parse_v2(MultiDict({**FLUX, **query})), V2Settings(), "r-2")


def said(text: str, silence_ms: int = 0) -> bytes:
    return voices.synthesize(text, voice="cliente") + SILENCE * (silence_ms // 20)


def play(recognizer: V1Recognizer | V2Recognizer, audio: bytes) -> list[Outgoing]:
    frames = (audio[at : at + 160] for at in range(0, len(audio), 160))
    return list(itertools.chain.from_iterable(recognizer.audio(frame) for frame in frames))


def messages(outgoing: list[Outgoing], kind: str) -> list[dict[str, Any]]:
    return [out.message for out in outgoing if out.message is not None and out.message["type"] == kind]


def transcript(message: Message) -> str:
    found: Any = message
    return str(found["channel"]["alternatives"][0]["transcript"])


def finals(outgoing: list[Outgoing]) -> list[dict[str, Any]]:
    return [message for message in messages(outgoing, "Results") if message["is_final"]]


# --- /v1/listen ---


def test_finals_joined_are_what_was_said_and_the_last_ends_the_utterance(book: Phrasebook) -> None:
    heard = finals(play(nova(book, endpointing="300"), said(LONG, 1000)))
    assert " ".join(filter(None, map(transcript, heard))) == LONG
    assert [message for message in heard if transcript(message)][-1]["speech_final"] is True


def test_windows_of_finals_join_without_gap_or_overlap(book: Phrasebook) -> None:
    heard = finals(play(nova(book, endpointing="300"), said(LONG, 1000) + said(SHORT, 1000)))
    edges = [(message["start"], message["start"] + message["duration"]) for message in heard]
    assert edges[0][0] == 0
    assert all(one[1] == pytest.approx(other[0]) for one, other in itertools.pairwise(edges))


def test_interims_come_each_second_of_audio_grow_and_are_corrected(book: Phrasebook) -> None:
    out = messages(play(nova(book, interim_results="true", endpointing="300"), said(LONG, 1000)), "Results")
    interims = [message for message in out if not message["is_final"]]
    assert len(interims) >= 4
    assert any(transcript(message) and not LONG.count(transcript(message) + " ") for message in interims) or any(
        transcript(one) != transcript(two)[: len(transcript(one))] for one, two in itertools.pairwise(interims)
    )
    assert all(message["speech_final"] is False for message in interims)


def test_a_long_utterance_is_settled_in_parts_that_show_less_than_the_interim_before(book: Phrasebook) -> None:
    heard = finals(play(nova(book, endpointing="1000"), said(LONG, 1500)))
    assert heard[0]["speech_final"] is False
    assert transcript(heard[0])
    assert transcript(heard[0]) != LONG


@pytest.mark.parametrize("endpointing_ms", [100, 300, 500])
def test_the_endpoint_comes_after_the_silence_asked_for(book: Phrasebook, endpointing_ms: int) -> None:
    heard = finals(play(nova(book, endpointing=str(endpointing_ms)), said(SHORT, 1000)))
    endpoint = [message for message in heard if message["speech_final"]][-1]
    silence_s = endpoint["start"] + endpoint["duration"] - voices.speak(SHORT, voice="cliente").duration_ms / 1000
    assert silence_s == pytest.approx(endpointing_ms / 1000, abs=0.04)


def test_without_endpointing_only_finalize_ends_it(book: Phrasebook) -> None:
    recognizer = nova(book, endpointing="false")
    assert not any(message["speech_final"] for message in finals(play(recognizer, said(SHORT, 2000))))
    final = finals(recognizer.text('{"type":"Finalize"}'))
    assert [(transcript(message), message["from_finalize"]) for message in final] == [(SHORT, True)]


def test_finalize_in_the_middle_settles_what_was_heard_and_the_rest_comes_later(book: Phrasebook) -> None:
    audio, recognizer = said(LONG, 600), nova(book, endpointing="300")
    half = len(audio) // 320 * 160
    heard = play(recognizer, audio[:half]) + recognizer.text('{"type":"Finalize"}') + play(recognizer, audio[half:])
    assert " ".join(filter(None, map(transcript, finals(heard)))) == LONG


def test_finalize_with_nothing_waiting_is_not_answered(book: Phrasebook) -> None:
    recognizer = nova(book)
    assert recognizer.text('{"type":"Finalize"}') == []
    play(recognizer, said(SHORT))
    assert len(recognizer.text('{"type":"Finalize"}')) == 1
    assert recognizer.text('{"type":"Finalize"}') == []


def test_answers_are_due_after_the_delay_of_the_settings(book: Phrasebook) -> None:
    recognizer = nova(book)
    play(recognizer, said(SHORT))
    assert [out.delay_ms for out in recognizer.text('{"type":"Finalize"}')] == [100]


def test_speech_started_is_told_only_when_asked_for(book: Phrasebook) -> None:
    assert messages(play(nova(book), said(SHORT, 500)), "SpeechStarted") == []
    started = messages(play(nova(book, vad_events="true"), SILENCE * 25 + said(SHORT, 500)), "SpeechStarted")
    assert started[0]["timestamp"] == pytest.approx(0.5, abs=0.06)


def test_utterance_end_comes_by_word_gap_even_without_endpointing(book: Phrasebook) -> None:
    recognizer = nova(book, endpointing="300", interim_results="true", utterance_end_ms="1000")
    ends = messages(play(recognizer, said(SHORT, 2500)), "UtteranceEnd")
    assert len(ends) == 1
    assert ends[0]["last_word_end"] == pytest.approx(voices.speak(SHORT, voice="cliente").duration_ms / 1000, abs=0.1)


def test_long_silence_brings_empty_finals(book: Phrasebook) -> None:
    heard = finals(play(nova(book), SILENCE * 500))
    assert len(heard) == 2
    assert not any(transcript(message) or message["speech_final"] for message in heard)


def test_strange_speech_is_a_final_that_says_so(book: Phrasebook) -> None:
    audio = voices.synthesize("Esto no está en el libro.", voice="operadora") + SILENCE * 50
    assert any(
        "[ininteligible]" in transcript(message) for message in finals(play(nova(book, endpointing="300"), audio))
    )


def test_without_formatting_words_are_plain(book: Phrasebook) -> None:
    recognizer = nova(book, punctuate="false", endpointing="300")
    heard = next(message for message in finals(play(recognizer, said(SHORT, 500))) if transcript(message))
    assert transcript(heard) in ("sí", "sí claro")
    assert "punctuated_word" not in heard["channel"]["alternatives"][0]["words"][0]


@pytest.mark.parametrize("encoding", ["mulaw", "alaw", "linear16"])
def test_every_encoding_is_heard(book: Phrasebook, encoding: str) -> None:
    audio = said(SHORT, 500)
    sent = {"mulaw": audio, "alaw": sound.ulaw_to_alaw(audio), "linear16": sound.ulaw_to_linear(audio)}[encoding]
    recognizer = nova(book, encoding=encoding, endpointing="300")
    out = [message for at in range(0, len(sent), 640) for message in finals(recognizer.audio(sent[at : at + 640]))]
    assert " ".join(filter(None, map(transcript, out))) == SHORT


def test_close_stream_brings_the_rest_then_the_summary_then_the_close(book: Phrasebook) -> None:
    recognizer = nova(book, endpointing="300")
    play(recognizer, said(SHORT))
    final, summary = recognizer.text('{"type":"CloseStream"}')
    assert final.message is not None
    assert transcript(final.message) == SHORT
    assert summary.message is not None
    assert summary.message["type"] == "Metadata"
    assert summary.message["duration"] == pytest.approx(len(said(SHORT)) / 8000)
    assert summary.close_code == 1000


@pytest.mark.parametrize("text", ["", "no", "[]", "1", "{}", '{"type": "Desconocido"}', '{"type": []}'])
def test_text_that_is_no_message_is_a_schema_error(book: Phrasebook, text: str) -> None:
    (out,) = nova(book).text(text)
    assert out.message is not None
    assert (out.message["variant"], out.message["message"]) == ("SchemaError", text)
    assert out.close_code is None


def test_an_empty_binary_message_ends_the_connection(book: Phrasebook) -> None:
    assert [out.close_code for out in nova(book).audio(b"")] == [1008]


def test_json_sent_as_binary_is_sound_not_a_message(book: Phrasebook) -> None:
    recognizer = nova(book, endpointing="300")
    assert recognizer.audio(b'{"type":"Finalize"}') == []
    assert " ".join(filter(None, map(transcript, finals(play(recognizer, said(SHORT, 600)))))).endswith("claro.")


def test_a_keepalive_counts_only_after_some_audio(book: Phrasebook) -> None:
    recognizer = nova(book)
    assert not recognizer.keeps_alive('{"type":"KeepAlive"}')
    recognizer.audio(SILENCE)
    assert recognizer.keeps_alive('{"type":"KeepAlive"}')
    assert not recognizer.keeps_alive(None)


def test_configure_is_answered_and_its_limit_told(book: Phrasebook) -> None:
    (done,) = nova(book).text('{"type":"Configure","keyterms":["Macarena"]}')
    (failed,) = nova(book).text(json.dumps({"type": "Configure", "keyterms": ["a b c"] * 200}))
    (unsupported,) = nova(book, model="nova-2").text('{"type":"Configure","keyterms":["Macarena"]}')
    assert done.message is not None
    assert done.message["type"] == "ConfigureSuccess"
    assert failed.message is not None
    assert failed.message["code"] == "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"
    assert unsupported.message is not None
    assert unsupported.message["code"] == "CONFIGURE_KEYTERMS_NOT_SUPPORTED"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"utterance_end_ms": "999", "interim_results": "true"}, "Invalid 'utterance_end_ms' value of '999'."),
        ({"utterance_end_ms": "1000"}, "utterance_end_ms"),
        ({"endpointing": "mucho"}, "endpointing"),
        ({"sample_rate": ""}, "sample_rate"),
        ({"sample_rate": "nan"}, "sample_rate"),
        ({"encoding": "opus"}, "encoding"),
        ({"interim_results": "quizás"}, "interim_results"),
        ({"model": "flux-general-es"}, "/v2/listen"),
        ({"model": "whisper-9"}, "No such model"),
        ({"language": "klingon"}, "No such model"),
        ({"model": "nova-2", "keyterm": "Macarena"}, "Nova-3"),
        ({"keyterm": "a " * 501}, "500"),
        ({"tag": "t" * 129}, "128"),
        ({"channels": "2"}, "channel"),
    ],
)
def test_wrong_parameters_are_refused_with_their_name(change: dict[str, str], complaint: str) -> None:
    with pytest.raises(Refused, match=complaint) as refused:
        parse_v1(MultiDict({**BASE, **change}))
    assert (refused.value.status, refused.value.code) == (400, "INVALID_QUERY_PARAMETER")


def test_raw_audio_needs_its_rate() -> None:
    with pytest.raises(Refused, match="sample_rate"):
        parse_v1(MultiDict({name: value for name, value in BASE.items() if name != "sample_rate"}))


# --- /v2/listen ---


def events(outgoing: list[Outgoing]) -> list[tuple[str, int, str]]:
    return [(m["event"], m["turn_index"], m["transcript"]) for m in messages(outgoing, "TurnInfo")]


def test_flux_tells_turns_by_its_state_machine(book: Phrasebook) -> None:
    recognizer = flux(book)
    out = [*recognizer.opened(), *play(recognizer, said(SHORT, 1000) + said(SHORT, 1000))]
    names = [name for name, _, _ in events(out) if name != "Update"]
    assert names == ["StartOfTurn", "EndOfTurn"] * 2
    assert [(turn, text) for name, turn, text in events(out) if name == "EndOfTurn"] == [(0, SHORT), (1, SHORT)]
    sequence = [out.message["sequence_id"] for out in out if out.message is not None]
    assert sequence == list(range(len(sequence)))


def test_a_finished_sentence_ends_after_a_quarter_of_a_second(book: Phrasebook) -> None:
    ended = next(m for m in messages(play(flux(book), said(SHORT, 1000)), "TurnInfo") if m["event"] == "EndOfTurn")
    silence_ms = 1000 * ended["audio_window_end"] - voices.speak(SHORT, voice="cliente").duration_ms
    assert 240 <= silence_ms <= 300
    assert ended["trigger"] == "model"
    assert ended["end_of_turn_confidence"] >= 0.7


def test_eager_is_confirmed_with_the_same_text(book: Phrasebook) -> None:
    heard = events(play(flux(book, eager_eot_threshold="0.4"), said(SHORT, 1000)))
    (eager,) = [text for name, _, text in heard if name == "EagerEndOfTurn"]
    (ended,) = [text for name, _, text in heard if name == "EndOfTurn"]
    assert eager == ended == SHORT


def test_going_on_after_eager_resumes_the_turn(book: Phrasebook) -> None:
    heard = events(play(flux(book, eager_eot_threshold="0.3"), said(UNFINISHED, 340) + said(SHORT, 1000)))
    names = [name for name, _, _ in heard if name != "Update"]
    at = names.index("TurnResumed")
    assert names[at - 1] == "EagerEndOfTurn"
    assert names.count("EndOfTurn") == 1
    assert heard[-1][2] == f"{UNFINISHED} {SHORT}"


def test_an_eager_event_needs_its_threshold(book: Phrasebook) -> None:
    assert "EagerEndOfTurn" not in [name for name, _, _ in events(play(flux(book), said(SHORT, 1000)))]


def test_a_turn_that_never_sounds_finished_ends_by_timeout_of_audio(book: Phrasebook) -> None:
    recognizer = flux(book, eot_threshold="1.0", eot_timeout_ms="500")
    assert "EndOfTurn" not in [name for name, _, _ in events(play(recognizer, said(SHORT, 480)))]
    (ended,) = messages(recognizer.audio(SILENCE), "TurnInfo")
    assert (ended["event"], ended["trigger"]) == ("EndOfTurn", "timeout")


def test_updates_come_about_every_quarter_of_a_second(book: Phrasebook) -> None:
    updates = [
        m["audio_window_end"] for m in messages(play(flux(book), said(LONG)), "TurnInfo") if m["event"] == "Update"
    ]
    assert len(updates) > 8
    assert all(0.24 <= later - earlier <= 0.3 for earlier, later in itertools.pairwise(updates))


def test_force_end_turn_ends_only_an_open_turn(book: Phrasebook) -> None:
    recognizer = flux(book)
    assert recognizer.text('{"type":"ForceEndTurn"}') == []
    play(recognizer, said(SHORT))
    (ended,) = messages(recognizer.text('{"type":"ForceEndTurn"}'), "TurnInfo")
    assert (ended["trigger"], ended["transcript"]) == ("manual", SHORT)


def test_flux_is_configured_as_it_goes(book: Phrasebook) -> None:
    recognizer = flux(book)
    (done,) = recognizer.text('{"type":"Configure","thresholds":{"eot_threshold":1.0,"eot_timeout_ms":500}}')
    assert done.message is not None
    assert done.message["thresholds"] == {"eot_threshold": 1.0, "eot_timeout_ms": 500}
    assert messages(play(recognizer, said(SHORT, 1000)), "TurnInfo")[-1]["trigger"] == "timeout"
    (failed,) = recognizer.text('{"type":"Configure","thresholds":{"eager_eot_threshold":2}}')
    assert failed.message is not None
    assert failed.message["type"] == "ConfigureFailure"


@pytest.mark.parametrize("text", ["no", "{}", '{"type":"KeepAlive"}', '{"type":"Finalize"}'])
def test_flux_ends_the_connection_over_a_message_it_does_not_know(book: Phrasebook, text: str) -> None:
    (out,) = flux(book).text(text)
    assert out.message is not None
    assert (out.message["type"], out.message["code"]) == ("Error", "UNPARSABLE_CLIENT_MESSAGE")
    assert out.close_code == 1011


@pytest.mark.parametrize(
    "change",
    [
        {"model": "nova-3"},
        {"interim_results": "true"},
        {"endpointing": "300"},
        {"sample_rate": "11025"},
        {"eot_threshold": "0.4"},
        {"eager_eot_threshold": "0.8", "eot_threshold": "0.6"},
        {"eot_timeout_ms": "100"},
        {"language_hint": ""},
        {"model": "flux-general-en", "language_hint": "es"},
    ],
)
def test_flux_refuses_what_it_does_not_know(change: dict[str, str]) -> None:
    with pytest.raises(Refused):
        parse_v2(MultiDict({**FLUX, **change}))
