"""The line to the caller's ear, to the byte: what was really heard, whatever anybody believes."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

FRAME_BYTES = 160
BYTES_PER_S = 8000


class Source(StrEnum):
    STREAM = "stream"
    FILE = "file"
    CARRIER = "carrier"  # its own voice


class Span(NamedTuple):
    """A piece of a clause that sounds; ``begin`` is its place in the clause's audio."""

    start: float
    end: float
    clause: int
    begin: int
    source: Source


class Line:
    """Plays in order, in real time; only the carrier's own voice waits for nothing."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.play_end = 0.0
        self._marks: dict[str, Source] = {}

    def play(self, now: float, clause: int, begin: int, end: int, source: Source = Source.STREAM) -> None:
        frames = -(-(end - begin) // FRAME_BYTES)
        start = now if source is Source.CARRIER else max(self.play_end, now)
        span = Span(start, start + frames * FRAME_BYTES / BYTES_PER_S, clause, begin, source)
        self.spans.append(span)
        self.play_end = max(self.play_end, span.end)

    def mark(self, now: float, name: str, source: Source = Source.STREAM) -> float:
        """Put a mark behind what was queued; returns when it will be passed."""
        self._marks[name] = source
        return max(self.play_end, now)

    def pass_mark(self, name: str) -> bool:
        """Whether the mark was still there."""
        return self._marks.pop(name, None) is not None

    def clear(self, now: float, *sources: Source) -> list[str]:
        """Stop what comes from there; returns the marks that were queued with it."""
        if self.play_end > now:
            kept = [s for s in self.spans if s.start < now or s.source not in sources]
            self.spans = [s._replace(end=min(s.end, now)) if s.source in sources else s for s in kept]
            self.play_end = max((s.end for s in self.spans), default=now)
        cleared = [name for name, source in self._marks.items() if source in sources]
        for name in cleared:
            del self._marks[name]
        return cleared

    def heard(self, now: float) -> list[Span]:
        """What has sounded until now, in order."""
        return [span._replace(end=min(span.end, now)) for span in self.spans if span.start < now]
