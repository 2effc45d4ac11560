"""A WebSocket after its handshake: frames in by callback, messages out from any thread.

The protocol itself is websockets' sans-I/O ``ServerProtocol``; no coroutine and no task per
socket, let alone per message.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol, cast

from websockets.frames import Frame, Opcode
from websockets.protocol import SEND_EOF, State
from websockets.server import ServerProtocol

from telnyx_actors.front.alarm import Alarm
from telnyx_actors.front.counters import FrontCounters
from telnyx_actors.front.settings import FrontLimits

CLOSED_ABNORMALLY: Final = 1006
GOING_AWAY: Final = 1001
INVALID_DATA: Final = 1007
POLICY_VIOLATION: Final = 1008
_REFUSALS: Final = (INVALID_DATA, POLICY_VIOLATION)
"""After these nothing is read any more: whoever is refused could go on flooding while it is waited for."""

# websockets says at INFO that a connection closed; for us that is what calls do.
QUIET_LOG: Final = logging.getLogger("telnyx_actors.front.websocket")
QUIET_LOG.setLevel(logging.WARNING)

# Above the high mark the transport holds no more for us: what follows waits in our own
# queue, where it is counted exactly.
_TRANSPORT_HIGH_BYTES: Final = 16 * 1024
# Of one peer in one turn of the loop; what came with it waits for the next. Seven hundred of the
# smallest frames there are, a tenth of a second of media frames that have piled up.
_TURN_BYTES: Final = 4 * 1024
# Left to itself the kernel takes megabytes, minutes of speech, for a peer that reads nothing.
_KERNEL_SEND_BYTES: Final = 128 * 1024


class WebSocketHandler(Protocol):
    """Who talks on a socket. Every method is called on the front's thread and must not block."""

    def opened(self, socket: WebSocket) -> None: ...

    def text(self, message: bytes) -> None:
        """A whole text message; its UTF-8 is not checked."""

    def binary(self, message: bytes) -> None: ...

    def closed(self, code: int, reason: str) -> None:
        """The socket is gone; called exactly once, after ``opened``."""


