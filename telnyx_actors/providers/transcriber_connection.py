"""One WebSocket to a transcriber: opening it, its end, and what went wrong, in our words."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import websocket

from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.duplex import DuplexSocket, open_websocket
from telnyx_actors.providers.http import reason_of
from telnyx_actors.wire.transcriber import MAX_MESSAGE_BYTES

_CLOSED_BY_POLICY: Final = 1008
_LOST: Final = (websocket.WebSocketException, OSError)


class Refusal(Protocol):
    """Reads an answer other than the one that was asked for. ``otherwise``: the reason where the vendor gives none."""

    def __call__(self, status: int, headers: Mapping[str, str], body: bytes, otherwise: str) -> ProviderError: ...


@dataclass(frozen=True, slots=True)
class Door:
    """Where a transcriber listens, and what it wants to see. ``headers`` hold the key."""

    provider: str
    headers: dict[str, str] = field(repr=False)
    refusal: Refusal
    connect_timeout_s: float
    send_timeout_s: float

    def open(self, url: str, tls: ssl.SSLContext) -> TranscriberConnection:
        """Blocks for the handshake. Raises ``ProviderError`` with the vendor's reason when refused."""
        try:
            ws, line = open_websocket(
                url,
                self.headers,
                tls,
                connect_timeout_s=self.connect_timeout_s,
                io_timeout_s=self.send_timeout_s,
                max_message_bytes=MAX_MESSAGE_BYTES,
            )
        except websocket.WebSocketBadStatusException as error:
            headers, body, said = error.resp_headers or {}, error.resp_body or b"", error.status_message or "refused"
            raise self.refusal(error.status_code, headers, body, said) from None
        except (websocket.WebSocketTimeoutException, TimeoutError) as error:
            raise ProviderError(self.provider, Failure.TIMEOUT, "no handshake in time") from error
        except (*_LOST, ValueError) as error:
            raise _lost(self.provider, error) from error
        return TranscriberConnection(self.provider, ws, line)


class TranscriberConnection:
    """A WebSocket and its end: who closes it, when, and why it was lost."""

    def __init__(self, provider: str, ws: websocket.WebSocket, line: DuplexSocket) -> None:
        self.provider = provider
        self._ws = ws
        self._line = line
        self._lock = threading.Lock()
        self._is_ended = False
        self._is_read = False
        self.is_closing = False
        self.pongs = 0

    def send(self, payload: bytes | str) -> None:
        self._write(payload, websocket.ABNF.OPCODE_BINARY if isinstance(payload, bytes) else websocket.ABNF.OPCODE_TEXT)

    def ping(self) -> None:
        """Whatever lives at the other end answers, and ``pongs`` counts it."""
        self._write(b"", websocket.ABNF.OPCODE_PING)

    def _write(self, payload: bytes | str, opcode: int) -> None:
        with self._lock:
            if self.is_closing or self._is_ended:
                raise ProviderError(self.provider, Failure.UNAVAILABLE, "the connection is closed")
            try:
                self._ws.send(payload, opcode)
            except _LOST as error:
                # Half a frame may be on the wire: nothing after it would be understood.
                self._line.shutdown()
                raise _lost(self.provider, error) from error

    def messages(self) -> Generator[bytes, None, None]:
        """Text messages until closed (ends) or lost (raises). The reading thread owns the descriptor."""
        with self._lock:
            if self._is_ended:
                return
            self._is_read = True
        try:
            while not self.is_closing:
                message = self.receive()
                if message is not None:
                    yield message
        finally:
            self._end()

    def receive(self) -> bytes | None:
        """The next text message; None where there was none, for a while or for good (``is_closing``)."""
        self._line.begin_message()
        try:
            opcode, data = self._ws.recv_data(control_frame=True)
        except websocket.WebSocketTimeoutException:
            # Silence is normal. The library keeps a frame that is half there, and goes on with it.
            return None
        except _LOST as error:
            if self.is_closing:
                return None
            raise _lost(self.provider, error) from error
        if opcode == websocket.ABNF.OPCODE_CLOSE and not self.is_closing:
            raise _closed(self.provider, bytes(data))
        self.pongs += opcode == websocket.ABNF.OPCODE_PONG
        return bytes(data) if opcode == websocket.ABNF.OPCODE_TEXT else None

    def interrupt(self) -> None:
        """Wake whoever reads or writes, with the end of the connection. The descriptor stays open."""
        self.is_closing = True
        # Not the library's close(): it waits for the reader's lock, and so for ever.
        self._line.shutdown()

    def shut(self) -> None:
        """Interrupt, and leave nothing open."""
        self.interrupt()
        with self._lock:
            is_read = self._is_read
        if not is_read:
            self._end()

    def _end(self) -> None:
        self._line.shutdown()
        with self._lock:
            self._is_ended = True
            self._line.close()


# --- failures ----------------------------------------------------------------------------


def _closed(provider: str, payload: bytes) -> ProviderError:
    code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
    reason = reason_of(payload[2:]) or "no reason given"
    # 1008: our audio could not be decoded, and would not be the next time either.
    kind = Failure.REFUSED if code == _CLOSED_BY_POLICY else Failure.UNAVAILABLE
    return ProviderError(provider, kind, f"closed with {code}: {reason}", code=str(code))


def _lost(provider: str, error: Exception) -> ProviderError:
    if isinstance(error, (websocket.WebSocketTimeoutException, TimeoutError)):
        return ProviderError(provider, Failure.TIMEOUT, "the connection takes no more audio")
    # A certificate that fails is an OSError, and a ValueError besides.
    if isinstance(error, (OSError, websocket.WebSocketConnectionClosedException)):
        return ProviderError(provider, Failure.UNAVAILABLE, f"connection lost ({reason_of(str(error))})")
    return ProviderError(provider, Failure.PROTOCOL, f"not WebSocket: {reason_of(str(error))}")
