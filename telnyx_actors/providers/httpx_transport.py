"""The connections below the Anthropic SDK, so that a request can be cut off at any moment.

The SDK hands out a socket only once a reply's headers are there, and closing a reply from
another thread does not wake its reader. Here every connection tells the request that uses
it which socket it is, as soon as it begins to write.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from typing import Any, Final

import httpcore2
import httpx2

from telnyx_actors.providers.cancellation import attach_to_request

_SocketOption = httpcore2.SOCKET_OPTION

_READ_BYTES: Final = 4096
"""Events have some hundred. The pool would ask for 64 KB each time, of which the unused part is a hole in the heap."""


class CancellableTransport(httpx2.BaseTransport):
    """HTTP/1.1 over a pool of its own; no proxies. Errors are httpcore2's."""

    def __init__(self, tls: ssl.SSLContext, max_connections: int, keepalive_s: float) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=keepalive_s,
            network_backend=_Backend(),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        assert isinstance(request.stream, httpx2.SyncByteStream)
        response = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._pool.close()


class CancellableStream(httpcore2.NetworkStream):
    """One connection. ``patience_s`` bounds its reads until the next request is written to it."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        self.patience_s: float | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        patience_s = timeout if self.patience_s is None else self.patience_s
        return self._stream.read(min(max_bytes, _READ_BYTES), patience_s)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.patience_s = None
        attach_to_request(self._stream.get_extra_info("socket"))
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return CancellableStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore2.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore2.NetworkStream:
        return CancellableStream(super().connect_tcp(host, port, timeout, local_address, socket_options))


class _Body(httpx2.SyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()
