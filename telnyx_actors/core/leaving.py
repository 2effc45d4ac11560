"""What is left with the carrier when a call passes to another process."""

from __future__ import annotations

from telnyx_actors.core.actions import Action, SendAudio
from telnyx_actors.core.playout import Playout


def leave_to_carrier(playout: Playout, now: float) -> list[Action]:
    """Send the clause in progress to its end, and count as heard what the carrier has.

    It plays on while the next process is not there yet, which begins with the clause after: nothing
    is cut, and nothing said twice. Files, and what the carrier's own voice says, are taken back
    instead: of those nobody knows how far they were heard.
    """
    if playout.by_clause or any(clause.is_told and not clause.is_done for clause in playout.clauses()):
        return playout.clear(now)
    actions: list[Action] = []
    for clause in playout.clauses():
        if clause.sent and (rest := clause.sendable):
            actions.append(SendAudio(clause.id, clause.sent, clause.sent + rest))
            clause.sent += rest
        clause.hear(clause.sent)
    return actions
