"""Telnyx's speech to text over a WebSocket (``/v2/speech-to-text/transcription``), as pure translation.

It takes any audio, not that of a call alone, and gives it to the engine that is asked for: what was
said before the connection was made can still be heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import msgspec

from telnyx_actors.core.audio import SAMPLE_RATE_HZ, Encoding
from telnyx_actors.core.events import TranscriptEvent, TranscriptFinal, TranscriptInterim, UtteranceEnded
from telnyx_actors.errors import WireError
from telnyx_actors.wire.telnyx_rest import ENGINES, parse_error
from telnyx_actors.wire.transcriber import Complaint, TranscriberMessage

_DEEPGRAM: Final = "Deepgram"
_LAWS: Final = {Encoding.PCMU: "mulaw", Encoding.PCMA: "alaw"}


@dataclass(frozen=True, slots=True)
class SttSettings:
    """``engine``: deepgram, google, telnyx or azure, by our names; ``endpointing_ms`` is Deepgram's alone."""

    engine: str = "deepgram"
    language: str = "es"
    endpointing_ms: int = 200

    @property
    def engine_name(self) -> str:
        """Telnyx's name of it."""
        return ENGINES.get(self.engine.lower(), self.engine)

    @property
    def takes_laws(self) -> bool:
        """Whether mu-law and A-law go as they are; the others have to be given 16-bit samples."""
        return self.engine_name == _DEEPGRAM

    @property
    def obeys(self) -> bool:
        """Whether it knows ``Finalize`` and ``KeepAlive``; the others ignore them."""
        return self.engine_name == _DEEPGRAM


def stt_path(settings: SttSettings, encoding: Encoding) -> str:
    """The path and query that open a stream, behind the API's own address."""
    query = [
        ("transcription_engine", settings.engine_name),
        ("input_format", _LAWS[encoding] if settings.takes_laws else "linear16"),
        ("sample_rate", str(SAMPLE_RATE_HZ)),
        ("language", settings.language),
        ("interim_results", "true"),
    ]
    if settings.engine_name == _DEEPGRAM:
        query += [("model", "nova-3"), ("endpointing", str(settings.endpointing_ms))]
    return "/speech-to-text/transcription?" + urlencode(query)


class _Frame(msgspec.Struct):
    """Any message: a transcript, the end of an utterance, or one of the two shapes of an error."""

    transcript: str = ""
    is_final: bool = False
    speech_final: bool = False
    utterance_end: bool = False
    confidence: float | None = None
    errors: list[object] = []
    error: str | None = None


_DECODER: Final = msgspec.json.Decoder(_Frame)


class ListenTelnyx:
    """Reads the messages of one connection.

    They do not say how much audio they are of, nor which of them answers a request: the first final
    behind one is taken for its answer.
    """

    def __init__(self) -> None:
        self._requests = 0
        self._answers = 0
        self._has_open_words = False

    def requested(self) -> None:
        """Final words were asked for. Any thread."""
        self._requests += 1

    def receive(self, message: str | bytes) -> tuple[TranscriberMessage, ...]:
        """The events in one message, in order. Raises ``WireError``."""
        try:
            frame = _DECODER.decode(message)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise WireError(f"telnyx speech to text: {error}") from None
        if frame.errors or frame.error is not None:
            said = parse_error(message)
            code, reason = ("", frame.error or "no reason given") if said is None else (said.code, said.reason)
            return (Complaint(code, reason, is_fatal=True),)
        return self._transcript(frame)

    def _transcript(self, frame: _Frame) -> tuple[TranscriptEvent, ...]:
        text = frame.transcript.strip()
        confidence = 1.0 if frame.confidence is None else frame.confidence
        if not frame.is_final:
            return (TranscriptInterim(text),) if text else ()  # of an interim it says 0.0
        if frame.utterance_end and not text:
            was_open, self._has_open_words = self._has_open_words, False
            return (UtteranceEnded(),) if was_open else ()
        is_flushed = self._requests > self._answers
        self._answers = self._requests
        self._has_open_words = bool(text) and not frame.speech_final
        if not (text or frame.speech_final or is_flushed):
            return ()
        return (TranscriptFinal(text, confidence, frame.speech_final, is_flushed),)
