"""Turns to dial: even, in order, and never more in a second than the account allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from telnyx_actors.core.pace import Pace


def test_the_first_is_at_once_and_so_is_one_after_a_pause() -> None:
    pace = Pace(30)
    assert pace.take(100.0) == 100.0
    assert pace.take(101.0) == 101.0


def test_those_who_come_together_go_one_after_the_other() -> None:
    pace = Pace(10)
    assert [round(pace.take(5.0), 3) for _ in range(4)] == [5.0, 5.102, 5.204, 5.306]
    assert round(pace.wait_s(5.0), 3) == 0.408
    assert pace.wait_s(6.0) == 0.0


@given(
    per_s=st.integers(1, 100),
    gaps=st.lists(st.floats(0.0, 0.5), min_size=1, max_size=300),
)
def test_no_window_of_five_seconds_holds_more_than_five_seconds_worth(per_s: int, gaps: list[float]) -> None:
    pace, now, turns = Pace(per_s), 0.0, []
    for gap in gaps:
        now += gap
        turns.append(pace.take(now))
        assert turns[-1] >= now
    assert turns == sorted(turns)
    for index, begin in enumerate(turns):
        assert sum(begin <= turn < begin + 5.0 for turn in turns[index:]) <= 5 * per_s
