"""One connection to a transcriber: what arrives, at the pace the vendor processes it; what is due, when it is due."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from aiohttp import ClientConnectionError, WSMsgType, web

from telnyx_actors.standins.base import STREAM_FAULTS, Fault, StandIn, half_close, reset_connection
from telnyx_actors.standins.deepgram_messages import Outgoing, Recognizer
from telnyx_actors.standins.deepgram_v1 import DATA_0000, NET_0001

_CLOSES: Final = {
    "NET-0000": (1011, "The service did not provide a response message within the timeout window. (NET-0000)"),
    "NET-0001": (1011, NET_0001),
    "DATA-0000": (1008, DATA_0000),
}
_GARBAGE: Final = '{"type":"Results","channel":[[[ \\u0000 esto no es de Deepgram'
_HALF_OPEN_S: Final = 120.0
_BURST_MS: Final = 500.0
_PIECE_MS: Final = 100


class Pace:
    """How fast audio is processed: at ``speed`` times real time once more than half a second of it came at once."""

    def __init__(self, speed: float, bytes_per_ms: float) -> None:
        self._speed = speed
        self._bytes_per_ms = bytes_per_ms
        self._credit_ms = _BURST_MS
        self._at: float | None = None

    def pieces(self, audio: bytes) -> Iterator[bytes]:
        """At most 100 ms each, so that a backlog is worked off evenly. An empty message is one empty piece."""
        size = int(_PIECE_MS * self._bytes_per_ms)
        return (audio[at : at + size] for at in range(0, max(len(audio), 1), size))

    def wait_s(self, audio: bytes, now: float) -> float:
        """Take audio in; how long that keeps the recognizer busy."""
        passed_s = 0.0 if self._at is None else now - self._at
        self._at = now
        earned_ms = min(_BURST_MS, self._credit_ms + passed_s * 1000 * self._speed)
        self._credit_ms = earned_ms - len(audio) / self._bytes_per_ms
        return max(0.0, -self._credit_ms / self._speed / 1000)


class TranscriptionSocket:
    """The shell around a ``Recognizer``: socket, clock and faults. Runs on the world's event loop."""

    def __init__(
        self,
        standin: StandIn,
        request: web.Request,
        recognizer: Recognizer,
        pace: Pace,
        number: int,
        id_header: str = "dg-request-id",
    ) -> None:
        self._standin = standin
        self._path = request.path
        self._request = request
        self._recognizer = recognizer
        self._pace = pace
        self._number = number
        self._id_header = id_header
        self._socket = web.WebSocketResponse(autoping=False, protocols=("token",), compress=False, timeout=1.0)
        self._due: asyncio.Queue[tuple[float, Outgoing]] = asyncio.Queue()
        self._fault: Fault | None = None
        self._sent_under_fault = 0
        self._silenced = False

    async def run(self, request_id: str) -> web.WebSocketResponse:
        """Upgrade and serve until either side closes."""
        self._socket.headers[self._id_header] = request_id
        await self._socket.prepare(self._request)
        sender = asyncio.create_task(self._send_what_is_due())
        try:
            self._find_fault()
            self._enqueue(self._recognizer.opened())
            await self._receive()
        except ClientConnectionError:
            self._standin.record("lost", path=self._path, request_id=request_id)
        finally:
            sender.cancel()
            with suppress(asyncio.CancelledError):
                await sender
        self._standin.record("closed", path=self._path, request_id=request_id, code=self._socket.close_code)
        return self._socket

    # --- in ---

    async def _receive(self) -> None:
        idle_since = time.monotonic()
        while not self._socket.closed:
            left_s = idle_since + self._recognizer.idle_timeout_s - time.monotonic()
            try:
                message = await self._socket.receive(timeout=max(left_s, 0.001))
            except TimeoutError:
                await self._close(*_CLOSES["NET-0001"])
                return
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT, WSMsgType.PING, WSMsgType.PONG):
                return
            await self._obey_fault()
            data = message.data if message.type in (WSMsgType.BINARY, WSMsgType.TEXT) else None
            if isinstance(data, bytes):
                await self._hear(data)
            elif isinstance(data, str):
                self._standin.record("text", path=self._path, message=data)
                self._enqueue(self._recognizer.text(data))
            if self._recognizer.keeps_alive(data):
                idle_since = time.monotonic()

    async def _hear(self, audio: bytes) -> None:
        for piece in self._pace.pieces(audio):
            wait_s = self._pace.wait_s(piece, time.monotonic())
            if wait_s:
                await asyncio.sleep(wait_s)
            self._enqueue(self._recognizer.audio(piece))

    # --- out ---

    def _enqueue(self, outgoing: list[Outgoing]) -> None:
        for out in outgoing:
            delay_ms = out.delay_ms
            if out.message is not None:
                fault = self._standin.take_fault(f"{self._path} {out.message.get('type')} {self._number};", "delay")
                delay_ms += fault.after_ms if fault else 0
            self._due.put_nowait((time.monotonic() + delay_ms / 1000, out))

    async def _send_what_is_due(self) -> None:
        with suppress(ClientConnectionError):  # the reader ends with it, too, and says so
            while True:
                due_at, out = await self._due.get()
                await asyncio.sleep(max(0.0, due_at - time.monotonic()))
                await self._obey_fault()
                if self._silenced:
                    continue
                if out.message is not None:
                    self._standin.record("sent", path=self._path, message=out.message)
                    await self._socket.send_str(json.dumps(out.message, ensure_ascii=False))
                    self._sent_under_fault += 1
                if out.close_code is not None:
                    await self._close(out.close_code, out.close_reason)

    async def _close(self, code: int, reason: str) -> None:
        await self._socket.close(code=code, message=reason.encode())

    # --- faults ---

    def _find_fault(self) -> None:
        if self._fault is None:
            operation = f"{self._path} stream {self._number};"
            self._fault = self._standin.take_fault(operation, *STREAM_FAULTS)
            self._sent_under_fault = 0

    async def _obey_fault(self) -> None:
        self._find_fault()
        fault = self._fault
        if fault is None or self._sent_under_fault < fault.after:
            return
        if fault.kind == "garbage":
            self._fault = None
            await self._socket.send_str(_GARBAGE)
            await self._socket.send_bytes(b"\x00\xff\x00")
        elif fault.kind == "drop" and fault.code:
            await self._close(*_CLOSES.get(fault.code, (1011, fault.code)))
        elif fault.kind == "drop":
            reset_connection(self._request.transport)
        else:
            if fault.kind == "half_close" and not self._silenced:
                half_close(self._request.transport)
            self._silenced = True
            if fault.kind == "half_open" and self._request.transport is not None:
                self._request.transport.pause_reading()
                await asyncio.sleep(_HALF_OPEN_S)
                reset_connection(self._request.transport)
