"""What a telephone plays and when: exact to the byte, by arithmetic instead of a clock.

Positions are bytes of 8 kHz mu-law since the call's media began, so 8 of them are a
millisecond. Nothing here reads the time; whoever calls says where "now" is.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Segment:
    """Sound without a gap, from ``start`` on."""

    start: int
    audio: bytearray

    @property
    def end(self) -> int:
        return self.start + len(self.audio)


@dataclass(slots=True)
class Playout:
    """A queue that is drained in real time, and what came out of it.

    ``segments`` reach into the future as long as something is queued.
    """

    segments: list[Segment] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)

    @property
    def end(self) -> int:
        """Where the queue runs dry."""
        return self.segments[-1].end if self.segments else 0

    def push(self, audio: bytes, now: int) -> int | None:
        """Queue sound. Returns how long (in bytes) it had been silent, None when it was still playing."""
        if self.segments and self.end >= now:
            self.segments[-1].audio += audio
            return None
        silent = now - self.end
        self.segments.append(Segment(now, bytearray(audio)))
        return silent

    def mark(self, name: str) -> None:
        """Queue a mark behind what is queued now."""
        self.marks.append((self.end, name))

    def due_marks(self, now: int) -> list[str]:
        """The marks whose place has been reached."""
        due = []
        while self.marks and self.marks[0][0] <= now:
            due.append(self.marks.pop(0)[1])
        return due

    def clear(self, now: int) -> tuple[int, list[str]]:
        """Forget what was not heard yet: how many bytes that was, and every mark that waited."""
        names = [name for _, name in self.marks]
        self.marks.clear()
        dropped = 0
        while self.segments and self.end > now:
            last = self.segments[-1]
            keep = max(now - last.start, 0)
            dropped += len(last.audio) - keep
            del last.audio[keep:]
            if last.audio:
                break
            self.segments.pop()
        return dropped, names

    def drop_marks(self) -> None:
        """Nobody is left to return the marks to."""
        self.marks.clear()

    def heard(self, start: int, end: int) -> bytes:
        """What played between two positions; silence where nothing did."""
        out = bytearray(b"\xff" * max(end - start, 0))
        self.write_into(out, start)
        return bytes(out)

    def write_into(self, out: bytearray, start: int) -> None:
        """Lay what played from ``start`` on over ``out``."""
        end = start + len(out)
        for segment in reversed(self.segments):
            if segment.end <= start:
                break
            first, last = max(segment.start, start), min(segment.end, end)
            if first < last:
                out[first - start : last - start] = segment.audio[first - segment.start : last - segment.start]
