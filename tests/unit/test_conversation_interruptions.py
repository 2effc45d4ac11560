"""The caller's voice against ours: who falls silent, for how long, and what goes on."""

from __future__ import annotations

import pytest

from support.simulation import LINES, Nature, Simulation, script
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.turn import TurnEnd

RULES = Rules()
CITA = "Quiero una cita."
QUESTION = "¿Te sirve mañana a las tres de la tarde?"
BEGUN_AT = 7.77  # when the reply to the sentence below is first heard; a clause of it lasts 2.8 s


def call(nature: Nature | None = None) -> Simulation:
    """Somebody has said a sentence that ends at 7.0, and hears the reply."""
    sim = Simulation(RULES, nature)
    sim.connect()
    sim.says(6.0, 1.0, CITA)
    return sim


def said(sim: Simulation) -> list[str]:
    return [record.said for record in sim.replies()]


def ends(sim: Simulation) -> list[str]:
    return [record.end.value for record in sim.replies()]


def question() -> Nature:
    """A model that asks one question, and then answers in one clause."""
    replies = script(QUESTION, "Listo, queda agendada.")
    return Nature(clauses=lambda: 1, reply=lambda attempt, index: replies())


# --- falling silent -----------------------------------------------------------------------


def test_we_fall_silent_as_soon_as_the_voice_is_certain() -> None:
    sim = call()
    sim.says(9.0, 1.0, "No, espere.")
    sim.run(until=9.5)
    assert [at for at, _ in sim.actions(ac.ClearAudio)] == [pytest.approx(9.12)]
    assert sim.line.play_end == pytest.approx(9.12), "before any word of it is known"


def test_a_click_does_not_silence_us() -> None:
    sim = call()
    sim.noise(9.0, 0.08)
    sim.run(until=14.0)
    assert "barge_in" not in sim.notes()
    assert len(sim.spoken()) == 3, "the greeting and two clauses, none of them in pieces"
    assert ends(sim) == ["completed"]


def test_an_interrupted_reply_is_remembered_as_far_as_it_was_heard() -> None:
    sim = call()
    sim.says(12.0, 1.0, "No, espere.")
    sim.run(until=14.0)
    record = sim.replies()[0]
    assert record.end is TurnEnd.INTERRUPTED
    assert record.heard.startswith("Respuesta a1 frase 0 con unas palabras más. Respuesta a1")
    assert record.generated.startswith(record.heard) and record.heard != record.generated
    assert list(sim.asks())[-1].messages[-2:] == (("assistant", f"{record.heard}—"), ("user", "No, espere."))


def test_an_interruption_before_a_word_was_heard_leaves_no_trace_of_us() -> None:
    sim = call()
    sim.says(7.72, 1.0, "Para mi perro.")
    sim.run(until=10.0)
    assert sim.replies()[0].heard == ""
    assert list(sim.asks())[-1].messages[-1] == ("user", f"{CITA} Para mi perro.")


def test_after_the_clear_nothing_of_that_turn_is_heard_again() -> None:
    sim = call()
    sim.says(9.0, 1.0, "No, espere.")
    sim.run(until=20.0)
    assert ends(sim) == ["interrupted", "completed"]
    assert all("a1" not in text for start, _, text in sim.spoken() if start > 9.12)


def test_keys_interrupt_at_once() -> None:
    sim = call()
    sim.presses(9.0, "5#")
    sim.run(until=20.0)
    assert sim.actions(ac.ClearAudio)[0][0] == 9.0
    assert said(sim) == [CITA, "[marcó 5 #]"]


# --- false alarms ---------------------------------------------------------------------------


def test_after_a_noise_we_go_on_from_the_first_clause_that_was_not_heard() -> None:
    sim = call()
    sim.noise(11.0, 0.4)
    sim.run(until=20.0)
    texts = [text for _, _, text in sim.spoken()][1:]
    assert [text[:22] for text in texts] == [
        "Respuesta a1 frase 0 c",
        "Respuesta a1 frase 1 c",
        "Respuesta a1 frase 1 c",
    ]
    (record,) = sim.replies()
    assert record.end is TurnEnd.COMPLETED
    assert record.heard == record.generated, "once, though its middle was heard twice"
    assert sim.heard_after(11.4) == RULES.no_words_s


