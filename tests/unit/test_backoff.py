"""Backoff: exponential, bounded, jittered over the whole range."""

from __future__ import annotations

import pytest

from telnyx_actors.core.backoff import Backoff


def test_the_ceiling_doubles_until_the_limit() -> None:
    backoff = Backoff(first_s=0.5, limit_s=3.0)
    assert [backoff.ceiling_s(attempt) for attempt in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_jitter_reaches_over_the_whole_range() -> None:
    backoff = Backoff(first_s=0.5, limit_s=3.0)
    assert backoff.delay_s(1, 0.0) == 0.0
    assert backoff.delay_s(1, 0.5) == 0.5
    assert backoff.delay_s(1, 0.999) == pytest.approx(0.999)


def test_a_refusal_may_be_given_a_wait_that_is_never_short() -> None:
    backoff = Backoff(first_s=30.0, limit_s=120.0, least=0.5)
    assert backoff.delay_s(0, 0.0) == 15.0
    assert backoff.delay_s(1, 0.0) == 30.0
    assert backoff.delay_s(5, 0.999) == pytest.approx(120.0, abs=0.1)


def test_the_limit_holds_for_any_attempt() -> None:
    assert Backoff(limit_s=7.0).delay_s(100_000, 1.0) == 7.0


def test_a_limit_of_nothing_never_waits() -> None:
    assert {Backoff(first_s=0.0, limit_s=0.0).delay_s(attempt, 0.9) for attempt in (0, 1, 10_000)} == {0.0}


@pytest.mark.parametrize(
    "fields", [{"first_s": -1.0}, {"first_s": 9.0, "limit_s": 1.0}, {"factor": 0.5}, {"least": 1.5}]
)
def test_what_makes_no_sense_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="backoff needs"):
        Backoff(**fields)
