"""The media socket, over real sockets, with a client of the websockets library."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as ws_connect

from support.fake_engine import FakeEngine, FakeGate, FakeSession
from support.front_client import QUICK, answers, connect, serving
from telnyx_actors.front.server import FrontServer
from telnyx_actors.front.settings import FrontLimits
from telnyx_actors.wire.telnyx_media import Dtmf, Media, StreamError, encode_media

PATIENT = replace(QUICK, stream_start_s=5.0)
HANDSHAKE = (
    b"GET /stream/media%s HTTP/1.1\r\nHost: localhost:3000\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def engine(session: FakeSession) -> FakeEngine:
    return FakeEngine(media=FakeGate({"s3cret": session}))


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def server(engine: FakeEngine, request: pytest.FixtureRequest) -> Iterator[FrontServer]:
    with serving(engine, PATIENT, use_uvloop=request.param) as server:
        yield server


def stream(server: FrontServer, query: str = "?secret=s3cret", **options: Any) -> ClientConnection:
    client: ClientConnection = ws_connect(
        f"ws://127.0.0.1:{server.port}/stream/media{query}", open_timeout=5, **options
    )
    return client


def say(client: ClientConnection, event: str, **fields: Any) -> None:
    client.send(json.dumps({"event": event, **fields}))


def start(client: ClientConnection, call_control_id: str = "v3:abc") -> None:
    say(client, "connected", version="1.0.0")
    media_format = {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}
    body = {"call_control_id": call_control_id, "media_format": media_format}
    say(client, "start", stream_id="s", start=body)


def media(chunk: int, payload: bytes = b"\xff" * 160) -> dict[str, Any]:
    body = base64.b64encode(payload).decode()
    return {"track": "inbound", "chunk": str(chunk), "timestamp": str(chunk * 160), "payload": body}


def closed_with(client: ClientConnection, timeout_s: float = 5.0) -> int:
    """The code of the close frame behind whatever else comes first."""
    try:
        while True:
            client.recv(timeout=timeout_s)
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return closed.rcvd.code


def test_the_curl_of_the_checklist_sees_101_and_its_accept_key(server: FrontServer) -> None:
    with connect(server) as sock:
        sock.sendall(HANDSHAKE % b"")
        answer = sock.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n" in answer


@pytest.mark.parametrize("by_header", [False, True])
def test_a_call_streams_both_ways_until_it_stops(server: FrontServer, session: FakeSession, by_header: bool) -> None:
    secret: dict[str, Any] = {"query": "?secret=s3cret"}
    if by_header:
        secret = {"query": "", "additional_headers": {"x-telnyx-streaming-auth-token": "s3cret"}}
    with stream(server, **secret) as client:
        start(client)
        assert session.next()[0] == "started"
        assert session.sink is not None
        say(client, "media", media=media(1))
        say(client, "dtmf", occurred_at="t", dtmf={"digit": "5"})
        say(client, "error", payload={"code": 100004, "title": "invalid_media", "detail": "x"})
        say(client, "novelty")
        say(client, "mark", mark={"name": "m1"})
        assert session.next() == ("media", Media("inbound", 1, 160, b"\xff" * 160))
        assert session.next() == ("dtmf", Dtmf("5", "t"))
        assert session.next() == ("error", StreamError(100004, "invalid_media", "x"))
        assert session.next() == ("mark", "m1")
        assert session.sink.send([encode_media(b"a"), "dos", "ñandú"])
        assert [client.recv(timeout=5) for _ in range(3)] == [encode_media(b"a"), "dos", "ñandú"]
        say(client, "stop", stop={})
        client.close()
        assert session.next() == ("stopped",)
        assert session.next() == ("closed", True, 1000, "")
        assert not session.sink.send(["late"])
    assert server.counters.streams_open == 0
    assert server.counters.media_frames_in == 1
    assert server.counters.messages_out == 3
    assert server.counters.frames_unknown == 1


def test_frames_sent_right_behind_the_handshake_are_not_lost(server: FrontServer, session: FakeSession) -> None:
    text = json.dumps({"event": "start", "start": {"call_control_id": "v3:abc"}}).encode()
    frame = bytes([0x81, 0x80 | len(text)]) + bytes(4) + text  # masked with zeros
    with connect(server) as sock:
        sock.sendall(HANDSHAKE % b"?secret=s3cret" + frame)
        assert session.next()[0] == "started"


def test_a_message_in_fragments_is_one_frame(server: FrontServer, session: FakeSession) -> None:
    with stream(server) as client:
        start(client)
        text = json.dumps({"event": "mark", "mark": {"name": "m1"}})
        client.send(iter([text[:9], text[9:20], text[20:]]))
        assert session.next()[0] == "started"
        assert session.next() == ("mark", "m1")


@pytest.mark.parametrize(
    ("query", "call_control_id"),
    [("", "v3:abc"), ("?secret=", "v3:abc"), ("?secret=wrong", "v3:abc"), ("?secret=s3cret", "other")],
)
def test_a_start_that_is_not_admitted_is_closed_with_1008(
    server: FrontServer, session: FakeSession, query: str, call_control_id: str
) -> None:
    with stream(server, query) as client:
        start(client, call_control_id)
        assert closed_with(client) == 1008
    assert server.counters.streams_refused == {"not_admitted": 1}
    assert session.events.empty()


def test_a_stranger_that_says_nothing_is_closed_with_1008(engine: FakeEngine) -> None:
    with serving(engine, QUICK) as server, stream(server, "?secret=wrong") as client:
        say(client, "connected")
        assert closed_with(client) == 1008
        assert server.counters.streams_refused == {"no_start": 1}


def test_a_socket_that_a_call_waits_for_may_be_silent_while_the_phone_rings(
    engine: FakeEngine, session: FakeSession
) -> None:
    with serving(engine, replace(QUICK, stream_start_s=0.05)) as server, stream(server) as client:
        say(client, "connected")
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.2)
        start(client)
        assert session.next()[0] == "started"


def test_an_end_before_the_answer_is_nobodys_error(server: FrontServer, session: FakeSession) -> None:
    with connect(server) as sock:
        sock.sendall(HANDSHAKE % b"?secret=s3cret")
        assert sock.recv(4096).startswith(b"HTTP/1.1 101")
    while server.counters.streams_open:
        threading.Event().wait(0.005)
    assert session.events.empty()
    assert server.counters.errors == 0
    assert not server.counters.streams_refused


def test_an_abrupt_end_is_told_to_the_call(server: FrontServer, session: FakeSession) -> None:
    with stream(server) as client:
        start(client)
        assert session.next()[0] == "started"
        client.socket.shutdown(socket.SHUT_RDWR)
        kind, is_own, code, _ = session.next()
    assert (kind, is_own, code) == ("closed", True, 1006)


def test_a_second_socket_of_a_call_is_a_new_start(server: FrontServer, session: FakeSession) -> None:
    with stream(server) as first, stream(server) as second:
        start(first)
        assert session.next()[0] == "started"
        start(second)
        assert session.next()[0] == "started"
        first.close()
        assert session.next() == ("closed", False, 1000, "")


def test_garbage_is_dropped_and_the_call_goes_on(server: FrontServer, session: FakeSession) -> None:
    with stream(server) as client:
        start(client)
        assert session.next()[0] == "started"
        garbage: list[str | bytes] = ["", "null", "{", '{"event":"media"}', "[" * 50_000, b"\x00\x01", b""]
        for rubbish in garbage:
            client.send(rubbish)
        start(client)  # a stream starts once
        say(client, "media", media=media(7))
        assert session.next()[1].chunk == 7
        assert server.counters.frames_garbage == len(garbage) + 1


def test_nothing_but_garbage_is_closed(engine: FakeEngine, session: FakeSession) -> None:
    with serving(engine, replace(PATIENT, garbage_frames_max=5)) as server, stream(server) as client:
        start(client)
        for _ in range(4):
            client.send("garbage")
        say(client, "media", media=media(1))
        for _ in range(5):
            client.send("garbage")
        assert closed_with(client) == 1007
        assert [session.next()[0] for _ in range(3)] == ["started", "media", "closed"]


def test_a_frame_beyond_the_limit_is_closed_with_1009(engine: FakeEngine) -> None:
    with serving(engine, replace(PATIENT, frame_bytes_max=1000)) as server, stream(server) as client:
        client.send("x" * 1001)
        assert closed_with(client) == 1009


@pytest.mark.parametrize("junk", [b"\xff" * 7, b"\x81\x01a", b"\x83\x80\x00\x00\x00\x00", b"GET /"])
def test_bytes_that_are_no_websocket_end_the_socket_alone(server: FrontServer, junk: bytes) -> None:
    with connect(server) as sock:
        sock.sendall(HANDSHAKE % b"")
        assert sock.recv(4096).startswith(b"HTTP/1.1 101")
        sock.sendall(junk)
        assert sock.recv(4096)[0] == 0x88  # a close frame
    while server.counters.streams_open:
        threading.Event().wait(0.005)
    assert server.counters.errors == 0


@pytest.mark.parametrize(
    "broken",
    [
        HANDSHAKE.replace(b"Version: 13", b"Version: 8"),
        HANDSHAKE.replace(b"x3JJHMbDL1EzLkh9GBhXDw==", b"short"),
        HANDSHAKE.replace(b"Connection: Upgrade\r\n", b""),
    ],
)
def test_a_broken_handshake_is_answered_in_json(server: FrontServer, broken: bytes) -> None:
    with connect(server) as sock:
        sock.sendall(broken % b"")
        status, _, body = answers(sock.recv(4096))[0]
    assert (status, json.loads(body)["error"]) == (400, "bad_handshake")
    assert server.counters.streams_total == 0


def test_strangers_waiting_at_the_door_are_limited_and_keep_no_call_out(
    engine: FakeEngine, session: FakeSession
) -> None:
    with serving(engine, replace(PATIENT, pending_streams_max=1)) as server:
        with stream(server, ""), stream(server) as ours:
            with connect(server) as sock:
                sock.sendall(HANDSHAKE % b"?secret=wrong")
                assert answers(sock.recv(4096))[0][0] == 503
            start(ours)
            assert session.next()[0] == "started"
        assert server.counters.streams_refused == {"too_many_pending": 1}


def test_calls_that_ring_take_no_strangers_place(engine: FakeEngine) -> None:
    with serving(engine, replace(PATIENT, pending_streams_max=1)) as server, stream(server), stream(server, ""):
        assert not server.counters.streams_refused


def reading_nothing(server: FrontServer) -> socket.socket:
    """A peer with a small window that never reads after its handshake."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(5)
    sock.connect(("127.0.0.1", server.port))
    sock.sendall(HANDSHAKE % b"?secret=s3cret")
    assert sock.recv(4096).startswith(b"HTTP/1.1 101")
    text = json.dumps({"event": "start", "start": {"call_control_id": "v3:abc"}}).encode()
    sock.sendall(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text)
    return sock


