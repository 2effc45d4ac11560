"""The media socket: Telnyx as a WebSocket client that talks, plays and forgets in real time."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from telnyx_actors.standins.audibility import BYTES_PER_MS, Law, to_ulaw
from telnyx_actors.standins.base import Fault, half_close, reset_connection
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.telnyx_frames import (
    AppClear,
    AppMark,
    AppMedia,
    FrameError,
    invalid_media,
    parse_app_frame,
    rate_limited,
)
from telnyx_actors.standins.telnyx_line import Line
from telnyx_actors.standins.telnyx_settings import LineSettings, MediaSettings
from telnyx_actors.standins.telnyx_webhooks import timestamp

GARBAGE = '{"event":"media","media":{"payload":\x00'


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """What an application asked for when it started a stream."""

    url: str
    track: str = "inbound_track"
    mode: str = "mp3"
    law: Law = "PCMU"
    auth_token: str = ""
    custom_parameters: dict[str, str] = field(default_factory=dict)


def _transport(socket: aiohttp.ClientWebSocketResponse | None) -> asyncio.Transport | None:
    """The connection below a socket, which aiohttp does not offer in public."""
    connection = socket._conn if socket is not None else None
    return connection.transport if connection is not None else None


class MediaStream:
    """One connection to an application. Lives on the stand-in's loop.

    ``on_gone(stream, reason)`` is called once if the connection ends without ``stop``.
    """

    def __init__(
        self,
        call: CarrierCall,
        request: StreamRequest,
        settings: MediaSettings,
        line: LineSettings,
        on_gone: Callable[[MediaStream, str], None],
    ) -> None:
        self.id = str(uuid.uuid4())
        self.request = request
        self.line = Line(line, self.id, call.to)
        self.started = False
        self._call = call
        self._settings = settings
        self._law = line.law
        self._on_gone = on_gone
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._fault: Fault | None = None
        self._sent = 0
        self._mute = False
        self._cleared = False
        self._last_file_at = -1.0
        self._reading = asyncio.Event()
        self._reading.set()

    @property
    def names(self) -> dict[str, object]:
        """What webhooks about this stream say."""
        return {"stream_url": self.request.url, "stream_id": self.id}

    async def connect(self, session: aiohttp.ClientSession, fault: Fault | None) -> bool:
        """Open the socket and say `connected`. False when the application cannot be reached or refuses."""
        if fault is not None and fault.kind == "refuse":
            return False
        if fault is not None and fault.kind == "delay":
            await asyncio.sleep(fault.after_ms / 1000)
        self._fault = fault
        token = self.request.auth_token
        headers = {"x-telnyx-streaming-auth-token": token} if token else {}
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                self._socket = await session.ws_connect(
                    self.request.url, headers=headers, autoclose=False, max_msg_size=1 << 20
                )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            self._call.note("stream.unreachable", url=self.request.url, error=repr(error))
            return False
        self._reader = asyncio.get_running_loop().create_task(self._read(self._socket))
        connected: dict[str, object] = {"event": "connected", "version": "1.0.0", "protocol": "Call"}
        if token:
            connected["connected"] = {"x-telnyx-streaming-auth-token": token}
        await self._send(json.dumps(connected))
        return True

    async def start(self, client_state: str | None, user_id: str) -> None:
        """Say `start`: from now on sound flows."""
        call = self._call
        start: dict[str, object] = {
            "user_id": user_id,
            "call_control_id": call.call_control_id,
            "call_session_id": call.call_session_id,
            "from": call.from_,
            "to": call.to,
            "tags": [],
            "client_state": client_state,
            "custom_parameters": self.request.custom_parameters,
            "media_format": {"encoding": self._law, "sample_rate": 8000, "channels": 1},
        }
        number = str(self.line.next_sequence())
        await self._send(
            json.dumps({"event": "start", "sequence_number": number, "stream_id": self.id, "start": start})
        )
        self.started = True
        call.note("stream.start", stream_id=self.id)

    def fail(self, fault: Fault) -> None:
        """Let this happen to the open socket, ``fault.after`` frames from now."""
        self._fault, self._sent = fault, 0

    async def tick(self, sound: bytes, now: int) -> None:
        """The caller's 20 ms leave; the marks that were reached return."""
        if not self.started:
            return
        if self._fault is not None and self._sent >= self._fault.after:
            await self._break(self._fault)
        await self._return_due(now)
        if self.request.track == "outbound_track":
            return
        for text in self.line.frames(sound):
            self._sent += 1
            await self._send(text)

    async def dtmf(self, digit: str) -> None:
        frame = {"event": "dtmf", "stream_id": self.id, "occurred_at": timestamp(), "dtmf": {"digit": digit}}
        await self._send(json.dumps({**frame, "sequence_number": str(self.line.next_sequence())}))

    async def stop(self, user_id: str, *, say_stop: bool) -> None:
        """End it from this side: with `stop` and a close without status, or (before `start`) abruptly."""
        socket, self._socket = self._socket, None
        if socket is None:
            return
        if say_stop and not self._mute:
            stop = {"user_id": user_id, "call_control_id": self._call.call_control_id}
            number = str(self.line.next_sequence())
            text = json.dumps({"event": "stop", "sequence_number": number, "stream_id": self.id, "stop": stop})
            await self._send(text, socket)
            await self._close(socket)
        else:
            self.reset(socket)

    async def _close(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Close without a status, which the peer sees as 1005."""
        try:
            await socket.send_frame(b"", aiohttp.WSMsgType.CLOSE)
        except (aiohttp.ClientError, OSError):
            return
        if self._reader is not None:
            await asyncio.wait([self._reader], timeout=1.0)
        transport = _transport(socket)
        if transport is not None:
            transport.close()

    def abandon(self) -> None:
        """Cut the connection and tell nobody."""
        if self._reader is not None:
            self._reader.cancel()
        self.reset()

    def reset(self, socket: aiohttp.ClientWebSocketResponse | None = None) -> None:
        """Cut the connection as a network does: with a TCP reset."""
        transport = _transport(socket or self._socket)
        if transport is not None:
            reset_connection(transport)

    # --- to the application ---

    async def _send(self, text: str, socket: aiohttp.ClientWebSocketResponse | None = None) -> None:
        socket = socket or self._socket
        transport = _transport(socket)
        if self._mute or socket is None or transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > self._settings.max_backlog_bytes:
            self._call.note("stream.dropped", reason="the application does not read")
            return
        try:
            await socket.send_str(text)
        except (aiohttp.ClientError, OSError):
            return  # the reader sees the same end, and reports it

    async def _return_due(self, now: int, *, last: str = "played") -> None:
        names = self._call.stream.due_marks(now)
        for index, name in enumerate(names, start=1):
            await self._return_mark(name, last if index == len(names) else "played")

    async def _return_mark(self, name: str, why: str) -> None:
        self._call.note("mark", name=name, why=why)
        number = str(self.line.next_sequence())
        frame = {"event": "mark", "stream_id": self.id, "sequence_number": number, "mark": {"name": name}}
        await self._send(json.dumps(frame))

    async def _break(self, fault: Fault) -> None:
        """The moment of the fault has come."""
        self._fault = None
        self._call.note("fault", fault=fault.kind)
        if fault.kind == "drop":
            self.reset()
        elif fault.kind == "garbage":
            await self._send(GARBAGE)
        elif fault.kind in ("stall", "half_open", "half_close"):
            self._mute = True
            if fault.kind == "half_open":
                self._reading.clear()
            elif fault.kind == "half_close":
                half_close(_transport(self._socket))

    # --- from the application ---

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            await self._reading.wait()
            try:
                await self._hear(message.data)
            except FrameError as error:
                self._call.note("violation", code=error.code, detail=error.detail)
                await self._send(error.frame(self.id))
            if self._settings.read_pause_s:
                await asyncio.sleep(self._settings.read_pause_s)
        if self._socket is socket:
            self._socket = None
            await socket.close()  # answers the peer's close; nothing happens if the connection broke
            self._on_gone(self, f"closed with {socket.close_code}")

    async def _hear(self, message: str | bytes) -> None:
        frame = parse_app_frame(message)
        now = self._call.position()
        if now is None or not self.started:
            self._call.note("violation", code=0, detail="a frame before start")
            return
        match frame:
            case AppMedia(payload):
                self._play(payload, now)
            case AppMark(name):
                idle = self._call.stream.end <= now
                self._call.stream.mark(name)
                if idle:
                    await self._return_due(now, last="idle")
            case AppClear():
                await self._return_due(now)
                dropped, names = self._call.stream.clear(now)
                self._cleared = True
                self._call.note("clear", dropped_ms=dropped / BYTES_PER_MS, marks=names)
                for name in names:
                    await self._return_mark(name, "cleared")

    def _play(self, payload: bytes, now: int) -> None:
        call, settings = self._call, self._settings
        if self.request.mode != "rtp":
            # Without rtp the payload is an mp3 file for a player that this is not: accepted, never heard.
            since_s, self._last_file_at = time.monotonic() - self._last_file_at, time.monotonic()
            call.note("violation", code=0, detail="audio on a stream without stream_bidirectional_mode rtp")
            if since_s < 1.0:
                raise rate_limited("more than one media message in a second")
            return
        size_ms = len(payload) / BYTES_PER_MS
        if size_ms > settings.max_message_ms:
            raise invalid_media(f"{size_ms:.0f} ms in one message")
        if (call.stream.end - now) / BYTES_PER_MS + size_ms > settings.max_queued_ms:
            raise rate_limited("too much audio is queued")
        if size_ms < settings.min_message_ms:
            call.note("violation", code=0, detail=f"{size_ms:.0f} ms in one message")
        if self._cleared:
            self._cleared = False
            call.note("media_after_clear")
        call.note("media", queued_ms=max(call.stream.end - now, 0) / BYTES_PER_MS)
        silent = call.stream.push(to_ulaw(payload, self.request.law), now)
        if silent is not None:
            call.note("audio", silent_ms=silent / BYTES_PER_MS)
