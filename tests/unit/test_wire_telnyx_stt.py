"""Telnyx's speech to text: its address, and what its messages say."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.events import TranscriptEvent, TranscriptFinal, TranscriptInterim, UtteranceEnded
from telnyx_actors.errors import WireError
from telnyx_actors.wire.telnyx_stt import ListenTelnyx, SttSettings, stt_path
from telnyx_actors.wire.transcriber import Complaint


def query(engine: str, encoding: Encoding = Encoding.PCMU) -> dict[str, str]:
    path = urlsplit(stt_path(SttSettings(engine), encoding))
    assert path.path == "/speech-to-text/transcription"
    return {name: value for name, (value,) in parse_qs(path.query).items()}


def frame(text: str, **fields: object) -> str:
    return json.dumps({"type": "transcript", "transcript": text, **fields})


@pytest.mark.parametrize(("encoding", "name"), [(Encoding.PCMU, "mulaw"), (Encoding.PCMA, "alaw")])
def test_deepgram_takes_the_audio_of_the_call_as_it_is(encoding: Encoding, name: str) -> None:
    asked = query("deepgram", encoding)
    assert (asked["transcription_engine"], asked["model"]) == ("Deepgram", "nova-3")
    assert (asked["input_format"], asked["sample_rate"]) == (name, "8000")
    assert (asked["language"], asked["interim_results"], asked["endpointing"]) == ("es", "true", "200")


@pytest.mark.parametrize(("engine", "name"), [("google", "Google"), ("telnyx", "Telnyx"), ("azure", "Azure")])
def test_the_others_are_given_what_all_of_them_take(engine: str, name: str) -> None:
    asked = query(engine)
    assert (asked["transcription_engine"], asked["input_format"], asked["sample_rate"]) == (name, "linear16", "8000")
    assert not {"model", "endpointing"} & set(asked)


@pytest.mark.parametrize(
    ("message", "events"),
    [
        (frame("hola qué", is_final=False, confidence=0.0), (TranscriptInterim("hola qué"),)),
        (frame("", is_final=False), ()),
        (frame(" Hola. ", is_final=True, confidence=0.9), (TranscriptFinal("Hola.", 0.9),)),
        (frame("Hola.", is_final=True, speech_final=True), (TranscriptFinal("Hola.", 1.0, endpoint=True),)),
        (frame("Hola.", is_final=True, confidence=None), (TranscriptFinal("Hola.", 1.0),)),
        (frame("", is_final=True), ()),
        (frame("", is_final=True, utterance_end=True), ()),
        ('{"transcript":"sin tipo","is_final":true}', (TranscriptFinal("sin tipo", 1.0),)),
        ('{"type":"otra cosa","x":[1,{}]}', ()),
    ],
)
def test_a_message_says(message: str, events: tuple[TranscriptEvent, ...]) -> None:
    assert ListenTelnyx().receive(message) == events


def test_the_first_final_behind_a_request_is_its_answer_even_if_there_are_no_words() -> None:
    listening = ListenTelnyx()
    listening.requested()
    assert listening.receive(frame("hola", is_final=False)) == (TranscriptInterim("hola"),)
    assert listening.receive(frame("", is_final=True)) == (TranscriptFinal("", 1.0, flushed=True),)
    assert listening.receive(frame("más", is_final=True)) == (TranscriptFinal("más", 1.0),)


def test_one_final_answers_all_requests_before_it() -> None:
    listening = ListenTelnyx()
    listening.requested()
    listening.requested()
    assert listening.receive(frame("hola", is_final=True)) == (TranscriptFinal("hola", 1.0, flushed=True),)
    assert listening.receive(frame("", is_final=True)) == ()


def test_an_utterance_ends_where_no_endpoint_has_told_so() -> None:
    listening, end = ListenTelnyx(), frame("", is_final=True, utterance_end=True)
    listening.receive(frame("hola", is_final=True))
    assert listening.receive(end) == (UtteranceEnded(),)
    assert listening.receive(end) == ()
    listening.receive(frame("hola", is_final=True, speech_final=True))
    assert listening.receive(end) == ()


def test_the_end_of_an_utterance_answers_no_request() -> None:
    listening = ListenTelnyx()
    listening.requested()
    assert listening.receive(frame("", is_final=True, utterance_end=True)) == ()
    assert listening.receive(frame("hola", is_final=True)) == (TranscriptFinal("hola", 1.0, flushed=True),)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (
            {"errors": [{"code": "40002", "title": "Unsupported format", "detail": "Format 'flac'…", "source": {}}]},
            Complaint("40002", "Format 'flac'…", is_fatal=True),
        ),
        ({"errors": [{"code": 40007, "title": "Invalid"}]}, Complaint("40007", "Invalid", is_fatal=True)),
        ({"errors": [7]}, Complaint("", "no reason given", is_fatal=True)),
        ({"type": "error", "error": "engine away"}, Complaint("", "engine away", is_fatal=True)),
    ],
)
def test_an_error_is_the_end_of_the_connection(message: object, complaint: Complaint) -> None:
    assert ListenTelnyx().receive(json.dumps(message)) == (complaint,)


@given(
    st.binary(max_size=200)
    | st.text(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["transcript", "is_final", "errors", "error", "confidence", "utterance_end", "type"]),
                inner,
                max_size=5,
            )
        ),
    ).map(json.dumps)
)
def test_garbage_is_a_wire_error_or_nothing_worse(message: str | bytes) -> None:
    try:
        events = ListenTelnyx().receive(message)
    except WireError:
        return
    assert all(isinstance(each, TranscriptEvent | Complaint) for each in events)
