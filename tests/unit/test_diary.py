"""What a crash leaves of a turn: the journal's entries about what the caller has heard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.simulation import LINES, Nature, Simulation
from telnyx_actors.actors.address import Address
from telnyx_actors.actors.diary import HEARD_EVERY_S, Diary
from telnyx_actors.actors.messages import CallPlan, Journaled
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.saved import SavedCall, fold
from telnyx_actors.core.state import State
from telnyx_actors.core.turn import TurnKind

CITA = "Quiero una cita."
PLAN = CallPlan("ref", "outgoing", "+573001234567")


class Journal(Address):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Journaled] = []

    def tell(self, message: object) -> bool:
        assert isinstance(message, Journaled)
        self.entries.append(message)
        return True

    def folded(self) -> SavedCall:
        call = fold("ref", [(entry.kind, "2026-11-22T10:00:00+00:00", entry.data) for entry in self.entries])
        assert call is not None
        return call

    def heard(self) -> list[str]:
        return [str(entry.data["text"]) for entry in self.entries if entry.kind == "heard"]


class Noted(Simulation):
    """A call that keeps its diary in ``entries``."""

    def __init__(self, rules: Rules | None = None, nature: Nature | None = None) -> None:
        super().__init__(rules, nature)
        self.entries = Journal()
        self.diary = Diary(PLAN, self.entries)
        self.diary.begun("secret")
        self.connect()

    def _decided(self, event: ev.CallEvent) -> list[ac.Action]:
        actions = super()._decided(event)
        self.diary.decided(event, actions, self.conversation.state)
        return actions


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
    diary = Diary(PLAN, journal)
    first, second = state.playout.clauses()
    at_s = 10.0
    for clause, size in ((first, 60), (first, 80), (first, 100), (second, 60), (second, 100)):
        clause.hear(size)
        at_s += HEARD_EVERY_S / 10
        state.now = at_s
        diary.decided(ev.MarkReturned("any"), [], state)
    assert journal.heard() == ["Son las", "Son las tres.", "Son las tres. Hasta luego."]


def test_words_that_end_a_turn_are_still_owed_an_answer() -> None:
    """Each step of a call with an interruption, and what a crash right behind it would leave."""
    sim = Noted()
    sim.says(6.0, 1.0, CITA)
    sim.says(9.5, 2.0, "No, espere, es para mi gato que")
    for until in range(60, 200):
        sim.run(until / 10)
        left, state = sim.entries.folded(), sim.conversation.state
        told = " ".join([*(text for role, text in left.exchanges if role == "user"), left.unanswered])
        for words in ("cita", "gato"):
            was_said = any(words in event.text for _, event in sim.inputs if isinstance(event, ev.TranscriptFinal))
            assert (words in told) is was_said, f"at {state.now}"


def test_a_murmur_over_a_filler_leaves_the_question_owed_an_answer() -> None:
    sim = Noted(nature=Nature(first_audio_s=lambda: 4.0))
    sim.says(6.0, 1.0, CITA)
    sim.says(8.3, 0.3, "ok", words=False)
    sim.run(9.8)
    assert not {"backchannel", "resumed"}.isdisjoint(sim.notes())
    assert sim.entries.folded().unanswered == CITA


@pytest.mark.parametrize(
    ("rules", "nature"),
    [
        (Rules(transcriber_ends_turns=True), Nature()),  # it foresees the end of the turn, and then tells it all
        (Rules(), Nature(final_s=lambda: 1.2)),  # a reply to the interim words is being prepared when they are final
    ],
)
def test_words_that_are_told_twice_are_said_once(rules: Rules, nature: Nature) -> None:
    sim = Noted(rules, nature)
    sim.says(6.0, 1.0, "Quiero", "una cita.")
    for until in range(60, 140):
        sim.run(until / 10)
        left = sim.entries.folded()
        told = " ".join([*(text for role, text in left.exchanges if role == "user"), left.unanswered])
        assert told.split() in ([], ["Quiero"], CITA.split()), f"at {sim.now}"
    assert told.split() == CITA.split()


@pytest.mark.parametrize("is_murmured_over", [False, True])
def test_words_of_before_a_death_are_owed_an_answer_while_the_call_is_taken_up(*, is_murmured_over: bool) -> None:
    entries = Journal()
    diary = Diary(PLAN, entries)
    diary.begun("secret")
    diary.note("words", text=CITA)
    left = replace(entries.folded(), is_greeted=True)
    call = Conversation.resume(Rules(), replace(LINES, recovery="Se cortó."), 0.0, left, answered_s_ago=60.0)
    diary.adopted("secret", is_forgotten=False)

    def take(event: ev.CallEvent, at: float) -> None:
        actions = call.handle(event, at)
        diary.decided(event, actions, call.state)
        assert entries.folded().unanswered == CITA, f"at {at}"
        for action in actions:
            if isinstance(action, ac.SendMark):
                take(ev.MarkReturned(action.name), at)

    take(ev.MediaStarted(), 0.1)
    (line,) = call.state.playout.clauses()
    take(ev.SpeechArrived(line.id, 24_000), 0.2)
    take(ev.SpeechFinished(line.id), 0.2)
    if is_murmured_over:
        take(ev.TranscriptInterim("Ajá."), 0.5)
        take(ev.TranscriptFinal("Ajá."), 0.6)
    for tenths in range(7, 40):
        take(ev.TimePassed(), tenths / 10)
    assert line.is_done
    assert ("dismissed" in {entry.kind for entry in entries.entries}) is is_murmured_over
