"""Bytes at the port: always answered or closed, never a 500, never another client's problem."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.depth import EXAMPLES
from support.fake_engine import FakeEngine, FakeGate, FakeSession
from support.front_client import connect, exchange, read_to_end, serving
from telnyx_actors.front.server import FrontServer
from telnyx_actors.front.settings import FrontLimits

PACE = settings(
    max_examples=EXAMPLES * 3 // 2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

LIMITS = FrontLimits(request_read_s=1.0, keep_alive_s=1.0, linger_s=0.3, stream_start_s=1.0, body_bytes_max=2000)
LAST_GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
HANDSHAKE = (
    b"GET /stream/media?secret=s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
METHODS = st.sampled_from([b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"CONNECT", b"get", b"\xff"])
TARGETS = st.sampled_from(
    [
        b"/",
        b"/health",
        b"/api/call/initiate",
        b"/api/call/batch",
        b"/api/test/claude",
        b"/webhook/telnyx?call=r&token=t",
        b"/api/calls/x",
        b"/api/calls/%ff%00/hangup",
        b"/api/calls//hangup",
        b"/stream/media",
        b"/metrics",
        b"*",
        b"",
        b"/webhook/telnyx?call=%zz&token",
        b"//",
        b"/?" + b"a&" * 40,
        b"http://x/",
    ]
)
HEADERS = st.sampled_from(
    [
        b"Host: localhost",
        b"Host: evil",
        b"Content-Type: application/json",
        b"Transfer-Encoding: chunked",
        b"Content-Length: 5",
        b"Content-Length: -1",
        b"Content-Length: 99999",
        b"Connection: close",
        b"Upgrade: websocket",
        b"Connection: upgrade",
        b"Expect: 100-continue",
        b"X-Forwarded-For: 1",
        b"Authorization: Bearer \xff",
        b": empty",
        b"Sec-WebSocket-Key: x",
        b"Sec-WebSocket-Version: 13",
        b"X: a\r\n b",
        b"Origin: \xff",
    ]
)
BODIES = st.binary(max_size=60) | st.sampled_from(
    [
        b'{"telefono":"+573001234567","nombre":"Ana"}',
        b'{"calls":[1,{},{"telefono":[]}]}',
        b"5\r\nabcde\r\n0\r\n\r\n",
        b'{"data":{"event_type":"call.answered","payload":{"call_control_id":"v3:x"}}}',
        b"[" * 1500,
    ]
)


@st.composite
def nearly_requests(draw: st.DrawFn) -> bytes:
    body = draw(BODIES)
    headers = draw(st.lists(HEADERS, max_size=6))
    if draw(st.booleans()):
        headers += [b"Host: localhost", b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    lines = [draw(METHODS) + b" " + draw(TARGETS) + b" HTTP/1.1", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@st.composite
def nearly_frames(draw: st.DrawFn) -> bytes:
    """WebSocket frames with any opcode and flags, masked with zeros, their length right or not."""
    texts = st.sampled_from(
        [
            b'{"event":"start","start":{"call_control_id":"v3:a"}}',
            b'{"event":"mark","mark":{"name":"m"}}',
            b'{"event":"media","media":{"track":"inbound","chunk":"1","timestamp":"1","payload":"AAAA"}}',
            b"{}",
            b"\xff",
        ]
    )
    payload = draw(texts | st.binary(max_size=100))
    head = bytes([draw(st.sampled_from([0x81, 0x82, 0x80, 0x01, 0x00, 0x88, 0x89, 0x8A, 0x8B, 0xF1]))])
    wrong_by = draw(st.sampled_from([0, 0, 0, 0, 1, 9]))
    return head + bytes([0x80 | min(125, len(payload) + wrong_by)]) + bytes(4) + payload[:125]


@pytest.fixture(scope="module")
def server() -> Iterator[FrontServer]:
    engine = FakeEngine(secrets={"r": "t"}, media=FakeGate({"s": FakeSession()}))
    with serving(engine, LIMITS) as server:
        yield server


@pytest.fixture(autouse=True)
def nothing_broke(server: FrontServer) -> Iterator[None]:
    yield
    assert server.is_alive
    assert server.counters.errors == 0
    assert not [key for key in server.counters.requests if key[1] in (500, 504)]


def statuses(raw: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", raw)]


@PACE
@given(st.lists(nearly_requests() | st.binary(max_size=100), min_size=1, max_size=3))
def test_any_requests_are_answered_or_closed(server: FrontServer, requests: list[bytes]) -> None:
    raw = exchange(server, b"".join(requests), half_close=True)
    assert raw == b"" or raw.startswith(b"HTTP/1.1 ")
    assert not set(statuses(raw)) & {500, 504}
    assert b"Traceback" not in raw


@PACE
@given(nearly_requests(), st.integers(1, 200))
def test_the_cut_of_the_packets_does_not_matter(server: FrontServer, request: bytes, cut: int) -> None:
    whole = exchange(server, request, half_close=True)
    with connect(server) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock.sendall(request[:cut])
            sock.sendall(request[cut:])
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # answered and closed before it had all come
        in_two = read_to_end(sock)
    if whole and in_two:  # a reset can swallow an answer
        assert statuses(in_two)[:1] == statuses(whole)[:1]


@PACE
@given(st.lists(nearly_frames() | st.binary(max_size=30), max_size=6))
def test_any_bytes_on_a_media_socket_end_that_socket_at_most(server: FrontServer, frames: list[bytes]) -> None:
    raw = exchange(server, HANDSHAKE + b"".join(frames), half_close=True)
    assert raw.startswith(b"HTTP/1.1 101 ")


def test_after_all_that_the_next_client_is_served(server: FrontServer) -> None:
    assert statuses(exchange(server, LAST_GET)) == [200]
