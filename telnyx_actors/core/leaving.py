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
    is_settled = not (s.playout.is_in_clause() or _is_spoken_over(s))
    if s.leave_by is None or (s.now < s.leave_by and not is_settled):
        return
    s.leave_by = None
    s.do(*s.playout.clear(s.now), Leave())


def deadlines(s: State) -> Iterator[float]:
    """When ``settle`` could have something to do."""
    if s.leave_by is not None:
        yield s.leave_by


def rest(s: State) -> str:
    """What the next process is to go on with: what was not heard of our turn, unless the caller has spoken since."""
    turn = s.turn
    return "" if turn is None or not turn.is_begun or _is_spoken_over(s) else s.unheard_text(turn)


def _is_spoken_over(s: State) -> bool:
    """Whether the caller speaks in our turn, and we have not found out yet whether that interrupts us."""
    is_ours = s.turn is not None and s.turn.is_begun
    return is_ours and (s.paused_at is not None or bool(s.listening.text))
