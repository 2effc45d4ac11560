"""Who transcribes next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_actors.core.succession import AGAIN, BACK, FAILURES_MAX, REFUSED, Next, Source, Succession

OWN, RESERVE = Source.OWN, Source.RESERVE


def test_a_connection_that_breaks_is_made_again_where_it_was() -> None:
    assert Succession(has_reserve=True).lost(OWN, 1.0, is_refused=False) == Next(OWN, AGAIN.first_s)


def test_the_reserve_follows_the_second_failure_in_a_row_at_once() -> None:
    succession = Succession(has_reserve=True)
    succession.lost(OWN, 0.0, is_refused=False)
    assert succession.lost(OWN, 1.0, is_refused=False) == Next(RESERVE)


def test_a_connection_that_lasted_makes_the_failures_before_it_forgotten() -> None:
    succession = Succession(has_reserve=True)
    for _ in range(10):
        assert succession.lost(OWN, 0.0, is_refused=False).source is OWN
        succession.lasted(OWN)


def test_a_refusal_is_not_asked_twice() -> None:
    assert Succession(has_reserve=True).lost(OWN, 1.0, is_refused=True) == Next(RESERVE)


def test_without_a_reserve_the_carrier_follows_a_refusal() -> None:
    assert Succession(has_reserve=False).lost(OWN, 1.0, is_refused=True) == Next(OWN, REFUSED.first_s, is_final=True)


def test_without_a_reserve_many_failures_are_as_good_as_a_refusal() -> None:
    succession = Succession(has_reserve=False)
    finals = [succession.lost(OWN, 0.0, is_refused=False).is_final for _ in range(FAILURES_MAX + 1)]
    assert finals == [False] * FAILURES_MAX + [True]


def test_a_reserve_that_worked_is_tried_once_more() -> None:
    succession = Succession(has_reserve=True)
    succession.lost(OWN, 0.0, is_refused=True)
    succession.lasted(RESERVE)
    assert succession.lost(RESERVE, 0.0, is_refused=False) == Next(RESERVE)
    assert succession.lost(RESERVE, 1.0, is_refused=False) == Next(OWN, REFUSED.first_s, is_final=True)


def test_when_the_carrier_hears_both_are_tried_in_turn() -> None:
    succession = Succession(has_reserve=True)
    succession.lost(OWN, 0.0, is_refused=True)
    for _ in range(3):
        assert succession.lost(RESERVE, 0.0, is_refused=False).source is OWN
        assert succession.lost(OWN, 0.0, is_refused=False).source is RESERVE


def test_who_was_refused_is_asked_again_later_than_who_was_away() -> None:
    refused, away = Succession(has_reserve=True), Succession(has_reserve=True)
    refused.lost(OWN, 0.0, is_refused=True)
    away.lost(OWN, 0.0, is_refused=False)
    assert (refused.back_s(1.0), away.back_s(1.0)) == (REFUSED.first_s, BACK.first_s)
    away.not_back(is_refused=False)
    assert away.back_s(1.0) == 2 * BACK.first_s


@given(st.lists(st.tuples(st.sampled_from(Source), st.booleans(), st.booleans())), st.booleans())
def test_whatever_happens_somebody_hears_or_will(history: list[tuple[Source, bool, bool]], has_reserve: bool) -> None:
    succession = Succession(has_reserve=has_reserve)
    for source, is_refused, has_lasted in history:
        if has_lasted:
            succession.lasted(source)
        following = succession.lost(source if has_reserve else OWN, 0.5, is_refused=is_refused)
        assert 0.0 <= following.delay_s <= REFUSED.limit_s
        assert has_reserve or following.source is OWN
        assert not (following.is_final and following.source is RESERVE)


@pytest.mark.parametrize("has_reserve", [True, False])
def test_nobody_waits_longer_than_a_moment_while_there_is_somebody_left_to_try(has_reserve: bool) -> None:
    succession = Succession(has_reserve=has_reserve)
    while not (following := succession.lost(OWN, 1.0, is_refused=False)).is_final:
        assert following.delay_s <= AGAIN.limit_s
        if following.source is RESERVE:
            assert succession.lost(RESERVE, 1.0, is_refused=False).is_final
            return
