"""The record of a call, from the call's side: begun once, closed once, whatever dies in between."""

from __future__ import annotations

from typing import Final

from telnyx_actors.actors.memory import CallMemory
from telnyx_actors.actors.messages import CallSummary, CloseRecord, OpenRecord
from telnyx_actors.actors.supervision import Child

HANGUP_NEWS_S: Final = 5.0
"""How long after the audio ended we may hear of the hang-up, or find out by asking: then the one was the other."""


def open_record(memory: CallMemory) -> OpenRecord:
    """What the archiver is told when audio begins."""
    assert memory.origin_s is not None and memory.session.encoding is not None
    return OpenRecord(
        memory.origin_s,
        {
            "id": memory.view.name,
            "direction": memory.plan.direction,
            "number": memory.plan.number,
            "nombre": memory.plan.nombre,
            "started": memory.view.started_wall,
            "encoding": memory.session.encoding.value,
        },
    )


def resume_record(memory: CallMemory, archiver: Child) -> None:
    """The archiver is new, at the beginning or after a crash: tell it what it has to know."""
    if memory.is_recorded:
        return  # and gone from the spool: it would begin an empty one in its place
    if memory.origin_s is not None:
        archiver.tell(open_record(memory))
    if memory.closing is not None:
        archiver.tell(memory.closing)


def closing_order(memory: CallMemory) -> CloseRecord:
    """The call ends with its audio; the webhook that tells of it comes when it comes."""
    state = memory.conversation.state
    lost_at = state.media_lost_at
    ended_at = lost_at if lost_at is not None and state.now - lost_at <= HANGUP_NEWS_S else state.now
    summary = CallSummary(memory.born_at, state.answered_at, ended_at, state.closing_reason, dict(memory.counts))
    return CloseRecord(ended_at, summary)
