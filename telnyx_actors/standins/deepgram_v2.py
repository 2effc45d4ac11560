"""Hearing as Flux does it on ``/v2/listen``: turns, and a guess of when they end, in audio time."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from telnyx_actors.standins import sound
from telnyx_actors.standins.deepgram_messages import Message, Outgoing, guessed, seconds
from telnyx_actors.standins.deepgram_query import Refused, V2Options, checked_v2
from telnyx_actors.standins.phrasebook import HeardFrame, HeardWord, Listener

_HALF_SURE_MS: Final = 110  # a finished sentence reaches the default threshold of 0.7 after 260 ms of silence
_HALF_SURE_UNFINISHED_MS: Final = 700
_CONFIDENCE_MAX: Final = 0.999


@dataclass(frozen=True, slots=True)
class V2Settings:
    """How Deepgram's Flux behaves."""

    event_delay_ms: int = 50
    update_every_ms: int = 250
    idle_timeout_s: float = 60.0
    extras: bool = True


class TurnState(Enum):
    INITIAL = "initial"
    ONGOING = "ongoing"
    AWAITING_END = "awaiting_end"


class V2Recognizer:
    """One ``/v2/listen`` connection."""

    def __init__(self, listener: Listener, options: V2Options, settings: V2Settings, request_id: str) -> None:
        self._listener = listener
        self._options = options
        self._settings = settings
        self._request_id = request_id
        self._state = TurnState.INITIAL
        self._turn_index = 0
        self._window_start_ms = 0
        self._silence_ms = 0
        self._update_due_ms = settings.update_every_ms
        self._eager_text = ""
        self._sequence_id = 0

    @property
    def idle_timeout_s(self) -> float:
        return self._settings.idle_timeout_s

    def keeps_alive(self, received: str | bytes | None) -> bool:
        return True

    def opened(self) -> list[Outgoing]:
        return [self._numbered({"type": "Connected"})]

    def audio(self, received: bytes) -> list[Outgoing]:
        if not received:
            return self._fatal("UNPARSABLE_CLIENT_MESSAGE", "Empty binary message.")
        out: list[Outgoing] = []
        for frame in self._listener.feed(self._options.audio.to_ulaw(received)):
            out += self._after_frame(frame)
        return out

    def text(self, received: str) -> list[Outgoing]:
        try:
            message = json.loads(received)
            kind = message["type"]
        except (ValueError, TypeError, KeyError):
            return self._fatal("UNPARSABLE_CLIENT_MESSAGE", "The message is not a JSON object with a type.")
        if kind == "CloseStream":
            out = [self._end_of_turn("manual")] if self._state is not TurnState.INITIAL else []
            return [*out, Outgoing(None, self._settings.event_delay_ms, close_code=1000)]
        if kind == "ForceEndTurn":
            return [self._end_of_turn("manual")] if self._state is not TurnState.INITIAL else []
        if kind == "Configure":
            return [self._configure(message)]
        return self._fatal("UNPARSABLE_CLIENT_MESSAGE", f"Unknown message type '{kind}'.")

    # --- the turn ---

    def _after_frame(self, frame: HeardFrame) -> list[Outgoing]:
        self._silence_ms = 0 if frame.voiced else self._silence_ms + sound.FRAME_MS
        words = self._listener.words()
        if not words:
            return []
        change = self._change(words)
        if change is not None:
            return [change]
        if self._listener.heard_ms < self._update_due_ms:
            return []
        return [self._turn_info("Update", guessed(words))]

    def _change(self, words: list[HeardWord]) -> Outgoing | None:
        """The transition of the state machine that this moment brings, if any."""
        if self._state is TurnState.INITIAL:
            self._state = TurnState.ONGOING
            self._window_start_ms = words[0].start_ms
            return self._turn_info("StartOfTurn", guessed(words))
        text, confidence = _written(words), _confidence(words, self._silence_ms)
        if self._state is TurnState.AWAITING_END and (text != self._eager_text or not self._silence_ms):
            self._state = TurnState.ONGOING
            return self._turn_info("TurnResumed", words)
        if self._silence_ms and confidence >= self._options.eot_threshold:
            return self._end_of_turn("model")
        if self._silence_ms >= self._options.eot_timeout_ms:
            return self._end_of_turn("timeout")
        eager = self._options.eager_eot_threshold
        if self._state is TurnState.ONGOING and eager is not None and self._silence_ms and confidence >= eager:
            self._state, self._eager_text = TurnState.AWAITING_END, text
            return self._turn_info("EagerEndOfTurn", words)
        return None

    def _end_of_turn(self, trigger: str) -> Outgoing:
        words = self._listener.words()
        ended = self._turn_info("EndOfTurn", words, trigger)
        self._listener.take(words)
        self._state = TurnState.INITIAL
        self._turn_index += 1
        return ended

    def _turn_info(self, event: str, words: list[HeardWord], trigger: str = "") -> Outgoing:
        now_ms = self._listener.heard_ms
        self._update_due_ms = now_ms + self._settings.update_every_ms
        message: Message = {
            "type": "TurnInfo",
            "event": event,
            "turn_index": self._turn_index,
            "audio_window_start": seconds(self._window_start_ms),
            "audio_window_end": seconds(now_ms),
            "transcript": _written(words),
            "words": [
                {
                    "word": word.text,
                    "confidence": round(0.99 * word.share, 3),
                    "start": seconds(word.start_ms),
                    "end": seconds(word.end_ms),
                }
                for word in words
            ],
            "end_of_turn_confidence": round(_confidence(words, self._silence_ms), 4),
        }
        if trigger:
            message["trigger"] = trigger
        if self._options.model == "flux-general-multi":
            message |= {"languages": ["es"], "languages_hinted": list(self._options.language_hints)}
        return self._numbered(message | ({"x_unannounced": True} if self._settings.extras else {}))

    # --- control messages ---

    def _configure(self, message: Message) -> Outgoing:
        keyterms, hints = message.get("keyterms"), message.get("language_hints")
        try:
            self._options = _with_thresholds(self._options, message.get("thresholds", {}))
        except Refused as refused:
            failure: Message = {"type": "ConfigureFailure", "code": refused.code, "description": refused.message}
            return self._numbered(failure)
        if isinstance(keyterms, list):
            self._options = replace(self._options, keyterms=tuple(map(str, keyterms)))
        if isinstance(hints, list):
            self._options = replace(self._options, language_hints=tuple(map(str, hints)))
        thresholds = {name: getattr(self._options, name) for name in _THRESHOLDS}
        success: Message = {
            "type": "ConfigureSuccess",
            "thresholds": {name: value for name, value in thresholds.items() if value is not None},
            "keyterms": list(self._options.keyterms),
            "language_hints": list(self._options.language_hints),
        }
        return self._numbered(success)

    def _fatal(self, code: str, description: str) -> list[Outgoing]:
        error = self._numbered({"type": "Error", "code": code, "description": description})
        return [replace(error, close_code=1011, close_reason=code)]

    def _numbered(self, message: Message) -> Outgoing:
        numbered = message | {"request_id": self._request_id, "sequence_id": self._sequence_id}
        self._sequence_id += 1
        return Outgoing(numbered, self._settings.event_delay_ms if message["type"] == "TurnInfo" else 0)


_THRESHOLDS: Final = ("eot_threshold", "eager_eot_threshold", "eot_timeout_ms")


def _with_thresholds(options: V2Options, given: object) -> V2Options:
    if not isinstance(given, dict) or not all(isinstance(value, int | float) for value in given.values()):
        raise Refused(400, "INVALID_THRESHOLDS", "The thresholds are not numbers.")
    return checked_v2(replace(options, **{name: value for name, value in given.items() if name in _THRESHOLDS}))


def _written(words: list[HeardWord]) -> str:
    return " ".join(word.text for word in words)


def _confidence(words: list[HeardWord], silence_ms: int) -> float:
    """How sure it is that the turn is over: surer with silence, slower when the sentence sounds unfinished."""
    if not words or not silence_ms:
        return 0.0
    half_ms = _HALF_SURE_MS if words[-1].text[-1] in ".?!" else _HALF_SURE_UNFINISHED_MS
    return min(silence_ms / (silence_ms + half_ms), _CONFIDENCE_MAX)
