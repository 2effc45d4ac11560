"""Ending what another thread reads.

Closing a stream from outside does not wake its reader, or blocks the closer until the read
times out; shutting the socket down under it does wake it, at once, and leaves the closing
to the thread that owns the stream.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_requesting = threading.local()


class Cancellation:
    """One request that any thread may cut off, also before its connection is known.

    The thread that makes the request wraps the call in ``requesting()``; below it, whoever
    picks the connection attaches its socket. The requesting thread detaches before the
    connection can serve another request.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cancelled = False

    @property
    def is_cancelled(self) -> bool:
        return self._is_cancelled

    def cancel(self) -> None:
        """Wake the reader with an end of stream. From any thread, any number of times."""
        with self._lock:
            self._is_cancelled = True
            if self._socket is not None:
                shut_down(self._socket)

    def attach(self, sock: socket.socket) -> None:
        """Name the socket to shut down; does so at once when already cancelled."""
        with self._lock:
            self._socket = sock
            if self._is_cancelled:
                shut_down(sock)

    def detach(self) -> None:
        """The socket is no longer ours: from here on a cancel only marks."""
        with self._lock:
            self._socket = None

    def set_timeout(self, timeout_s: float) -> None:
        """Bound each further read of the attached socket. Requesting thread only."""
        with self._lock:
            if self._socket is not None:
                self._socket.settimeout(timeout_s)

    @contextmanager
    def requesting(self) -> Iterator[None]:
        """While inside, connections used by this thread belong to this request."""
        _requesting.cancellation = self
        try:
            yield
        finally:
            _requesting.cancellation = None


def attach_to_request(sock: socket.socket) -> None:
    """Called where a connection is chosen: tie it to the request that this thread is making, if any."""
    cancellation: Cancellation | None = getattr(_requesting, "cancellation", None)
    if cancellation is not None:
        cancellation.attach(sock)


def shut_down(sock: socket.socket) -> None:
    """End both directions of a socket without closing it; harmless when it has already ended."""
    try:
        # Not SSLSocket's own: it drops the TLS state first, and a reader would then take ciphertext for text.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return
