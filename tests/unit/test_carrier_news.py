from __future__ import annotations

import pytest

from telnyx_actors.actors.carrier_news import news_in, transcript_in
from telnyx_actors.core import events as ev


def test_a_final_ends_an_utterance() -> None:
    payload = {"transcription_data": {"transcript": " Hola. ", "is_final": True, "confidence": 0.9}}

    assert transcript_in(payload) == ev.TranscriptFinal("Hola.", 0.9, endpoint=True)


def test_an_interim_without_confidence_is_taken_as_sure() -> None:
    payload = {"transcription_data": {"transcript": "Hola", "is_final": False, "confidence": None}}

    assert transcript_in(payload) == ev.TranscriptInterim("Hola", 1.0)


@pytest.mark.parametrize("payload", [{}, {"transcription_data": None}, {"transcription_data": ["Hola"]}])
def test_a_webhook_without_words_is_nothing(payload: dict[str, object]) -> None:
    assert transcript_in(payload) is None


@pytest.mark.parametrize(
    ("kind", "payload", "news"),
    [
        ("call.transcription", {"transcription_data": {"transcript": "Hola"}}, ev.TranscriptInterim("Hola", 1.0)),
        ("call.dtmf.received", {"digit": "#"}, ev.DigitPressed("#")),
        ("call.dtmf.received", {"digit": "12"}, None),
        ("call.dtmf.received", {"digit": 1}, None),
        ("call.hangup", {"hangup_cause": "user_busy"}, ev.CallEnded("user_busy", "unknown")),
        ("call.bridged", {}, ev.TransferConnected()),
        ("streaming.failed", {}, ev.MediaLost(is_refused=True)),
        ("streaming.started", {}, None),
        ("something.of.next.year", {}, None),
    ],
)
def test_what_a_webhook_tells_a_call_without_a_stream(
    kind: str, payload: dict[str, object], news: ev.CallEvent | None
) -> None:
    assert news_in(kind, payload, has_stream=False) == news


@pytest.mark.parametrize("kind", ["call.dtmf.received", "streaming.failed"])
def test_what_the_stream_tells_as_well_is_no_news(kind: str) -> None:
    assert news_in(kind, {"digit": "1"}, has_stream=True) is None
