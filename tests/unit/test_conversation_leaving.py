"""Passing a call to another process: between two sentences, whatever the caller does meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.simulation import NEVER, Nature, Simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core import leaving
from telnyx_actors.core.rules import Rules

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
    state = sim.conversation.state
    assert leaving.rest(state) == ""
    assert state.listening.text == "No, espere."


def test_who_only_coughs_hears_the_rest_of_it(sim: Simulation) -> None:
    sim.feed(ev.LeaveRequested())
    sim.noise(8.4, 0.3)
    sim.run(until=15.0)
    assert sim.notes()[-2:] == ["barge_in", "resumed"]
    assert 9.0 < left_at(sim) < 9.6, "when it is known to be no more"
    assert "Respuesta a1 frase 1" in leaving.rest(sim.conversation.state)


def test_who_speaks_for_long_is_left_to_the_next_process_which_does_not_talk_on(sim: Simulation) -> None:
    sim.conversation.state.rules = replace(RULES, leave_within_s=1.0)
    sim.feed(ev.LeaveRequested())
    sim.says(8.4, 2.0, "No, espere.")
    sim.run(until=15.0)
    assert left_at(sim) == pytest.approx(9.2)
    assert leaving.rest(sim.conversation.state) == ""


def test_a_sentence_that_does_not_end_is_cut() -> None:
    sim = Simulation(RULES, Nature(clause_s=lambda: NEVER))
    sim.connect()
    sim.at(6.0, ev.SayRequested("Una frase muy larga, " * 10))
    sim.run(until=7.5)
    sim.feed(ev.LeaveRequested())
    sim.run(until=20.0)
    assert left_at(sim) == pytest.approx(7.5 + RULES.leave_within_s)
    assert sim.actions(ac.ClearAudio)[-1][0] == left_at(sim)
