"""Asked early, committed late, one reply per turn."""

from __future__ import annotations

import pytest

from support.simulation import LINES, NEVER, Nature, Simulation, script
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.turn import TurnEnd

CITA = "Quiero una cita."
FAST = Nature(first_token_s=lambda: 0.01, clause_s=lambda: 0.01, first_audio_s=lambda: 0.01)
RULES = Rules()


def call(nature: Nature | None = None, rules: Rules | None = None) -> Simulation:
    sim = Simulation(rules, nature)
    sim.connect()
    return sim


def said(sim: Simulation) -> list[str]:
    return [record.said for record in sim.replies()]


# --- commit late, start early ----------------------------------------------------


@pytest.mark.parametrize(
    ("words", "silence_ms"),
    [
        ("Quiero una cita.", RULES.silences.complete_ms),
        ("quiero una cita mañana", RULES.silences.unclear_ms),
        ("Quiero una cita para", RULES.silences.open_ms),
        ("Mi número es tres uno cero", RULES.silences.dictating_ms),
    ],
)
def test_the_reply_is_ready_and_held_until_the_silence_that_the_words_ask_for(words: str, silence_ms: int) -> None:
    sim = call(FAST)
    sim.says(6.0, 1.0, words)
    sim.run(until=15.0)
    assert sim.heard_after(7.0) == silence_ms / 1000
    assert sim.actions(ac.AskModel)[0][0] == pytest.approx(7.0 + max(0.2, silence_ms / 1000 - 0.6))
    latency = sim.replies()[0].latency
    assert latency is not None
    assert latency.response == pytest.approx(silence_ms / 1000)
    assert latency.held > 0


def test_only_the_first_clause_is_made_into_audio_before_the_turn_is_ours() -> None:
    sim = call(Nature(first_token_s=lambda: 0.01, clause_s=lambda: 0.01, clauses=lambda: 3))
    sim.says(6.0, 1.0, "Quiero una cita para")
    sim.run(until=7.9)
    assert len(sim.actions(ac.Synthesize)) == 2, "the greeting, and one clause"
    sim.run(until=20.0)
    assert len(sim.actions(ac.Synthesize)) == 4


def test_a_caller_who_goes_on_is_answered_once_and_as_a_whole() -> None:
    sim = call()
    sim.says(6.0, 1.0, "Quiero una cita.")
    sim.says(7.4, 1.0, "Para mi perro.")
    sim.says(8.8, 1.0, "Mañana.")
    sim.run(until=20.0)
    assert said(sim) == ["Quiero una cita. Para mi perro. Mañana."]
    assert sim.notes().count("speculation_dropped") == 2
    assert "a3" in sim.replies()[0].heard, "the last of three attempts"


def test_a_caller_who_goes_on_after_the_commit_and_before_the_first_sound_is_answered_once() -> None:
    sim = call(Nature(first_token_s=lambda: 2.0))
    sim.says(6.0, 1.0, "Quiero una cita.")
    sim.says(7.6, 1.0, "Para mi perro.")
    sim.run(until=20.0)
    assert said(sim) == ["Quiero una cita. Para mi perro."]
    assert [action for _, action in sim.actions(ac.CancelReply)] == [ac.CancelReply(1, 1)]


def test_the_second_try_of_a_reply_is_as_early_as_the_first() -> None:
    sim = call(FAST)
    sim.says(6.0, 1.0, "Quiero una cita para")
    sim.says(7.8, 1.0, "mi perro y")
    sim.run(until=9.6)
    assert sim.actions(ac.Synthesize)[-1][0] < 9.5, "its first clause is made before the turn is ours, at 9.8"
    sim.run(until=20.0)
    latency = sim.replies()[0].latency
    assert latency is not None and latency.held > 0.1


def test_nothing_of_a_dropped_speculation_is_ever_heard() -> None:
    sim = call(FAST)
    sim.says(6.0, 1.0, "Quiero una cita para")
    sim.says(7.9, 1.0, "mi perro.")
    sim.run(until=20.0)
    assert [text for _, _, text in sim.spoken() if "a1" in text] == []
    assert sim.replies()[0].attempts == 2


def test_the_history_holds_what_was_said_and_heard_in_turn() -> None:
    sim = call(Nature(clauses=lambda: 1))
    sim.says(6.0, 1.0, "Hola, buenas.")
    sim.says(12.0, 1.0, "Quiero una cita.")
    sim.run(until=20.0)
    assert list(sim.asks())[-1].messages == (
        ("user", "(La llamada comienza.)"),
        ("assistant", LINES.greeting),
        ("user", "Hola, buenas."),
        ("assistant", "Respuesta a1 frase 0 con unas palabras más."),
        ("user", "Quiero una cita."),
    )


# --- words that were none ----------------------------------------------------------


def test_a_reply_to_words_that_the_transcriber_takes_back_is_dropped_and_the_call_goes_on() -> None:
    sim = call(Nature(final_s=lambda: NEVER), Rules(silence_timeout_s=5.0))
    sim.at(6.5, ev.TranscriptInterim("brum brum"))
    sim.says(6.0, 1.0, words=False)
    sim.at(8.1, ev.TranscriptFinal("brum brum", confidence=0.1))
    sim.run(until=20.0)
    assert said(sim) == []
    assert "words_withdrawn" in sim.notes()
    assert sim.heard_after(8.1) < 6.0, "the silence is noticed"


# --- a model that fails --------------------------------------------------------------


