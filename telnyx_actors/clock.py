"""The only place that reads the time, so that everything else can be given it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
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


class ManualClock:
    """A clock that stands still until it is told to move. For tests and replays."""

    def __init__(self, now: float = 0.0, wall: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = now
        self._wall = wall

    def now(self) -> float:
        return self._now

    def wall(self) -> datetime:
        return self._wall

    def advance(self, seconds: float) -> None:
        if seconds < 0.0:
            raise ValueError("monotonic time does not go back")
        self._now += seconds
        self._wall += timedelta(seconds=seconds)
