"""The slope of what is sampled over a long run: whether it grows for ever. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from statistics import mean


def slope(samples: Sequence[tuple[float, float]], *, after: float = 0.0) -> float:
    """Least squares: by how much the value grows per unit of time, from ``after`` on.

    ``samples``: (time, value). Values that are not finite are left out; not a number where less than two are left.
    """
    kept = [(at, value) for at, value in samples if at >= after and isfinite(value)]
    if len({at for at, _ in kept}) < 2:
        return float("nan")
    middle_at, middle = mean(at for at, _ in kept), mean(value for _, value in kept)
    spread = sum((at - middle_at) ** 2 for at, _ in kept)
    return sum((at - middle_at) * (value - middle) for at, value in kept) / spread
