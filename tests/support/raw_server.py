"""A server on loopback that does exactly what a test says, byte by byte, also what no real server should."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

WAIT_S = 5.0
_WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True)
class HttpRequest:
    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        value: dict[str, object] = json.loads(self.body)
        return value


class Peer:
    """The server's end of one connection, used by its script."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = sock
        self.number = number
        self._buffer = b""

    # --- HTTP ---

    def read_request(self) -> HttpRequest | None:
        """None when the client has closed."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._fill():
                return None
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        size = int(headers.get("content-length", "0"))
        while len(self._buffer) < size:
            if not self._fill():
                return None
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        method, target, _ = first.split(" ", 2)
        return HttpRequest(method, target, headers, body)

    def respond(self, status: int, body: bytes | str = b"", **headers: str) -> None:
        """A whole response of known length. Header names with ``_`` for ``-``."""
        data = body.encode() if isinstance(body, str) else body
        self.send(head(status, content_length=str(len(data)), **headers) + data)

    def respond_chunked(self, pieces: Iterable[bytes], status: int = 200, **headers: str) -> None:
        self.send(head(status, transfer_encoding="chunked", **headers))
        for piece in pieces:
            self.send(chunk(piece))
        self.send(b"0\r\n\r\n")

    # --- WebSocket ---

    def accept_websocket(self) -> HttpRequest:
        request = self.read_request()
        assert request is not None
        key = request.headers["sec-websocket-key"] + _WEBSOCKET_GUID
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send(head(101, upgrade="websocket", connection="Upgrade", sec_websocket_accept=accept))
        return request

    def send_text(self, text: str | dict[str, object]) -> None:
        self.send(frame(1, (text if isinstance(text, str) else json.dumps(text)).encode()))

    def read_frame(self) -> tuple[int, bytes] | None:
        """Opcode and payload; None when the client has gone."""
        start = self._take(2)
        if start is None:
            return None
        size = start[1] & 0x7F
        if size >= 126:
            extended = self._take(2 if size == 126 else 8)
            assert extended is not None
            size = int.from_bytes(extended, "big")
        rest = self._take(4 + size)
        assert rest is not None
        mask, payload = rest[:4], rest[4:]
        return start[0] & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))

    # --- any ---

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """Close with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_for_end(self) -> None:
        """Block until the client ends the connection; what it still sends is thrown away."""
        while self._fill():
            self._buffer = b""

    def _take(self, size: int) -> bytes | None:
        while len(self._buffer) < size:
            if not self._fill():
                return None
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _fill(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except (ConnectionError, TimeoutError, OSError):
            return False
        self._buffer += data
        return bool(data)


class RawServer:
    """Runs ``script`` for every connection in a thread of its own; a script's failure fails the test."""

    def __init__(self, script: Callable[[Peer], None], tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._peers: list[Peer] = []
        self._failures: list[AssertionError] = []
        self._acceptor = threading.Thread(target=self._accept, name="raw-server")

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def connections(self) -> int:
        return len(self._threads)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Linux wakes an accept by shutting the listener down; elsewhere a connection does it.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            socket.create_connection(self._listener.getsockname()[:2], WAIT_S).close()
        self._acceptor.join(WAIT_S)
        self._listener.close()
        for peer in self._peers:
            try:
                peer.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(WAIT_S)
        if error is None and self._failures:
            raise self._failures[0]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            number = len(self._threads)
            thread = threading.Thread(target=self._serve, args=(sock, number), name=f"raw-server-{number}")
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            sock.settimeout(WAIT_S)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            with sock:
                peer = Peer(sock, number)
                self._peers.append(peer)
                self._script(peer)
        except TimeoutError:
            raise
        except OSError:  # the client has gone (ENOTCONN is not among the ConnectionErrors)
            sock.close()
        except AssertionError as error:
            sock.close()
            self._failures.append(error)


def head(status: int, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def frame(opcode: int, payload: bytes, *, is_final: bool = True) -> bytes:
    """An unmasked WebSocket frame, as servers send them."""
    first = bytes([(0x80 if is_final else 0) | opcode])
    if len(payload) < 126:
        return first + bytes([len(payload)]) + payload
    if len(payload) < 65536:
        return first + b"\x7e" + struct.pack("!H", len(payload)) + payload
    return first + b"\x7f" + struct.pack("!Q", len(payload)) + payload


def close_frame(code: int, reason: str) -> bytes:
    return frame(8, struct.pack("!H", code) + reason.encode())


def streaming(content_type: str, *pieces: bytes, requests: list[HttpRequest] | None = None) -> Callable[[Peer], None]:
    """A script that answers every request with these pieces, and keeps the requests where they are wanted."""

    def script(peer: Peer) -> None:
        while request := peer.read_request():
            if requests is not None:
                requests.append(request)
            peer.respond_chunked(pieces, content_type=content_type)

    return script


def failing(status: int, body: str, **headers: str) -> Callable[[Peer], None]:
    """A vendor that answers every request with this error."""

    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.respond(status, body, content_type="application/json", **headers)

    return script
