"""Hearing as ``/v1/listen`` does it: interims, finals, endpoints, in audio time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from telnyx_actors.standins import sound
from telnyx_actors.standins.deepgram_messages import Message, Outgoing, guessed, plain, seconds
from telnyx_actors.standins.deepgram_query import KEYTERM_TOKENS_MAX, V1Options
from telnyx_actors.standins.phrasebook import HeardFrame, HeardWord, Listener

NET_0001: Final = (
    "Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001"
)
DATA_0000: Final = "The payload cannot be decoded as audio. See https://dpgr.am/data0000"

_ENDPOINT_MS_MIN = 60  # a consonant's closure lasts that long: the vendor's detector is smoothed, too
_SPEECH_MS_MIN = 60


@dataclass(frozen=True, slots=True)
class V1Settings:
    """How Deepgram's Nova behaves; the defaults are what its customers see."""

    final_delay_ms: int = 100  # after Finalize, or after the endpointing silence
    interim_delay_ms: int = 100
    interim_every_ms: int = 1000
    segment_max_ms: int = 4000  # a final without speech_final inside long speech, an empty one in long silence
    finalize_min_ms: int = 20  # with less waiting, Finalize is not answered
    idle_timeout_s: float = 10.0
    extras: bool = True  # message types and fields that no client may trip over


