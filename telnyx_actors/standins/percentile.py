"""The one definition of a percentile behind every figure that is published: the demo's, the benches', the measurements'."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that so many percent of them do not exceed (nearest rank); not a number where there are none."""
    ordered = sorted(values)
    rank = ceil(percent * len(ordered) / 100)
    return ordered[max(rank, 1) - 1] if ordered else float("nan")
