"""Deadlines in order, cancelled cheaply, on a thread or by hand."""

from __future__ import annotations

import threading

import pytest

from support.manual_time import ManualClock, ManualTimer
from telnyx_actors.actors.timer import GARBAGE_MAX, Deadlines, ThreadTimer, Timeouts
from telnyx_actors.clock import SystemClock


def nothing() -> None:
    return None


@pytest.fixture
def ran() -> list[object]:
    return []


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(100.0)


@pytest.fixture
def timer(clock: ManualClock) -> ManualTimer:
    return ManualTimer(clock)


def test_actions_run_in_the_order_of_their_time_and_equals_in_the_order_they_were_set(
    timer: ManualTimer, ran: list[object]
) -> None:
    for at, name in [(103.0, "late"), (101.0, "first"), (101.0, "second"), (90.0, "overdue")]:
        timer.schedule(at, lambda name=name: ran.append(name))  # type: ignore[misc]  # a default binds the loop's value
    timer.advance(2.0)
    assert ran == ["overdue", "first", "second"]
    timer.advance(1.0)
    assert ran[-1] == "late"


def test_the_clock_shows_the_deadline_when_its_action_runs(
    timer: ManualTimer, clock: ManualClock, ran: list[object]
) -> None:
    timer.schedule(101.5, lambda: ran.append(clock.now()))
    timer.advance(5.0)
    assert (ran, clock.now()) == ([101.5], 105.0)


def test_an_action_may_set_the_next_deadline(timer: ManualTimer, clock: ManualClock, ran: list[object]) -> None:
    def tick() -> None:
        ran.append(clock.now())
        timer.schedule(clock.now() + 1.0, tick)

    timer.schedule(101.0, tick)
    timer.advance(3.5)
    assert ran == [101.0, 102.0, 103.0]


def test_a_cancelled_timeout_never_runs_and_says_whether_it_came_in_time(timer: ManualTimer, ran: list[object]) -> None:
    cancelled = timer.schedule(101.0, lambda: ran.append("cancelled"))
    run = timer.schedule(101.0, lambda: ran.append("run"))
    assert (cancelled.cancel(), cancelled.cancel()) == (True, False)
    timer.advance(1.0)
    assert (ran, run.cancel(), run.pending) == (["run"], False, False)


def test_the_next_deadline_is_the_first_that_still_counts(timer: ManualTimer) -> None:
    first = timer.schedule(101.0, nothing)
    timer.schedule(102.0, nothing)
    first.cancel()
    assert timer.next_at == 102.0


def test_cancelled_timeouts_do_not_pile_up() -> None:
    deadlines = Deadlines()
    kept = deadlines.push(1e9, nothing)
    for at in range(10_000):
        deadlines.push(float(at), nothing).cancel()
    assert len(deadlines) <= GARBAGE_MAX + 2
    assert kept.pending


def test_cancelled_timeouts_are_forgotten_when_their_time_comes() -> None:
    deadlines = Deadlines()
    for at in (1.0, 2.0, 3.0):
        deadlines.push(at, nothing).cancel()
    assert deadlines.pop_due(2.0) is None
    assert deadlines.next_at() is None
    assert (len(deadlines), deadlines._garbage) == (0, 0)


def test_a_failing_action_does_not_take_the_others_with_it(timer: ManualTimer, ran: list[object]) -> None:
    timer.schedule(101.0, lambda: 1 / 0)
    timer.schedule(101.0, lambda: ran.append("next"))
    timer.advance(1.0)
    assert ran == ["next"]


def test_an_owner_cancels_everything_it_has_pending_and_does_not_hoard_the_past(timer: ManualTimer) -> None:
    owner = Timeouts(timer)
    for _ in range(5 * GARBAGE_MAX):
        owner.schedule(101.0, nothing)
        timer.advance(1.0)
    assert len(owner._pending) <= GARBAGE_MAX
    future = owner.schedule(1e6, nothing)
    owner.cancel_all()
    assert not future.pending


def test_the_thread_wakes_for_an_earlier_deadline_set_while_it_sleeps() -> None:
    clock, early, started = SystemClock(), threading.Event(), threading.Event()
    timer = ThreadTimer(clock)
    timer.start()
    timer.schedule(clock.now(), started.set)
    assert started.wait(5)
    timer.schedule(clock.now() + 3600, nothing)
    timer.schedule(clock.now() + 0.01, early.set)
    assert early.wait(5)
    timer.stop()


def test_the_thread_runs_nothing_early_and_in_order() -> None:
    clock, done = SystemClock(), threading.Event()
    late_by: list[float] = []
    timer = ThreadTimer(clock)
    start = clock.now()
    for step in (3, 1, 2, 0):
        at = start + step * 0.01
        timer.schedule(at, lambda at=at: late_by.append(clock.now() - at))  # type: ignore[misc]  # see above
    timer.schedule(start + 0.04, done.set)
    timer.start()
    assert done.wait(5)
    timer.stop()
    assert len(late_by) == 4
    assert min(late_by) >= 0.0


def test_a_stopped_timer_runs_nothing_more_and_may_be_stopped_again() -> None:
    clock, ran = SystemClock(), threading.Event()
    timer = ThreadTimer(clock)
    timer.start()
    timer.schedule(clock.now() + 0.05, ran.set)
    timer.stop()
    timer.stop()
    assert not ran.wait(0.1)


def test_a_timer_that_never_started_can_be_stopped() -> None:
    ThreadTimer(SystemClock()).stop()


def test_an_action_may_stop_the_timer() -> None:
    clock, stopped = SystemClock(), threading.Event()
    timer = ThreadTimer(clock)

    def stop() -> None:
        timer.stop()
        stopped.set()

    timer.schedule(clock.now(), stop)
    timer.start()
    assert stopped.wait(5)


def test_a_manual_clock_moves_both_its_times_and_never_back(clock: ManualClock) -> None:
    before = clock.wall()
    clock.advance(90.0)
    assert (clock.now(), (clock.wall() - before).total_seconds()) == (190.0, 90.0)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1.0)


def test_the_system_clock_measures_monotonically_and_knows_its_zone() -> None:
    clock = SystemClock()
    assert clock.now() <= clock.now()
    assert clock.wall().utcoffset() is not None