class WebSocket(asyncio.Protocol):
    """One open socket. ``send`` and ``close`` may be called from any thread, the rest is the loop's."""

    def __init__(
        self,
        transport: asyncio.Transport,
        handler: WebSocketHandler,
        *,
        limits: FrontLimits,
        counters: FrontCounters,
        left: Callable[[WebSocket], None],
    ) -> None:
        """Front thread. The handshake is over; ``left`` is told when the socket is gone."""
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._protocol = ServerProtocol(state=State.OPEN, max_size=limits.frame_bytes_max, logger=QUIET_LOG)
        self._handler = handler
        self._limits = limits
        self._counters = counters
        self._left = left
        self._inbound = _Inbound(handler, limits)
        self._unread = b""
        self._outbox = _Outbox(limits.send_buffer_bytes_max)
        self._is_heard = True
        self._is_blocked = False
        self._stall_alarm = Alarm()
        self._ping_alarm = Alarm()
        self._linger_alarm = Alarm()
        self._closed_as: tuple[int, str] | None = None

    # --- from any thread ---

    def send(self, messages: Sequence[str]) -> bool:
        """Queue text messages in order, all or none. False when the socket is gone or its buffer is full."""
        accepted, needs_wake = self._outbox.put(messages)
        if needs_wake:
            return self._on_loop(self._drain)
        return accepted

    def close(self, code: int, reason: str) -> None:
        """Close after what was queued. ``reason``: at most 120 bytes of UTF-8."""
        self._on_loop(self._close, code, reason)

    # --- from the server and the loop ---

    def begin(self, received: bytes) -> None:
        """Take over the transport; ``received`` is what came behind the handshake."""
        kernel_socket = self._transport.get_extra_info("socket")
        kernel_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_SEND_BYTES)
        self._transport.set_write_buffer_limits(high=_TRANSPORT_HIGH_BYTES)
        self._transport.set_protocol(self)
        self._ping_alarm.set(self._limits.ping_interval_s, self._check_heard)
        self._handler.opened(self)
        if received:
            self.data_received(received)

    def shut_down(self) -> None:
        self._close(GOING_AWAY, "server stopping")

    def abort(self) -> None:
        self._transport.abort()

    def cut(self, reason: str) -> None:
        """Give up a peer that is there no more. On the loop."""
        self._closed_as = (CLOSED_ABNORMALLY, reason)
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._is_heard = True
        if len(data) <= _TURN_BYTES and not self._unread:
            self._read(data)
            return
        if not self._unread:
            self._transport.pause_reading()
            self._loop.call_soon(self._read_on)
        self._unread += data

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._flush()

    def pause_writing(self) -> None:
        self._is_blocked = True
        self._watch_progress(self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._is_blocked = False
        self._stall_alarm.cancel()
        self._drain()

    def connection_lost(self, exc: Exception | None) -> None:
        for alarm in (self._stall_alarm, self._ping_alarm, self._linger_alarm):
            alarm.cancel()
        self._outbox.shut()
        self._counters.sinks_full += self._outbox.refused
        self._left(self)
        code, reason = self._closed_as or (
            self._protocol.close_code or CLOSED_ABNORMALLY,
            self._protocol.close_reason or "",
        )
        self._handler.closed(code, reason)
        # They know us: in a cycle, the call that they lead to would wait for the garbage collector.
        del self._handler, self._inbound

    # --- reading ---

    def _read(self, data: bytes) -> None:
        protocol = self._protocol
        inbound = self._inbound
        protocol.receive_data(data)
        take = inbound.take
        for frame in cast("list[Frame]", protocol.events_received()):  # the handshake is over: frames only
            take(frame)
        if inbound.is_flooded and protocol.state is State.OPEN:
            self._counters.sockets_flooding += 1
            self._close(POLICY_VIOLATION, "too many frames that say nothing")
        self._flush()

    def _read_on(self) -> None:
        """Take a piece of what has come at once, a piece a turn: the other sockets come in between."""
        if self._transport.is_closing():
            return
        data, self._unread = self._unread[:_TURN_BYTES], self._unread[_TURN_BYTES:]
        try:
            self._read(data)
        except Exception:
            self._transport.abort()  # as the loop does by itself with what `data_received` raises
            raise
        if self._unread:
            self._loop.call_soon(self._read_on)
        elif not self._transport.is_closing():
            self._transport.resume_reading()

    # --- sending ---

    def _drain(self) -> None:
        if self._is_blocked:
            return
        messages = self._outbox.take()
        if self._protocol.state is not State.OPEN:
            return
        for message in messages:
            self._protocol.send_text(message.encode())
        self._counters.messages_out += len(messages)
        self._flush()

    def _flush(self) -> None:
        chunks = self._protocol.data_to_send()
        if not chunks or self._transport.is_closing():
            return
        self._transport.write(b"".join(chunks))
        if chunks[-1] == SEND_EOF:
            self._transport.write_eof()
        if self._protocol.close_expected():
            # The peer hangs up after a close frame; one that does not is cut off.
            self._outbox.shut()
            self._linger_alarm.set(self._limits.linger_s, self.abort)

    def _close(self, code: int, reason: str) -> None:
        if self._protocol.state is State.OPEN:
            self._is_blocked = False  # a close frame must not wait behind a peer that reads nothing
            self._drain()
            if code in _REFUSALS:
                self._protocol.fail(code, reason)
            else:
                self._protocol.send_close(code, reason)
            self._flush()

    def _on_loop(self, callback: Callable[..., None], *arguments: object) -> bool:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:  # the loop has been closed, and every socket with it
            return False
        return True

    # --- watching ---

    def _watch_progress(self, unsent_bytes: int) -> None:
        """Close a peer that takes nothing; one that is slow but reads may be slow."""

        def check() -> None:
            now_unsent_bytes = self._transport.get_write_buffer_size()
            if now_unsent_bytes < unsent_bytes:
                self._watch_progress(now_unsent_bytes)
            else:
                self._counters.sinks_stalled += 1
                self.cut("peer reads nothing")

        self._stall_alarm.set(self._limits.send_stall_s, check)

    def _check_heard(self) -> None:
        self._inbound.control_frames = 0
        if self._is_heard:
            self._is_heard = False
            self._ping_alarm.set(self._limits.ping_interval_s, self._ping)
        else:
            self._counters.sockets_half_open += 1
            self.cut("peer is silent")

    def _ping(self) -> None:
        self._inbound.control_frames = 0
        if not self._is_heard and self._protocol.state is State.OPEN:
            self._protocol.send_ping(b"")
            self._flush()
        self._ping_alarm.set(self._limits.ping_interval_s, self._check_heard)


class _Inbound:
    """Frames to whole messages. Their size and order have been checked by the protocol."""

    def __init__(self, handler: WebSocketHandler, limits: FrontLimits) -> None:
        self.is_flooded = False
        self.control_frames = 0
        self._handler = handler
        self._limits = limits
        self._opcode = Opcode.TEXT
        self._fragments: list[bytes] = []

    def take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            self._handler.text(bytes(frame.data))
        elif frame.opcode is Opcode.TEXT or frame.opcode is Opcode.BINARY or frame.opcode is Opcode.CONT:
            self._take_fragment(frame)
        else:
            self.control_frames += 1
            self.is_flooded |= self.control_frames > self._limits.control_frames_max

    def _take_fragment(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._opcode = frame.opcode
        self._fragments.append(bytes(frame.data))
        if not frame.fin:
            # They may be empty, so that the limit on the size of a message is none on their number.
            self.is_flooded |= len(self._fragments) > self._limits.fragments_max
            return
        message = b"".join(self._fragments)
        self._fragments.clear()
        if self._opcode is Opcode.TEXT:
            self._handler.text(message)
        else:
            self._handler.binary(message)


class _Outbox:
    """What waits to be sent, bounded in bytes. The lock is held for microseconds, never across a send."""

    def __init__(self, bytes_max: int) -> None:
        self.refused = 0
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._messages: deque[str] = deque()
        self._bytes = 0
        self._is_awake = False
        self._is_shut = False

    def put(self, messages: Sequence[str]) -> tuple[bool, bool]:
        """Whether they were taken, and whether the loop has to be woken for them."""
        size_bytes = sum(map(len, messages))
        with self._lock:
            if self._is_shut:
                return False, False
            if self._bytes + size_bytes > self._bytes_max:
                self.refused += 1
                return False, False
            self._messages.extend(messages)
            self._bytes += size_bytes
            needs_wake, self._is_awake = not self._is_awake, True
            return True, needs_wake

    def take(self) -> list[str]:
        with self._lock:
            messages = list(self._messages)
            self._messages.clear()
            self._bytes = 0
            self._is_awake = False
            return messages

    def shut(self) -> None:
        """Nothing more is taken; what waits will not be sent."""
        with self._lock:
            self._is_shut = True
            self._messages.clear()
