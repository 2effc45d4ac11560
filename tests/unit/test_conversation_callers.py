"""Callers as they are: what they hear of us."""

from __future__ import annotations

from support.simulation import LINES, Nature, Simulation
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.turn import TurnEnd

BLIP_S = 0.5  # of us, before we notice that the caller goes on


def call(nature: Nature | None = None) -> Simulation:
    sim = Simulation(Rules(), nature)
    sim.connect()
    return sim


def tells(sim: Simulation, *pieces: tuple[str, float]) -> float:
    """The caller says these from 6.0 on, each a second long and followed by a pause; returns when they have done."""
    now = 6.0
    for words, pause_s in pieces:
        sim.says(now, 1.0, words)
        now += 1.0 + pause_s
    return now - pieces[-1][1]


def blips(sim: Simulation, until: float) -> list[float]:
    """How long we were heard, each time, while the caller was not done."""
    return [round(end - start, 2) for start, end, _ in sim.spoken() if 5.0 < start < until]


def said(sim: Simulation) -> str:
    return " ".join(record.said for record in sim.replies())


def answered(sim: Simulation) -> list[str]:
    """What the last request to the model had of the caller's words."""
    return [text for role, text in list(sim.asks())[-1].messages if role == "user"][1:]


def test_a_long_story_with_pauses_is_heard_to_its_end() -> None:
    sim = call()
    done_at = tells(
        sim,
        ("Mire, lo que pasa es que", 0.5),
        ("mi perro se comió unas flores y", 0.8),
        ("entonces", 0.9),
        ("anoche estuvo vomitando,", 0.5),
        ("y hoy no quiere comer.", 0.0),
    )
    sim.run(until=done_at + 10.0)
    assert blips(sim, done_at) == []
    assert len(sim.replies()) == 1
    assert sim.heard_after(done_at) < 1.0


def test_a_telephone_number_is_heard_to_its_end_also_after_we_have_cut_in_on_it() -> None:
    sim = call()
    done_at = tells(
        sim,
        ("Mi número es tres dieciocho", 0.9),
        ("tres ochenta y tres", 1.2),
        ("ochenta y cuatro", 0.9),
        ("diecisiete.", 0.0),
    )
    sim.run(until=done_at + 10.0)
    assert len(blips(sim, done_at)) == 1, "the pause of 1.2 s is longer than anybody can wait"
    assert blips(sim, done_at)[0] < BLIP_S
    assert said(sim) == "Mi número es tres dieciocho tres ochenta y tres ochenta y cuatro diecisiete."
    assert answered(sim) == [said(sim)], "one message to the model"


def test_a_caller_who_talks_over_the_whole_greeting_is_answered_without_it() -> None:
    sim = call()
    sim.says(0.5, 4.0, "Sí buenas tardes", "yo quería preguntar", "si tienen cita", "para mañana.")
    sim.run(until=14.0)
    assert sim.records[0].end is TurnEnd.INTERRUPTED
    assert said(sim) == "Sí buenas tardes yo quería preguntar si tienen cita para mañana."
    assert [text for _, _, text in sim.spoken()].count(LINES.greeting) == 1


def test_two_who_talk_to_each_other_are_not_talked_over() -> None:
    sim = call()
    done_at = tells(sim, *[(f"esto es la frase número {index}.", 0.15) for index in range(12)])
    sim.run(until=done_at + 8.0)
    assert blips(sim, done_at) == []
    assert len(sim.replies()) == 1


def test_a_cough_costs_the_reply_no_more_than_its_own_length_and_a_moment() -> None:
    coughing, healthy = call(), call()
    for sim in (coughing, healthy):
        sim.says(6.0, 1.0, "Quiero una cita.")
    coughing.noise(7.4, 0.3)
    for sim in (coughing, healthy):
        sim.run(until=10.0)
    assert coughing.heard_after(7.0) - healthy.heard_after(7.0) <= 0.3


def test_whoever_is_asked_twice_whether_they_are_there_and_then_is_has_lost_nothing() -> None:
    sim = call()
    sim.says(45.0, 1.0, "Perdón, ya estoy. Quiero una cita.")
    sim.run(until=55.0)
    assert [text for _, _, text in sim.spoken()][:3] == [LINES.greeting, *LINES.prompts]
    assert said(sim) == "Perdón, ya estoy. Quiero una cita."


def test_a_caller_who_goes_on_with_an_open_sentence_is_not_answered_in_the_middle_of_it() -> None:
    sim = call()
    sim.says(6.0, 0.4, "Listo.")
    sim.says(6.75, 0.6, "Puede ser el")
    sim.says(8.05, 1.0, "sábado por la mañana.")

    sim.run(20.0)

    assert blips(sim, until=9.05) == []
    assert said(sim) == "Listo. Puede ser el sábado por la mañana."
