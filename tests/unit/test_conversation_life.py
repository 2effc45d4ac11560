"""Ringing, silence, limits, operators, and the end of a call."""

from __future__ import annotations

import pytest

from support.simulation import LINES, NEVER, Nature, Simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core import ladder
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.state import Phase
from telnyx_actors.core.turn import TurnEnd, TurnKind

CITA = "Quiero una cita."
RULES = Rules(silence_timeout_s=5.0)
ONE_CLAUSE = Nature(clauses=lambda: 1)


def call(rules: Rules = RULES, nature: Nature | None = None) -> Simulation:
    sim = Simulation(rules, nature)
    sim.connect()
    return sim


def lines(sim: Simulation) -> list[str]:
    """What was begun to be said, in order."""
    return [text for _, _, text in sim.spoken()]


def said(sim: Simulation) -> list[str]:
    return [record.said for record in sim.replies()]


def test_rules_that_set_each_other_off_without_end_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "settle", lambda state: state.do(ac.SendMark("again")))
    conversation = Conversation(RULES, LINES, 0.0)
    assert ac.Note("unsettled", 0) in conversation.handle(ev.TimePassed(), 1.0)


# --- the beginning -----------------------------------------------------------------


def test_the_greeting_is_heard_as_soon_as_there_is_audio() -> None:
    sim = call()
    sim.run(until=4.0)
    assert lines(sim) == [LINES.greeting]
    assert sim.heard_after(0.05) < 0.01
    assert [record.kind for record in sim.records] == [TurnKind.GREETING]


def test_audio_that_comes_before_the_news_that_somebody_picked_up_is_good_enough() -> None:
    sim = Simulation(RULES)
    sim.at(1.0, ev.MediaStarted())
    sim.at(1.5, ev.CallAnswered())
    sim.run(until=6.0)
    assert lines(sim) == [LINES.greeting]


def test_nobody_picks_up() -> None:
    sim = Simulation(RULES)
    sim.run(until=200.0)
    assert sim.actions(ac.HangUp) == [(RULES.ring_max_s, ac.HangUp("no_answer"))]
    assert sim.conversation.is_over


# --- silence -----------------------------------------------------------------------


def test_a_silent_caller_is_asked_twice_and_then_let_go() -> None:
    sim = call()
    sim.run(until=60.0)
    assert lines(sim) == [LINES.greeting, *LINES.prompts, LINES.goodbye_silence]
    assert sim.actions(ac.HangUp)[0][1] == ac.HangUp("silence")
    begins = [start for start, _, _ in sim.spoken()]
    ends = [end for _, end, _ in sim.spoken()]
    assert [round(begin - end) for begin, end in zip(begins[1:], ends, strict=False)] == [5, 5, 5]


def test_the_silences_of_a_long_call_do_not_add_up() -> None:
    sim = call()
    for when in (9.5, 23.5, 38.0, 52.0):
        sim.says(when, 1.0, CITA)
    sim.run(until=58.0)
    assert lines(sim).count(LINES.prompts[0]) == 4
    assert LINES.prompts[1] not in lines(sim)


@pytest.mark.parametrize("words", ["sí", "Sí, aquí estoy.", "ajá"])
def test_a_caller_who_says_that_they_are_there_is_answered(words: str) -> None:
    """Also into the middle of the question, also with a word that elsewhere only means "I am listening"."""
    sim = call(nature=ONE_CLAUSE)
    sim.says(8.4, 0.3, words)
    sim.run(until=13.0)
    assert said(sim) == [words]
    assert lines(sim).count(LINES.prompts[0]) == 1


@pytest.mark.parametrize("words", ["sí", "¿Aló? Espere."])
def test_a_caller_who_speaks_into_the_goodbye_of_a_silence_is_taken_back(words: str) -> None:
    sim = call(nature=ONE_CLAUSE)
    sim.says(22.0, 0.5, words)
    sim.run(until=27.0)
    assert LINES.goodbye_silence in lines(sim)
    assert said(sim) == [words]
    assert sim.conversation.state.phase is Phase.LIVE


def test_noise_does_not_pass_for_a_conversation() -> None:
    sim = call()
    for when in range(4, 60, 4):
        sim.noise(float(when))
    sim.run(until=60.0)
    assert lines(sim)[:2] == [LINES.greeting, LINES.prompts[0]]
    assert sim.conversation.is_over


def test_words_that_are_on_their_way_are_waited_for_before_the_caller_is_called_silent() -> None:
    sim = call(nature=Nature(final_s=lambda: 1.5))
    sim.says(7.6, 0.5, CITA)
    sim.run(until=11.0)
    assert lines(sim)[1:2] != [LINES.prompts[0]]
    assert said(sim) == [] and sim.conversation.state.turn is not None


# --- limits ------------------------------------------------------------------------


def test_a_call_that_lasts_too_long_is_ended_politely() -> None:
    sim = call(Rules(call_max_s=10.0))
    sim.says(6.0, 1.0, CITA)
    sim.run(until=30.0)
    assert lines(sim)[-1] == LINES.goodbye_limit
    assert [record.end for record in sim.records][-2:] == [TurnEnd.INTERRUPTED, TurnEnd.COMPLETED]
    assert sim.actions(ac.HangUp)[0][1] == ac.HangUp("time_limit")


