"""Strangers who send what costs us more than them, in requests and on WebSockets."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as ws_connect

from support.fake_engine import FakeEngine, FakeGate, FakeSession
from support.front_client import QUICK, answers, connect, read_to_end, serving
from telnyx_actors.front.admission import Admission
from telnyx_actors.front.connection import HttpConnection
from telnyx_actors.front.counters import FrontCounters
from telnyx_actors.front.routing import Router
from telnyx_actors.front.server import FrontServer
from telnyx_actors.front.settings import FrontLimits
from telnyx_actors.front.websocket import WebSocket

PATIENT = replace(QUICK, stream_start_s=5.0)
MASK = bytes(4)
PING = b"\x89\x80" + MASK
PONG = b"\x8a\x80" + MASK
EMPTY_TEXT_TO_BE_CONTINUED = b"\x01\x80" + MASK
EMPTY_CONTINUATION = b"\x00\x80" + MASK


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def server(session: FakeSession, request: pytest.FixtureRequest) -> Iterator[FrontServer]:
    engine = FakeEngine(media=FakeGate({"s3cret": session}))
    with serving(engine, PATIENT, use_uvloop=request.param) as server:
        yield server


def stream(server: FrontServer, query: str = "") -> ClientConnection:
    url = f"ws://127.0.0.1:{server.port}/stream/media{query}"
    return ws_connect(url, open_timeout=5, ping_interval=None)


def text(message: str) -> bytes:
    data = message.encode()
    head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else b"\x81\xfe" + len(data).to_bytes(2, "big")
    return head + MASK + data


def code_after(client: ClientConnection, flood: bytes) -> int:
    """What the socket is closed with. A peer that is refused may be cut off before it has sent all."""
    client.socket.sendall(flood)
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=5)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


FLOODS: dict[str, bytes] = {
    "pings": PING * 1_000,
    "pongs": PONG * 1_000,
    "empty fragments": EMPTY_TEXT_TO_BE_CONTINUED + EMPTY_CONTINUATION * 1_000,
}


@pytest.mark.parametrize("kind", FLOODS)
def test_frames_that_say_nothing_are_refused_with_1008(server: FrontServer, kind: str) -> None:
    with stream(server) as client:
        assert code_after(client, FLOODS[kind]) == 1008
    assert server.counters.sockets_flooding == 1
    assert server.counters.errors == 0


def test_a_stranger_may_not_go_on_saying_connected(server: FrontServer) -> None:
    with stream(server) as client:
        assert code_after(client, text('{"event":"connected"}') * 9) == 1008
    assert server.counters.streams_refused == {"too_many_frames": 1}


def test_garbage_of_a_stranger_is_borne_a_few_times(server: FrontServer) -> None:
    with stream(server) as client:
        assert code_after(client, text("{") * 8) == 1007
    assert server.counters.frames_garbage == 8


def test_frames_that_come_all_at_once_come_in_order(server: FrontServer, session: FakeSession) -> None:
    start = {"call_control_id": "v3:abc", "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}}
    marks = [f"m{number}" for number in range(2_000)]
    frames = [text(json.dumps({"event": "start", "stream_id": "s", "start": start}))]
    frames += [text(json.dumps({"event": "mark", "mark": {"name": name}})) for name in marks]
    with stream(server, "?secret=s3cret") as client:
        client.socket.sendall(b"".join(frames))
        assert session.next()[0] == "started"
        assert [session.next() for _ in marks] == [("mark", name) for name in marks]


# --- one socket, without a network ------------------------------------------------


class StubTransport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.is_reading_paused = False
        self.is_cut = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self

    def setsockopt(self, *option: object) -> None:
        pass

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        pass

    def write(self, data: Any) -> None:
        self.written += data

    def write_eof(self) -> None:
        pass

    def is_closing(self) -> bool:
        return self.is_cut

    def abort(self) -> None:
        self.is_cut = True

    def pause_reading(self) -> None:
        self.is_reading_paused = True

    def resume_reading(self) -> None:
        self.is_reading_paused = False


class Listener:
    """Hears messages. ``fails``: as a handler with a bug does."""

    def __init__(self, *, fails: bool = False) -> None:
        self.heard: list[bytes] = []
        self._fails = fails

    def opened(self, socket: WebSocket) -> None:
        pass

    def text(self, message: bytes) -> None:
        if self._fails:
            raise RuntimeError("boom")
        self.heard.append(message)

    def binary(self, message: bytes) -> None:
        pass

    def closed(self, code: int, reason: str) -> None:
        pass


def on_a_loop(
    test: Callable[[WebSocket, StubTransport, Listener], Iterator[None]],
    listener: Listener,
    limits: FrontLimits | None = None,
) -> list[Any]:
    """Run ``test``, a turn of the loop at every ``yield``. What the loop complained of."""
    complaints: list[Any] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context["exception"]))
        transport = StubTransport()
        counters = FrontCounters()
        socket = WebSocket(
            transport, listener, limits=limits or FrontLimits(), counters=counters, left=lambda _socket: None
        )
        socket.begin(b"")
        for _ in test(socket, transport, listener):
            await asyncio.sleep(0)
        socket.connection_lost(None)

    asyncio.run(run())
    return complaints


def test_of_a_megabyte_of_pings_only_the_first_are_answered_and_nothing_is_read_meanwhile() -> None:
    def test(socket: WebSocket, transport: StubTransport, _listener: Listener) -> Iterator[None]:
        socket.data_received(PING * 170_000)
        assert transport.is_reading_paused
        for _ in range(300):
            yield
        answered = transport.written.count(b"\x8a\x00")
        assert 0 < answered < 1_000
        assert b"\x88" in transport.written  # and a close frame

    assert on_a_loop(test, Listener()) == []


def test_a_burst_is_read_a_piece_a_turn_so_that_other_sockets_come_in_between() -> None:
    message = text("x" * 100)

    def test(socket: WebSocket, transport: StubTransport, listener: Listener) -> Iterator[None]:
        socket.data_received(message * 1_000)
        assert len(listener.heard) < 50
        while transport.is_reading_paused:
            before = len(listener.heard)
            yield
            assert len(listener.heard) - before < 50
        assert len(listener.heard) == 1_000

    assert on_a_loop(test, Listener()) == []


def test_a_bug_met_while_a_burst_is_read_costs_the_socket() -> None:
    def test(socket: WebSocket, transport: StubTransport, _listener: Listener) -> Iterator[None]:
        socket.data_received(text("x" * 100) * 1_000)
        yield
        yield
        assert transport.is_cut

    assert [type(error) for error in on_a_loop(test, Listener(fails=True))] == [RuntimeError]


def test_pings_at_the_pace_of_a_real_peer_are_answered_for_ever() -> None:
    limits = replace(FrontLimits(), control_frames_max=5)

    def test(socket: WebSocket, transport: StubTransport, _listener: Listener) -> Iterator[None]:
        for sent in range(1, 50):
            socket.data_received(PING)
            assert transport.written.count(b"\x8a\x00") == sent
            if sent % 5 == 0:
                socket._check_heard()  # the interval is over
            yield

    assert on_a_loop(test, Listener(), limits) == []


# --- one request, likewise -------------------------------------------------------------

CHUNKED = b"POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_request_is_read_a_piece_a_turn_so_that_the_calls_come_in_between() -> None:
    async def run() -> None:
        counters, limits, transport = FrontCounters(), FrontLimits(), StubTransport()
        connection = HttpConnection(Router(counters), Admission(limits, counters), limits, counters)
        connection.connection_made(transport)
        connection.data_received(CHUNKED + b"1\r\na\r\n" * 40_000 + b"0\r\n\r\n")
        read = [0, len(connection._body)]
        while not transport.written:
            assert transport.is_reading_paused
            await asyncio.sleep(0)
            read.append(len(connection._body))
        assert transport.written.startswith(b"HTTP/1.1 404 ")
        assert max(after - before for before, after in itertools.pairwise(read)) < 1_000
        assert not transport.is_reading_paused
        connection.connection_lost(None)

    asyncio.run(run())


def test_a_pipeline_behind_a_body_of_many_pieces_is_answered(server: FrontServer) -> None:
    body = CHUNKED + (b"fff\r\n" + b"a" * 0xFFF + b"\r\n") * 20 + b"0\r\n\r\n"
    last = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with connect(server) as sock:
        sock.sendall(body * 3 + last)
        assert [status for status, _, _ in answers(read_to_end(sock), 4)] == [404, 404, 404, 200]


def test_frames_that_come_with_the_handshake_are_heard_and_those_behind_them_too(
    server: FrontServer, session: FakeSession
) -> None:
    start = {"call_control_id": "v3:abc", "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}}
    handshake = (
        b"GET /stream/media?secret=s3cret HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    marks = [text(json.dumps({"event": "mark", "mark": {"name": f"m{number}"}})) for number in range(2_000)]
    with connect(server) as sock:
        sock.sendall(
            handshake + text(json.dumps({"event": "start", "stream_id": "s", "start": start})) + b"".join(marks)
        )
        assert session.next()[0] == "started"
        assert [session.next() for _ in marks] == [("mark", f"m{number}") for number in range(2_000)]
