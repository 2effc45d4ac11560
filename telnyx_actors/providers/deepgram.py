"""Deepgram by websocket-client: Nova on ``/v1/listen``, Flux on ``/v2/listen``, one way to use both.

One thread iterates ``events()``; any other may send and close. Proxies of the environment are
never used.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from telnyx_actors.core.audio import BYTES_PER_MS, FRAME_BYTES, SAMPLE_RATE_HZ, Encoding
from telnyx_actors.core.events import TranscriptEvent, TranscriptFinal, TurnConfirmed
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.http import failure_of, reason_of
from telnyx_actors.providers.ports import Habits
from telnyx_actors.providers.reach import fetch
from telnyx_actors.providers.transcriber_connection import Door, TranscriberConnection
from telnyx_actors.providers.transcriber_stream import Dialect, TranscriberStream
from telnyx_actors.wire.deepgram import FluxSettings, ListenV1, ListenV2, NovaSettings, flux_path, nova_path
from telnyx_actors.wire.transcriber import FINALIZE, KEEP_ALIVE, Complaint, Opened

PROVIDER: Final = "deepgram"
_FLUX_PIECE_BYTES: Final = 80 * BYTES_PER_MS  # "strongly recommended" by the vendor
_FLUX_IDLE_SILENCE_BYTES: Final = 500 * BYTES_PER_MS


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
        self._authorization = {"Authorization": f"Token {options.api_key}"}
        self._door = Door(PROVIDER, self._authorization, refusal, options.connect_timeout_s, options.send_timeout_s)
        self._habits = Habits(tells_interims=True, answers_requests=not isinstance(options.settings, FluxSettings))

    def connect(self, encoding: Encoding) -> NovaStream | FluxStream:
        """Blocks for the handshake. Raises ``ProviderError`` with Deepgram's reason when refused."""
        settings = self._options.settings
        if isinstance(settings, FluxSettings):
            flux = FluxStream(self._open(flux_path(settings, encoding)), encoding, self._habits)
            flux.await_connected(self._options.connect_timeout_s)
            return flux
        return NovaStream(self._open(nova_path(settings, encoding)), encoding, self._habits)

    def check_key(self) -> None:
        """Ask which projects the key belongs to: raises ``ProviderError`` when it is wrong."""
        url = "http" + self._base.removeprefix("ws") + "/v1/projects"
        page = fetch(url, self._tls, self._authorization)
        if page.status != 200:
            raise refusal(page.status, {}, page.body, "refused")

    def check_model(self) -> None:
        """Open a stream and close it: raises ``ProviderError`` when the key, the model or the language will not do."""
        self.connect(Encoding.PCMU).close()

    def _open(self, path: str) -> TranscriberConnection:
        return self._door.open(self._base + path, self._tls)


class _DeepgramStream(TranscriberStream):
    """What Nova and Flux share: silence of ours, which is not in the audio that we were given."""

    def __init__(self, connection: TranscriberConnection, encoding: Encoding, dialect: Dialect, habits: Habits) -> None:
        super().__init__(connection, dialect, habits)
        self._silence = bytes([encoding.silence])
        self._padding_bytes = 0

    def events(self) -> Iterator[TranscriptEvent]:
        return map(self._without_padding, super().events())

    def _without_padding(self, event: TranscriptEvent) -> TranscriptEvent:
        if isinstance(event, TranscriptFinal | TurnConfirmed) and event.audio_s is not None and self._padding_bytes:
            return replace(event, audio_s=max(0.0, event.audio_s - self._padding_bytes / SAMPLE_RATE_HZ))
        return event


class NovaStream(_DeepgramStream):
    """A ``TranscriptionStream`` on ``/v1/listen``."""

    def __init__(self, connection: TranscriberConnection, encoding: Encoding, habits: Habits) -> None:
        super().__init__(connection, encoding, ListenV1(), habits)
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
            self._padding_bytes += FRAME_BYTES
            self.send(self._silence * FRAME_BYTES)
        self._connection.send(KEEP_ALIVE)


class FluxStream(_DeepgramStream):
    """A ``TranscriptionStream`` on ``/v2/listen``, which decides itself when a turn is over."""

    def __init__(self, connection: TranscriberConnection, encoding: Encoding, habits: Habits) -> None:
        super().__init__(connection, encoding, ListenV2(), habits)
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
        self._padding_bytes += _FLUX_IDLE_SILENCE_BYTES
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


def refusal(status: int, headers: Mapping[str, str], body: bytes, otherwise: str) -> ProviderError:
    """An answer other than the one that was asked for. ``otherwise``: the reason where Deepgram gives none."""
    try:
        said = msgspec.json.decode(body or b"{}", type=_RefusalBody)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        said = _RefusalBody()
    reason = headers.get("dg-error") or said.err_msg or said.message or otherwise
    return ProviderError(
        PROVIDER, failure_of(status), reason_of(reason), status=status, code=said.err_code or said.category or None
    )
