"""A WebSocket that one thread reads while others write, also under TLS."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from typing import Final
from urllib.parse import urlsplit

import websocket
from loguru import logger

from telnyx_actors.providers.cancellation import shut_down

_RECEIVE_BYTES: Final = 4096
_Selector: Final = getattr(selectors, "PollSelector", selectors.SelectSelector)


class DuplexSocket:
    """What websocket-client needs of a socket, safe for one reader and one writer at once.

    OpenSSL allows no two threads inside one connection, and a read that waits would lock the
    writer out: so every call into the socket is non-blocking and under a lock, and the waiting
    is done outside. What arrives is buffered, as websocket-client reads a frame in three calls.
    """

    def __init__(self, sock: socket.socket, timeout_s: float, max_message_bytes: int) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._timeout_s: float | None = timeout_s
        self._max_message_bytes = max_message_bytes
        self._lock = threading.Lock()
        self._buffer = b""
        self._taken = 0
        self._message_bytes = 0

    # --- reader's thread ---

    def recv(self, size: int) -> bytes:
        """Up to ``size`` bytes, ``b""`` at the end. Raises ``TimeoutError``, or ``OSError`` past the message limit."""
        if self._taken == len(self._buffer):
            self._buffer, self._taken = self._receive(), 0
        piece = self._buffer[self._taken : self._taken + size]
        self._taken += len(piece)
        self._message_bytes += len(piece)
        if self._message_bytes > self._max_message_bytes:
            raise OSError(f"a message of more than {self._max_message_bytes} bytes")
        return piece

    def begin_message(self) -> None:
        """Count towards the message limit anew."""
        self._message_bytes = 0

    def _receive(self) -> bytes:
        while True:
            try:
                with self._lock:
                    return self._sock.recv(_RECEIVE_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                self._wait(selectors.EVENT_WRITE)

    # --- any thread, one at a time (websocket-client locks) ---

    def send(self, data: bytes) -> int:
        """Send some of it, returns how much. Raises ``TimeoutError`` when the peer reads nothing."""
        while True:
            try:
                with self._lock:
                    return self._sock.send(data)
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wait(selectors.EVENT_WRITE)
            except ssl.SSLWantReadError:
                self._wait(selectors.EVENT_READ)

    def _wait(self, event: int) -> None:
        with _Selector() as selector:
            selector.register(self._sock, event)
            if not selector.select(self._timeout_s):
                raise TimeoutError("timed out")

    # --- any thread ---

    def shutdown(self, how: int = socket.SHUT_RDWR) -> None:
        """End both directions, whatever is asked for: wakes who waits."""
        shut_down(self._sock)

    def close(self) -> None:
        self._sock.close()

    def fileno(self) -> int:
        return self._sock.fileno()

    def gettimeout(self) -> float | None:
        return self._timeout_s

    def settimeout(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s

    @property
    def _closed(self) -> bool:
        # websocket-client asks by this name before it closes.
        return self._sock.fileno() == -1


class _WebSocket(websocket.WebSocket):
    def send_close(self, status: int = websocket.STATUS_NORMAL, reason: str | bytes = b"") -> None:
        """A peer that closes may already be gone; failing to answer must not hide why it closed."""
        try:
            super().send_close(status, reason)
        except (OSError, websocket.WebSocketException) as error:
            logger.debug("WebSocket close could not be answered: {!r}", error)


def open_websocket(
    url: str,
    headers: dict[str, str],
    tls: ssl.SSLContext,
    *,
    connect_timeout_s: float,
    io_timeout_s: float,
    max_message_bytes: int,
) -> tuple[websocket.WebSocket, DuplexSocket]:
    """Connect and shake hands, all of it within about twice ``connect_timeout_s``; no proxies, no redirects.

    ``io_timeout_s`` then bounds each read (which may be repeated) and each write (which may not).
    Raises what websocket-client and sockets raise.
    """
    sock = _connect(url, tls, connect_timeout_s)
    line = DuplexSocket(sock, connect_timeout_s, max_message_bytes)
    # A peer that sends one byte now and then would never run into the timeout of a read.
    deadline = threading.Timer(connect_timeout_s, line.shutdown)
    deadline.daemon = True
    deadline.start()
    try:
        # Text is decoded strictly where it is parsed; the library's own check costs 130-3000 us a message.
        # With a socket given, the library connects nowhere itself, so no proxy variable can hijack it.
        ws = websocket.create_connection(
            url,
            class_=_WebSocket,
            header=headers,
            socket=line,
            redirect_limit=0,
            suppress_origin=True,
            skip_utf8_validation=True,
        )
    except BaseException:
        line.close()
        raise
    finally:
        deadline.cancel()
    line.settimeout(io_timeout_s)
    return ws, line


def _connect(url: str, tls: ssl.SSLContext, timeout_s: float) -> socket.socket:
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_secure = parts.scheme == "wss"
    sock = socket.create_connection((host, parts.port or (443 if is_secure else 80)), timeout_s)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return tls.wrap_socket(sock, server_hostname=host) if is_secure else sock
    except BaseException:
        sock.close()
        raise
