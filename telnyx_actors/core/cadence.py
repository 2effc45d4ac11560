"""How long a transcriber lets a voice go on without saying anything, as learned from what it did.

"About once a second" is all that is promised of the words of a voice in progress. How regular they
are depends on the vendor, the model and the line, and decides how soon silence is one too many.
"""

from __future__ import annotations

from collections import deque
from typing import Final

UNKNOWN_S: Final = 1.6
"""Of a voice: what is waited for words while nothing is known, and at most."""

LEAST_S: Final = 1.1
"""Words come once a second, whatever a few short voices have looked like."""

MARGIN_S: Final = 0.1
"""Beyond the longest gap of late."""

KNOWN_FROM: Final = 8
REMEMBERED: Final = 16


class Cadence:
    """One vendor's, over all calls. Any thread."""

    def __init__(self) -> None:
        self._gaps: deque[float] = deque(maxlen=REMEMBERED)

    def saw(self, gap_s: float) -> None:
        """So much of one voice went by between two messages."""
        self._gaps.append(gap_s)

    def was_doubted(self) -> None:
        """It was taken for mute. Had it spoken a moment later, nobody would ever know: be slower to doubt it."""
        self._gaps.append(UNKNOWN_S)

    @property
    def limit_s(self) -> float:
        """Of a voice without a message: longer is one that should have been told of."""
        gaps = tuple(self._gaps)
        if len(gaps) < KNOWN_FROM:
            return UNKNOWN_S
        return min(max(max(gaps) + MARGIN_S, LEAST_S), UNKNOWN_S)