def test_a_failed_attempt_is_repeated_and_the_caller_hears_one_reply() -> None:
    sim = call(Nature(reply_fails=script(True, True, False)))
    sim.says(6.0, 1.0, CITA)
    sim.run(until=15.0)
    assert [ask.is_retry for ask in sim.asks()] == [False, True, True]
    assert [record.end for record in sim.replies()] == [TurnEnd.COMPLETED]
    assert sim.replies()[0].attempts == 3
    assert list(sim.asks())[-1].messages[-1] == ("user", CITA), "the same question"


def test_an_attempt_is_repeated_also_while_a_filler_is_heard() -> None:
    sim = call(Nature(reply_fails=script(True, False), first_token_s=script(1.5, 0.3)))
    sim.says(6.0, 1.0, CITA)
    sim.run(until=15.0)
    assert "filler" in sim.notes()
    assert [ask.messages[-1] for ask in sim.asks()] == [("user", CITA)] * 2


def test_an_empty_reply_is_a_failed_one() -> None:
    sim = call(Nature(clauses=script(0, 2)))
    sim.says(6.0, 1.0, CITA)
    sim.run(until=15.0)
    assert len(list(sim.asks())) == 2
    assert sim.replies()[0].heard


def test_when_no_attempt_succeeds_the_caller_is_asked_to_say_it_again() -> None:
    sim = call(Nature(reply_fails=lambda: True))
    sim.says(6.0, 1.0, CITA)
    sim.run(until=15.0)
    (record,) = sim.replies()
    assert (record.end, record.heard) == (TurnEnd.FAILED, LINES.failure)
    assert len(list(sim.asks())) == 1 + len(RULES.retries_s)


def test_a_failure_that_cannot_be_mended_is_not_repeated() -> None:
    sim = call(Nature(reply_fails=lambda: True, failure_is_final=lambda: True))
    sim.says(6.0, 1.0, CITA)
    sim.run(until=15.0)
    assert len(list(sim.asks())) == 1
    assert sim.replies()[0].heard == LINES.failure


def test_a_failure_before_the_turn_is_ours_is_told_when_it_is() -> None:
    sim = call(Nature(reply_fails=lambda: True, failure_is_final=lambda: True, first_token_s=lambda: 0.05))
    sim.says(6.0, 1.0, "Quiero una cita para")
    sim.run(until=15.0)
    assert sim.heard_after(7.0) == RULES.silences.open_ms / 1000
    assert sim.replies()[0].heard == LINES.failure


def test_a_caller_who_goes_on_after_such_a_failure_gets_another_try() -> None:
    sim = call(Nature(reply_fails=script(True, False), failure_is_final=lambda: True, first_token_s=lambda: 0.05))
    sim.says(6.0, 1.0, "Quiero una cita para")
    sim.says(7.7, 1.0, "mañana.")
    sim.run(until=15.0)
    assert said(sim) == ["Quiero una cita para mañana."]
    assert sim.replies()[0].end is TurnEnd.COMPLETED


def test_a_call_in_which_turn_after_turn_fails_is_ended_politely() -> None:
    sim = call(Nature(reply_fails=lambda: True))
    for when in (6.0, 12.0, 18.0):
        sim.says(when, 1.0, CITA)
    sim.run(until=40.0)
    assert [record.end for record in sim.replies()] == [TurnEnd.FAILED] * 3
    assert sim.records[-1].heard == LINES.goodbye_failure
    assert sim.conversation.is_over


def test_a_turn_that_succeeds_in_between_forgives_the_failed_ones() -> None:
    sim = call(Nature(reply_fails=script(*[True] * 8, False, True)))
    for when in (6.0, 12.0, 18.0, 26.0, 32.0):
        sim.says(when, 1.0, CITA)
    sim.run(until=38.0)
    assert [record.end.value for record in sim.replies()] == ["failed", "failed", "completed", "failed", "failed"]
    assert not sim.conversation.is_over


# --- a reply that stalls ---------------------------------------------------------------


def test_a_reply_that_stops_in_the_middle_is_taken_as_it_is() -> None:
    sim = call(Nature(clause_s=script(0.1, NEVER), clauses=lambda: 3))
    sim.says(6.0, 1.0, CITA)
    sim.says(20.0, 1.0, CITA)
    sim.run(until=19.0)
    (record,) = sim.replies()
    assert "reply_stalled" in sim.notes()
    assert record.end is TurnEnd.COMPLETED
    assert record.heard == "Respuesta a1 frase 0 con unas palabras más."
    assert len(sim.actions(ac.CancelReply)) == 1


def test_a_reply_that_breaks_off_is_not_said_again_from_the_beginning() -> None:
    sim = call(Nature(clause_s=script(0.1, NEVER), clauses=lambda: 3))
    sim.says(6.0, 1.0, CITA)
    sim.at(8.0, ev.ReplyFailed(1, 1, "connection reset"))
    sim.run(until=15.0)
    assert len(list(sim.asks())) == 1
    assert sim.replies()[0].heard == "Respuesta a1 frase 0 con unas palabras más."
    assert sim.records[-1].times.ended == pytest.approx(sim.spoken()[-1][1], abs=0.1), "nothing more is waited for"


def test_what_an_attempt_says_after_it_lost_counts_for_nothing() -> None:
    sim = call(Nature(first_token_s=script(3.0, 0.1)))
    sim.says(6.0, 1.0, CITA)
    for at in (10.3, 10.5):
        sim.at(at, ev.ReplyClause(1, 1, "Tarde."))
    sim.run(until=20.0)
    assert "Tarde" not in sim.replies()[0].generated
    assert sim.conversation.state.stale == 2
