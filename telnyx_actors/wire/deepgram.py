"""Deepgram's two streaming protocols, as pure translation: its JSON in, our events out.

``ListenV1`` reads Nova (``/v1/listen``), ``ListenV2`` reads Flux (``/v2/listen``). Each belongs
to one connection and holds the little that one message says about the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from telnyx_actors.core.audio import SAMPLE_RATE_HZ, Encoding
from telnyx_actors.core.events import (
    TranscriptEvent,
    TranscriptFinal,
    TranscriptInterim,
    TurnConfirmed,
    TurnPredicted,
    TurnRetracted,
    UtteranceEnded,
)
from telnyx_actors.errors import WireError
from telnyx_actors.wire.transcriber import Complaint, Opened, TranscriberMessage, VoiceAnnounced

UTTERANCE_END_MIN_MS: Final = 1000  # below it the handshake is refused with 400
FLUX_MULTILINGUAL: Final = "flux-general-multi"

# Two clocks measure the end of the same word; they differ by less than one word.
_WORD_SLACK_S: Final = 0.05

_ENCODINGS: Final = {Encoding.PCMU: "mulaw", Encoding.PCMA: "alaw"}


# --- the address ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NovaSettings:
    """What ``/v1/listen`` is asked for. ``keyterms`` need Nova-3; older models take them as keywords."""

    model: str = "nova-3"
    language: str = "es"
    endpointing_ms: int = 200
    utterance_end_ms: int = UTTERANCE_END_MIN_MS
    smart_format: bool = False
    keyterms: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FluxSettings:
    """What ``/v2/listen`` is asked for. Without ``eager_eot_threshold`` no turn is predicted, only confirmed."""

    model: str = FLUX_MULTILINGUAL
    language: str = "es"
    eot_threshold: float = 0.7
    eager_eot_threshold: float | None = 0.4
    eot_timeout_ms: int = 5000
    keyterms: Sequence[str] = ()


def nova_path(settings: NovaSettings, encoding: Encoding) -> str:
    """The path and query that open a Nova stream."""
    query = [
        ("model", settings.model),
        ("language", settings.language),
        *_audio_format(encoding),
        ("interim_results", "true"),
        ("vad_events", "true"),
        ("punctuate", "true"),
        ("endpointing", str(settings.endpointing_ms)),
        ("utterance_end_ms", str(max(settings.utterance_end_ms, UTTERANCE_END_MIN_MS))),
    ]
    if settings.smart_format:
        # Alone, smart_format holds a final for up to 3 s while a number may still grow.
        query += [("smart_format", "true"), ("no_delay", "true")]
    boost = "keyterm" if settings.model.startswith("nova-3") else "keywords"
    query += [(boost, term) for term in settings.keyterms]
    return "/v1/listen?" + urlencode(query)


def flux_path(settings: FluxSettings, encoding: Encoding) -> str:
    """The path and query that open a Flux stream."""
    query = [
        ("model", settings.model),
        *_audio_format(encoding),
        ("eot_threshold", str(settings.eot_threshold)),
        ("eot_timeout_ms", str(settings.eot_timeout_ms)),
    ]
    if settings.eager_eot_threshold is not None:
        query.append(("eager_eot_threshold", str(min(settings.eager_eot_threshold, settings.eot_threshold))))
    if settings.model == FLUX_MULTILINGUAL and settings.language:
        query.append(("language_hint", settings.language))
    query += [("keyterm", term) for term in settings.keyterms]
    return "/v2/listen?" + urlencode(query)


def _audio_format(encoding: Encoding) -> list[tuple[str, str]]:
    # Raw audio needs both, or the handshake is refused.
    return [("encoding", _ENCODINGS[encoding]), ("sample_rate", str(SAMPLE_RATE_HZ))]


def is_flux(model: str) -> bool:
    """Whether the model is served by ``/v2/listen``."""
    return model.startswith("flux")


# --- Nova ------------------------------------------------------------------------


class _Typed(msgspec.Struct):
    type: str


class _Word(msgspec.Struct):
    end: float = 0.0


class _Alternative(msgspec.Struct):
    transcript: str = ""
    confidence: float = 1.0
    words: list[_Word] = []


class _Channel(msgspec.Struct):
    alternatives: list[_Alternative] = []


class _Results(msgspec.Struct):
    channel: _Channel
    start: float | None = None
    duration: float | None = None
    is_final: bool = False
    speech_final: bool = False
    from_finalize: bool = False


class _UtteranceEnd(msgspec.Struct):
    last_word_end: float = -1.0


class _V1Error(msgspec.Struct):
    variant: str = ""
    description: str = ""
    message: str = ""


class ListenV1:
    """Reads the messages of one Nova connection."""

    def __init__(self) -> None:
        # End of the last word not yet closed by an endpoint, in seconds of audio sent; None when there is none.
        self._open_word_end_s: float | None = None

    def receive(self, message: str | bytes) -> tuple[TranscriberMessage, ...]:
        """The events in one message, in order. Raises ``WireError``; types we do not know are no events."""
        match _decode(message, _Typed).type:
            case "Results":
                return self._results(_decode(message, _Results))
            case "UtteranceEnd":
                return self._utterance_end(_decode(message, _UtteranceEnd))
            case "SpeechStarted":
                return (VoiceAnnounced(),)
            case "Error":
                error = _decode(message, _V1Error)
                return (Complaint(error.variant, error.description or error.message, is_fatal=False),)
            case _:
                return ()

    def _results(self, results: _Results) -> tuple[TranscriptEvent, ...]:
        best = results.channel.alternatives[0] if results.channel.alternatives else _Alternative()
        text = best.transcript.strip()
        if not results.is_final:
            return (TranscriptInterim(text, best.confidence),) if text else ()
        if results.speech_final:
            self._open_word_end_s = None
        elif best.words:
            self._open_word_end_s = best.words[-1].end
        if not (text or results.speech_final or results.from_finalize):
            return ()
        audio_s = None if results.start is None or results.duration is None else results.start + results.duration
        return (TranscriptFinal(text, best.confidence, results.speech_final, results.from_finalize, audio_s),)

    def _utterance_end(self, end: _UtteranceEnd) -> tuple[TranscriptEvent, ...]:
        # Deepgram sends it also after an endpoint that said the same, and late, about words before the newest.
        if self._open_word_end_s is None or end.last_word_end + _WORD_SLACK_S < self._open_word_end_s:
            return ()
        self._open_word_end_s = None
        return (UtteranceEnded(),)


# --- Flux --------------------------------------------------------------------------


class _Connected(msgspec.Struct):
    request_id: str = ""


class _TurnInfo(msgspec.Struct):
    event: str
    transcript: str = ""
    end_of_turn_confidence: float = 1.0
    audio_window_end: float | None = None


class _V2Problem(msgspec.Struct):
    code: str | None = None
    error_code: str | None = None
    description: str | None = None


class ListenV2:
    """Reads the messages of one Flux connection."""

    def __init__(self) -> None:
        self._told = ""  # the words of this turn that were told last

    def receive(self, message: str | bytes) -> tuple[TranscriberMessage, ...]:
        """The events in one message, in order. Raises ``WireError``; types we do not know are no events."""
        match _decode(message, _Typed).type:
            case "TurnInfo":
                return self._turn_events(_decode(message, _TurnInfo))
            case "Connected":
                return (Opened(_decode(message, _Connected).request_id),)
            case "Error" | "ConfigureFailure" | "Warning" as kind:
                problem = _decode(message, _V2Problem)
                code = problem.code or problem.error_code or kind
                return (Complaint(code, problem.description or "", is_fatal=kind == "Error"),)
            case _:
                return ()

    def _turn_events(self, info: _TurnInfo) -> tuple[TranscriptEvent, ...]:
        text, confidence = info.transcript.strip(), info.end_of_turn_confidence
        # Updates go on through silence, also after a prediction: words told already would look like new ones.
        is_new, self._told = text not in ("", self._told), text
        match info.event:
            case "StartOfTurn" | "Update":
                return (TranscriptInterim(text),) if is_new else ()
            case "EagerEndOfTurn":
                return (TurnPredicted(text, confidence),)
            case "TurnResumed":
                return (TurnRetracted(), TranscriptInterim(text)) if is_new else (TurnRetracted(),)
            case "EndOfTurn":
                self._told = ""
                return (TurnConfirmed(text, confidence, info.audio_window_end),)
            case _:
                return ()


_T = TypeVar("_T")
_DECODERS: Final[dict[type, msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(kind)
    for kind in (_Typed, _Results, _UtteranceEnd, _V1Error, _Connected, _TurnInfo, _V2Problem)
}


def _decode(message: str | bytes, kind: type[_T]) -> _T:
    try:
        decoded: _T = _DECODERS[kind].decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise WireError(f"deepgram: {error}") from None
    return decoded
