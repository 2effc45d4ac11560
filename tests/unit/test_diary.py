"""What a crash leaves of a turn: the journal's entries about what the caller has heard."""

from __future__ import annotations

from support.simulation import LINES
from telnyx_actors.actors.address import Address
from telnyx_actors.actors.diary import HEARD_EVERY_S, Diary
from telnyx_actors.actors.messages import CallPlan, Journaled
from telnyx_actors.clock import SystemClock
from telnyx_actors.core import events as ev
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.state import State
from telnyx_actors.core.turn import TurnKind


class Journal(Address):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Journaled] = []

    def tell(self, message: object) -> bool:
        assert isinstance(message, Journaled)
        self.entries.append(message)
        return True

    def heard(self) -> list[str]:
        return [str(entry.data["text"]) for entry in self.entries if entry.kind == "heard"]


def speaking() -> State:
    """Two sentences, of a hundred bytes each."""
    state = Conversation(Rules(), LINES, 0.0).state
    turn = state.start_turn(TurnKind.SAY)
    for text in ("Son las tres.", "Hasta luego."):
        clause = state.add_clause(turn, text)
        clause.size, clause.is_complete = 100, True
    return state


def test_the_end_of_a_sentence_is_noted_as_soon_as_it_was_heard() -> None:
    state, journal = speaking(), Journal()
    diary = Diary(CallPlan("ref", "outgoing", "+573001234567"), journal, SystemClock())
    first, second = state.playout.clauses()
    at_s = 10.0
    for clause, size in ((first, 60), (first, 80), (first, 100), (second, 60), (second, 100)):
        clause.hear(size)
        at_s += HEARD_EVERY_S / 10
        state.now = at_s
        diary.decided(ev.MarkReturned("any"), [], state)
    assert journal.heard() == ["Son las", "Son las tres.", "Son las tres. Hasta luego."]
