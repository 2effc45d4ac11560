"""What the caller hears while the reply does not come, and how long they hear nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest

from support.simulated_line import Source
from support.simulation import LINES, NEVER, Nature, Simulation, script
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.turn import TurnEnd, TurnKind

RULES = Rules()
ASKED_AT, SAID_AT = 6.0, 7.0  # the caller's only sentence


def call(nature: Nature, rules: Rules = RULES) -> Simulation:
    sim = Simulation(rules, nature)
    sim.connect()
    sim.says(ASKED_AT, SAID_AT - ASKED_AT, "Quiero una cita.")
    return sim


def lines(sim: Simulation) -> list[str]:
    """What was heard behind the greeting."""
    return [text for _, _, text in sim.spoken()][1:]


def starts(sim: Simulation) -> list[float]:
    """When, from the end of the caller's sentence."""
    return [round(start - SAID_AT, 2) for start, _, _ in sim.spoken()][1:]


def longest_silence(sim: Simulation) -> float:
    """From the end of the caller's sentence until the call is over."""
    edges = [SAID_AT, *(edge for start, end, _ in sim.spoken()[1:] for edge in (start, end))]
    return max(later - sooner for sooner, later in zip(edges[::2], edges[1::2], strict=False))


# --- thinking that takes its time ------------------------------------------------------


def test_a_reply_that_comes_soon_needs_no_filler() -> None:
    sim = call(Nature(first_token_s=lambda: 0.7))
    sim.run(until=15.0)
    assert lines(sim)[0].startswith("Respuesta")
    assert "filler" not in sim.notes()


def test_a_slow_reply_comes_behind_a_filler_that_is_no_part_of_it() -> None:
    sim = call(Nature(first_token_s=lambda: 1.8))
    sim.run(until=15.0)
    assert lines(sim)[0] == LINES.fillers[1]
    assert starts(sim)[0] == RULES.filler_after_s
    (record,) = sim.replies()
    assert record.heard == record.generated
    assert LINES.fillers[1] not in record.heard
    filler_sent, first_sent = record.times.filler_sent, record.times.first_sent
    assert filler_sent == pytest.approx(SAID_AT + RULES.filler_after_s, abs=0.01)
    assert filler_sent is not None and first_sent is not None and first_sent > filler_sent


def test_a_filler_that_is_not_at_hand_does_not_keep_the_reply_waiting() -> None:
    sim = call(Nature(first_token_s=lambda: 1.1, phrase_s=script(0.001, 0.8)))
    sim.run(until=15.0)
    assert lines(sim)[0].startswith("Respuesta")


def test_only_what_was_used_is_counted() -> None:
    sim = call(Nature(first_audio_s=lambda: 3.0))
    sim.run(until=15.0)
    assert "filler" in sim.notes()
    assert "hedge" not in sim.notes(), "the model has answered: to ask it again would be of no use"


def test_two_requests_race_and_one_of_them_is_heard() -> None:
    sim = call(Nature(first_token_s=script(6.0, 0.4)))
    sim.run(until=20.0)
    assert [(ask.attempt, ask.is_retry) for ask in sim.asks()] == [(1, False), (2, True)]
    assert sim.actions(ac.AskModel)[1][0] == pytest.approx(SAID_AT + RULES.hedge_after_s)
    (record,) = sim.replies()
    assert record.attempts == 2
    assert record.heard.count("frase 0") == 1 and "a2" in record.heard
    assert [action for _, action in sim.actions(ac.CancelReply)] == [ac.CancelReply(1, 1)]


def test_the_first_request_may_win_the_race_too() -> None:
    sim = call(Nature(first_token_s=script(2.7, 3.0)))
    sim.run(until=20.0)
    assert "a1" in sim.replies()[0].heard
    assert [action for _, action in sim.actions(ac.CancelReply)] == [ac.CancelReply(1, 2)]


def test_the_death_of_one_of_two_requests_costs_nothing() -> None:
    sim = call(Nature(first_token_s=script(3.5, 0.6), reply_fails=script(False, True)))
    sim.run(until=20.0)
    assert len(list(sim.asks())) == 2
    assert "a1" in sim.replies()[0].heard


def test_a_model_that_comes_back_is_asked_a_third_time_and_answers() -> None:
    sim = call(Nature(first_token_s=script(NEVER, NEVER, 0.4)))
    sim.run(until=30.0)
    assert [at for at, _ in sim.actions(ac.AskModel)][1:] == pytest.approx(
        [SAID_AT + RULES.hedge_after_s, SAID_AT + 7.0]
    )
    (record,) = sim.replies()
    assert record.end is TurnEnd.COMPLETED
    assert "a3" in record.heard


def test_a_model_that_never_answers_is_apologized_for_and_then_the_call_is_ended() -> None:
    sim = call(Nature(first_token_s=lambda: NEVER))
    sim.run(until=40.0)
    assert lines(sim) == [LINES.fillers[1], LINES.apology, LINES.fillers[0], LINES.goodbye_failure]
    assert starts(sim) == [RULES.filler_after_s, RULES.apology_after_s, 7.0, RULES.give_up_after_s]
    assert longest_silence(sim) <= 4.0
    assert [record.end for record in sim.replies()] == [TurnEnd.FAILED]
    assert sim.actions(ac.HangUp)[0][1] == ac.HangUp("failure")


