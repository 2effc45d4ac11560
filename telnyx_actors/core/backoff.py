"""How long to wait before trying again: exponential, with jitter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Backoff:
    """Attempt n waits at most ``min(first_s * factor**n, limit_s)``, and at least ``least`` of that.

    Jitter over all of it by default, so that a hundred calls that lost the same vendor at
    the same moment do not come back at the same moment.
    """

    first_s: float = 0.1
    limit_s: float = 5.0
    factor: float = 2.0
    least: float = 0.0  # 0 to 1

    def __post_init__(self) -> None:
        if not 0.0 <= self.first_s <= self.limit_s or self.factor < 1.0 or not 0.0 <= self.least <= 1.0:
            raise ValueError(f"backoff needs 0 <= first_s <= limit_s, factor >= 1 and 0 <= least <= 1: {self}")

    def delay_s(self, attempt: int, random: float) -> float:
        """Seconds to wait before attempt ``attempt`` (0 is the first), for ``random`` in [0, 1)."""
        return (self.least + (1.0 - self.least) * random) * self.ceiling_s(attempt)

    def ceiling_s(self, attempt: int) -> float:
        """The longest that attempt ``attempt`` may have to wait."""
        try:
            return min(self.first_s * self.factor**attempt, self.limit_s)
        except OverflowError:
            return self.limit_s if self.first_s > 0.0 else 0.0


USUAL: Final = Backoff()
