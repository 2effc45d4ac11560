"""Passing the call to another process: between two sentences, so that nothing is cut and nothing is said twice."""

from __future__ import annotations

from collections.abc import Iterator

from telnyx_actors.core.actions import Leave
from telnyx_actors.core.state import State


def asked(s: State) -> None:
    """Begin no other clause; leave when the one in progress has been heard."""
    s.leave_by = s.now + s.rules.leave_within_s
    s.playout.may_begin = False


def settle(s: State) -> None:
    if s.leave_by is None or (s.now < s.leave_by and s.playout.is_in_clause()):
        return
    s.leave_by = None
    s.do(*s.playout.clear(s.now), Leave())


def deadlines(s: State) -> Iterator[float]:
    """When ``settle`` could have something to do."""
    if s.leave_by is not None:
        yield s.leave_by
