"""Telnyx's speech to text, by websocket-client: who hears where Deepgram does not, with the key that is there anyway."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from telnyx_actors.core.audio import SAMPLE_RATE_HZ, Encoding, silence, to_pcm16
from telnyx_actors.errors import ProviderError
from telnyx_actors.providers.http import failure_of, reason_of, seconds_in
from telnyx_actors.providers.ports import Habits
from telnyx_actors.providers.transcriber_connection import Door, TranscriberConnection
from telnyx_actors.providers.transcriber_stream import TranscriberStream
from telnyx_actors.wire.telnyx_rest import parse_error
from telnyx_actors.wire.telnyx_stt import ListenTelnyx, SttSettings, stt_path
from telnyx_actors.wire.transcriber import FINALIZE, KEEP_ALIVE

PROVIDER: Final = "telnyx"

REFUSED_WITHIN_S: Final = 1.5
"""Parameters that will not do are refused behind the handshake; who says nothing until then takes them."""


@dataclass(frozen=True, slots=True)
class TelnyxSttOptions:
    """``api_url`` is that of the REST API."""

    api_key: str = field(repr=False)
    settings: SttSettings = field(default_factory=SttSettings)
    api_url: str = "https://api.telnyx.com/v2"
    connect_timeout_s: float = 3.0
    send_timeout_s: float = 2.0


class TelnyxStt:
    """A ``Transcription``."""

    def __init__(self, options: TelnyxSttOptions, tls: ssl.SSLContext) -> None:
        self._settings = options.settings
        self._tls = tls
        self._base = "ws" + options.api_url.rstrip("/").removeprefix("http")
        headers = {"Authorization": f"Bearer {options.api_key}"}
        self._door = Door(PROVIDER, headers, _refusal, options.connect_timeout_s, options.send_timeout_s)
        self._habits = Habits()

    def connect(self, encoding: Encoding) -> TelnyxSttStream:
        """Blocks for the handshake. Raises ``ProviderError`` with Telnyx's reason when refused.

        Parameters that will not do are refused behind the handshake: the stream ends with the reason.
        """
        connection = self._door.open(self._base + stt_path(self._settings, encoding), self._tls)
        return TelnyxSttStream(connection, encoding, self._settings, self._habits)

    def check(self) -> None:
        """Open a stream, give it a little silence and close it: raises ``ProviderError`` when it will not do."""
        stream = self.connect(Encoding.PCMU)
        refused_by = threading.Timer(REFUSED_WITHIN_S, stream.close)
        refused_by.daemon = True
        refused_by.start()
        try:
            stream.send(silence(Encoding.PCMU, SAMPLE_RATE_HZ // 2))
            stream.finalize()
            for _ in stream.events():
                break
        finally:
            refused_by.cancel()
            stream.close()


class TelnyxSttStream(TranscriberStream):
    """A ``TranscriptionStream``."""

    def __init__(
        self, connection: TranscriberConnection, encoding: Encoding, settings: SttSettings, habits: Habits
    ) -> None:
        self._listening = ListenTelnyx()
        super().__init__(connection, self._listening, habits)
        self._encoding = encoding
        self._settings = settings

    def send(self, audio: bytes) -> None:
        if audio:
            self._connection.send(audio if self._settings.takes_laws else to_pcm16(self._encoding, audio))

    def finalize(self) -> None:
        if self._settings.obeys:
            self._listening.requested()
            self._connection.send(FINALIZE)

    def keep_alive(self) -> None:
        if self._settings.obeys:
            self._connection.send(KEEP_ALIVE)
        else:
            self._connection.ping()


def _refusal(status: int, headers: Mapping[str, str], body: bytes, otherwise: str) -> ProviderError:
    said = parse_error(body)
    reason, code = (otherwise, None) if said is None else (said.reason, said.code)
    return ProviderError(
        PROVIDER,
        failure_of(status),
        reason_of(reason),
        status=status,
        code=code,
        retry_after_s=seconds_in(headers, "retry-after", "x-ratelimit-reset"),
    )
