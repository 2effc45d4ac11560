"""The caller's frames, put back in order.

The carrier numbers the frames of a track with ``chunk``, contiguously from any base, and
promises nothing about their order of arrival.
"""

from __future__ import annotations

from typing import Final

from telnyx_actors.core.audio import Encoding

DEFAULT_HOLD_FRAMES: Final = 3  # 60 ms: more would be heard as latency, less loses frames that are merely late
MAX_GAP_FRAMES: Final = 100  # 2 s: a longer jump is another numbering, not loss
_STALE_RUN_FRAMES: Final = 10  # this many old numbers in a row, ascending, are a new numbering too
_UNNUMBERED: Final = -1  # no frame seen yet; chunks are never negative


class Reorderer:
    """Frames in, frames in order out; what never came is silence of the same law.

    A missing frame is waited for until more than ``hold_frames`` later ones have come.
    One thread. The path of a frame that comes in order is kept as short as it can be,
    for it runs on the front's thread 50 times a second for each call.
    """

    __slots__ = (
        "_hold_frames",
        "_next",
        "_silence",
        "_stale_next",
        "_stale_run",
        "_stale_since",
        "_waiting",
        "late_frames",
        "lost_frames",
    )

    def __init__(self, encoding: Encoding, hold_frames: int = DEFAULT_HOLD_FRAMES) -> None:
        self._hold_frames = hold_frames
        self.lost_frames = 0  # never came in time; replaced by silence
        self.late_frames = 0  # came behind that, or twice: dropped
        self.begin(encoding)

    def begin(self, encoding: Encoding) -> None:
        """Another stream of the same call: numbered anew, and perhaps in the other law."""
        self._silence = bytes((encoding.silence,))
        self._next = _UNNUMBERED
        self._waiting: dict[int, bytes] = {}
        self._stale_next = -1
        self._stale_run = 0
        self._stale_since = _UNNUMBERED

    def push(self, chunk: int, payload: bytes) -> tuple[bytes, ...]:
        """The frames that can be heard now, in order: often just this one, sometimes none."""
        if chunk == self._next and not self._waiting:
            self._next = chunk + 1
            return (payload,)
        return self._out_of_order(chunk, payload)

    def flush(self) -> tuple[bytes, ...]:
        """Everything that still waits, gaps filled: the stream has ended."""
        released: list[bytes] = []
        while self._waiting:
            released += self._give_up()
        return tuple(released)

    def _out_of_order(self, chunk: int, payload: bytes) -> tuple[bytes, ...]:
        if self._next == _UNNUMBERED:
            self._next = chunk + 1
            return (payload,)
        ahead = chunk - self._next
        if ahead < 0 and not self._is_new_numbering(chunk, ahead):
            self.late_frames += 1
            return ()
        if not 0 <= ahead <= MAX_GAP_FRAMES:
            return (*self.flush(), *self._restart(chunk, payload))
        if chunk in self._waiting:
            self.late_frames += 1
            return ()
        self._waiting[chunk] = payload
        released = self._release()
        while len(self._waiting) > self._hold_frames:
            released += self._give_up()
        return tuple(released)

    def _is_new_numbering(self, chunk: int, ahead: int) -> bool:
        # Duplicates come between frames in order, old numbers of a new numbering come alone.
        is_run = chunk == self._stale_next and self._stale_since == self._next
        self._stale_run = self._stale_run + 1 if is_run else 1
        self._stale_next = chunk + 1
        self._stale_since = self._next
        return ahead < -MAX_GAP_FRAMES or self._stale_run >= _STALE_RUN_FRAMES

    def _restart(self, chunk: int, payload: bytes) -> tuple[bytes, ...]:
        self._stale_run = 0
        self._next = chunk + 1
        return (payload,)

    def _release(self) -> list[bytes]:
        """The frames that follow the last one without a gap."""
        released = []
        while (payload := self._waiting.pop(self._next, None)) is not None:
            released.append(payload)
            self._next += 1
        return released

    def _give_up(self) -> list[bytes]:
        """Fill the gap before the first waiting frame, and release what follows it."""
        first = min(self._waiting)
        missing = first - self._next
        filler = self._silence * len(self._waiting[first])
        self.lost_frames += missing
        self._next = first
        return [filler] * missing + self._release()
