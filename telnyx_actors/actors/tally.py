"""What happened in all calls together, counted. Any thread writes, any thread reads."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

RESPONSE_BUCKETS_S: Final = (0.3, 0.5, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 2.5, 4.0, 10.0)


@dataclass(frozen=True, slots=True)
class Response:
    """Response times: how many up to each bucket's bound, the last one unbounded, and their sum."""

    cumulative: tuple[int, ...]
    total_s: float


class Tally:
    """Counts by (family, label): families are "ended" and "event"."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._responses = [0] * (len(RESPONSE_BUCKETS_S) + 1)
        self._response_s = 0.0

    def count(self, family: str, label: str) -> None:
        with self._lock:
            self._counts[family, label] += 1

    def response(self, seconds: float) -> None:
        """An answer was heard this long after the caller's last word."""
        with self._lock:
            self._responses[bisect_left(RESPONSE_BUCKETS_S, seconds)] += 1
            self._response_s += seconds

    def read(self) -> tuple[Mapping[tuple[str, str], int], Response]:
        with self._lock:
            return dict(self._counts), Response(tuple(accumulate(self._responses)), self._response_s)
