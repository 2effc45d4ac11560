"""The registry of living actors: a tree by path, bounded, with sums that only grow."""

from __future__ import annotations

from typing import Any

from telnyx_actors.actors.inbox import Inbox, Overflow
from telnyx_actors.actors.stats import EXITS_MAX, Crash, Stats, StatsRegistry
from telnyx_actors.clock import SystemClock
from telnyx_actors.errors import Failure, ProviderError

REF: Any = object()


def stats(path: str, **fields: Any) -> Stats:
    return Stats(path, "Puppet", Inbox(10, Overflow.DROP_OLDEST, SystemClock().now), started_at=0.0, **fields)


def registry(*paths: str) -> StatsRegistry:
    registry = StatsRegistry()
    for path in paths:
        registry.enter(stats(path), REF)
    return registry


def paths(found: list[Stats]) -> list[str]:
    return [stats.path for stats in found]


def test_parents_come_before_their_children_and_siblings_stay_together() -> None:
    everyone = registry("s/call-1/speaker", "s/call-1-b", "s", "s/call-1")
    assert paths(everyone.under()) == ["s", "s/call-1", "s/call-1/speaker", "s/call-1-b"]


def test_a_subtree_is_found_by_whole_steps_of_its_path() -> None:
    everyone = registry("s", "s/call-1", "s/call-1/speaker", "s/call-12")
    assert paths(everyone.under("s/call-1")) == ["s/call-1", "s/call-1/speaker"]


def test_the_dead_leave_and_their_figures_stay_in_the_totals() -> None:
    living, dead = stats("s/a", handled=2), stats("s/b", handled=3, errors=1, unexpected=4, undelivered=5, restarts=2)
    everyone = StatsRegistry()
    everyone.enter(living, REF)
    everyone.enter(dead, REF)
    before = everyone.totals()
    everyone.leave(dead)
    assert (everyone.get("s/b"), everyone.ref("s/b"), everyone.get("s/a")) == (None, None, living)
    assert everyone.totals() == before
    assert (before.actors, before.handled, before.errors, before.restarts) == (2, 5, 1, 1)
    assert (before.unexpected, before.undelivered) == (4, 5)


def test_a_late_leaver_does_not_take_its_successor_with_it() -> None:
    old, new = stats("s/a"), stats("s/a", restarts=1)
    everyone = StatsRegistry()
    everyone.enter(old, REF)
    everyone.enter(new, REF)
    everyone.leave(old)
    assert everyone.get("s/a") is new


def test_crashes_are_told_by_subtree_and_only_so_many_are_kept() -> None:
    everyone = StatsRegistry()
    for number in range(EXITS_MAX + 5):
        everyone.crashed(Crash(f"s/call-{number}", "CallActor", "ValueError: bug", float(number)))
    assert len(everyone.crashes()) == EXITS_MAX
    assert [crash.at for crash in everyone.crashes("s/call-42")] == [42.0]
    assert everyone.totals().crashes == EXITS_MAX + 5


def test_an_idle_actor_is_not_busy_and_one_ahead_of_the_reader_is_not_negative() -> None:
    idle, ahead = stats("s/a"), stats("s/b", busy_since=5.0)
    assert (idle.busy_s(9.0), ahead.busy_s(9.0), ahead.busy_s(4.9)) == (0.0, 4.0, 0.0)


def test_sums_are_kept_by_class_too() -> None:
    everyone = registry("s/a")
    gone = stats("s/b", restarts=1)
    gone.kind = "Marionette"
    everyone.enter(gone, REF)
    everyone.leave(gone)
    everyone.crashed(Crash("s/b", "Marionette", "ValueError: bug", 1.0))
    by_kind = everyone.totals_by_kind()
    assert {kind: (each.actors, each.restarts, each.crashes) for kind, each in by_kind.items()} == {
        "Puppet": (1, 0, 0),
        "Marionette": (1, 1, 1),
    }
    assert everyone.totals().actors == 2


def test_failures_of_vendors_are_counted_by_vendor_and_kind() -> None:
    everyone = registry()
    for kind in (Failure.TIMEOUT, Failure.TIMEOUT, Failure.AUTH):
        everyone.vendor_failed(ProviderError("claude", kind, "no"))
    everyone.vendor_failed(OSError("no room"))  # ours
    everyone.vendor_failed(None)
    assert everyone.vendor_failures() == {("claude", "timeout"): 2, ("claude", "auth"): 1}