def test_a_peer_that_reads_nothing_has_a_bounded_buffer_and_a_deadline(
    engine: FakeEngine, session: FakeSession
) -> None:
    limits: FrontLimits = replace(PATIENT, send_buffer_bytes_max=500_000, send_stall_s=0.3)
    with serving(engine, limits) as server, reading_nothing(server):
        assert session.next()[0] == "started"
        assert session.sink is not None
        while session.events.empty():
            session.sink.send(["x" * 50_000])
        kind, is_own, code, reason = session.next()
        assert (kind, is_own, code, reason) == ("closed", True, 1006, "peer reads nothing")
        assert server.counters.sinks_stalled == 1
        assert server.counters.sinks_full > 0
        assert not session.sink.send(["y"])


def test_a_stream_that_brings_no_frames_any_more_is_cut(engine: FakeEngine, session: FakeSession) -> None:
    with serving(engine, replace(PATIENT, stream_mute_s=0.1)) as server, stream(server) as client:
        start(client)
        assert session.next()[0] == "started"
        say(client, "media", media={"track": "inbound", "chunk": "1", "timestamp": "0", "payload": "/////w=="})
        assert session.next()[0] == "media"
        kind, is_own, code, reason = session.next()
        assert (kind, is_own, code, reason) == ("closed", True, 1006, "no frames")
        assert server.counters.sockets_half_open == 1