def test_the_last_goodbye_is_said_to_its_end_whoever_speaks() -> None:
    sim = call(Rules(call_max_s=10.0))
    sim.says(11.0, 1.0, "No, espere.")
    sim.run(until=30.0)
    assert "barge_in" not in sim.notes()
    assert sim.records[-2].heard == LINES.goodbye_limit
    assert sim.records[-1].said == "No, espere."
    assert sim.conversation.is_over


def test_words_that_the_time_limit_cuts_off_are_kept() -> None:
    sim = call(Rules(call_max_s=10.0))
    sim.says(8.0, 4.0, "quiero una cita", "para mi perro", "y otra", "para el gato.")
    sim.run(until=40.0)
    assert " ".join(said(sim)) == "quiero una cita para mi perro y otra para el gato."


# --- operators -----------------------------------------------------------------------


def test_an_operator_is_heard_when_nobody_else_speaks() -> None:
    sim = call()
    sim.at(1.0, ev.SayRequested("Un aviso."))
    sim.at(1.1, ev.SayRequested("Y otro."))
    sim.run(until=6.0)
    assert lines(sim) == [LINES.greeting, "Un aviso.", "Y otro."]
    assert [record.kind for record in sim.records][1:] == [TurnKind.SAY] * 2


def test_an_operator_waits_for_the_caller_and_for_the_answer_to_them() -> None:
    sim = call(nature=ONE_CLAUSE)
    sim.says(6.0, 1.0, CITA)
    sim.at(6.5, ev.SayRequested("Un aviso."))
    sim.run(until=14.0)
    assert lines(sim)[-2:] == ["Respuesta a1 frase 0 con unas palabras más.", "Un aviso."]
    assert [record.end for record in sim.records] == [TurnEnd.COMPLETED] * 3


def test_an_operator_hangs_up() -> None:
    sim = call()
    sim.says(6.0, 1.0, CITA)
    sim.at(8.5, ev.HangupRequested("operator"))
    sim.run(until=20.0)
    assert [at for at, _ in sim.actions(ac.HangUp)] == [8.5]
    assert sim.replies()[0].end is TurnEnd.CALL_ENDED
    assert sim.line.play_end == 8.5, "not a word more"
    assert sim.conversation.state.closing_reason == "operator"


# --- the end -------------------------------------------------------------------------


def test_a_caller_who_hangs_up_in_the_middle_of_a_reply_has_heard_what_was_played() -> None:
    sim = call()
    sim.says(6.0, 1.0, CITA)
    sim.at(9.6, ev.CallEnded("normal_clearing", "caller"))
    sim.run(until=20.0)
    (record,) = sim.replies()
    assert record.end is TurnEnd.CALL_ENDED
    assert record.heard and record.generated.startswith(record.heard) and record.heard != record.generated
    assert sim.conversation.next_deadline() is None
    assert sim.conversation.state.closing_reason == "normal_clearing"


@pytest.mark.parametrize(
    "end", [ev.CallEnded("normal_clearing", "caller"), ev.HangupRequested("operator")], ids=["caller", "operator"]
)
def test_words_that_nobody_answered_are_kept_in_a_last_turn(end: ev.CallEnded | ev.HangupRequested) -> None:
    sim = call()
    sim.says(6.0, 2.0, "quiero una cita", "para")
    sim.at(7.5, end)
    sim.run(until=20.0)
    assert said(sim) == ["quiero una cita"]
    assert sim.replies()[0].end is TurnEnd.CALL_ENDED


def test_a_hang_up_that_nobody_confirms_is_repeated_and_then_taken_for_done() -> None:
    sim = call(nature=Nature(is_hangup_lost=lambda: True))
    sim.at(5.0, ev.HangupRequested("operator"))
    sim.says(6.0, 0.5, "¿Aló?")
    sim.run(until=60.0)
    assert [at for at, _ in sim.actions(ac.HangUp)] == [5.0, 10.0, 15.0]
    assert "hangup_unconfirmed" in sim.notes()
    assert sim.conversation.is_over
    assert said(sim) == ["¿Aló?"]


def test_nothing_that_comes_after_the_end_does_anything() -> None:
    sim = call()
    sim.at(5.0, ev.CallEnded("normal_clearing", "caller"))
    sim.run(until=6.0)
    conversation = sim.conversation
    late: list[ev.CallEvent] = [
        ev.MediaStarted(),
        ev.TranscriptFinal(CITA),
        ev.CallEnded("again"),
        ev.TimePassed(),
        ev.DigitPressed("1"),
    ]
    assert [conversation.handle(event, 7.0) for event in late] == [[]] * len(late)
    assert conversation.state.stale == len(late)


def test_a_call_that_was_never_answered_ends_without_a_word() -> None:
    sim = Simulation(RULES)
    sim.at(3.0, ev.CallEnded("user_busy", "callee"))
    sim.run(until=NEVER)
    assert sim.records == [] and sim.conversation.is_over


def test_a_clock_that_goes_back_counts_as_standing_still() -> None:
    sim = call()
    sim.run(until=6.0)
    conversation = sim.conversation
    deadline = conversation.next_deadline()
    assert conversation.handle(ev.TimePassed(), 2.0) == []
    assert conversation.next_deadline() == deadline
    assert conversation.state.now > 2.0
