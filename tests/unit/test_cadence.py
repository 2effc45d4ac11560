"""How soon a transcriber's silence is one too many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_actors.core.cadence import KNOWN_FROM, LEAST_S, MARGIN_S, MINUTES, UNKNOWN_S, Cadence


def learned(*gaps: float) -> Cadence:
    cadence = Cadence()
    for gap_s in gaps:
        cadence.saw(gap_s, 0.0)
    return cadence


def test_of_a_few_gaps_nothing_is_concluded() -> None:
    assert learned(*[1.05] * (KNOWN_FROM - 1)).limit_s == UNKNOWN_S
    assert learned(*[1.05] * KNOWN_FROM).limit_s == pytest.approx(1.05 + MARGIN_S)


def test_the_longest_gap_of_the_last_minutes_counts_however_many_calls_there_are() -> None:
    cadence = learned(1.4, *[1.05] * 100_000)
    assert cadence.limit_s == pytest.approx(1.4 + MARGIN_S)
    for minute in range(1, MINUTES):
        cadence.saw(1.05, 60.0 * minute)
        assert cadence.limit_s == pytest.approx(1.4 + MARGIN_S)
    cadence.saw(1.05, 60.0 * MINUTES)
    assert cadence.limit_s == pytest.approx(1.05 + MARGIN_S), "that one was long ago"


def test_a_night_without_a_call_is_no_minute() -> None:
    cadence = learned(*[1.4] * KNOWN_FROM)
    cadence.saw(1.05, 40_000.0)
    assert cadence.limit_s == pytest.approx(1.4 + MARGIN_S)


def test_short_voices_make_nobody_impatient() -> None:
    assert learned(*[0.1] * KNOWN_FROM).limit_s == LEAST_S


def test_who_was_doubted_is_given_time() -> None:
    cadence = learned(*[1.05] * KNOWN_FROM)
    cadence.was_doubted(0.0)
    assert cadence.limit_s == UNKNOWN_S
    for minute in range(1, MINUTES + 1):
        cadence.saw(1.05, 60.0 * minute)
    assert cadence.limit_s < 1.2, "until it has shown for long enough that it needs none"


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1e6)), max_size=40))
def test_it_is_never_hasty_and_never_patient_without_end(gaps: list[tuple[float, float]]) -> None:
    cadence = Cadence()
    for gap_s, now in gaps:
        cadence.saw(gap_s, now)
    assert LEAST_S <= cadence.limit_s <= UNKNOWN_S
