"""What answers at an address: a page, or a WebSocket. One request on a connection of its own, for checks."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import requests
import urllib3
import websocket

from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.duplex import open_websocket
from telnyx_actors.providers.http import failure_of, open_session, read_error_body, reason_of, transport_failure

TIMEOUT_S: Final = 4.0
"""For the connection, and again for the answer."""

_MESSAGE_MAX_BYTES: Final = 64 * 1024
_ERRORS: Final = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of any status. ``date`` is what time it was there, to the second; None where it was not said."""

    status: int
    body: bytes
    date: datetime | None


def fetch(url: str, tls: ssl.SSLContext, headers: Mapping[str, str] | None = None) -> Page:
    """GET; the body is cut at 64 KiB. Raises ``ProviderError`` when nobody answers, in the name of the host."""
    with open_session(1, tls) as session:
        try:
            with session.get(url, headers=headers, timeout=TIMEOUT_S, stream=True) as response:
                return Page(response.status_code, read_error_body(response), _date(response.headers.get("Date", "")))
        except _ERRORS as error:
            raise transport_failure(_host(url), error) from error


def upgrade(url: str, tls: ssl.SSLContext) -> None:
    """Open a WebSocket and close it. Raises ``ProviderError``; with the ``status`` of a refused handshake."""
    try:
        ws, line = open_websocket(
            url,
            {},
            tls,
            connect_timeout_s=TIMEOUT_S,
            io_timeout_s=TIMEOUT_S,
            max_message_bytes=_MESSAGE_MAX_BYTES,
        )
    except websocket.WebSocketBadStatusException as error:
        status = error.status_code
        raise ProviderError(_host(url), failure_of(status), f"HTTP {status}", status=status) from None
    except (websocket.WebSocketTimeoutException, TimeoutError) as error:
        raise ProviderError(_host(url), Failure.TIMEOUT, "no handshake in time") from error
    except (websocket.WebSocketException, OSError) as error:
        raise ProviderError(_host(url), Failure.UNAVAILABLE, reason_of(str(error))) from error
    with closing(line):
        ws.send_close()


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
