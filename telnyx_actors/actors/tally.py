"""What happened in all calls together, counted. Any thread writes, any thread reads."""

from __future__ import annotations

import struct
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Final

from telnyx_actors.actors.usage import METERED, Usage
from telnyx_actors.core.endings import OTHER, REASONS, fault_of
from telnyx_actors.core.turn import Latency

BUCKETS_S: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 2.5, 4.0, 10.0)
PARTS: Final = tuple(each.name for each in fields(Latency))
SAMPLES_MAX: Final = 20_000
"""An hour of a hundred calls that take five turns a minute would be 30,000; 1.7 MB hold the latest of them."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many up to each bucket's bound, the last one unbounded, and their sum."""

    cumulative: tuple[int, ...]
    total_s: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A turn that was answered at ``at``."""

    at: float
    ref: str
    turn: int
    latency: Latency


class _Latest:
    """The latest samples, in memory that is all taken at the start: as objects they would grow by 400 bytes a turn."""

    _ROW: Final = struct.Struct(f"=d32sI{len(PARTS)}d")  # 32: our names for calls are UUIDs in hexadecimal

    def __init__(self) -> None:
        # Not zeros: those the kernel would give page by page, as they are written.
        self._rows = bytearray(b"\xff") * (self._ROW.size * SAMPLES_MAX)
        self._count = 0

    def add(self, sample: Sample) -> None:
        """The oldest gives way."""
        at = self._count % SAMPLES_MAX * self._ROW.size
        parts = (getattr(sample.latency, part) for part in PARTS)
        self._ROW.pack_into(self._rows, at, sample.at, sample.ref.encode(), sample.turn, *parts)
        self._count += 1

    def copy(self) -> bytes:
        """All there are, oldest first. Takes a hundredth of the time that reading them does."""
        end = min(self._count, SAMPLES_MAX) * self._ROW.size
        oldest = self._count % SAMPLES_MAX * self._ROW.size if self._count > SAMPLES_MAX else 0
        rows = memoryview(self._rows)
        return b"".join((rows[oldest:end], rows[:oldest]))

    @classmethod
    def read(cls, copy: bytes, since: float) -> list[Sample]:
        return [
            Sample(at, ref.rstrip(b"\0").decode("utf-8", "replace"), turn, Latency(*parts))
            for at, ref, turn, *parts in cls._ROW.iter_unpack(copy)
            if at >= since
        ]


class Tally:
    """Sums by (family, label…); the families are listed in ``console/call_metrics.py``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: defaultdict[tuple[str, ...], float] = defaultdict(float)
        self._gauges: dict[str, float] = {}
        self._buckets = {part: [0] * (len(BUCKETS_S) + 1) for part in PARTS}
        self._seconds = dict.fromkeys(PARTS, 0.0)
        self._latest = _Latest()

    def gauge(self, name: str, value: float) -> None:
        """Something that was measured just now."""
        with self._lock:
            self._gauges[name] = value

    def gauges(self) -> Mapping[str, float]:
        with self._lock:
            return dict(self._gauges)

    def count(self, family: str, *labels: str, by: float = 1) -> None:
        with self._lock:
            self._sums[family, *labels] += by

    def answered(self, sample: Sample) -> None:
        """The caller heard an answer."""
        with self._lock:
            self._latest.add(sample)
            for part in PARTS:
                seconds = getattr(sample.latency, part)
                self._buckets[part][bisect_left(BUCKETS_S, seconds)] += 1
                self._seconds[part] += seconds

    def ended(self, reason: str, usage: Usage, cost: Mapping[str, float]) -> None:
        """A call is over."""
        known = reason if reason in REASONS else OTHER
        self.count("ended", known, fault_of(known).value)
        for figure in METERED:
            self.count("usage", figure, by=getattr(usage, figure))
        for vendor, amount in cost.items():
            self.count("cost", vendor, by=amount)

    def read(self) -> Mapping[tuple[str, ...], float]:
        with self._lock:
            return dict(self._sums)

    def counts(self, family: str) -> list[tuple[tuple[str, ...], int]]:
        """The labels of a family and how often each, in the order of the labels."""
        return [(key[1:], int(count)) for key, count in sorted(self.read().items()) if key[0] == family]

    def histograms(self) -> Mapping[str, Histogram]:
        """By part of the response time, and "response" for the whole."""
        with self._lock:
            return {part: Histogram(tuple(accumulate(self._buckets[part])), self._seconds[part]) for part in PARTS}

    def samples(self, since: float) -> list[Sample]:
        """The turns answered since then, oldest first, as far as they are remembered."""
        with self._lock:
            copy = self._latest.copy()
        return _Latest.read(copy, since)
