"""What answers at an address: a page, a WebSocket, somebody else, nobody."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.certificates import loopback_contexts
from support.raw_server import Peer, RawServer
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.reach import fetch, upgrade


@pytest.fixture
def nobody() -> str:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


def page(status: int, body: bytes, **headers: str) -> RawServer:
    def answer(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.respond(status, body, **headers)

    return RawServer(answer)


def test_any_status_is_an_answer(tls: ssl.SSLContext) -> None:
    with page(405, b'{"error":"no"}', date="Sun, 22 Nov 2026 13:00:00 GMT") as server:
        found = fetch(f"{server.url}/webhook/telnyx", tls)

    assert (found.status, found.body) == (405, b'{"error":"no"}')
    assert found.date == datetime(2026, 11, 22, 13, 0, tzinfo=UTC)


def test_headers_go_along(tls: ssl.SSLContext) -> None:
    seen: list[str] = []

    def answer(peer: Peer) -> None:
        request = peer.read_request()
        assert request is not None
        seen.append(request.headers["authorization"])
        peer.respond(200, b"")

    with RawServer(answer) as server:
        fetch(server.url, tls, {"Authorization": "Token clave"})
    assert seen == ["Token clave"]


@pytest.mark.parametrize("date", ["", "ayer", "Sun, 99 Nov 2026 13:00:00 GMT"])
def test_a_time_that_is_not_told_is_none(tls: ssl.SSLContext, date: str) -> None:
    with page(200, b"", date=date) as server:
        assert fetch(server.url, tls).date is None


def test_a_page_is_read_up_to_a_limit(tls: ssl.SSLContext) -> None:
    with page(200, b"x" * 200_000) as server:
        assert len(fetch(server.url, tls).body) == 64 * 1024


def test_nobody_there_is_told_by_the_first_cause(tls: ssl.SSLContext, nobody: str) -> None:
    with pytest.raises(ProviderError) as caught:
        fetch(f"http://{nobody}", tls)
    error = caught.value
    assert (error.provider, error.kind) == ("127.0.0.1", Failure.UNAVAILABLE)
    assert "refused" in error.message
    assert "HTTPConnectionPool" not in error.message


def test_a_certificate_that_nobody_vouches_for_is_told_as_such(tls: ssl.SSLContext, tmp_path: Path) -> None:
    server_tls, _ = loopback_contexts(tmp_path)
    with RawServer(lambda peer: None, server_tls) as server, pytest.raises(ProviderError) as caught:
        fetch(server.url, tls)
    assert "certificate" in caught.value.message


# --- WebSockets ---


def test_a_websocket_is_opened_and_closed_in_order(tls: ssl.SSLContext) -> None:
    seen: list[tuple[int, bytes] | None] = []

    def accept(peer: Peer) -> None:
        peer.accept_websocket()
        seen.append(peer.read_frame())

    with RawServer(accept) as server:
        upgrade(server.url.replace("http", "ws", 1) + "/stream/media", tls)
    assert [frame and frame[0] for frame in seen] == [8]


def test_a_page_where_a_websocket_should_be_gives_its_status(tls: ssl.SSLContext) -> None:
    with page(426, b"") as server, pytest.raises(ProviderError) as caught:
        upgrade(server.url.replace("http", "ws", 1), tls)
    assert caught.value.status == 426


def test_no_websocket_at_all_is_a_failure(tls: ssl.SSLContext, nobody: str) -> None:
    with pytest.raises(ProviderError) as caught:
        upgrade(f"ws://{nobody}/stream/media", tls)
    assert caught.value.kind is Failure.UNAVAILABLE


def test_a_handshake_that_never_ends_is_given_up(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telnyx_actors.providers.reach.TIMEOUT_S", 0.2)
    with RawServer(Peer.wait_for_end) as server, pytest.raises(ProviderError) as caught:
        upgrade(server.url.replace("http", "ws", 1), tls)
    assert caught.value.kind in (Failure.TIMEOUT, Failure.UNAVAILABLE)
