"""How many of something may begin in a second: each gets the moment at which it is its turn."""

from __future__ import annotations

from typing import Final

MARGIN: Final = 1.02
"""What is spread out here arrives in bunches elsewhere: a little slower than allowed is what keeps the limit there."""


class Pace:
    """Turns at even distances. After a pause the first one is at once."""

    def __init__(self, per_s: float) -> None:
        self._apart_s = MARGIN / per_s
        self._free_at = float("-inf")

    def wait_s(self, now: float) -> float:
        """How long the next one would have to wait."""
        return max(0.0, self._free_at - now)

    def take(self, now: float) -> float:
        """The next turn: a time, now or later. It is given to nobody else."""
        at = max(now, self._free_at)
        self._free_at = at + self._apart_s
        return at
