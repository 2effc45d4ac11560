"""One way to speak HTTP with vendors: pooled, cancellable, verified, without proxies.

Proxies and ``.netrc`` of the environment are never used: they change where a call's audio
goes without anyone having said so here, and cost a lookup per request.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.cancellation import attach_to_request

MAX_ERROR_BODY_BYTES: Final = 64 * 1024
MAX_REASON_CHARS: Final = 300

_KINDS: Final = {
    401: Failure.AUTH,
    402: Failure.PAYMENT,
    403: Failure.AUTH,
    408: Failure.TIMEOUT,
    429: Failure.RATE_LIMIT,
}


def tls_context() -> ssl.SSLContext:
    """A verifying client context. Building one costs 35-60 ms: share it, never make one per connection."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def open_session(pool_size: int, tls: ssl.SSLContext) -> requests.Session:
    """A session that many threads may use: nothing in it changes after this.

    requests does not promise that; what makes it true is that cookies are refused, proxies and the
    environment are off, and urllib3's pool below has a lock. A redirect is an answer like any other.
    """
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Compressed audio or errors would be held back until a block is full.
    session.headers["Accept-Encoding"] = "identity"
    adapter = _Adapter(pool_size, tls)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def failure_of(status: int) -> Failure:
    """What an HTTP status says where the body says nothing better."""
    if status in _KINDS:
        return _KINDS[status]
    return Failure.UNAVAILABLE if status >= 500 else Failure.REFUSED


def read_error_body(response: requests.Response) -> bytes:
    """As much of an error's body as is worth reading; what cannot be read is left out."""
    try:
        body: bytes = response.raw.read(MAX_ERROR_BODY_BYTES)
    except (urllib3.exceptions.HTTPError, OSError):
        return b""
    return body


def reason_of(body: bytes | str) -> str:
    """An answer's text, short enough for a log line."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return " ".join(text.split())[:MAX_REASON_CHARS]


def transport_failure(provider: str, error: Exception) -> ProviderError:
    """A failed connection in our words; ``error`` is from requests, urllib3 or the socket."""
    timeouts = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
    chain: list[object] = [error, *error.args]
    if any(isinstance(link, timeouts) for link in chain):
        return ProviderError(provider, Failure.TIMEOUT, f"no answer in time ({type(error).__name__})")
    root = _root_of(error)
    reason = reason_of(str(root)) or type(root).__name__
    return ProviderError(provider, Failure.UNAVAILABLE, f"connection failed ({reason})")


def _root_of(error: BaseException) -> BaseException:
    """What it began with: requests and urllib3 wrap it three times, with addresses of objects in their words."""
    while wrapped := [each for each in (error.__cause__, *reversed(error.args)) if isinstance(each, Exception)]:
        error = wrapped[0]
    return error


def seconds_in(headers: Mapping[str, str], *names: str) -> float | None:
    """The first of the headers ``names`` that holds a number of seconds."""
    for name in names:
        try:
            seconds = float(headers.get(name, ""))
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


# --- how a connection tells whose request it carries --------------------------------


class _HttpConnection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 itself returns its own kind
        attach_to_request(self.sock)
        return super().getresponse()


class _HttpsConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 itself returns its own kind
        attach_to_request(self.sock)
        return super().getresponse()


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: even where redirects are not to be followed, requests reads the whole of their bodies."""


class _Adapter(HTTPAdapter):
    def __init__(self, pool_size: int, tls: ssl.SSLContext) -> None:
        self._tls = tls
        # Past pool_size, connections are still opened but not kept: a limit on waste, not on calls.
        super().__init__(pool_connections=4, pool_maxsize=pool_size)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._tls, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The context verifies; requests would load its certificates into it again per connection."""
