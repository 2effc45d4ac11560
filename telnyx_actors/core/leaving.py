"""Passing the call to another process: between two sentences, so that nothing is cut and nothing is said twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from telnyx_actors.core.actions import Leave
from telnyx_actors.core.state import Phase, State


class Left(NamedTuple):
    """What the next process is told, by the journal."""

    said: str  # by the caller, of what is being answered
    heard: str  # of the answer, by the caller
    rest: str  # what is to be said first: all that was not heard, unless the caller has spoken over it
    unanswered: str


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


def left(s: State) -> Left:
    """Where the call stands now."""
    turn = s.turn if s.turn is not None and s.turn.is_begun else None
    said, heard = ("", "") if turn is None else (turn.said, s.heard_text(turn))
    unheard = "" if turn is None or _is_spoken_over(s) else s.unheard_text(turn)
    is_answered = bool(heard or unheard)  # else they have heard a filler, and of the answer nothing is there
    has_opened = s.phase not in (Phase.RINGING, Phase.ANSWERED) or s.opening is None
    waiting = s.to_say if has_opened else [s.cut_off]  # an operator's words before a greeting would stand for it
    return Left(
        said if is_answered else "",
        heard,
        _joined(unheard, *waiting),
        _joined(s.unanswered, "" if is_answered else said, s.listening.text),
    )


def _is_spoken_over(s: State) -> bool:
    """Whether the caller speaks in our turn, and we have not found out yet whether that interrupts us."""
    is_ours = s.turn is not None and s.turn.is_begun
    return is_ours and (s.paused_at is not None or bool(s.listening.text))


def _joined(*texts: str) -> str:
    return " ".join(text for text in texts if text)
