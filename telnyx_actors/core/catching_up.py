"""How long a transcriber is behind that has to hear first what was said before it was there."""

from __future__ import annotations

from typing import Final

BACKLOG_SPEED: Final = 1.25
"""How much faster than it was spoken it takes a backlog: Deepgram's limit ("recovering from connection errors")."""


def behind_for_s(backlog_s: float) -> float:
    """While more is said, at the pace at which people speak."""
    return backlog_s / (BACKLOG_SPEED - 1.0)
