from __future__ import annotations

import pytest

from telnyx_actors.actors.carrier_words import transcript_in
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