def test_a_slow_peer_that_reads_gets_everything_in_order(engine: FakeEngine, session: FakeSession) -> None:
    limits = replace(PATIENT, send_buffer_bytes_max=10_000_000, send_stall_s=0.5)
    with serving(engine, limits) as server, stream(server, max_queue=1) as client:
        start(client)
        assert session.next()[0] == "started"
        assert session.sink is not None
        sender = threading.Thread(
            target=lambda: [session.sink and session.sink.send([f"{n}:" + "x" * 20_000]) for n in range(200)]
        )
        sender.start()
        got = [str(client.recv(timeout=5)).partition(":")[0] for _ in range(200)]
        sender.join()
        assert got == [str(n) for n in range(200)]
        assert server.counters.sinks_stalled == 0


def test_many_threads_may_send_at_once_and_no_message_is_lost_or_torn(
    server: FrontServer, session: FakeSession
) -> None:
    with stream(server, max_queue=None) as client:
        start(client)
        assert session.next()[0] == "started"
        sink = session.sink
        assert sink is not None
        senders = [
            threading.Thread(target=lambda who=who: [sink.send([f"{who}:{n}:a", f"{who}:{n}:b"]) for n in range(200)])
            for who in range(4)
        ]
        for sender in senders:
            sender.start()
        got = [str(client.recv(timeout=5)) for _ in range(1600)]
        for sender in senders:
            sender.join()
    for who in range(4):
        own = [text for text in got if text.startswith(f"{who}:")]
        assert own == [f"{who}:{n}:{part}" for n in range(200) for part in "ab"]
    assert all(got[at][:-1] == got[at + 1][:-1] for at in range(0, len(got), 2))


