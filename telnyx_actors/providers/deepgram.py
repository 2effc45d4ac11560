"""Deepgram by websocket-client: Nova on ``/v1/listen``, Flux on ``/v2/listen``, one way to use both.

One thread iterates ``events()``; any other may send and close. Proxies of the environment are
never used.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec
import websocket
from loguru import logger

from telnyx_actors.core.audio import BYTES_PER_MS, FRAME_BYTES, Encoding
from telnyx_actors.core.events import TranscriptEvent
from telnyx_actors.errors import Failure, ProviderError, WireError
from telnyx_actors.providers.duplex import DuplexSocket, open_websocket
from telnyx_actors.providers.http import failure_of, reason_of
from telnyx_actors.wire.deepgram import (
    FINALIZE,
    KEEP_ALIVE,
    MAX_MESSAGE_BYTES,
    Complaint,
    DeepgramMessage,
    FluxSettings,
    ListenV1,
    ListenV2,
    NovaSettings,
    Opened,
    flux_path,
    nova_path,
)

PROVIDER: Final = "deepgram"

_FLUX_PIECE_BYTES: Final = 80 * BYTES_PER_MS  # "strongly recommended" by the vendor
_FLUX_IDLE_SILENCE_BYTES: Final = 500 * BYTES_PER_MS
_CLOSED_BY_POLICY: Final = 1008
_LOST: Final = (websocket.WebSocketException, OSError)


@dataclass(frozen=True, slots=True)
class DeepgramOptions:
    """``settings`` decide the protocol: ``NovaSettings`` or ``FluxSettings``."""

    api_key: str = field(repr=False)
    settings: NovaSettings | FluxSettings = field(default_factory=NovaSettings)
    base_url: str = "wss://api.deepgram.com"
    connect_timeout_s: float = 3.0
    send_timeout_s: float = 2.0


class Deepgram:
    """A ``Transcription``."""

    def __init__(self, options: DeepgramOptions, tls: ssl.SSLContext) -> None:
        self._options = options
        self._tls = tls
        base = options.base_url.rstrip("/")
        self._base = "ws" + base.removeprefix("http") if base.startswith("http") else base

    def connect(self, encoding: Encoding) -> NovaStream | FluxStream:
        """Blocks for the handshake. Raises ``ProviderError`` with Deepgram's reason when refused."""
        settings = self._options.settings
        if isinstance(settings, FluxSettings):
            flux = FluxStream(self._open(flux_path(settings, encoding)), encoding)
            flux.await_connected(self._options.connect_timeout_s)
            return flux
        return NovaStream(self._open(nova_path(settings, encoding)), encoding)

    def _open(self, path: str) -> _Connection:
        try:
            ws, line = open_websocket(
                self._base + path,
                {"Authorization": f"Token {self._options.api_key}"},
                self._tls,
                connect_timeout_s=self._options.connect_timeout_s,
                io_timeout_s=self._options.send_timeout_s,
                max_message_bytes=MAX_MESSAGE_BYTES,
            )
        except websocket.WebSocketBadStatusException as error:
            raise _refusal(error) from None
        except (websocket.WebSocketTimeoutException, TimeoutError) as error:
            raise ProviderError(PROVIDER, Failure.TIMEOUT, "no handshake in time") from error
        except (*_LOST, ValueError) as error:
            raise _lost(error) from error
        return _Connection(ws, line)


class _Connection:
    """A WebSocket and its end: who closes it, when, and why it was lost."""

    def __init__(self, ws: websocket.WebSocket, line: DuplexSocket) -> None:
        self._ws = ws
        self._line = line
        self._lock = threading.Lock()
        self._is_ended = False
        self._is_read = False
        self.is_closing = False

    def send(self, payload: bytes | str) -> None:
        opcode = websocket.ABNF.OPCODE_BINARY if isinstance(payload, bytes) else websocket.ABNF.OPCODE_TEXT
        with self._lock:
            if self.is_closing or self._is_ended:
                raise ProviderError(PROVIDER, Failure.UNAVAILABLE, "the connection is closed")
            try:
                self._ws.send(payload, opcode)
            except _LOST as error:
                # Half a frame may be on the wire: nothing after it would be understood.
                self._line.shutdown()
                raise _lost(error) from error

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
            raise _lost(error) from error
        if opcode == websocket.ABNF.OPCODE_CLOSE and not self.is_closing:
            raise _closed(bytes(data))
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


class _Dialect(Protocol):
    def receive(self, message: bytes) -> tuple[DeepgramMessage, ...]: ...


class _Stream:
    """What Nova and Flux share. ``malformed_messages`` counts what Deepgram sent and nobody understood."""

    def __init__(self, connection: _Connection, encoding: Encoding, dialect: _Dialect) -> None:
        self._connection = connection
        self._silence = bytes([encoding.silence])
        self._dialect = dialect
        self.malformed_messages = 0

    def events(self) -> Iterator[TranscriptEvent]:
        with closing(self._connection.messages()) as messages:
            for message in messages:
                for event in self._receive(message):
                    if isinstance(event, Complaint):
                        self._hear_out(event)
                    elif not isinstance(event, Opened):
                        yield event

    def close(self) -> None:
        self._connection.shut()

    def _receive(self, message: bytes) -> tuple[DeepgramMessage, ...]:
        try:
            return self._dialect.receive(message)
        except WireError as error:
            self.malformed_messages += 1
            logger.debug("Deepgram message dropped: {}", error)
            return ()

    def _hear_out(self, complaint: Complaint) -> None:
        reason = reason_of(f"{complaint.code}: {complaint.description}")
        if complaint.is_fatal:
            raise ProviderError(PROVIDER, Failure.UNAVAILABLE, reason, code=complaint.code)
        logger.debug("Deepgram complains: {}", reason)


