"""What happened in all calls together, counted. Any thread writes, any thread reads."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict, deque
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
"""An hour of a hundred calls that take five turns a minute would be 30,000; 2 MB hold the latest of them."""


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


class Tally:
    """Sums by (family, label…); the families are listed in ``console/metrics.py``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: defaultdict[tuple[str, ...], float] = defaultdict(float)
        self._gauges: dict[str, float] = {}
        self._buckets = {part: [0] * (len(BUCKETS_S) + 1) for part in PARTS}
        self._seconds = dict.fromkeys(PARTS, 0.0)
        self._samples: deque[Sample] = deque(maxlen=SAMPLES_MAX)

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
            self._samples.append(sample)
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
            return [sample for sample in self._samples if sample.at >= since]
