"""A transcriber that decides itself when the caller's turn is over."""

from __future__ import annotations

from support.simulation import Nature, Simulation, script
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.turn import TurnEnd

CITA = "Quiero una cita."


def flux(nature: Nature | None = None) -> Simulation:
    sim = Simulation(Rules(transcriber_ends_turns=True), nature)
    sim.connect()
    return sim


def said(sim: Simulation) -> list[str]:
    return [record.said for record in sim.replies()]


def test_the_model_is_asked_at_the_prediction_and_heard_from_the_confirmation_on() -> None:
    sim = flux(Nature(first_token_s=lambda: 0.05, first_audio_s=lambda: 0.02))
    sim.says(6.0, 1.0, CITA)
    sim.run(until=20.0)
    (predicted,) = [at for at, event in sim.inputs if isinstance(event, ev.TurnPredicted)]
    (confirmed,) = [at for at, event in sim.inputs if isinstance(event, ev.TurnConfirmed)]
    assert [at for at, _ in sim.actions(ac.AskModel)] == [predicted]
    assert sim.heard_after(predicted) == round(confirmed - predicted, 6), "the audio was there, and waited"
    assert said(sim) == [CITA]


def test_a_retracted_prediction_is_not_spoken() -> None:
    sim = flux()
    sim.says(6.0, 1.0, "Quiero una cita")
    sim.says(7.25, 1.0, "para mi perro.")
    sim.run(until=20.0)
    assert sum(isinstance(event, ev.TurnRetracted) for _, event in sim.inputs) == 1
    assert said(sim) == ["Quiero una cita para mi perro."]
    assert sim.notes().count("speculation_dropped") == 1
    assert len(list(sim.asks())) == 2


def test_a_prediction_that_is_retracted_and_made_again_costs_one_request() -> None:
    sim = flux(Nature(first_token_s=lambda: 1.0))
    sim.at(7.0, ev.TurnPredicted(CITA))
    sim.at(7.2, ev.TurnRetracted())
    sim.at(7.6, ev.TurnPredicted(CITA))
    sim.at(7.8, ev.TurnConfirmed(CITA))
    sim.run(until=20.0)
    assert len(list(sim.asks())) == 1
    assert said(sim) == [CITA]


def test_words_behind_a_confirmed_turn_join_it_while_nothing_was_heard() -> None:
    sim = flux()
    sim.says(6.0, 1.0, CITA)
    sim.says(7.5, 0.6, "Para mañana.")
    sim.run(until=20.0)
    assert said(sim) == [f"{CITA} Para mañana."]


def test_a_voice_behind_a_confirmed_turn_is_waited_for_until_its_words_are_known() -> None:
    sim = flux()
    sim.says(6.0, 1.0, CITA)
    sim.says(7.5, 0.3, "Para mañana.")
    sim.run(until=20.0)
    assert said(sim) == [f"{CITA} Para mañana."]
    assert sim.replies()[0].end is TurnEnd.COMPLETED


def test_a_turn_that_is_never_confirmed_is_answered_in_the_end() -> None:
    sim = flux()
    sim.says(6.0, 1.0, words=False)
    sim.at(7.2, ev.TurnPredicted(CITA))
    sim.run(until=20.0)
    assert said(sim) == [CITA]
    assert sim.heard_after(7.2) == sim.rules.transcriber_patience_s


def test_a_confirmation_that_comes_after_the_answer_began_is_not_answered_again() -> None:
    sim = flux()
    sim.at(7.2, ev.TurnPredicted(CITA))
    sim.at(11.5, ev.TurnConfirmed(CITA))
    sim.run(until=25.0)
    assert said(sim) == [CITA]
    assert sim.replies()[0].end is TurnEnd.COMPLETED
    assert "barge_in" not in sim.notes()


def test_a_backchannel_is_one_however_often_it_is_told() -> None:
    sim = flux(Nature(clauses=lambda: 3))
    sim.says(6.0, 1.0, CITA)
    sim.says(9.0, 0.3, "ajá")
    sim.run(until=25.0)
    assert said(sim) == [CITA]
    assert sim.replies()[0].end is TurnEnd.COMPLETED


def test_an_interruption_is_one_turn_from_its_first_word_to_its_confirmation() -> None:
    sim = flux(Nature(clauses=script(3, 1)))
    sim.says(6.0, 1.0, CITA)
    sim.says(9.0, 1.5, "no espere", "mejor mañana.")
    sim.run(until=25.0)
    assert said(sim) == [CITA, "no espere mejor mañana."]
    assert [record.end for record in sim.replies()] == [TurnEnd.INTERRUPTED, TurnEnd.COMPLETED]