def test_the_call_may_close_its_socket(server: FrontServer, session: FakeSession) -> None:
    with stream(server) as client:
        start(client)
        assert session.next()[0] == "started"
        assert session.sink is not None
        session.sink.send(["last words"])
        session.sink.close(1000, "adiós")
        assert client.recv(timeout=5) == "last words"
        assert closed_with(client) == 1000
        assert session.next() == ("closed", True, 1000, "adiós")


def test_a_peer_that_answers_no_ping_is_cut_and_one_that_does_is_not(engine: FakeEngine, session: FakeSession) -> None:
    with serving(engine, replace(PATIENT, ping_interval_s=0.1)) as server:
        with stream(server) as alive, reading_nothing(server):
            assert session.next()[0] == "started"
            assert session.next() == ("closed", True, 1006, "peer is silent")
            alive.send("{}")
            assert alive.ping().wait(5)
        assert server.counters.sockets_half_open == 1


def test_a_bug_in_a_call_costs_its_socket_and_nothing_else(server: FrontServer, session: FakeSession) -> None:
    def broken(_media: Media) -> None:
        raise RuntimeError("boom")

    session.on_media = broken
    with stream(server) as client:
        start(client)
        assert session.next()[0] == "started"
        say(client, "media", media=media(1))
        assert session.next()[:2] == ("closed", True)
    with stream(server) as again:
        start(again)
        assert session.next()[0] == "started"
    assert server.counters.errors == 1


def test_stopping_says_goodbye_to_the_sockets(engine: FakeEngine, session: FakeSession) -> None:
    with serving(engine) as server, stream(server) as client:
        start(client)
        assert session.next()[0] == "started"
        assert server.stop(5.0)
        assert closed_with(client) == 1001
        assert session.next() == ("closed", True, 1001, "server stopping")