class NovaStream(_Stream):
    """A ``TranscriptionStream`` on ``/v1/listen``."""

    def __init__(self, connection: _Connection, encoding: Encoding) -> None:
        super().__init__(connection, encoding, ListenV1())
        self._has_sent_audio = False

    def send(self, audio: bytes) -> None:
        # An empty binary frame makes Deepgram close.
        if audio:
            self._connection.send(audio)
            self._has_sent_audio = True

    def finalize(self) -> None:
        self._connection.send(FINALIZE)

    def keep_alive(self) -> None:
        if not self._has_sent_audio:
            # A keep-alive does not save a connection that never got audio.
            self.send(self._silence * FRAME_BYTES)
        self._connection.send(KEEP_ALIVE)


class FluxStream(_Stream):
    """A ``TranscriptionStream`` on ``/v2/listen``, which decides itself when a turn is over."""

    def __init__(self, connection: _Connection, encoding: Encoding) -> None:
        super().__init__(connection, encoding, ListenV2())
        self._lock = threading.Lock()
        self._waiting = bytearray()

    def send(self, audio: bytes) -> None:
        """Audio goes out in the 80 ms pieces that Flux wants; the rest waits for the next call."""
        with self._lock:
            self._waiting += audio
            ready = len(self._waiting) - len(self._waiting) % _FLUX_PIECE_BYTES
            if ready:
                piece = bytes(self._waiting[:ready])
                del self._waiting[:ready]
                self._connection.send(piece)

    def finalize(self) -> None:
        """Nothing but what waits is sent. ``ForceEndTurn`` would cut a caller short on our own voice
        activity's word, and Flux's judgement of when a turn is over is what it was chosen for."""
        with self._lock:
            if self._waiting:
                piece = bytes(self._waiting)
                self._waiting.clear()
                self._connection.send(piece)

    def keep_alive(self) -> None:
        """Half a second of silence: Flux has no such message, and ends no open turn while no audio comes."""
        self.send(self._silence * _FLUX_IDLE_SILENCE_BYTES)
        self.finalize()

    def await_connected(self, timeout_s: float) -> None:
        """Block until Flux is ready; to be called once, before anything else. Raises ``ProviderError``."""
        deadline = threading.Timer(timeout_s, self._connection.interrupt)
        deadline.daemon = True
        deadline.start()
        is_open = False
        try:
            while not (is_open or self._connection.is_closing):
                is_open = self._is_opened_by(self._connection.receive())
        finally:
            deadline.cancel()
            if not is_open:
                self._connection.shut()
        if not is_open:
            raise ProviderError(PROVIDER, Failure.TIMEOUT, "the connection opened, but Flux did not get ready")

    def _is_opened_by(self, message: bytes | None) -> bool:
        for event in self._receive(message) if message is not None else ():
            if isinstance(event, Complaint):
                self._hear_out(event)
            if isinstance(event, Opened):
                return True
        return False


# --- failures ----------------------------------------------------------------------------


class _RefusalBody(msgspec.Struct):
    err_msg: str = ""
    message: str = ""
    err_code: str = ""
    category: str = ""


def _refusal(error: websocket.WebSocketBadStatusException) -> ProviderError:
    headers = error.resp_headers or {}
    try:
        body = msgspec.json.decode(error.resp_body or b"{}", type=_RefusalBody)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        body = _RefusalBody()
    reason = headers.get("dg-error") or body.err_msg or body.message or error.status_message or "refused"
    return ProviderError(
        PROVIDER,
        failure_of(error.status_code),
        reason_of(reason),
        status=error.status_code,
        code=body.err_code or body.category or None,
    )


def _closed(payload: bytes) -> ProviderError:
    code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
    reason = reason_of(payload[2:]) or "no reason given"
    # 1008: our audio could not be decoded, and would not be the next time either.
    kind = Failure.REFUSED if code == _CLOSED_BY_POLICY else Failure.UNAVAILABLE
    return ProviderError(PROVIDER, kind, f"closed with {code}: {reason}", code=str(code))


def _lost(error: Exception) -> ProviderError:
    if isinstance(error, (websocket.WebSocketTimeoutException, TimeoutError)):
        return ProviderError(PROVIDER, Failure.TIMEOUT, "the connection takes no more audio")
    # A certificate that fails is an OSError, and a ValueError besides.
    if isinstance(error, (OSError, websocket.WebSocketConnectionClosedException)):
        return ProviderError(PROVIDER, Failure.UNAVAILABLE, f"connection lost ({reason_of(str(error))})")
    return ProviderError(PROVIDER, Failure.PROTOCOL, f"not WebSocket: {reason_of(str(error))}")
