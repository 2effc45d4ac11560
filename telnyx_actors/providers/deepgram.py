"""Deepgram by websocket-client: Nova on ``/v1/listen``, Flux on ``/v2/listen``, one way to use both.

One thread iterates ``events()``; any other may send and close. Proxies of the environment are
never used.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from loguru import logger

from telnyx_actors.core.audio import BYTES_PER_MS, FRAME_BYTES, SAMPLE_RATE_HZ, Encoding
from telnyx_actors.core.events import TranscriptEvent, TranscriptFinal, TurnConfirmed
from telnyx_actors.errors import Failure, ProviderError, WireError
from telnyx_actors.providers.deepgram_connection import PROVIDER, DeepgramConnection, open_connection, refusal
from telnyx_actors.providers.http import reason_of
from telnyx_actors.providers.reach import fetch
from telnyx_actors.wire.deepgram import (
    FINALIZE,
    KEEP_ALIVE,
    Complaint,
    DeepgramMessage,
    FluxSettings,
    ListenV1,
    ListenV2,
    NovaSettings,
    Opened,
    VoiceAnnounced,
    flux_path,
    nova_path,
)

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
        self._announces_voices = threading.Event()

    def connect(self, encoding: Encoding) -> NovaStream | FluxStream:
        """Blocks for the handshake. Raises ``ProviderError`` with Deepgram's reason when refused."""
        settings = self._options.settings
        if isinstance(settings, FluxSettings):
            flux = FluxStream(self._open(flux_path(settings, encoding)), encoding)
            flux.await_connected(self._options.connect_timeout_s)
            return flux
        return NovaStream(self._open(nova_path(settings, encoding)), encoding, self._announces_voices)

    def check_key(self) -> None:
        """Ask which projects the key belongs to: raises ``ProviderError`` when it is wrong."""
        url = "http" + self._base.removeprefix("ws") + "/v1/projects"
        page = fetch(url, self._tls, {"Authorization": f"Token {self._options.api_key}"})
        if page.status != 200:
            raise refusal(page.status, {}, page.body, "refused")

    def check_model(self) -> None:
        """Open a stream and close it: raises ``ProviderError`` when the key, the model or the language will not do."""
        self.connect(Encoding.PCMU).close()

    def _open(self, path: str) -> DeepgramConnection:
        return open_connection(
            self._base + path,
            self._options.api_key,
            self._tls,
            connect_timeout_s=self._options.connect_timeout_s,
            send_timeout_s=self._options.send_timeout_s,
        )


class _Dialect(Protocol):
    def receive(self, message: bytes) -> tuple[DeepgramMessage, ...]: ...


class _Stream:
    """What Nova and Flux share. ``malformed_messages`` counts what Deepgram sent and nobody understood, ``messages`` all.

    ``announces`` is set once any connection has announced a voice.
    """

    def __init__(
        self, connection: DeepgramConnection, encoding: Encoding, dialect: _Dialect, announces: threading.Event
    ) -> None:
        self._connection = connection
        self._announces = announces
        self._silence = bytes([encoding.silence])
        self._dialect = dialect
        self._padding_bytes = 0  # silence of ours, which is not in the audio that we were given
        self.malformed_messages = 0
        self.messages = 0

    @property
    def announces_voices(self) -> bool:
        return self._announces.is_set()

    def events(self) -> Iterator[TranscriptEvent]:
        with closing(self._connection.messages()) as messages:
            for message in messages:
                for event in self._receive(message):
                    if isinstance(event, Complaint):
                        self._hear_out(event)
                    elif isinstance(event, VoiceAnnounced):
                        self._announces.set()
                    elif not isinstance(event, Opened):
                        yield self._without_padding(event)

    def close(self) -> None:
        self._connection.shut()

    def _receive(self, message: bytes) -> tuple[DeepgramMessage, ...]:
        self.messages += 1
        try:
            return self._dialect.receive(message)
        except WireError as error:
            self.malformed_messages += 1
            logger.debug("Deepgram message dropped: {}", error)
            return ()

    def _without_padding(self, event: TranscriptEvent) -> TranscriptEvent:
        if isinstance(event, TranscriptFinal | TurnConfirmed) and event.audio_s is not None and self._padding_bytes:
            return replace(event, audio_s=max(0.0, event.audio_s - self._padding_bytes / SAMPLE_RATE_HZ))
        return event

    def _hear_out(self, complaint: Complaint) -> None:
        reason = reason_of(f"{complaint.code}: {complaint.description}")
        if complaint.is_fatal:
            raise ProviderError(PROVIDER, Failure.UNAVAILABLE, reason, code=complaint.code)
        logger.debug("Deepgram complains: {}", reason)


class NovaStream(_Stream):
    """A ``TranscriptionStream`` on ``/v1/listen``."""

    def __init__(self, connection: DeepgramConnection, encoding: Encoding, announces: threading.Event) -> None:
        super().__init__(connection, encoding, ListenV1(), announces)
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


class FluxStream(_Stream):
    """A ``TranscriptionStream`` on ``/v2/listen``, which decides itself when a turn is over."""

    def __init__(self, connection: DeepgramConnection, encoding: Encoding) -> None:
        super().__init__(connection, encoding, ListenV2(), threading.Event())  # which announces none
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
