"""Passing a call to another process: between two sentences, whatever the caller does meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.simulation import LINES, NEVER, Nature, Simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core import leaving
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.saved import SavedCall

CITA = "Quiero una cita."
RULES = Rules()


@pytest.fixture
def sim() -> Simulation:
    """A call in the middle of the first of three sentences, at 8.2."""
    sim = Simulation(RULES, Nature(clauses=lambda: 3))
    sim.connect()
    sim.says(6.0, 1.0, CITA)
    sim.run(until=8.2)
    return sim


def left_at(sim: Simulation) -> float:
    ((at, _),) = sim.actions(ac.Leave)
    return at


def test_the_sentence_in_progress_is_said_to_its_end_and_no_other_is_begun(sim: Simulation) -> None:
    sim.feed(ev.LeaveRequested())
    sim.run(until=15.0)
    begun, ended, text = sim.spoken()[-1]
    assert begun < left_at(sim)
    assert ended <= left_at(sim) < ended + 0.3
    state = sim.conversation.state
    assert state.turn is not None
    assert state.heard_text(state.turn).endswith(text), "not a word of it is cut"
    assert state.unheard_text(state.turn).startswith("Respuesta a1 frase 1"), "what the next process goes on with"


def test_a_call_in_which_nobody_speaks_is_left_at_once() -> None:
    sim = Simulation(RULES)
    sim.connect()
    sim.run(until=8.0)
    sim.feed(ev.LeaveRequested())
    assert left_at(sim) == 8.0


def test_who_interrupts_the_sentence_does_not_hear_the_rest_of_it_from_the_next_process(sim: Simulation) -> None:
    sim.feed(ev.LeaveRequested())
    sim.says(8.4, 1.0, "No, espere.")
    sim.run(until=15.0)
    assert left_at(sim) == pytest.approx(9.6), "as soon as there are words"
    assert sim.notes()[-2:] == ["barge_in", "interrupted"]
    assert leaving.left(sim.conversation.state)[2:] == ("", "No, espere.")


def test_who_only_coughs_hears_the_rest_of_it(sim: Simulation) -> None:
    sim.feed(ev.LeaveRequested())
    sim.noise(8.4, 0.3)
    sim.run(until=15.0)
    assert sim.notes()[-2:] == ["barge_in", "resumed"]
    assert 9.0 < left_at(sim) < 9.6, "when it is known to be no more"
    assert "Respuesta a1 frase 1" in leaving.left(sim.conversation.state).rest


def test_who_speaks_for_long_is_left_to_the_next_process_which_does_not_talk_on(sim: Simulation) -> None:
    sim.conversation.state.rules = replace(RULES, leave_within_s=1.0)
    sim.feed(ev.LeaveRequested())
    sim.says(8.4, 2.0, "No, espere.")
    sim.run(until=15.0)
    assert left_at(sim) == pytest.approx(9.2)
    assert leaving.left(sim.conversation.state).rest == ""


def test_a_sentence_that_does_not_end_is_cut() -> None:
    sim = Simulation(RULES, Nature(clause_s=lambda: NEVER))
    sim.connect()
    sim.at(6.0, ev.SayRequested("Una frase muy larga, " * 10))
    sim.run(until=7.5)
    sim.feed(ev.LeaveRequested())
    sim.run(until=20.0)
    assert left_at(sim) == pytest.approx(7.5 + RULES.leave_within_s)
    assert sim.actions(ac.ClearAudio)[-1][0] == left_at(sim)


def test_a_question_of_which_only_the_filler_was_heard_is_answered_by_the_next_process() -> None:
    sim = Simulation(RULES, Nature(first_token_s=lambda: NEVER))
    sim.connect()
    sim.says(6.0, 1.0, CITA)
    sim.run(until=8.5)
    sim.feed(ev.LeaveRequested())
    sim.run(until=15.0)
    assert [text for *_, text in sim.spoken()][-1] in LINES.fillers
    assert leaving.left(sim.conversation.state) == ("", "", "", CITA)


RELEASED = SavedCall("r", is_greeted=True, was_released=True, unanswered=CITA, rest="Los sábados, a las nueve.")


@pytest.mark.parametrize("saved", [RELEASED, replace(RELEASED, was_released=False, unanswered="")])
def test_a_call_that_is_left_again_before_it_has_a_stream_loses_nothing(saved: SavedCall) -> None:
    conversation = Conversation.resume(RULES, LINES, 100.0, saved, answered_s_ago=60.0)
    assert ac.Leave() in conversation.handle(ev.LeaveRequested(), 100.1)
    assert leaving.left(conversation.state) == ("", "", saved.rest, saved.unanswered)


def test_an_operators_words_are_not_taken_for_the_greeting_that_nobody_has_heard() -> None:
    conversation = Conversation(RULES, LINES, 100.0)
    conversation.handle(ev.SayRequested("Un aviso."), 100.1)
    assert leaving.left(conversation.state) == ("", "", "", "")


def test_an_operators_words_that_wait_are_said_by_the_next_process(sim: Simulation) -> None:
    sim.feed(ev.SayRequested("Un aviso."))
    sim.feed(ev.LeaveRequested())
    sim.run(until=15.0)
    assert leaving.left(sim.conversation.state).rest.endswith("palabras más. Un aviso.")
