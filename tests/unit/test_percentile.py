"""The one percentile of all published figures: a value that occurred, by its rank."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan

import pytest

from telnyx_actors.standins.percentile import percentile


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7.0], 99, 7.0),
        ([4.0, 1.0, 3.0, 2.0], 50, 2.0),
        ([4.0, 3.0, 2.0, 1.0], 95, 4.0),
        (range(1, 101), 95, 95),
        (range(1, 21), 55, 11),  # 0.55 of twenty is a little more than eleven, if it is multiplied so
        (range(1, 101), 100, 100),
        (range(1, 101), 0, 1),
    ],
)
def test_a_percentile_is_a_value_that_occurred(values: Iterable[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


def test_of_nothing_there_is_no_percentile() -> None:
    assert isnan(percentile([], 50))
