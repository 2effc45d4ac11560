"""A call as a few lines of text: what was heard, what was decided, what the caller's ear got."""

from __future__ import annotations

from support.simulation import Simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev

WIDTH = 150
_DULL_EVENTS = (
    *(ev.TimePassed, ev.MarkReturned, ev.SpeechArrived, ev.SpeechFinished, ev.ReplyStarted),
    *(ev.ReplyClause, ev.ReplyFinished),
)
_DULL_ACTIONS = (ac.SendAudio, ac.SendMark, ac.Synthesize, ac.CancelSpeech, ac.CancelReply, ac.FinalizeTranscript)


def timeline(sim: Simulation) -> str:
    """Without the marks and the chunks."""
    rows = [(at, f"   ◀ {event}") for at, event in sim.inputs if not isinstance(event, _DULL_EVENTS)]
    rows += [(at, f"   ▶ {_action(action)}") for at, action in sim.log if not isinstance(action, _DULL_ACTIONS)]
    rows += [(start, f"♪ {end - start:.2f} s «{text}»") for start, end, text in sim.spoken()]
    rows.sort(key=lambda row: row[0])
    return "\n".join(f"{at:8.3f} {text}"[:WIDTH] for at, text in rows)


def _action(action: ac.Action) -> str:
    match action:
        case ac.AskModel():
            return f"ask {action.turn}.{action.attempt} {action.messages[-1]}"
        case ac.Note():
            return f"{action.kind} {action.detail}"
        case ac.EndTurn():
            record = action.record
            return f"turn {record.number} {record.kind} {record.end}: {record.said!r} → {record.heard!r}"
        case _:
            return f"{action}"
