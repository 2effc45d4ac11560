"""HTTP connections: limits, time-outs, pipelines, and clients that misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from websockets.sync.client import connect as ws_connect

from support.fake_engine import FakeEngine, FakeGate, FakeSession, created
from support.front_client import QUICK, answers, ask, connect, exchange, read_to_end, serving
from telnyx_actors.errors import ConfigError
from telnyx_actors.front.ports import Answer, CallRequest, Reply
from telnyx_actors.front.server import FrontServer
from telnyx_actors.front.settings import FrontSettings

GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST_GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
BODY = b'{"telefono":"+573001234567","nombre":"Ana"}'


def post(body: bytes, *headers: bytes) -> bytes:
    lines = [
        b"POST /api/call/initiate HTTP/1.1",
        b"Host: localhost",
        b"Content-Type: application/json",
        *headers,
        b"Content-Length: %d" % len(body),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def server(engine: FakeEngine, request: pytest.FixtureRequest) -> Iterator[FrontServer]:
    with serving(engine, QUICK, use_uvloop=request.param) as server:
        yield server


def test_a_pipeline_is_answered_whole_and_in_order(server: FrontServer) -> None:
    raw = exchange(server, GET * 20 + post(BODY) + LAST_GET)
    assert [status for status, _, _ in answers(raw, 22)] == [200] * 20 + [201, 200]


def test_a_request_may_come_byte_by_byte(server: FrontServer) -> None:
    with connect(server) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in post(BODY, b"Connection: close"):
            sock.sendall(bytes([byte]))
        assert answers(read_to_end(sock))[0][0] == 201


def test_a_body_may_come_in_chunks(server: FrontServer) -> None:
    head = b"POST /api/call/initiate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    chunks = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n"
    assert ask(server, head + chunks % (BODY[:5], len(BODY) - 5, BODY[5:]))[0] == 201


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(server: FrontServer) -> None:
    with connect(server) as sock:
        head, _, body = post(BODY, b"Expect: 100-continue", b"Connection: close").partition(b"\r\n\r\n")
        sock.sendall(head + b"\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 100 ")
        sock.sendall(body)
        assert answers(read_to_end(sock))[0][0] == 201


def test_a_client_that_closes_its_half_still_gets_its_answer(server: FrontServer, engine: FakeEngine) -> None:
    timers: list[threading.Timer] = []

    def later(request: CallRequest, reply: Reply) -> None:
        timers.append(threading.Timer(0.1, reply, [Answer(201, created(request.telefono))]))
        timers[0].start()

    engine.on_initiate = later
    assert answers(exchange(server, post(BODY), half_close=True))[0][0] == 201
    timers[0].join()


def test_a_client_that_goes_before_its_answer_takes_nobody_along(server: FrontServer, engine: FakeEngine) -> None:
    asked = threading.Event()
    replies: list[Reply] = []

    def keep(_request: CallRequest, reply: Reply) -> None:
        replies.append(reply)
        asked.set()

    engine.on_initiate = keep
    with connect(server) as sock:
        sock.sendall(post(BODY))
        assert asked.wait(5)
    replies[0](Answer(201, {}))
    assert ask(server, LAST_GET)[0] == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 400),
        (b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", 400),
        (b"GET /health?" + b"&".join(b"a=1" for _ in range(99)) + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Endless: " + b"a" * 70_000, 431),
        (b"POST /webhook/telnyx HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
def test_what_is_not_http_or_beyond_the_limits_is_refused_in_json(
    server: FrontServer, data: bytes, status: int
) -> None:
    got, headers, body = ask(server, data)
    assert got == status
    assert headers["Connection"] == "close"
    assert set(body) == {"error", "message"}


def test_a_chunked_body_has_the_same_limit(server: FrontServer) -> None:
    head = b"POST /webhook/telnyx HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert ask(server, head + (b"ffff\r\n" + b"a" * 0xFFFF + b"\r\n") * 5)[0] == 413


def test_a_refused_upload_can_read_why_although_it_goes_on_sending(server: FrontServer) -> None:
    head = b"POST /webhook/telnyx HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"
    assert ask(server, head + b"a" * 3_000_000)[0] == 413


def test_a_request_that_trickles_is_timed_out(server: FrontServer) -> None:
    status, _, body = ask(server, b"POST /webhook/telnyx HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    assert (status, body["error"]) == (408, "request_timeout")


@pytest.mark.parametrize("data", [b"", GET])
def test_a_connection_that_says_nothing_is_closed_without_a_word(server: FrontServer, data: bytes) -> None:
    raw = exchange(server, data)
    assert raw.count(b"HTTP/1.1") == (1 if data else 0)


def test_http_1_0_is_answered_and_closed(server: FrontServer) -> None:
    assert answers(exchange(server, b"GET /health HTTP/1.0\r\n\r\n"))[0][0] == 200


def test_too_many_connections_are_refused_and_there_is_room_again_when_some_leave(engine: FakeEngine) -> None:
    with serving(engine, replace(QUICK, connections_max=2, keep_alive_s=30)) as server:
        kept = [connect(server) for _ in range(2)]
        for sock in kept:
            sock.sendall(GET)
            assert sock.recv(4096).startswith(b"HTTP/1.1 200")
        status, headers, body = ask(server, b"")
        assert (status, body["error"]) == (503, "busy")
        assert headers["Retry-After"]
        for sock in kept:
            sock.close()
        while server.counters.connections_open:
            threading.Event().wait(0.005)
        assert ask(server, LAST_GET)[0] == 200
        assert server.counters.connections_refused == {"too_many": 1}


def test_a_flood_beyond_the_refusals_is_cut(engine: FakeEngine) -> None:
    with serving(engine, replace(QUICK, connections_max=1, request_read_s=30, linger_s=30)) as server:
        kept = [connect(server) for _ in range(2)]
        assert kept[1].recv(4096).startswith(b"HTTP/1.1 503")
        assert exchange(server, b"") == b""
        for sock in kept:
            sock.close()


def test_a_big_answer_reaches_a_slow_reader_whole(engine: FakeEngine) -> None:
    engine.live_calls = {str(n): {"call_control_id": f"v3:{n}", "filler": "x" * 1000} for n in range(3000)}
    with serving(engine, replace(QUICK, reply_s=5)) as server, socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        sock.settimeout(10)
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(b"GET /api/calls HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        status, headers, body = answers(read_to_end(sock))[0]
        assert (status, len(body)) == (200, int(headers["Content-Length"]))


def test_a_pipeline_that_reads_no_answers_is_cut(engine: FakeEngine) -> None:
    engine.live_calls = {str(n): {"filler": "x" * 1000} for n in range(1000)}
    with serving(engine, QUICK) as server, connect(server) as sock:
        sock.sendall(b"GET /api/calls HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        while not server.counters.connections_open:
            threading.Event().wait(0.005)
        while server.counters.connections_open:
            threading.Event().wait(0.005)
        assert sum(server.counters.requests.values()) < 100


def test_stopping_answers_what_is_being_answered_and_closes_the_rest(engine: FakeEngine) -> None:
    replies: list[Reply] = []
    asked = threading.Event()

    def keep(_request: CallRequest, reply: Reply) -> None:
        replies.append(reply)
        asked.set()

    engine.on_initiate = keep
    with serving(engine, replace(QUICK, reply_s=30, keep_alive_s=30)) as server:
        busy, idle = connect(server), connect(server)
        idle.sendall(GET)
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        busy.sendall(post(BODY))
        assert asked.wait(5)
        stopper = threading.Thread(target=server.stop, args=[5.0])
        stopper.start()
        assert idle.recv(4096) == b""
        idle.close()
        replies[0](Answer(201, {"status": "initiated"}))
        status, headers, _ = answers(read_to_end(busy))[0]
        assert (status, headers["Connection"]) == (201, "close")
        busy.close()
        stopper.join()
        assert not server.is_alive


def test_a_port_that_is_taken_is_said_so(server: FrontServer, engine: FakeEngine) -> None:
    second = FrontServer(engine, FrontSettings(host="127.0.0.1", port=server.port))
    with pytest.raises(ConfigError, match=f"PORT.*{server.port}.*ya está en uso"):
        second.start()
    assert second.stop(1.0)


def test_a_host_that_is_not_here_is_said_so(engine: FakeEngine) -> None:
    with pytest.raises(ConfigError, match=r"HOST/PORT.*192\.0\.2\.1"):
        FrontServer(engine, FrontSettings(host="192.0.2.1", port=0)).start()


def test_a_public_key_that_is_none_is_said_so(engine: FakeEngine) -> None:
    with pytest.raises(ConfigError, match="TELNYX_PUBLIC_KEY"):
        FrontServer(engine, FrontSettings(telnyx_public_key="nope"))


def test_the_lag_shows_a_blocked_thread(engine: FakeEngine) -> None:
    def spin(_request: CallRequest, reply: Reply) -> None:
        threading.Event().wait(0.2)
        reply(Answer(201, {}))

    engine.on_initiate = spin
    with serving(engine) as server:
        assert ask(server, post(BODY, b"Connection: close"))[0] == 201
        assert ask(server, LAST_GET)[0] == 200
        deadline = threading.Event()
        while server.lag_ms < 100:
            assert not deadline.wait(0.01)
        assert server.lag_ms < 5000


@pytest.mark.parametrize("use_uvloop", [True, False], ids=["uvloop", "asyncio"])
def test_a_thread_that_dies_says_so_cuts_its_calls_and_leaves_the_port_to_a_successor(use_uvloop: bool) -> None:
    died, session = threading.Event(), FakeSession()
    engine = FakeEngine(media=FakeGate({"s3cret": session}))
    settings = FrontSettings(host="127.0.0.1", port=0, use_uvloop=use_uvloop)
    server = FrontServer(engine, settings, lambda _error: died.set())
    server.start()

    def die() -> None:
        raise SystemExit

    with ws_connect(f"ws://127.0.0.1:{server.port}/stream/media?secret=s3cret", open_timeout=5) as stream:
        stream.send('{"event":"start","start":{"call_control_id":"v3:abc"}}')
        assert session.next()[0] == "started"
        server._loop.call_soon_threadsafe(die)
        assert died.wait(5)
        assert session.next()[0] == "closed"
    assert server.stop(1.0)
    successor = FrontServer(engine, replace(settings, port=server.port))
    successor.start()
    assert ask(successor, LAST_GET)[0] == 200
    assert successor.stop(1.0)
