"""A front on a free port, and raw bytes to throw at it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import h11
import msgspec

from support.fake_engine import FakeEngine
from telnyx_actors.front.server import FrontServer
from telnyx_actors.front.settings import FrontLimits, FrontSettings

# Short waits, so that what must time out does so within a test.
QUICK = FrontLimits(request_read_s=0.3, keep_alive_s=0.5, reply_s=0.3, linger_s=0.2, stream_start_s=0.3)


@contextlib.contextmanager
def serving(engine: FakeEngine, limits: FrontLimits | None = None, **settings: Any) -> Iterator[FrontServer]:
    server = FrontServer(
        engine,
        FrontSettings(host="127.0.0.1", port=0, limits=limits or FrontLimits(), **settings),
    )
    server.start()
    try:
        yield server
    finally:
        assert server.stop(1.0), "the front's thread did not end"
        assert not any(thread.name == "front" for thread in threading.enumerate())


def connect(server: FrontServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=5)


def read_to_end(sock: socket.socket, *, limit_bytes: int = 4_000_000) -> bytes:
    """Everything until the server closes; a reset counts as its end."""
    received = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while chunk := sock.recv(65536):
            received += chunk
            assert len(received) < limit_bytes
    return bytes(received)


def exchange(server: FrontServer, data: bytes, *, half_close: bool = False) -> bytes:
    """Send bytes, read until the server closes."""
    with connect(server) as sock:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(data)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
        return read_to_end(sock)


def answers(raw: bytes, count: int = 1, method: str = "GET") -> list[tuple[int, dict[str, str], bytes]]:
    """The first ``count`` responses in raw bytes: status, headers, body."""
    client = h11.Connection(h11.CLIENT)
    found = []
    client.receive_data(raw)
    client.receive_data(b"")
    for _ in range(count):
        client.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        client.send(h11.EndOfMessage())
        response = client.next_event()
        while isinstance(response, h11.InformationalResponse):
            response = client.next_event()
        assert isinstance(response, h11.Response), response
        body = bytearray()
        while isinstance(event := client.next_event(), h11.Data):
            body += event.data
        headers = {name.decode(): value.decode("latin-1") for name, value in response.headers.raw_items()}
        found.append((response.status_code, headers, bytes(body)))
        if client.their_state is h11.DONE and client.our_state is h11.DONE:
            client.start_next_cycle()
    return found


def ask(server: FrontServer, data: bytes, method: str = "GET") -> tuple[int, dict[str, str], Any]:
    """One answer to raw bytes on a connection of their own, its body parsed."""
    status, headers, body = answers(exchange(server, data), method=method)[0]
    return status, headers, msgspec.json.decode(body) if body else None
