"""The ladder against dead air: what the caller hears when the reply does not come.

From the end of the caller's turn until audio of the reply plays: a filler, a second
request beside the first, an apology, another filler with a third request, and at last
a person or a goodbye.
Each rung is climbed once a turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from telnyx_actors.core import reply
from telnyx_actors.core.life import give_up_call
from telnyx_actors.core.state import Phase, State
from telnyx_actors.core.turn import Turn, TurnKind

RUNGS: Final = ("filler", "hedge", "apology", "reassurance", "give_up")
"""What is noted when one is used, with its cause: the part that keeps the caller waiting."""

CAUSES: Final = ("thinking", "speaking")


def settle(s: State) -> None:
    turn = s.turn
    while turn is not None and turn is s.turn and (at := _next_at(s, turn)) is not None and s.now >= at:
        turn.rung += 1
        _climb(s, turn, RUNGS[turn.rung - 1])


def _climb(s: State, turn: Turn, rung: str) -> None:
    match rung:
        case "filler":
            _wait_line(s, turn, rung, _filler(s, turn))
        case "hedge":
            if _ask_beside(s, turn):
                s.note(rung, _cause(turn))
        case "apology":
            _wait_line(s, turn, rung, s.lines.apology)
        case "reassurance" if turn.winner is None:
            _wait_line(s, turn, rung, _filler(s, turn, said_before=1))
            _ask_beside(s, turn)  # a vendor that has come back does not answer what it was asked before
        case "give_up":
            s.note(rung, _cause(turn))
            give_up_call(s)


def deadlines(s: State) -> Iterator[float]:
    """When the next rung is due."""
    if s.turn is not None and (at := _next_at(s, s.turn)) is not None:
        yield at


def _next_at(s: State, turn: Turn) -> float | None:
    """When the next rung is due; None while there is no dead air."""
    waits_for_reply = turn.kind is TurnKind.REPLY and turn.committed and turn.times.first_sent is None
    if s.playout.has_audio(turn.clauses):
        return None  # it leaves at once, or something else than dead air keeps it
    if not waits_for_reply or s.phase is not Phase.LIVE or s.paused_at is not None or turn.rung == len(RUNGS):
        return None
    if s.is_voiced or s.is_flushing or s.media_lost_at is not None:
        return None
    rules = s.rules
    # A reply that comes as files is late by nature: whoever wants a quick reply wants it then, and at once.
    filler_after_s = 0.0 if rules.quick_reply and s.playout.by_clause else rules.filler_after_s
    # From the apology to the end is too long to be silent.
    reassure_after_s = (rules.apology_after_s + rules.give_up_after_s) / 2
    rungs_s = (filler_after_s, rules.hedge_after_s, rules.apology_after_s, reassure_after_s, rules.give_up_after_s)
    after = rungs_s[turn.rung]
    since = turn.times.voice_ended if turn.times.voice_ended is not None else turn.times.committed
    assert since is not None
    return since + after


def _cause(turn: Turn) -> str:
    return CAUSES[0] if turn.winner is None else CAUSES[1]


def _filler(s: State, turn: Turn, said_before: int = 0) -> str:
    if s.rules.quick_reply and s.lines.quick_reply and not said_before:
        return s.lines.quick_reply
    return s.lines.fillers[(turn.number + said_before) % len(s.lines.fillers)] if s.lines.fillers else ""


def _wait_line(s: State, turn: Turn, rung: str, line: str) -> None:
    """Say something known by heart before the reply, unless the last such line is still being said."""
    if line and not s.playout.has_audio(turn.waits):
        s.note(rung, _cause(turn))
        s.add_clause(turn, line, phrase=True, wait=True)


def _ask_beside(s: State, turn: Turn) -> bool:
    """Ask once more beside those that have not answered: the first to answer wins. False where that is of no use."""
    if turn.winner is not None or not turn.live_attempts:
        return False
    reply.ask_again(s, turn)
    return True
