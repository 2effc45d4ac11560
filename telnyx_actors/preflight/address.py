"""Whether the world finds us: our public address and the media socket behind it, tried from here."""

from __future__ import annotations

import errno
import ipaddress
import json
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from telnyx_actors.config import Settings
from telnyx_actors.errors import ProviderError
from telnyx_actors.preflight.check import Check, in_words
from telnyx_actors.preflight.listener import FIELD, Listener
from telnyx_actors.preflight.report import Outcome, failed, ok, warning
from telnyx_actors.providers.reach import Page, fetch, upgrade

_GATEWAY_ERRORS: Final = frozenset({502, 503, 504})


class Who(StrEnum):
    """Whoever of ours answered."""

    ENGINE = "el motor en marcha"
    LISTENER = "un servicio de prueba, porque el motor no está en marcha"


def listen(settings: Settings, on_close: ExitStack) -> str:
    """Take the engine's port for as long as the check lasts. Returns the nonce of what answers there then.

    It is "" when the port is taken: by the engine, or so it seems. Raises ``OSError`` when it cannot be had otherwise.
    """
    try:
        return on_close.enter_context(Listener(settings.server.host, settings.server.port)).nonce
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return ""
        raise


def who_wrote(page: Page, nonce: str) -> Who | None:
    """Who answered a GET where webhooks are posted; None for a stranger."""
    try:
        body = json.loads(page.body)
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    if nonce and body.get(FIELD) == nonce:
        return Who.LISTENER
    return Who.ENGINE if page.status == 405 and body.get("error") == "method_not_allowed" else None


def address_checks(settings: Settings, tls: ssl.SSLContext, nonce: str) -> Iterator[Check]:
    server = settings.server
    tunnel = f"Lleve el túnel o el proxy de esa dirección a {server.host}:{server.port} de esta máquina."
    yield Check("webhook_address", "WEBHOOK_BASE_URL", lambda: look_at_address(settings, tls, nonce), tunnel)
    yield Check(
        "media_socket",
        "Socket de audio",
        lambda: look_at_socket(settings, tls),
        f"{tunnel} El proxy tiene que dejar pasar las cabeceras Upgrade y Connection (docs/operations.md).",
    )


def look_at_address(settings: Settings, tls: ssl.SSLContext, nonce: str) -> Outcome:
    """Raises ``ProviderError`` when nobody answers."""
    server, url = settings.server, settings.server.webhook_url
    if not is_public(url) and is_public(settings.telnyx.api_url):
        return failed(
            f"{server.webhook_base_url} solo existe en esta máquina o en su red",
            "Ponga en WEBHOOK_BASE_URL la dirección pública, la que ve Telnyx: la del túnel o la del proxy.",
        )
    page = fetch(url, tls)
    here = f"{server.host}:{server.port}"
    if page.status in _GATEWAY_ERRORS:
        return failed(
            f"{url} responde {page.status}: el proxy o el túnel no llega a este servicio",
            f"Revise a dónde lleva: tiene que ser {here}.",
        )
    who = who_wrote(page, nonce)
    if who is None:
        return failed(
            f"en {url} responde otro servicio (HTTP {page.status})",
            f"Lleve esa dirección a {here}, con la ruta entera; si ese puerto es de otro programa, cambie PORT.",
        )
    if url.startswith("http:") and is_public(url):
        return warning(f"responde {who}, sin cifrar", "Use https: por ahí pasa lo que dicen las personas.")
    return ok(f"{server.webhook_base_url}: responde {who}")


def look_at_socket(settings: Settings, tls: ssl.SSLContext) -> Outcome:
    """Raises ``ProviderError`` when it cannot be opened and is needed."""
    url = settings.server.stream_url
    try:
        upgrade(url, tls)
    except ProviderError as error:
        if settings.telnyx.use_media_streams:
            raise
        return warning(f"{url}: {in_words(error)}", "En modo webhook (USE_MEDIA_STREAMS=false) no hace falta.")
    return ok(f"{url}: abierto y cerrado")


def is_public(url: str) -> bool:
    """Whether an address could be reached from elsewhere. A name counts as such: where it leads is not asked."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return host != "localhost" and not host.endswith((".localhost", ".local"))
