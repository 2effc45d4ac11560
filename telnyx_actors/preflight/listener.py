"""A tiny service on the engine's own port, so that a tunnel or a proxy can be tried while the engine is not running."""

from __future__ import annotations

import json
import secrets
import socket
import threading
from types import TracebackType
from typing import Final, Self

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

FIELD: Final = "preflight"
_JOIN_WITHIN_S: Final = 2.0


class Listener:
    """Answers any page with its ``nonce``, and takes any WebSocket. Raises ``OSError`` when it cannot listen."""

    def __init__(self, host: str, port: int) -> None:
        self.nonce = secrets.token_hex(8)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._server = serve(_hang_up, host, port, process_request=self._answer, family=family)
        self._thread = threading.Thread(target=self._server.serve_forever, name="preflight-listener", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join(_JOIN_WITHIN_S)

    def _answer(self, _connection: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return None
        body = json.dumps({FIELD: self.nonce}).encode()
        headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body))})
        return Response(200, "OK", headers, body)


def _hang_up(connection: ServerConnection) -> None:
    connection.close()
