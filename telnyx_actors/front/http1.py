"""HTTP/1.1 by h11: its events to a ``Request``, a ``Response`` to bytes. No sockets."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

import h11
from websockets.datastructures import Headers
from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol

from telnyx_actors.front.exchange import Request, Response, error_response
from telnyx_actors.front.security import SECURITY_HEADERS
from telnyx_actors.front.settings import FrontLimits
from telnyx_actors.front.websocket import QUIET_LOG

SERVER_NAME: Final = "telnyx_actors"
_QUERY_FIELDS_MAX: Final = 32

_NOT_HTTP: Final = error_response(400, "bad_request", "La petición no es HTTP/1.1 válido.")
_REFUSALS: Final = {
    408: error_response(408, "request_timeout", "La petición no llegó completa a tiempo."),
    413: error_response(413, "body_too_large", "El cuerpo de la petición es demasiado grande."),
    414: error_response(414, "target_too_long", "La dirección de la petición es demasiado larga."),
    431: error_response(431, "headers_too_large", "Las cabeceras de la petición son demasiado grandes."),
    501: error_response(501, "not_implemented", "Ese Transfer-Encoding no está admitido."),
}


def refusal(status: int) -> Response:
    """What to answer to bytes that are no request, or one beyond the limits."""
    return _REFUSALS.get(status, _NOT_HTTP)


def head_refusal(head: h11.Request, limits: FrontLimits) -> int | None:
    """The status to refuse a request with before its body is read, or None."""
    if len(head.target) > limits.target_bytes_max:
        return 414
    # h11 limits only a head that comes in pieces.
    if sum(len(name) + len(value) for name, value in head.headers) > limits.header_bytes_max:
        return 431
    if _declared_bytes(head) > limits.body_bytes_max:
        return 413
    return None


def read_request(head: h11.Request, body: bytes, peer: str) -> Request:
    """Raises ``ValueError`` on a target that is no path of ours (a proxy's, a broken query)."""
    target = head.target.decode("ascii")
    if not target.startswith("/"):
        raise ValueError("not an origin-form target")
    path, _, query = target.partition("?")
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(
        method=head.method.decode("ascii"),
        path=path,
        query=dict(parse_qsl(query, keep_blank_values=True, max_num_fields=_QUERY_FIELDS_MAX)),
        headers=headers,
        body=body,
        peer=peer,
    )


def write_response(connection: h11.Connection, response: Response, *, has_body: bool, is_last: bool) -> bytes:
    """The bytes of a response. Without ``has_body`` (HEAD) its length is told and its body is not."""
    own = {name.lower() for name, _ in response.headers}
    headers = [
        ("Date", formatdate(usegmt=True)),
        ("Server", SERVER_NAME),
        ("Content-Type", response.content_type),
        ("Content-Length", str(len(response.body))),
        *(header for header in SECURITY_HEADERS if header[0].lower() not in own),
        *response.headers,
    ]
    if is_last:
        headers.append(("Connection", "close"))
    reason = HTTPStatus(response.status).phrase
    events = [h11.Response(status_code=response.status, headers=headers, reason=reason), h11.EndOfMessage()]
    if has_body:
        events.insert(1, h11.Data(data=response.body))
    return b"".join(connection.send(event) or b"" for event in events)


def shake_hands(head: h11.Request) -> bytes | Response:
    """Answer a request to become a WebSocket: the bytes of the 101, or a refusal."""
    headers = Headers([(name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers])
    version = f"HTTP/{head.http_version.decode('ascii')}"
    request = Handshake(head.target.decode("ascii"), headers, head.method.decode("ascii"), version)
    answer = ServerProtocol(logger=QUIET_LOG).accept(request)
    if answer.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        wrong = "La petición de WebSocket no es válida."
        return error_response(400, "bad_handshake", wrong, ("Sec-WebSocket-Version", "13"))
    for name, value in SECURITY_HEADERS:
        answer.headers[name] = value
    return answer.serialize()


def _declared_bytes(head: h11.Request) -> int:
    """The Content-Length, 0 without one; h11 has checked that it is a number."""
    return next((int(value) for name, value in head.headers if name == b"content-length"), 0)