def test_a_caller_who_asks_again_in_the_dead_air_is_answered_with_all_they_said() -> None:
    sim = call(Nature(first_token_s=script(NEVER, 0.3)))
    sim.says(8.9, 0.5, "¿Aló?")
    sim.run(until=20.0)
    assert [record.end for record in sim.replies()] == [TurnEnd.INTERRUPTED, TurnEnd.COMPLETED]
    assert list(sim.asks())[-1].messages[-1] == ("user", "Quiero una cita. ¿Aló?")


def test_while_the_caller_speaks_there_is_no_dead_air() -> None:
    sim = call(Nature(first_token_s=lambda: 0.2))
    sim.says(7.4, 6.0, "bueno", "es que", "mire", "le cuento", "que mi perro.")
    sim.run(until=20.0)
    assert not {"filler", "hedge", "apology"} & set(sim.notes())


def test_nor_while_there_is_a_voice_that_may_become_words() -> None:
    sim = call(Nature(first_token_s=lambda: NEVER))
    sim.noise(7.5, 1.5)
    sim.run(until=15.0)
    filler_at = next(
        at for at, action in sim.actions(ac.Note) if isinstance(action, ac.Note) and action.kind == "filler"
    )
    assert filler_at == pytest.approx(9.2), "when it is known that it was none"


# --- a voice that fails ------------------------------------------------------------------


def test_a_clause_whose_audio_breaks_off_goes_on_behind_its_last_word() -> None:
    sim = call(Nature(speech_fails=script(False, True, False), clauses=lambda: 1))
    sim.run(until=15.0)
    assert lines(sim)[1] in sim.replies()[0].generated, "the rest of it, made anew"
    assert sim.replies()[0].heard == "Respuesta a1 frase 0 con unas palabras más."
    assert sim.replies()[0].end is TurnEnd.COMPLETED


def test_audio_of_a_broken_clause_that_was_on_its_way_is_not_heard_twice() -> None:
    sim = call(Nature(clauses=lambda: 1, first_audio_s=script(0.12, NEVER)))
    sim.at(7.80, ev.SpeechFailed(2, "cut"))
    sim.at(7.81, ev.SpeechArrived(2, 8000))
    sim.at(7.82, ev.SpeechFinished(2))
    sim.run(until=7.9)
    sent = sum(
        action.end - action.start for _, action in sim.log if isinstance(action, ac.SendAudio) and action.clause == 2
    )
    assert 0 < sent <= 6001, "what had come before it broke"


def test_a_clause_that_fails_twice_is_said_by_the_carrier() -> None:
    sim = call(Nature(speech_fails=script(False, True, True, False), clauses=lambda: 1))
    sim.run(until=20.0)
    assert "carrier_voice" in sim.notes()
    (record,) = sim.replies()
    assert record.heard == record.generated
    assert [span.source for span in sim.heard()].count(Source.CARRIER) == 1


def test_a_voice_that_brings_nothing_is_replaced_by_the_carriers() -> None:
    sim = call(Nature(first_audio_s=lambda: NEVER, phrase_s=script(0.001, NEVER)))
    sim.run(until=22.0)
    (record,) = sim.replies()
    assert record.end is TurnEnd.COMPLETED
    assert record.heard == record.generated
    assert {span.source for span in sim.heard()[1:] if span.start > SAID_AT} == {Source.CARRIER}
    assert longest_silence(sim) <= 4.0


@pytest.mark.parametrize("trouble", ["refuses", "brings nothing"])
def test_a_greeting_that_our_voice_cannot_say_is_said_by_the_carriers(trouble: str) -> None:
    nature = (
        Nature(speech_fails=lambda: True, phrase_s=lambda: 0.1)
        if trouble == "refuses"
        else Nature(phrase_s=lambda: NEVER)
    )
    sim = Simulation(nature=nature)
    sim.connect()
    sim.run(until=10.0)
    assert sim.records[0].kind is TurnKind.GREETING
    assert sim.records[0].heard == LINES.greeting
    assert sim.heard_after(0.05) < 1.2


def test_two_voices_are_never_heard_at_once() -> None:
    sim = call(Nature(speech_fails=script(False, True, True, False, True, True, False), clauses=lambda: 3))
    sim.run(until=25.0)
    spans = sorted(sim.heard())
    assert all(later.start >= sooner.end - 1e-9 for sooner, later in pairwise(spans))
    assert sim.replies()[0].heard == sim.replies()[0].generated


def test_an_interrupted_carriers_voice_falls_silent_too() -> None:
    sim = call(Nature(speech_fails=script(False, True, True, False), clauses=lambda: 1))
    sim.run(until=10.3)
    assert sim.heard()[-1].source is Source.CARRIER
    sim.says(10.3, 1.0, "No, espere.")
    sim.run(until=10.8)
    assert [at for at, _ in sim.actions(ac.StopPlayback)] == [pytest.approx(10.42)]
    assert sim.line.play_end == pytest.approx(10.42)


def test_what_no_voice_could_say_was_not_heard() -> None:
    sim = Simulation(nature=Nature(phrase_s=lambda: NEVER))
    sim.connect()
    sim.at(1.1, ev.SpeechFailed(2, "voice not found", retryable=False))
    sim.run(until=10.0)
    assert sim.records[0].heard == ""
    assert sim.records[0].end is TurnEnd.FAILED
