"""Calls that were given up before the carrier had named them: it may have dialled them all the same."""

from __future__ import annotations

import threading
from typing import Final

GIVEN_UP_MAX: Final = 1000


class GivenUp:
    """Their secrets by our names for them, so that what the carrier tells of them is believed. Any thread."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self._lock = threading.Lock()

    def add(self, ref: str, secret: str) -> None:
        """The oldest is forgotten first."""
        with self._lock:
            if len(self._secrets) >= GIVEN_UP_MAX:
                del self._secrets[next(iter(self._secrets))]
            self._secrets[ref] = secret

    def secret_of(self, ref: str) -> str | None:
        return self._secrets.get(ref)

    def __contains__(self, ref: str) -> bool:
        return ref in self._secrets
