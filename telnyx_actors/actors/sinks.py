"""The WebSockets of the front, for whoever writes to them from another thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

SERVICE_RESTART: Final = 1012
TRY_AGAIN_LATER: Final = 1013


class Sink(Protocol):
    """Both methods may be called from any thread, and return at once."""

    def send(self, messages: Sequence[str]) -> bool:
        """Queue text messages in order. False when the socket is gone or its buffer is full."""

    def close(self, code: int, reason: str) -> None: ...


class Viewer(Sink, Protocol):
    """A browser that looks at the page."""
