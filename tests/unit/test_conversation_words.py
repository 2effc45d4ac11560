"""Which words belong to which turn, however early, late or often the transcriber brings them."""

from __future__ import annotations

from support.simulation import Nature, Simulation, script
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import TurnEnd

CITA = "Quiero una cita."


def said(sim: Simulation) -> list[str]:
    return [record.said for record in sim.replies()]


def test_a_cough_long_before_the_keys_does_not_count_against_the_reply() -> None:
    sim = Simulation()
    sim.connect()
    sim.noise(6.0)
    sim.presses(18.0, "123")
    sim.run(until=30.0)
    assert said(sim) == ["[marcó 1 2 3]"]
    assert sim.replies()[0].end is TurnEnd.COMPLETED
    assert not {"hedge", "apology", "give_up"} & set(sim.notes())


def test_a_long_number_keyed_in_behind_words_is_answered_like_any_other_turn() -> None:
    sim = Simulation()
    sim.connect()
    sim.says(6.0, 1.0, "Mi cédula es")
    sim.presses(7.5, "1032456789", gap_s=1.2)
    sim.run(until=27.0)
    assert said(sim) == ["Mi cédula es [marcó 1 0 3 2 4 5 6 7 8 9]"]
    assert not {"hedge", "apology", "give_up"} & set(sim.notes())


def test_a_final_that_comes_after_its_words_were_answered_is_not_answered_again() -> None:
    sim = Simulation(nature=Nature(final_s=script(2.5)))
    sim.connect()
    sim.says(6.0, 1.0, "quiero una cita", "")
    sim.run(until=20.0)
    assert said(sim) == ["quiero una cita"]
    assert len(list(sim.asks())) == 1


def test_what_such_a_final_adds_is_not_lost() -> None:
    sim = Simulation(nature=Nature(final_s=script(3.0)))
    sim.connect()
    sim.says(6.0, 1.0, "quiero una cita", "para mi perro.")
    sim.run(until=20.0)
    assert " ".join(said(sim)) == "quiero una cita para mi perro."


def test_words_that_come_just_after_we_began_belong_to_the_turn_before() -> None:
    sim = Simulation(nature=Nature(final_s=script(1.6), clauses=lambda: 3))
    sim.connect()
    sim.says(6.0, 1.0, "quiero una cita.", "Gracias.")
    sim.run(until=20.0)
    assert "late_words" in sim.notes()
    assert said(sim) == ["quiero una cita. Gracias."]
    assert sim.replies()[0].end is TurnEnd.COMPLETED


def test_words_without_voice_activity_are_a_turn_too() -> None:
    sim = Simulation()
    sim.connect()
    sim.at(6.0, ev.TranscriptFinal(CITA))
    sim.run(until=15.0)
    assert said(sim) == [CITA]


def test_words_without_voice_activity_interrupt() -> None:
    sim = Simulation(nature=Nature(clauses=lambda: 3))
    sim.connect()
    sim.says(6.0, 1.0, CITA)
    sim.at(11.0, ev.TranscriptInterim("no, espere"))
    sim.at(11.5, ev.TranscriptFinal("No, espere, mejor mañana."))
    sim.run(until=25.0)
    assert said(sim) == [CITA, "No, espere, mejor mañana."]
    assert sim.replies()[0].end is TurnEnd.INTERRUPTED
    assert sim.heard_after(11.01) > 0.4, "we fell silent at the first word"


def test_words_the_transcriber_is_not_sure_of_are_none() -> None:
    sim = Simulation()
    sim.connect()
    sim.at(6.0, ev.TranscriptFinal("brumm", confidence=0.1))
    sim.run(until=15.0)
    assert said(sim) == []
