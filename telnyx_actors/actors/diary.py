"""What is written into the journal while a call runs, so that another process could go on with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from telnyx_actors.actors.address import Address
from telnyx_actors.actors.messages import CallPlan, Journaled
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core import leaving
from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.state import State, Transfer

HEARD_EVERY_S: Final = 0.5
"""How often it is noted how far the caller has heard a clause. Its end is noted at once: no sentence is to be said twice."""

_DISMISSED: Final = frozenset({"backchannel", "resumed"})


class Diary:
    """One call's. See ``core/saved.py`` for what is read out of it."""

    def __init__(self, plan: CallPlan, journal: Address) -> None:
        self._plan = plan
        self._journal = journal
        self._heard_at = 0.0
        self._clauses_heard = 0
        self._is_answered = False
        self._transfer = Transfer.NONE

    def begun(self, secret: str) -> None:
        plan = self._plan
        self.note(
            "begun",
            direction=plan.direction,
            number=plan.number,
            nombre=plan.nombre,
            contexto=plan.contexto,
            saludo=plan.saludo,
            secret=secret,
            call_control_id=plan.call_control_id,
        )
        if plan.row:
            self.note("row", id=plan.row)

    def identified(self, call_control_id: str) -> None:
        self.note("identified", call_control_id=call_control_id)

    def audio(self, encoding: Encoding) -> None:
        self.note("audio", encoding=encoding.value)

    def decided(self, event: ev.CallEvent, actions: Sequence[ac.Action], state: State) -> None:
        """The conversation took ``event`` in, and wants ``actions`` done."""
        if not self._is_answered and state.answered_at is not None:
            self._is_answered = True
            self.note("answered")
        if isinstance(event, ev.TranscriptFinal | ev.TurnConfirmed) and event.text:
            self.note("words", text=event.text, owed=_owed(state))
        elif isinstance(event, ev.MarkReturned):
            self._heard(state)
        for action in actions:
            match action:
                case ac.AskModel():
                    self.note("asked", text=action.said)
                case ac.EndTurn():
                    record = action.record
                    self.note("turn", number=record.number, said=record.said, heard=record.heard, end=record.end.value)
                case ac.Note() if action.kind in _DISMISSED:
                    self.note("dismissed", owed=_owed(state))
                case _:
                    pass
        if state.transfer is not self._transfer:
            self._transfer = state.transfer
            self.note("transfer", state=state.transfer.value)
        if state.listening.text and any(isinstance(action, ac.EndTurn) for action in actions):
            self.note("asked", text=state.listening.text)  # the words that ended the turn are not of it

    def adopted(self, secret: str, *, is_forgotten: bool) -> None:
        """Another process's call is ours now. ``is_forgotten``: the journal has to be told of it anew."""
        if is_forgotten:
            self.begun(secret)
        self.note("adopted")

    def released(self, state: State) -> None:
        """The call is anybody's: where it stands."""
        self.note("released", **leaving.left(state)._asdict())

    def ended(self, reason: str) -> None:
        self.note("ended", reason=reason)

    def note(self, kind: str, **data: object) -> None:
        self._journal.tell(Journaled(self._plan.ref, kind, data))

    def _heard(self, state: State) -> None:
        if state.turn is None or state.unanswered:  # the line that takes a call up answers nothing
            return
        clauses_heard = sum(clause.is_done for clause in state.playout.clauses())
        if clauses_heard != self._clauses_heard or state.now >= self._heard_at + HEARD_EVERY_S:
            self._heard_at, self._clauses_heard = state.now, clauses_heard
            self.note("heard", text=state.heard_text(state.turn), rest=state.unfinished_text(state.turn))


def _owed(state: State) -> str:
    """What the caller has said and nobody has answered, if nothing of our turn was heard yet.

    Words are told more than once: as they are foreseen, and a reply to them is prepared, and as they are for good.
    """
    said = "" if state.turn is None else state.turn.said
    return " ".join(text for text in (state.unanswered, said, state.listening.text) if text)
