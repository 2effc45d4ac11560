"""Messages as they are handled, for whoever watches: by type, never what is in them.

While nobody watches, an actor looks at one empty tuple a message. While somebody does, it
appends to a bounded queue and wakes nobody: the watcher comes to look ten times a second.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import Final, NamedTuple

TRACED_MAX: Final = 5_000
"""Between two looks. More is lost, and counted: a watcher must not cost what it watches."""


class Traced(NamedTuple):
    """A message that was handled. Times: the runtime's monotonic clock, seconds."""

    path: str
    message: str  # its type
    at: float  # when its actor took it on
    waited_s: float
    took_s: float
    failed: bool


class Trace:
    """The actor at ``path`` and everything below it. Any thread notes, one takes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._below = f"{path}/"
        self._noted: deque[tuple[int, Traced]] = deque(maxlen=TRACED_MAX)
        self._numbers = count(1)
        self._last = 0
        self._taken = 0

    def note(self, traced: Traced) -> None:
        if traced.path == self.path or traced.path.startswith(self._below):
            self._noted.append((next(self._numbers), traced))

    def take(self) -> list[Traced]:
        """What was noted since the last time."""
        found = [self._noted.popleft() for _ in range(len(self._noted))]
        self._last = max([self._last, *(number for number, _ in found)])
        self._taken += len(found)
        return [traced for _, traced in found]

    @property
    def lost(self) -> int:
        """How many were noted and never taken."""
        return max(0, self._last - self._taken)
