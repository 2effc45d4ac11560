"""The caller's frames on their way from the front's thread to an actor.

Frames are not messages: fifty a second for each call would be mostly overhead. They wait
in a bounded lane, and the reader is woken once for all that wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

FRAMES_MAX: Final = 500
"""10 s: longer than any reader sleeps; older audio helps nobody."""


class AudioLane(Generic[T]):
    """One writer thread, one reader thread, no lock: a deque's ends are atomic."""

    __slots__ = ("_frames", "_is_woken", "_wake", "_wake_at", "dropped")

    def __init__(self, *, wake_at: int = 1, frames_max: int = FRAMES_MAX) -> None:
        """The reader is woken when ``wake_at`` frames wait; it may come for fewer by itself."""
        self._frames: deque[T] = deque(maxlen=frames_max)
        self._wake: Callable[[], object] | None = None
        self._wake_at = wake_at
        self._is_woken = False
        self.dropped = 0

    def put(self, frame: T) -> None:
        """Writer: add a frame; the oldest gives way when the lane is full."""
        frames = self._frames
        if len(frames) == frames.maxlen:
            self.dropped += 1
        frames.append(frame)
        if not self._is_woken and len(frames) >= self._wake_at and self._wake is not None:
            self._is_woken = True
            self._wake()

    def take(self) -> list[T]:
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
