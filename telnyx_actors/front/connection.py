"""One HTTP connection: requests in, responses out, and the door to the WebSockets.

A connection serves one request at a time, in order, and reads no further while it does:
what a client pipelines waits in the kernel's buffers, not in ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
from functools import partial
from typing import Final, cast

import h11

from telnyx_actors.front.admission import Admission
from telnyx_actors.front.alarm import Alarm
from telnyx_actors.front.counters import FrontCounters
from telnyx_actors.front.exchange import Pending, Response
from telnyx_actors.front.http1 import head_refusal, read_request, refusal, shake_hands, write_response
from telnyx_actors.front.routing import Router
from telnyx_actors.front.settings import FrontLimits
from telnyx_actors.front.websocket import WebSocket, WebSocketHandler

# Of one client in one turn of the loop, calls among the others: seven hundred of the smallest chunks there are.
_TURN_BYTES: Final = 4 * 1024


class _Phase(enum.Enum):
    IDLE = enum.auto()  # nothing of the next request has come
    READING = enum.auto()
    ANSWERING = enum.auto()  # a whole request is with its route
    LEAVING = enum.auto()  # the last answer is out; what comes is thrown away


class HttpConnection(asyncio.Protocol):
    """A client, until it goes or its connection becomes a WebSocket. Front thread only."""

    def __init__(self, router: Router, admission: Admission, limits: FrontLimits, counters: FrontCounters) -> None:
        self._router = router
        self._admission = admission
        self._limits = limits
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.header_bytes_max)
        self._phase = _Phase.IDLE
        self._unread = b""
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._label = "none"
        self._ticket: object | None = None
        self._is_last = False
        self._is_blocked = False
        self._alarm = Alarm()
        self._write_alarm = Alarm()

    # --- called by the loop ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer: str = peer[0] if isinstance(peer, tuple) else ""
        is_flooded = self._admission.is_flooded
        busy = self._admission.enter(self, self._peer)
        if is_flooded:
            self._transport.abort()
        elif busy is not None:
            self._respond(busy, is_last=True)
        else:
            self._alarm.set(self._limits.request_read_s, self._leave)

    def data_received(self, data: bytes) -> None:
        if self._phase is _Phase.LEAVING:
            return
        self._unread += data
        if self._phase is _Phase.ANSWERING or self._is_blocked:
            self._transport.pause_reading()
        else:
            self._read_on()

    def eof_received(self) -> bool:
        # A client may close its half once it has asked, and still wait for the answer.
        self._is_last = True
        return self._phase is _Phase.ANSWERING

    def pause_writing(self) -> None:
        self._is_blocked = True
        self._write_alarm.set(self._limits.reply_s, self._transport.abort)

    def resume_writing(self) -> None:
        self._is_blocked = False
        self._write_alarm.cancel()
        self._await_turn()

    def connection_lost(self, exc: Exception | None) -> None:
        self._alarm.cancel()
        self._write_alarm.cancel()
        self._ticket = None
        self._phase = _Phase.LEAVING
        self._admission.leave(self, self._peer)

    # --- called by the server ---

    def shut_down(self) -> None:
        self._is_last = True
        if self._phase is not _Phase.ANSWERING:
            self._leave()

    def abort(self) -> None:
        self._transport.abort()

    # --- reading ---

    def _read_on(self) -> None:
        """Take a piece of what has come, up to the end of one request; the others come before the next."""
        if self._is_blocked:
            return  # the client does not take the answers it has; `resume_writing` goes on from here
        if self._phase is _Phase.IDLE:
            self._phase = _Phase.READING
            self._alarm.set(self._limits.request_read_s, partial(self._refuse, 408))
        try:
            self._take_events()
            if self._phase is _Phase.READING and self._unread:
                piece, self._unread = self._unread[:_TURN_BYTES], self._unread[_TURN_BYTES:]
                self._http.receive_data(piece)
                self._take_events()
        except h11.RemoteProtocolError as error:
            self._refuse(error.error_status_hint)
            return
        if self._phase is not _Phase.READING:
            return
        if self._unread:
            self._transport.pause_reading()
            self._loop.call_soon(self._read_on)
            return
        self._transport.resume_reading()
        if self._http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[], reason="Continue")
            self._transport.write(self._http.send(go_on) or b"")

    def _take_events(self) -> None:
        """Those that h11 has, up to the end of one request: it is given more only once it lacks more."""
        while self._phase is _Phase.READING:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                break
            self._take(event)

    def _take(self, event: object) -> None:
        match event:
            case h11.Request():
                self._head = event
                status = head_refusal(event, self._limits)
                if status is not None:
                    self._refuse(status)
            case h11.Data():
                self._body += event.data
                if len(self._body) > self._limits.body_bytes_max:
                    self._refuse(413)
            case h11.EndOfMessage():
                self._dispatch()
            case _:  # nothing else can come of a client that has not yet been answered
                self._leave()

    def _refuse(self, status: int) -> None:
        self._label = "none"
        self._respond(refusal(status), is_last=True)

    # --- answering ---

    def _dispatch(self) -> None:
        head = self._head
        assert head is not None
        try:
            request = read_request(head, bytes(self._body), self._peer)
        except ValueError:
            self._refuse(400)
            return
        self._phase = _Phase.ANSWERING
        self._alarm.cancel()
        ticket = self._ticket = object()
        self._label, result = self._router.handle(request, partial(self._respond_from_any_thread, ticket))
        if isinstance(result, Response):
            self._respond(result)
        elif isinstance(result, Pending):
            timed_out = result.timed_out
            self._alarm.set(result.timeout_s, lambda: self._respond(timed_out()))
        else:
            self._upgrade(head, result)

    def _respond_from_any_thread(self, ticket: object, response: Response) -> None:
        # A closed loop means that the front has stopped: there is nobody left to answer.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._redeem, ticket, response)

    def _redeem(self, ticket: object, response: Response) -> None:
        if ticket is self._ticket:
            self._respond(response)
        else:
            self._counters.replies_dropped += 1

    def _respond(self, response: Response, *, is_last: bool = False) -> None:
        self._ticket = None
        self._counters.requests[self._label, response.status] += 1
        has_body = self._head is None or self._head.method != b"HEAD"
        is_last = is_last or self._is_last
        self._transport.write(write_response(self._http, response, has_body=has_body, is_last=is_last))
        if response.after is not None:
            # On the next turn: uvloop writes at the end of this one.
            self._loop.call_soon(response.after)
        self._head = None
        self._body.clear()
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._await_next_request()
        else:
            self._leave()

    def _await_next_request(self) -> None:
        self._http.start_next_cycle()
        self._phase = _Phase.IDLE
        self._alarm.set(self._limits.keep_alive_s, self._leave)
        self._await_turn()

    def _await_turn(self) -> None:
        """One request a turn of the loop: a client that pipelines thousands waits, not the calls."""
        if self._has_come():
            self._loop.call_soon(self._read_on)
        else:
            self._transport.resume_reading()

    def _has_come(self) -> bool:
        """Whether there is more than what has been answered."""
        return bool(self._unread or self._http.trailing_data[0])

    # --- leaving ---

    def _upgrade(self, head: h11.Request, handler: WebSocketHandler) -> None:
        answer = shake_hands(head)
        if isinstance(answer, Response):
            self._respond(answer, is_last=True)
            return
        self._counters.requests[self._label, 101] += 1
        self._transport.write(answer)
        left = self._admission.leave
        socket = WebSocket(self._transport, handler, limits=self._limits, counters=self._counters, left=left)
        self._admission.replace(self, socket, self._peer)
        self._phase = _Phase.LEAVING
        self._transport.resume_reading()
        socket.begin(self._http.trailing_data[0] + self._unread)

    def _leave(self) -> None:
        """Close. A peer that is still sending would lose the answer to a TCP reset: read on for a moment."""
        if self._phase is _Phase.LEAVING:
            return
        self._phase = _Phase.LEAVING
        is_unsent = self._transport.get_write_buffer_size() > 0
        self._alarm.set(self._limits.reply_s if is_unsent else self._limits.linger_s, self._transport.abort)
        # Nothing asked and nothing answered, or all of a request heard.
        is_heard_out = self._http.our_state is h11.IDLE or self._http.their_state in (h11.DONE, h11.MUST_CLOSE)
        if is_heard_out and not self._has_come():
            self._transport.close()
        else:
            self._transport.write_eof()
            self._transport.resume_reading()