def test_a_voice_that_never_stops_and_never_says_a_word_is_spoken_over() -> None:
    sim = call()
    sim.noise(9.0, 60.0)
    sim.run(until=20.0)
    assert sim.heard_after(9.2) <= RULES.voice_without_words_s
    assert ends(sim) == ["completed"]


def test_a_line_that_hums_from_the_start_does_not_silence_us_for_longer_than_it_takes_to_know() -> None:
    sim = Simulation(RULES)
    sim.connect(1.0)
    sim.noise(0.5, 60.0)
    sim.run(until=10.0)
    assert sim.heard_after(1.05) <= RULES.voice_without_words_s
    assert sim.records[0].heard == LINES.greeting


def test_words_over_a_hum_interrupt_and_are_answered() -> None:
    sim = call()
    sim.noise(7.9, 60.0)
    sim.at(13.0, ev.TranscriptInterim("no espere"))
    sim.at(13.8, ev.TranscriptFinal("No, espere.", endpoint=True))
    sim.run(until=22.0)
    assert said(sim) == [CITA, "No, espere."]
    assert sim.heard_after(13.8) < 1.5


def test_a_noise_again_and_again_does_not_make_us_begin_again_and_again() -> None:
    sim = call()
    for when in range(8, 40, 2):
        sim.noise(float(when), 0.4)
    sim.run(until=40.0)
    assert sim.notes().count("barge_in") == RULES.false_alarms_max
    assert ends(sim) == ["completed"]


def test_words_still_interrupt_on_such_a_line() -> None:
    sim = call()
    for when in (8.0, 10.0, 12.0):
        sim.noise(when, 0.4)
    sim.says(13.0, 1.5, "no", "espere.")
    sim.run(until=25.0)
    assert said(sim) == [CITA, "no espere."]
    assert ends(sim) == ["interrupted", "completed"]


# --- "I am listening" -------------------------------------------------------------------------


def test_after_a_backchannel_we_go_on_as_soon_as_it_is_known_for_one() -> None:
    sim = call()
    sim.says(9.0, 0.3, "ajá")
    sim.run(until=20.0)
    assert said(sim) == [CITA]
    assert ends(sim) == ["completed"]
    assert sim.heard_after(9.3) == 0.2, "the final came 200 ms behind the voice"


def test_a_backchannel_is_not_remembered() -> None:
    sim = call(Nature(clauses=script(2, 1)))
    sim.says(9.0, 0.3, "ajá")
    sim.says(16.0, 1.0, "Gracias.")
    sim.run(until=22.0)
    assert [text for role, text in list(sim.asks())[-1].messages if role == "user"][-2:] == [CITA, "Gracias."]


def test_a_backchannel_too_short_to_silence_us_changes_nothing() -> None:
    sim = call()
    sim.says(9.0, 0.1, "mm")
    sim.run(until=14.0)
    assert "barge_in" not in sim.notes()
    assert "backchannel" in sim.notes()
    assert ends(sim) == ["completed"]


def test_a_backchannel_that_goes_on_is_an_interruption() -> None:
    sim = call()
    sim.says(9.0, 1.6, "sí", "pero mañana no puedo.")
    sim.run(until=20.0)
    assert said(sim) == [CITA, "sí pero mañana no puedo."]


@pytest.mark.parametrize("when", [10.40, 10.2, 9.6], ids=["just over", "last word", "last words"])
def test_a_yes_at_the_end_of_a_question_is_the_answer(when: float) -> None:
    """The question lasts until 10.37."""
    sim = call(question())
    sim.says(when, 0.3, "Sí.")
    sim.run(until=16.0)
    assert said(sim) == [CITA, "Sí."]
    assert [text for _, _, text in sim.spoken()].count(QUESTION) == 1
    assert sim.records[-1].heard == "Listo, queda agendada."


