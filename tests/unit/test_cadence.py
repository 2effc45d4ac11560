"""How soon a transcriber's silence is one too many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_actors.core.cadence import KNOWN_FROM, LEAST_S, MARGIN_S, REMEMBERED, UNKNOWN_S, Cadence


def learned(*gaps: float) -> Cadence:
    cadence = Cadence()
    for gap_s in gaps:
        cadence.saw(gap_s)
    return cadence


def test_of_a_few_gaps_nothing_is_concluded() -> None:
    assert learned(*[1.0] * (KNOWN_FROM - 1)).limit_s == UNKNOWN_S
    assert learned(*[1.05] * KNOWN_FROM).limit_s == pytest.approx(1.05 + MARGIN_S)


def test_the_longest_gap_of_late_counts() -> None:
    cadence = learned(1.4, *[1.05] * (REMEMBERED - 1))
    assert cadence.limit_s == pytest.approx(1.4 + MARGIN_S)
    cadence.saw(1.05)
    assert cadence.limit_s == pytest.approx(1.05 + MARGIN_S), "that one was long ago"


def test_short_voices_make_nobody_impatient() -> None:
    assert learned(*[0.1] * REMEMBERED).limit_s == LEAST_S


def test_who_was_doubted_is_given_time_until_it_has_shown_that_it_needs_none() -> None:
    cadence = learned(*[1.05] * REMEMBERED)
    cadence.was_doubted()
    assert cadence.limit_s == UNKNOWN_S
    for _ in range(REMEMBERED):
        cadence.saw(1.05)
    assert cadence.limit_s < 1.2


@given(st.lists(st.floats(0, 100), max_size=40))
def test_it_is_never_hasty_and_never_patient_without_end(gaps: list[float]) -> None:
    assert LEAST_S <= learned(*gaps).limit_s <= UNKNOWN_S
