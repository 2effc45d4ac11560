"""Telnyx's speech to text on a WebSocket: it passes audio on to an engine, and says in its own words what that says."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from telnyx_actors.standins.base import StandIn
from telnyx_actors.standins.deepgram_messages import Message, Outgoing, Recognizer
from telnyx_actors.standins.deepgram_query import Audio, V1Options
from telnyx_actors.standins.deepgram_v1 import V1Recognizer, V1Settings
from telnyx_actors.standins.phrasebook import Listener, Phrasebook
from telnyx_actors.standins.transcription_socket import Pace, TranscriptionSocket

PATH: Final = "/v2/speech-to-text/transcription"

_FORMATS: Final = (
    "mp3",
    "wav",
    "webm",
    "ogg",
    "flac",
    "ogg_opus",
    "webm_opus",
    "linear16",
    "linear32",
    "mulaw",
    "alaw",
)
# Of what they take, the raw samples: this stand-in unpacks nothing.
_ENGINES: Final[Mapping[str, tuple[str, ...]]] = {
    "Deepgram": ("linear16", "mulaw", "alaw"),
    "Google": ("linear16", "mulaw"),
    "Telnyx": ("linear16",),
    "Azure": ("linear16",),
}
_BACKLOG_SPEED: Final = 1.25


class SpeechToText:
    """Faults, by operation: ``GET /v2/speech-to-text/transcription`` (refuse, delay), and of a connection that is open
    ``/v2/speech-to-text/transcription stream 3;`` (stall, drop, half_open, half_close, garbage), with its number.
    """

    def __init__(self, host: StandIn, phrasebook: Phrasebook) -> None:
        self._host = host
        self._phrasebook = phrasebook
        self.streams_asked = 0
        host.app.router.add_get(PATH, self._listen)

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        self.streams_asked += 1
        number, session = self.streams_asked, str(uuid.uuid4())
        wanted = _read(request.query)
        self._host.record("speech to text", query=dict(request.query), is_refused=isinstance(wanted, Refused))
        if isinstance(wanted, Refused):
            return await wanted.say(request)
        engine, options = wanted
        recognizer = V1Recognizer(Listener(self._phrasebook), options, V1Settings(extras=False), session)
        relayed = _Relayed(recognizer, is_obeyed=engine == "Deepgram")
        pace = Pace(_BACKLOG_SPEED, options.audio.bytes_per_ms)
        return await TranscriptionSocket(self._host, request, relayed, pace, number, "x-request-id").run(session)


@dataclass(frozen=True, slots=True)
class Refused:
    """Told behind the handshake, which has succeeded; then the connection ends."""

    code: str
    detail: str
    parameter: str

    async def say(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        problem = {"code": self.code, "title": "Invalid Parameter", "detail": self.detail}
        await socket.send_json({"errors": [problem | {"source": {"parameter": self.parameter}}]})
        await socket.close()
        return socket


def _read(query: Mapping[str, str]) -> tuple[str, V1Options] | Refused:
    """The engine, and what it is asked for."""
    engine, format_ = query.get("transcription_engine", "Deepgram"), query.get("input_format", "mp3")
    if engine not in _ENGINES:
        return Refused("40007", f"Invalid transcription_engine '{engine}'", "transcription_engine")
    if format_ not in _FORMATS:
        return Refused("40001", f"Unsupported input_format '{format_}'", "input_format")
    if format_ not in _ENGINES[engine]:
        return Refused("40002", f"Format '{format_}' is not supported by engine '{engine}'", "input_format")
    if "sample_rate" not in query:
        return Refused("40003", f"sample_rate is required for '{format_}'", "sample_rate")
    rate = query["sample_rate"]
    if not rate.isdecimal() or int(rate) == 0:
        return Refused("40004", "sample_rate is not a valid positive integer", "sample_rate")
    is_deepgram = engine == "Deepgram"
    endpointing = query.get("endpointing", "100")
    options = V1Options(
        model=query.get("model", "nova-3"),
        audio=Audio(format_, int(rate)),
        interim_results=is_deepgram and query.get("interim_results") == "true",
        endpointing_ms=int(endpointing) if is_deepgram and endpointing.isdecimal() else 500,
        utterance_end_ms=1000 if is_deepgram else None,
        vad_events=False,
        formatted=True,
    )
    return engine, options


@dataclass(slots=True)
class _Relayed:
    """A ``Recognizer``: the engine's, with Telnyx in between. Those other than Deepgram take no orders."""

    engine: Recognizer
    is_obeyed: bool
    _ignored: frozenset[str] = field(default=frozenset({"Metadata", "SpeechStarted", "Error"}))

    @property
    def idle_timeout_s(self) -> float:
        return self.engine.idle_timeout_s

    def opened(self) -> list[Outgoing]:
        return self._said(self.engine.opened())

    def audio(self, received: bytes) -> list[Outgoing]:
        return self._said(self.engine.audio(received))

    def text(self, received: str) -> list[Outgoing]:
        return self._said(self.engine.text(received)) if self.is_obeyed and _is_known(received) else []

    def keeps_alive(self, received: str | bytes | None) -> bool:
        return received is None or isinstance(received, bytes) or self.is_obeyed

    def _said(self, outgoing: list[Outgoing]) -> list[Outgoing]:
        said = [
            Outgoing(self._translated(out.message), out.delay_ms, out.close_code, out.close_reason) for out in outgoing
        ]
        return [out for out in said if out.message is not None or out.close_code is not None]

    def _translated(self, message: Message | None) -> Message | None:
        if message is None or message["type"] in self._ignored:
            return None
        if message["type"] == "UtteranceEnd":
            return {"type": "transcript", "transcript": "", "is_final": True, "utterance_end": True}
        results: Any = message
        best = results["channel"]["alternatives"][0]
        is_final = results["is_final"]
        return {
            "type": "transcript",
            "transcript": best["transcript"],
            "is_final": is_final,
            "speech_final": results["speech_final"],
            "confidence": best["confidence"] if is_final else 0.0,
        }


def _is_known(text: str) -> bool:
    try:
        return json.loads(text)["type"] in ("Finalize", "CloseStream", "KeepAlive")
    except (ValueError, TypeError, KeyError):
        return False  # "Unknown text frames are silently ignored"
