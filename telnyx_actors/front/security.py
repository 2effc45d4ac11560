"""Who may ask for what. Pure: a request in, a reason to refuse it out."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from telnyx_actors.front.exchange import Request, Response, error_response

SECURITY_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)

_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]{1,5})?", re.IGNORECASE)

# What proxies and tunnels add. Any of them means that the peer is not the client, so a
# loopback peer address proves nothing. (A tunnel that adds none and keeps our Host, such
# as ssh -R, cannot be told from a local client: for that there is API_TOKEN.)
_FORWARDING: Final = frozenset({"forwarded", "via", "true-client-ip", "client-ip", "cdn-loop"})
_FORWARDING_PREFIXES: Final = (
    "x-forwarded",
    "x-original-",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-",
    "x-azure-",
    "x-amzn-trace-id",
    "x-ngrok-",
    "ngrok-",
    "cf-",
    "fly-",
    "fastly-",
    "tailscale-",
)


def same_secret(given: str, expected: str) -> bool:
    """Compare in constant time; any text may be given."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def is_loopback(peer: str) -> bool:
    """Whether an address is this machine's own; what is not an address is not."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def names_this_machine(host: str) -> bool:
    """Whether a Host header says localhost, with or without a port."""
    match = _HOST.fullmatch(host)
    return match is not None and match[1].lower() in _LOCAL_NAMES


def was_forwarded(headers: Mapping[str, str]) -> bool:
    """Whether a proxy or a tunnel stands between the client and us."""
    return any(name in _FORWARDING or name.startswith(_FORWARDING_PREFIXES) for name in headers)


def client_address(request: Request) -> str:
    """Who asks: the peer, or whom a proxy on this machine names as its own. Of IPv6 a house's network, all of it."""
    peer = request.peer
    named = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(named if named and is_loopback(peer) else peer)
    except ValueError:
        return peer
    return str(address) if address.version == 4 else str(ipaddress.ip_network((int(address), 64), strict=False))


def denial(request: Request, api_token: str | None) -> str | None:
    """Why this request may not see what is guarded, or None.

    With a token set, only the token counts. Without one, only this machine: the peer's
    address AND the Host header (a page of a rebound DNS name) AND no forwarding header (a
    tunnel) AND no foreign Origin (a form on another site, sent by a local browser).
    """
    headers = request.headers
    if api_token:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if not given:
            return "no_token"
        if scheme.lower() != "bearer" or not same_secret(given.strip(), api_token):
            return "bad_token"
        return None
    if not is_loopback(request.peer):
        return "not_loopback"
    if was_forwarded(headers):
        return "forwarded"
    if not names_this_machine(headers.get("host", "")):
        return "foreign_host"
    if "origin" in headers and not _is_local_origin(headers["origin"]):
        return "foreign_origin"
    return None


def page_denial(request: Request, api_token: str | None, *, has_session: bool) -> str | None:
    """The same for the page, whose browser may show a session instead of the token.

    A browser sends its cookie, and comes from this machine, whoever made it ask: what changes something and
    what becomes a WebSocket has to come from our own page, port included.
    """
    headers = request.headers
    reason = denial(request, api_token)
    if api_token and reason is None:
        return None  # the token itself, which no browser sends of its own accord
    if reason is not None and not has_session:
        return reason
    is_passive = request.method in ("GET", "HEAD") and "upgrade" not in headers
    if is_passive or is_same_origin(headers) or ("origin" not in headers and not has_session):
        return None
    return "foreign_origin"


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a page of ours sent this: browsers say whose it was, and no page can change that."""
    try:
        origin = urlsplit(headers.get("origin", "")).netloc.lower()
    except ValueError:
        return False
    return bool(origin) and origin == headers.get("host", "").lower()


def denial_response(reason: str) -> Response:
    if reason in ("no_token", "bad_token"):
        return error_response(
            401,
            "unauthorized",
            "Se necesita la cabecera Authorization: Bearer con el API_TOKEN correcto.",
            ("WWW-Authenticate", 'Bearer realm="telnyx_actors"'),
        )
    return error_response(
        403,
        "forbidden",
        "Sin API_TOKEN configurado, esta ruta solo responde a esta misma máquina (localhost).",
    )


def _is_local_origin(origin: str) -> bool:
    try:
        return names_this_machine(urlsplit(origin).netloc)
    except ValueError:
        return False