class V1Recognizer:
    """One ``/v1/listen`` connection."""

    def __init__(self, listener: Listener, options: V1Options, settings: V1Settings, request_id: str) -> None:
        self._listener = listener
        self._options = options
        self._settings = settings
        self._request_id = request_id
        self._digest = sha256()
        self._settled_ms = 0  # the end of the last final
        self._interim_due_ms = settings.interim_every_ms
        self._voice_ms = 0
        self._silence_ms = 0
        self._speaking = False
        self._gap_since_ms: int | None = None  # the end of the last settled word, until UtteranceEnd
        self._extras_due = settings.extras

    @property
    def idle_timeout_s(self) -> float:
        return self._settings.idle_timeout_s

    def keeps_alive(self, received: str | bytes | None) -> bool:
        # KeepAlive does not save a connection that never got audio: the stricter of the two readings.
        return isinstance(received, bytes) or (isinstance(received, str) and self._listener.heard_ms > 0)

    def opened(self) -> list[Outgoing]:
        return []

    def audio(self, received: bytes) -> list[Outgoing]:
        if not received:
            return [Outgoing(None, close_code=1008, close_reason=DATA_0000)]
        self._digest.update(received)
        out: list[Outgoing] = []
        for frame in self._listener.feed(self._options.audio.to_ulaw(received)):
            out += self._after_frame(frame)
        return out

    def text(self, received: str) -> list[Outgoing]:
        try:
            message = json.loads(received)
            kind = message["type"]
        except (ValueError, TypeError, KeyError):
            return [self._schema_error(received)]
        if kind == "KeepAlive":
            return []
        if kind == "Finalize":
            return self._finalize()
        if kind == "Configure":
            return [self._configure(message)]
        if kind == "CloseStream":
            return self._close()
        return [self._schema_error(received)]

    # --- after each 20 ms of sound ---

    def _after_frame(self, frame: HeardFrame) -> list[Outgoing]:
        out: list[Outgoing] = []
        if frame.voiced:
            self._voice_ms, self._silence_ms = self._voice_ms + sound.FRAME_MS, 0
            if not self._speaking and self._voice_ms >= _SPEECH_MS_MIN:
                self._speaking = True
                out += self._speech_started(frame.end_ms - self._voice_ms)
        else:
            self._voice_ms, self._silence_ms = 0, self._silence_ms + sound.FRAME_MS
            if self._speaking and self._at_endpoint():
                self._speaking = False
                out.append(self._final(self._listener.words(), frame.end_ms, speech_final=True))
        if frame.end_ms - self._settled_ms >= self._settings.segment_max_ms:
            out.append(self._segment_final(frame.end_ms))
        if frame.end_ms >= self._interim_due_ms:
            self._interim_due_ms = frame.end_ms + self._settings.interim_every_ms
            out += self._interim(frame.end_ms)
        return out + self._utterance_end(frame.end_ms)

    def _at_endpoint(self) -> bool:
        endpointing_ms = self._options.endpointing_ms
        return endpointing_ms is not None and self._silence_ms >= max(endpointing_ms, _ENDPOINT_MS_MIN)

    def _speech_started(self, at_ms: int) -> list[Outgoing]:
        out: list[Outgoing] = []
        if self._options.vad_events:
            started: Message = {"type": "SpeechStarted", "channel": [0, 1], "timestamp": seconds(at_ms)}
            out.append(Outgoing(started, self._settings.interim_delay_ms))
        if self._extras_due:
            self._extras_due = False
            out.append(Outgoing({"type": "Unannounced", "note": "A type that no client knows."}))
        return out

    def _interim(self, now_ms: int) -> list[Outgoing]:
        words = self._listener.words()
        if not self._options.interim_results or not (words or self._speaking):
            return []
        result = self._results(guessed(words), now_ms)
        return [Outgoing(result, self._settings.interim_delay_ms)]

    def _segment_final(self, now_ms: int) -> Outgoing:
        """Settle all but the newest word, which may still change: less than the last interim showed."""
        words = self._listener.words()
        if not self._speaking or len(words) < 2:
            return self._final(words, now_ms)
        return self._final(words[:-1], words[-1].start_ms)

    def _utterance_end(self, now_ms: int) -> list[Outgoing]:
        gap_ms = self._options.utterance_end_ms
        since_ms = self._gap_since_ms
        if gap_ms is None or since_ms is None or now_ms - since_ms < gap_ms or self._listener.words():
            return []
        self._gap_since_ms = None
        message: Message = {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": seconds(since_ms)}
        return [Outgoing(message, self._settings.final_delay_ms)]

    # --- control messages ---

    def _finalize(self) -> list[Outgoing]:
        now_ms = self._listener.heard_ms
        if now_ms - self._settled_ms < self._settings.finalize_min_ms and not self._listener.words():
            return []
        ended = self._silence_ms >= _ENDPOINT_MS_MIN and self._at_endpoint()
        if ended:
            self._speaking = False
        return [self._final(self._listener.words(), now_ms, speech_final=ended, from_finalize=True)]

    def _close(self) -> list[Outgoing]:
        now_ms = self._listener.heard_ms
        out = [self._final(self._listener.words(), now_ms, speech_final=True)] if now_ms > self._settled_ms else []
        summary: Message = {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": self._digest.hexdigest(),
            "created": "2026-01-01T00:00:00.000Z",
            "duration": seconds(now_ms),
            "channels": 1,
        }
        return [*out, Outgoing(summary, self._settings.final_delay_ms, close_code=1000)]

    def _configure(self, message: Message) -> Outgoing:
        keyterms = message.get("keyterms", [])
        terms = [term for term in keyterms if isinstance(term, str)] if isinstance(keyterms, list) else []
        failure = ""
        if keyterms and not self._options.model.startswith("nova-3"):
            failure = "CONFIGURE_KEYTERMS_NOT_SUPPORTED"
        elif sum(len(term.split()) for term in terms) > KEYTERM_TOKENS_MAX:
            failure = "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"
        answer: Message = {"type": "ConfigureSuccess", "request_id": self._request_id, "keyterms": terms}
        if failure:
            answer = {
                "type": "ConfigureFailure",
                "request_id": self._request_id,
                "code": failure,
                "description": failure,
            }
        return Outgoing(answer)

    def _schema_error(self, received: str) -> Outgoing:
        description = "Could not deserialize last text message."
        return Outgoing({"type": "Error", "variant": "SchemaError", "description": description, "message": received})

    # --- results ---

    def _final(
        self, words: Sequence[HeardWord], end_ms: int, *, speech_final: bool = False, from_finalize: bool = False
    ) -> Outgoing:
        result = self._results(words, end_ms)
        result |= {"is_final": True, "speech_final": speech_final, "from_finalize": from_finalize}
        self._listener.take(list(words))
        self._settled_ms = max(end_ms, self._settled_ms)
        self._interim_due_ms = self._settled_ms + self._settings.interim_every_ms
        if words:
            self._gap_since_ms = words[-1].end_ms
        return Outgoing(result, self._settings.final_delay_ms)

    def _results(self, words: Sequence[HeardWord], end_ms: int) -> Message:
        start_ms = min(self._settled_ms, end_ms)
        written = [word.text if self._options.formatted else plain(word.text) for word in words]
        described = [
            {
                "word": plain(word.text),
                "start": seconds(word.start_ms),
                "end": seconds(word.end_ms),
                "confidence": round(0.99 * word.share, 3),
            }
            | ({"punctuated_word": text} if self._options.formatted else {})
            for word, text in zip(words, written, strict=True)
        ]
        confidence = min((0.99 * word.share for word in words), default=0.0)
        result: Message = {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": seconds(end_ms - start_ms),
            "start": seconds(start_ms),
            "is_final": False,
            "speech_final": False,
            "channel": {
                "alternatives": [
                    {"transcript": " ".join(written), "confidence": round(confidence, 3), "words": described}
                ]
            },
            "metadata": {
                "request_id": self._request_id,
                "model_info": {"name": self._options.model, "version": "2026-08-04.1", "arch": "nova-3"},
                "model_uuid": "00000000-0000-4000-8000-000000000003",
            },
            "from_finalize": False,
        }
        return result | ({"x_unannounced": {"since": "2026-11"}} if self._settings.extras else {})
