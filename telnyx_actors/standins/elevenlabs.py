"""ElevenLabs on loopback: speech over HTTP and WebSocket, and what a key check needs."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from telnyx_actors.standins.base import StandIn
from telnyx_actors.standins.elevenlabs_audio import ElevenLabsSettings, Synthesis, render
from telnyx_actors.standins.elevenlabs_http import SpeechResponse
from telnyx_actors.standins.elevenlabs_request import (
    MODELS,
    Refused,
    SpeechRequest,
    check_key,
    check_voice,
    error_body,
    parse_body,
    parse_query,
)
from telnyx_actors.standins.elevenlabs_socket import SpeechSocket

__all__ = ["ElevenLabsSettings", "ElevenLabsStandIn", "Synthesis"]

_SYNTHESES_KEPT_MAX: Final = 5000


class ElevenLabsStandIn(StandIn):
    """Speaks what it is asked to. ``syntheses`` keeps each text with its sound, ``connections`` counts TCP connections.

    Faults: the operation is the path and the text. ``refuse`` (status; ``code``; status 200 is a JSON body where audio
    should be), ``delay``; counted in bytes of audio ``stall``, ``half_open``, ``half_close``, ``garbage``, and ``drop``: with no code
    a TCP reset, ``end`` a clean end too early (after 0: empty audio), ``truncate`` an end of stream inside the body.
    """

    name = "elevenlabs"
    handler_cancellation = True

    def __init__(self, settings: ElevenLabsSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or ElevenLabsSettings()
        self.syntheses: deque[Synthesis] = deque(maxlen=_SYNTHESES_KEPT_MAX)
        self.concurrent = 0
        self._slots = asyncio.Semaphore(self.settings.concurrent_max)
        self._peers: set[object] = set()
        speech = "/v1/text-to-speech/{voice_id}"
        self.app.router.add_post(speech, self._convert)
        self.app.router.add_post(f"{speech}/stream", self._convert)
        self.app.router.add_get(f"{speech}/stream-input", self._socket)
        self.app.router.add_get(f"{speech}/multi-stream-input", self._socket)
        for path in ("/v1/voices/{voice_id}", "/v1/user", "/v1/user/subscription", "/v1/models"):
            self.app.router.add_get(path, self._look_up)

    @property
    def connections(self) -> int:
        return len(self._peers)

    def synthesize(self, asked: SpeechRequest, text: str, request: Mapping[str, object]) -> Synthesis:
        """Speak, and remember it."""
        speech, audio = render(text, self.settings.voice, asked.output)
        synthesis = Synthesis(
            time.monotonic(),
            text,
            asked.voice_id,
            asked.model_id,
            asked.output.name,
            speech,
            audio,
            request=dict(request),
        )
        self.syntheses.append(synthesis)
        self.record("synthesis", text=text, voice_id=asked.voice_id, bytes=len(audio), output_format=asked.output.name)
        return synthesis

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """One of the requests that may be generated at once; past the limit wait a little, then ``Refused`` (429)."""
        try:
            async with asyncio.timeout(self.settings.queue_ms / 1000):
                await self._slots.acquire()
        except TimeoutError:
            message = f"Too many concurrent requests. Your plan allows {self.settings.concurrent_max}."
            raise Refused(429, "concurrent_limit_exceeded", message) from None
        self.concurrent += 1
        try:
            yield
        finally:
            self.concurrent -= 1
            self._slots.release()

    async def admit(self, operation: str) -> None:
        """Let a request in, late or not at all if a fault says so, or raise ``Refused``."""
        fault = await self.refusal(operation)
        if fault is not None:
            raise Refused(fault.status, fault.code or "something_went_wrong", "Something went wrong.")

    # --- routes ---

    async def _convert(self, request: web.Request) -> web.StreamResponse:
        self._peers.add(request.get_extra_info("peername"))
        arrived = time.monotonic()
        try:
            check_key(request.headers.get("xi-api-key", ""), self.settings)
            body = await _json(request)
            asked = parse_body(request.match_info["voice_id"], request.query, body, self.settings)
            await self.admit(f"{request.path} {asked.text}")
            async with self.slot():
                synthesis = self.synthesize(asked, asked.text, {"query": dict(request.query), "body": body})
                response = SpeechResponse(self, request, synthesis, self.settings, self.headers())
                whole = not request.path.endswith("/stream")
                return await response.send(asked.output, arrived, whole=whole)
        except Refused as refused:
            return self._refusal(refused)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self._peers.add(request.get_extra_info("peername"))
        socket = SpeechSocket(self, request, self.settings)
        try:
            key = request.headers.get("xi-api-key") or request.query.get("authorization", "")
            if key:
                check_key(key, self.settings)
            asked = parse_query(request.match_info["voice_id"], request.query, self.settings)
            await self.admit(f"{request.path} connect")
        except Refused as refused:
            self.record("refused", status=refused.status, code=refused.code)
            return await socket.refuse(refused)
        return await socket.run(asked, authorized=bool(key))

    async def _look_up(self, request: web.Request) -> web.StreamResponse:
        try:
            check_key(request.headers.get("xi-api-key", ""), self.settings)
            await self.admit(request.path)
            voice_id = request.match_info.get("voice_id", "")
            if voice_id:
                check_voice(voice_id, self.settings)
        except Refused as refused:
            return self._refusal(refused)
        if voice_id:
            found: object = {"voice_id": voice_id, "name": "María", "category": "premade", "labels": {"language": "es"}}
        elif request.path == "/v1/models":
            found = [
                {"model_id": model, "name": name, "can_do_text_to_speech": True, "languages": _LANGUAGES}
                for model, name in MODELS.items()
            ]
        elif request.path == "/v1/user":
            found = {"user_id": "usuario", "subscription": _SUBSCRIPTION, "is_new_user": False, "created_at": 0}
        else:
            found = _SUBSCRIPTION
        return web.json_response(found, headers=self.headers())

    def headers(self) -> dict[str, str]:
        return {
            "request-id": uuid.uuid4().hex,
            "x-trace-id": uuid.uuid4().hex,
            "current-concurrent-requests": str(self.concurrent),
            "maximum-concurrent-requests": str(self.settings.concurrent_max),
        }

    def _refusal(self, refused: Refused) -> web.Response:
        self.record("refused", status=refused.status, code=refused.code)
        body = error_body(refused, legacy=self.settings.legacy_errors)
        return web.json_response(body, status=refused.status, headers=self.headers())


_LANGUAGES: Final = [{"language_id": "es", "name": "Spanish"}, {"language_id": "en", "name": "English"}]
_SUBSCRIPTION: Final = {
    "tier": "scale",
    "character_count": 1000,
    "character_limit": 2_000_000,
    "can_extend_character_limit": True,
    "status": "active",
}


async def _json(request: web.Request) -> object:
    try:
        return await request.json()
    except ValueError:
        raise Refused(422, "json_invalid", "JSON decode error", "body") from None
