"""Time that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from telnyx_actors.actors.timer import Deadlines, Timeout, run_safely


class ManualClock:
    """A clock that stands still until it is told to move."""

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


class ManualTimer:
    """A timer whose time is a ``ManualClock``: nothing happens until ``advance``."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._deadlines = Deadlines()

    def schedule(self, at: float, action: Callable[[], object]) -> Timeout:
        return self._deadlines.push(at, action)

    def start(self) -> None:
        """Nothing to start: the one who advances the time is the thread."""

    def stop(self) -> None:
        self._deadlines = Deadlines()

    @property
    def next_at(self) -> float | None:
        return self._deadlines.next_at()

    def advance(self, seconds: float) -> None:
        """Move the clock, stopping at every deadline on the way to run what is due there."""
        end = self._clock.now() + seconds
        while (next_at := self._deadlines.next_at()) is not None and next_at <= end:
            self._clock.advance(max(0.0, next_at - self._clock.now()))
            while (action := self._deadlines.pop_due(self._clock.now())) is not None:
                run_safely(action)
        self._clock.advance(max(0.0, end - self._clock.now()))
