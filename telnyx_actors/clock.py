"""The only place that reads the time, so that everything else can be given it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two times: one to measure with, one to show to people."""

    def now(self) -> float:
        """Monotonic seconds from an arbitrary start. Never jumps, never goes back."""

    def wall(self) -> datetime:
        """The date and time, with its zone. May jump."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> datetime:
        return datetime.now(UTC)
