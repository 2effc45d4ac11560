"""ElevenLabs over its HTTP stream: text in, mu-law out as it is made."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import msgspec
import requests
import urllib3
from loguru import logger

from telnyx_actors.core.audio import BYTES_PER_MS
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.cancellation import Cancellation
from telnyx_actors.providers.http import (
    failure_of,
    open_session,
    read_error_body,
    reason_of,
    seconds_in,
    transport_failure,
)

PROVIDER: Final = "elevenlabs"

_PIECE_BYTES: Final = 4096

# Speech runs at 60-80 ms a letter. Outside these bounds the answer is not the text that was asked for.
_MIN_BYTES_PER_LETTER: Final = 10 * BYTES_PER_MS
_MAX_BYTES_PER_CHARACTER: Final = 1000 * BYTES_PER_MS
_MAX_BYTES_BESIDE: Final = 10_000 * BYTES_PER_MS

_KINDS: Final = {
    "quota_exceeded": Failure.PAYMENT,
    "payment_required": Failure.PAYMENT,
    "invalid_api_key": Failure.AUTH,
    "missing_permissions": Failure.AUTH,
    "voice_not_found": Failure.REFUSED,
    "detected_unusual_activity": Failure.AUTH,
    "system_busy": Failure.UNAVAILABLE,
}
_READ_ERRORS: Final = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


@dataclass(frozen=True, slots=True)
class ElevenLabsOptions:
    """``voice_settings`` as the vendor names them; empty leaves the voice's own.

    ``first_byte_timeout_s`` bounds the wait for the headers, and again for the first audio.
    """

    api_key: str = field(repr=False)
    voice_id: str
    model: str = "eleven_flash_v2_5"
    language: str = "es"
    base_url: str = "https://api.elevenlabs.io"
    voice_settings: Mapping[str, float | bool] = field(default_factory=dict)
    pool_size: int = 100
    connect_timeout_s: float = 2.0
    first_byte_timeout_s: float = 4.0
    gap_timeout_s: float = 3.0


class ElevenLabs:
    """A ``Voice``: one voice of one model, always as ``ulaw_8000``."""

    def __init__(self, options: ElevenLabsOptions, tls: ssl.SSLContext) -> None:
        self._options = options
        self._session = open_session(options.pool_size, tls)
        self._session.headers["xi-api-key"] = options.api_key
        self._base = options.base_url.rstrip("/")

    @property
    def identity(self) -> str:
        settings = ",".join(f"{key}={value}" for key, value in sorted(self._options.voice_settings.items()))
        return (
            f"elevenlabs/{self._options.voice_id}/{self._options.model}/ulaw_8000/{self._options.language}/{settings}"
        )

    def synthesize(self, text: str, *, previous_text: str = "") -> ElevenLabsSpeech:
        body: dict[str, object] = {"text": text, "model_id": self._options.model}
        if _takes_language(self._options.model):
            body["language_code"] = self._options.language
        if self._options.voice_settings:
            body["voice_settings"] = dict(self._options.voice_settings)
        if previous_text and _takes_previous_text(self._options.model):
            body["previous_text"] = previous_text
        url = f"{self._base}/v1/text-to-speech/{quote(self._options.voice_id, safe='')}/stream?output_format=ulaw_8000"
        request = requests.Request("POST", url, data=msgspec.json.encode(body))
        request.headers["Content-Type"] = "application/json"
        return ElevenLabsSpeech(self._session, self._session.prepare_request(request), text, self._options)

    def warm(self) -> None:
        """Open a connection, or keep an idle one open. Never raises."""
        try:
            self.check()
        except ProviderError as error:
            logger.debug("ElevenLabs could not be warmed: {}", error)

    def check(self) -> None:
        """Ask about our voice: raises ``ProviderError`` when the key or the voice is wrong."""
        url = f"{self._base}/v1/voices/{quote(self._options.voice_id, safe='')}"
        timeouts = (self._options.connect_timeout_s, self._options.first_byte_timeout_s)
        try:
            with self._session.get(url, timeout=timeouts, stream=True) as response:
                if response.status_code != 200:
                    raise _refusal(response)
                # Read to the end: only then does the connection go back to the pool.
                read_error_body(response)
        except _READ_ERRORS as error:
            raise transport_failure(PROVIDER, error) from error

    def close(self) -> None:
        """Close idle connections."""
        self._session.close()


class ElevenLabsSpeech:
    """A ``SpeechStream``."""

    def __init__(
        self,
        session: requests.Session,
        request: requests.PreparedRequest,
        text: str,
        options: ElevenLabsOptions,
    ) -> None:
        self._session = session
        self._request = request
        self._text = text
        self._options = options
        self._cancellation = Cancellation()

    def cancel(self) -> None:
        self._cancellation.cancel()

    def __iter__(self) -> Iterator[bytes]:
        if self._cancellation.is_cancelled:
            return
        try:
            with self._open() as response:
                yield from self._read(response)
        except _READ_ERRORS as error:
            if not self._cancellation.is_cancelled:
                raise transport_failure(PROVIDER, error) from error
        finally:
            self._cancellation.detach()

    def _open(self) -> requests.Response:
        with self._cancellation.requesting():
            try:
                return self._send()
            except requests.ConnectionError as error:
                # A pooled connection may have died as we picked it. Nothing has been said yet, so ask again.
                if self._cancellation.is_cancelled or not _was_lost(error):
                    raise
                return self._send()

    def _send(self) -> requests.Response:
        timeouts = (self._options.connect_timeout_s, self._options.first_byte_timeout_s)
        return self._session.send(self._request, timeout=timeouts, stream=True)

    def _read(self, response: requests.Response) -> Iterator[bytes]:
        if response.status_code != 200:
            raise _refusal(response)
        content_type = response.headers.get("Content-Type", "")
        if not content_type.lower().startswith("audio/"):
            reason = _error_in(read_error_body(response))[1]
            raise ProviderError(
                PROVIDER, Failure.PROTOCOL, f"sent {content_type or 'nothing named'}, not audio: {reason}"
            )
        limit_bytes = _MAX_BYTES_BESIDE + _MAX_BYTES_PER_CHARACTER * len(self._text)
        size_bytes = 0
        # read1 alone gives what has arrived, whatever the framing.
        while piece := response.raw.read1(_PIECE_BYTES):
            if response.raw.connection is None:
                # All has been read: the connection is in the pool, or carries somebody else's words.
                self._cancellation.detach()
            if self._cancellation.is_cancelled:
                return
            if not size_bytes:
                self._cancellation.set_timeout(self._options.gap_timeout_s)
            size_bytes += len(piece)
            if size_bytes > limit_bytes:
                raise ProviderError(PROVIDER, Failure.PROTOCOL, f"more than {limit_bytes} bytes for one phrase")
            yield piece
        if not self._cancellation.is_cancelled:
            self._check_amount(size_bytes)

    def _check_amount(self, size_bytes: int) -> None:
        letters = sum(character.isalnum() for character in self._text)
        if not size_bytes:
            raise ProviderError(PROVIDER, Failure.PROTOCOL, "answered without audio")
        if size_bytes < letters * _MIN_BYTES_PER_LETTER:
            raise ProviderError(PROVIDER, Failure.PROTOCOL, f"only {size_bytes} bytes of audio for {letters} letters")


def _takes_language(model: str) -> bool:
    return model != "eleven_multilingual_v2"


def _takes_previous_text(model: str) -> bool:
    return not model.startswith("eleven_v3")


def _was_lost(error: requests.ConnectionError) -> bool:
    """Whether an open connection ended before the answer; not when there was none, and not when time ran out."""
    return any(isinstance(link, urllib3.exceptions.ProtocolError) for link in error.args)


def _refusal(response: requests.Response) -> ProviderError:
    code, reason = _error_in(read_error_body(response))
    return ProviderError(
        PROVIDER,
        _KINDS.get(code) or failure_of(response.status_code),
        reason or response.reason or "",
        status=response.status_code,
        code=code or None,
        retry_after_s=seconds_in(response.headers, "retry-after"),
    )


class _Detail(msgspec.Struct):
    code: str = ""
    status: str = ""  # what ``code`` was called before
    message: str = ""


class _Error(msgspec.Struct):
    detail: _Detail | list[dict[str, object]] | str


def _error_in(body: bytes) -> tuple[str, str]:
    """Code and reason, from any of the three shapes that errors come in."""
    try:
        detail = msgspec.json.decode(body, type=_Error).detail
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return "", reason_of(body)
    if isinstance(detail, _Detail):
        return detail.code or detail.status, reason_of(detail.message)
    if isinstance(detail, str):
        return "", reason_of(detail)
    return "validation_error", reason_of("; ".join(f"{item.get('loc')}: {item.get('msg')}" for item in detail))