def test_a_yes_at_the_beginning_of_a_question_is_not() -> None:
    sim = call(question())
    sim.says(8.2, 0.3, "Sí.")
    sim.run(until=16.0)
    assert said(sim) == [CITA]
    assert sim.replies()[0].heard == QUESTION


def test_a_yes_while_more_is_being_written_is_no_answer() -> None:
    sim = call(Nature(clause_s=script(0.1, 3.2), clauses=lambda: 2))
    sim.says(10.0, 0.3, "Sí.")
    sim.run(until=20.0)
    assert said(sim) == [CITA]
    assert ends(sim) == ["completed"]


def test_a_greeting_into_ours_does_not_stop_it_for_good() -> None:
    sim = Simulation(RULES)
    sim.connect()
    sim.says(0.8, 0.5, "¿Aló?")
    sim.run(until=10.0)
    assert sim.records[0].heard == LINES.greeting
    assert sim.heard_after(1.3) < 0.3
    assert said(sim) == []


def test_who_says_more_than_a_greeting_into_ours_is_answered() -> None:
    sim = Simulation(RULES)
    sim.connect()
    sim.says(0.8, 2.5, "Buenas tardes", "quiero una cita.")
    sim.run(until=15.0)
    assert sim.records[0].end is TurnEnd.INTERRUPTED
    assert said(sim) == ["Buenas tardes quiero una cita."]


# --- the gate ------------------------------------------------------------------------------------


def test_we_do_not_begin_while_the_caller_speaks() -> None:
    sim = call(Nature(first_token_s=lambda: 0.8))
    sim.noise(7.5, 1.0)
    sim.run(until=15.0)
    assert sim.heard_after(7.0) == 1.7, "the cough, and the time it takes to know that it was none"
    assert ends(sim) == ["completed"]


def test_an_endpoint_of_the_utterance_before_does_not_end_this_one() -> None:
    """Deepgram tells the end of a sentence while the caller is in the next: that voice is no noise."""
    sim = call(Nature(first_token_s=lambda: 0.8))
    sim.says(7.5, 1.4, "Para mi perro.")
    sim.at(7.9, ev.UtteranceEnded())
    sim.run(until=20.0)
    assert said(sim) == [f"{CITA} Para mi perro."]
    assert sim.heard_after(7.0) > 1.9


def test_a_voice_that_hums_on_behind_an_endpoint_is_not_waited_for() -> None:
    sim = Simulation(RULES)
    sim.connect()
    sim.noise(6.0, 60.0)
    sim.at(8.0, ev.TranscriptFinal(CITA, endpoint=True))
    sim.run(until=15.0)
    assert said(sim) == [CITA]
    assert sim.heard_after(8.0) == pytest.approx(RULES.endpoint_trust_s + 0.57, abs=0.05)


# --- one after the other ----------------------------------------------------------------------------


def test_a_caller_who_interrupts_twice_is_answered_twice() -> None:
    sim = call()
    sim.says(9.0, 1.0, "No, espere.")
    sim.says(11.5, 1.0, "Mejor el jueves.")
    sim.run(until=22.0)
    assert said(sim) == [CITA, "No, espere.", "Mejor el jueves."]
    assert ends(sim) == ["interrupted", "interrupted", "completed"]


def test_a_caller_may_interrupt_the_filler() -> None:
    sim = call(Nature(first_token_s=script(3.0, 0.3)))
    sim.says(8.4, 1.0, "No, espere.")
    sim.run(until=20.0)
    assert [text for _, _, text in sim.spoken()][1] == LINES.fillers[1]
    assert said(sim) == [CITA, "No, espere."]
    assert list(sim.asks())[-1].messages[-1] == ("user", f"{CITA} No, espere.")
    assert sim.replies()[0].heard == ""


def test_a_noise_over_the_filler_leads_to_the_reply_not_to_the_filler_again() -> None:
    sim = call(Nature(first_token_s=lambda: 1.5))
    sim.noise(8.3, 0.3)
    sim.run(until=20.0)
    assert [text for _, _, text in sim.spoken()].count(LINES.fillers[1]) == 1
    assert ends(sim) == ["completed"]
