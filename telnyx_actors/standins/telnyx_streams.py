"""The media sockets of calls: opened, started, lost, opened again, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping

import aiohttp

from telnyx_actors.standins.base import StandIn
from telnyx_actors.standins.telnyx_leg import Leg
from telnyx_actors.standins.telnyx_media import MediaStream, StreamRequest
from telnyx_actors.standins.telnyx_settings import LineSettings, TelnyxSettings

Emit = Callable[[Leg, str, Mapping[str, object]], None]
Spawn = Callable[[Coroutine[object, object, object]], object]


class Streams:
    """Everything that happens to media sockets, told to the application by ``emit``."""

    def __init__(self, settings: TelnyxSettings, host: StandIn, user_id: str, emit: Emit, spawn: Spawn) -> None:
        self.line: LineSettings = settings.line
        self._media = settings.media
        self._host = host
        self._user_id = user_id
        self._emit = emit
        self._spawn = spawn
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def connect(self, leg: Leg, request: StreamRequest) -> bool:
        """Open the media socket. A failure is told by `streaming.failed`; the call lives on."""
        assert self._session is not None
        stream = MediaStream(leg.record, request, self._media, self.line, lambda s, why: self._gone(leg, s, why))
        fault = self._host.take_fault(f"media {request.url}")
        if await stream.connect(self._session, fault) and leg.alive:
            leg.stream = stream
            return True
        await stream.stop(self._user_id, say_stop=False)
        if leg.alive:
            params = {"stream_url": request.url, "track": request.track}
            kind = {"stream_id": stream.id, "stream_type": "websocket", "stream_params": params}
            self._emit(leg, "streaming.failed", {"failure_reason": "connection_failed", **kind})
        return False

    async def begin(self, leg: Leg) -> None:
        """Let sound flow over the connected socket, if there is one."""
        if leg.stream is not None:
            await leg.stream.start(leg.client_state, self._user_id)
            self._emit(leg, "streaming.started", leg.stream.names)

    async def open(self, leg: Leg, request: StreamRequest) -> None:
        """Connect and start on an answered call."""
        if await self.connect(leg, request):
            await self.begin(leg)

    async def close(self, leg: Leg) -> None:
        """End the stream from this side."""
        stream, leg.stream = leg.stream, None
        if stream is None:
            return
        await stream.stop(self._user_id, say_stop=stream.started)
        leg.record.stream.drop_marks()
        if stream.started:
            self._emit(leg, "streaming.stopped", stream.names)

    def _gone(self, leg: Leg, stream: MediaStream, why: str) -> None:
        """The application or the network ended the socket; the call stays up."""
        leg.record.note("stream.gone", why=why, stream_id=stream.id)
        if self._media.drops_audio_on_loss:
            leg.record.stream.clear(leg.record.length)
        leg.record.stream.drop_marks()
        if leg.stream is not stream or not leg.alive:
            return
        leg.stream = None
        media = self._media
        reason = {"failure_reason": "connection_failed"} if media.closed_event == "streaming.failed" else {}
        self._emit(leg, media.closed_event, {**stream.names, **reason})
        if media.reconnect_after_s is not None and leg.reconnects < media.max_reconnects:
            leg.reconnects += 1
            self._spawn(self._reconnect(leg, stream.request, media.reconnect_after_s))

    async def _reconnect(self, leg: Leg, request: StreamRequest, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        if leg.alive and leg.stream is None:
            await self.open(leg, request)
