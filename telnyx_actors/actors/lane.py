"""The caller's frames on their way from the front's thread to an actor.

Frames are not messages: fifty a second for each call would be mostly overhead. They wait
in a bounded lane, and the reader is woken once for all that wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

FRAMES_MAX: Final = 500
"""10 s: longer than any reader sleeps; older audio helps nobody."""


class AudioLane:
    """One writer thread, one reader thread, no lock: a deque's ends are atomic."""

    __slots__ = ("_frames", "_is_woken", "_wake", "dropped")

    def __init__(self, frames_max: int = FRAMES_MAX) -> None:
        self._frames: deque[tuple[float, bytes]] = deque(maxlen=frames_max)
        self._wake: Callable[[], object] | None = None
        self._is_woken = False
        self.dropped = 0

    def put(self, at: float, frame: bytes) -> None:
        """Writer: add a frame that arrived at ``at``; the oldest gives way when the lane is full."""
        if len(self._frames) == self._frames.maxlen:
            self.dropped += 1
        self._frames.append((at, frame))
        if not self._is_woken and self._wake is not None:
            self._is_woken = True
            self._wake()

    def take(self) -> list[tuple[float, bytes]]:
        """Reader: everything that waits, oldest first."""
        self._is_woken = False  # before reading: a frame put from now on wakes again
        frames = self._frames
        return [frames.popleft() for _ in range(len(frames))]

    def listen(self, wake: Callable[[], object]) -> None:
        """Reader: have ``wake`` called (on the writer's thread) when there is something to take."""
        self._is_woken = False
        self._wake = wake
        if self._frames:
            self._is_woken = True
            wake()
