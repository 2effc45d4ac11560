"""Who has shown the token to the page's login, and for how long that counts."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Mapping
from typing import Final

COOKIE: Final = "telnyx_actors_console"
PATH: Final = "/console"
LIFE_S: Final = 12 * 3600
SESSIONS_MAX: Final = 64


class Sessions:
    """Kept in memory by digest, the oldest forgotten first. They outlive the front, and end with the process."""

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def begin(self, now: float) -> str:
        """A new session's secret, for its cookie."""
        secret = secrets.token_urlsafe(32)
        with self._lock:
            if len(self._until) >= SESSIONS_MAX:
                del self._until[next(iter(self._until))]
            self._until[_digest(secret)] = now + LIFE_S
        return secret

    def is_open(self, secret: str, now: float) -> bool:
        return bool(secret) and now < self._until.get(_digest(secret), 0.0)

    def end(self, secret: str) -> None:
        with self._lock:
            self._until.pop(_digest(secret), None)


def _digest(secret: str) -> bytes:
    """Looked up by digest, so that the time of a lookup says nothing about the secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def secret_in(headers: Mapping[str, str]) -> str:
    """The session's secret in a request; "" when it brings none."""
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def cookie(secret: str, *, is_https: bool) -> tuple[str, str]:
    """The header that begins a session; with "" as the secret, the one that ends it."""
    life_s = LIFE_S if secret else 0
    secure = "; Secure" if is_https else ""
    return "Set-Cookie", f"{COOKIE}={secret}; Path={PATH}; Max-Age={life_s}; HttpOnly; SameSite=Strict{secure}"
