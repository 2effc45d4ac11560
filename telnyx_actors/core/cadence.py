"""How long a transcriber lets a voice go on without saying anything, as learned from what it did.

"About once a second" is all that is promised of the words of a voice in progress. How regular they
are depends on the vendor, the model and the line, and decides how soon silence is one too many.
"""

from __future__ import annotations

from collections import deque
from typing import Final

UNKNOWN_S: Final = 1.6
"""Of a voice: what is waited for words while nothing is known, and at most."""

LEAST_S: Final = 1.05
"""Words come once a second, whatever a few short voices have looked like."""

MARGIN_S: Final = 0.05
"""Beyond the longest gap of late."""

KNOWN_FROM: Final = 8
"""Gaps, of which something can be concluded."""

MINUTES: Final = 10
"""Those in which somebody spoke: gaps by the hundred where there are many calls, and by the dozen where there is one."""


class Cadence:
    """One vendor's, over all calls. ``now`` is in seconds. Any thread."""

    def __init__(self) -> None:
        self._longest: deque[float] = deque(maxlen=MINUTES)  # gap of each minute
        self._minute = -1
        self._gaps = 0
        self.limit_s: float = UNKNOWN_S
        """Of a voice without a message: longer is one that should have been told of."""

    def saw(self, gap_s: float, now: float) -> None:
        """So much of one voice went by between two messages."""
        self._gaps += 1
        minute = int(now // 60)
        if minute != self._minute:
            self._minute = minute
            self._longest.append(gap_s)
        else:
            self._longest[-1] = max(self._longest[-1], gap_s)
        if self._gaps >= KNOWN_FROM:
            self.limit_s = min(max(max(self._longest) + MARGIN_S, LEAST_S), UNKNOWN_S)

    def was_doubted(self, now: float) -> None:
        """It was taken for mute, and had been a moment before: it may be slow, and who is given up is never heard out."""
        self.saw(UNKNOWN_S, now)
