"""What is sent to the caller's ear, what of it was heard, and what is taken back."""

from __future__ import annotations

import math

import pytest

from telnyx_actors.core import actions as ac
from telnyx_actors.core.clauses import S_PER_CHAR, Clause
from telnyx_actors.core.playout import MARK_GRACE_S, Playout

SECOND = 8000  # bytes
TEXT = "uno dos tres cuatro"  # 19 characters


@pytest.fixture
def playout() -> Playout:
    return Playout(lead_s=2.0, mark_every_s=0.25, is_open=True)


def add(playout: Playout, clause_id: int, size: int = SECOND, text: str = TEXT, *, complete: bool = True) -> Clause:
    clause = Clause(clause_id, 0, text)
    playout.add(clause)
    if size:
        playout.audio(clause_id, size, 0.0)
    if complete:
        playout.complete(clause_id)
    return clause


def sent(actions: list[ac.Action]) -> list[tuple[int, int, int]]:
    return [(a.clause, a.start, a.end) for a in actions if isinstance(a, ac.SendAudio)]


def marks(actions: list[ac.Action]) -> list[str]:
    return [action.name for action in actions if isinstance(action, ac.SendMark)]


# --- sending ---------------------------------------------------------------------------


def test_audio_is_sent_in_pieces_each_with_its_mark(playout: Playout) -> None:
    add(playout, 1)
    actions = playout.release(0.0)
    assert sent(actions) == [(1, 0, 1920), (1, 1920, 3840), (1, 3840, 5760), (1, 5760, 7680), (1, 7680, 8000)]
    assert len(marks(actions)) == 5
    assert playout.play_end == pytest.approx(1.0)


def test_nothing_leaves_through_a_closed_gate(playout: Playout) -> None:
    add(playout, 1)
    playout.is_open = False
    assert playout.release(0.0) == []
    assert list(playout.deadlines()) == []


def test_no_more_is_sent_than_the_lead_allows(playout: Playout) -> None:
    add(playout, 1, 5 * SECOND)
    assert sent(playout.release(0.0))[-1][2] == 2 * SECOND
    assert playout.release(0.01) == []
    (again_at, _) = sorted(playout.deadlines())
    assert again_at == pytest.approx(0.5), "when a quarter of it has been played"
    assert sent(playout.release(again_at))[-1][2] == pytest.approx(2.5 * SECOND)


def test_only_whole_frames_are_sent_while_more_is_to_come(playout: Playout) -> None:
    add(playout, 1, 500, complete=False)
    assert sent(playout.release(0.0)) == [(1, 0, 480)]
    playout.complete(1)
    assert sent(playout.release(0.0)) == [(1, 480, 500)]
    assert playout.play_end == pytest.approx(0.08), "the rest is padded to a frame"


def test_the_next_clause_waits_for_the_rest_of_this_one(playout: Playout) -> None:
    add(playout, 1, 800, complete=False)
    add(playout, 2)
    assert [clause for clause, _, _ in sent(playout.release(0.0))] == [1]
    playout.complete(1)
    assert {clause for clause, _, _ in sent(playout.release(0.0))} == {2}


def test_what_fills_the_time_goes_before_what_was_not_begun(playout: Playout) -> None:
    add(playout, 1, 800, complete=False)
    playout.release(0.0)
    add(playout, 2)
    playout.add(Clause(3, 0, "Un momento."), first=True)
    assert [clause.id for clause in playout.clauses()] == [1, 3, 2]


def test_what_was_not_begun_can_be_skipped(playout: Playout) -> None:
    add(playout, 1)
    playout.release(0.0)
    add(playout, 2)
    add(playout, 3)
    assert playout.skip([1, 2]) == [ac.CancelSpeech((2,))]
    assert [clause.id for clause in playout.clauses()] == [1, 3]
    assert playout.skip([1, 2]) == []


# --- hearing back ------------------------------------------------------------------------


def test_a_mark_confirms_what_was_sent_before_it(playout: Playout) -> None:
    clause = add(playout, 1)
    names = marks(playout.release(0.0))
    assert playout.mark_returned(names[1], 0.5)
    assert clause.heard == 3840
    assert clause.heard_text() == "uno dos"
    assert not playout.is_finished()
    assert playout.mark_returned(names[-1], 1.0)
    assert clause.heard_text() == TEXT
    assert playout.is_finished()


def test_marks_may_be_lost_where_a_later_one_comes_back(playout: Playout) -> None:
    first, second = add(playout, 1), add(playout, 2)
    names = marks(playout.release(0.0))
    playout.mark_returned(names[6], 1.5)
    assert first.is_done
    assert 0 < second.heard < second.size


def test_a_mark_that_comes_behind_a_later_one_confirms_nothing_new(playout: Playout) -> None:
    clause = add(playout, 1)
    names = marks(playout.release(0.0))
    playout.mark_returned(names[2], 0.75)
    assert not playout.mark_returned(names[1], 0.75)
    assert clause.heard == 5760


@pytest.mark.parametrize("name", ["0.1.1920", "9.9.9", "", "not ours"])
def test_a_mark_that_we_did_not_send_or_have_seen_confirms_nothing(playout: Playout, name: str) -> None:
    add(playout, 1)
    playout.release(0.0)
    playout.mark_returned("0.1.1920", 0.3)
    assert not playout.mark_returned(name, 0.4)


def test_marks_that_a_clear_gives_back_confirm_nothing(playout: Playout) -> None:
    clause = add(playout, 1)
    names = marks(playout.release(0.0))
    assert playout.clear(0.1) == [ac.ClearAudio()]
    assert not any(playout.mark_returned(name, 0.12) for name in names)
    assert clause.heard == 0


def test_a_clause_whose_last_mark_comes_before_we_know_it_was_the_last_is_heard(playout: Playout) -> None:
    clause = add(playout, 1, 1600, complete=False)
    (name,) = marks(playout.release(0.0))
    playout.mark_returned(name, 0.25)
    assert not clause.is_done
    playout.complete(1)
    assert clause.is_done


def test_where_no_mark_comes_back_the_clock_is_believed_in_the_end(playout: Playout) -> None:
    clause = add(playout, 1)
    playout.release(0.0)
    (overdue_at,) = playout.deadlines()
    assert overdue_at == pytest.approx(1.0 + MARK_GRACE_S)
    assert not playout.believe_estimate(overdue_at - 0.01)
    assert playout.believe_estimate(overdue_at)
    assert clause.heard_text() == TEXT
    assert list(playout.deadlines()) == []
    assert not playout.believe_estimate(overdue_at + 1.0)


def test_the_line_is_silent_as_soon_as_the_last_mark_says_so(playout: Playout) -> None:
    add(playout, 1)
    names = marks(playout.release(0.0))
    for name in names:
        playout.mark_returned(name, 0.9)
    assert not playout.is_audible(0.9)


# --- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heard", "words"),
    [(0, ""), (1, ""), (1263, ""), (1700, "uno"), (3368, "uno dos"), (7999, "uno dos tres"), (8000, TEXT)],
)
def test_only_whole_words_were_heard(heard: int, words: str) -> None:
    assert Clause(1, 0, TEXT, size=SECOND, is_complete=True).text_up_to(heard) == words


def test_of_a_clause_that_is_still_being_made_the_length_is_a_guess() -> None:
    clause = Clause(1, 0, TEXT, size=1600)
    assert clause.text_up_to(1600) == "uno"
    clause.size = 2 * SECOND
    assert clause.text_up_to(2 * SECOND) == TEXT, "more than it could take: all of it"


# --- taking back --------------------------------------------------------------------------------


def test_after_a_clear_the_clause_is_sent_again_from_its_beginning(playout: Playout) -> None:
    first, second = add(playout, 1), add(playout, 2)
    names = marks(playout.release(0.0))
    for name in names[:7]:
        playout.mark_returned(name, 1.5)
    playout.clear(1.5)
    assert first.is_done
    assert second.heard == 3840, "what was heard stays so"
    again = playout.release(2.0)
    assert sent(again)[0] == (2, 0, 1920)
    assert not set(marks(again)) & set(names), "a mark of before cannot be taken for one of now"


def test_there_is_nothing_to_clear_where_nothing_sounds(playout: Playout) -> None:
    add(playout, 1)
    assert playout.clear(0.0) == []


def test_what_was_dropped_is_forgotten_and_cancelled(playout: Playout) -> None:
    add(playout, 1)
    names = marks(playout.release(0.0))
    add(playout, 2, complete=False)
    assert playout.drop() == [ac.CancelSpeech((1, 2))]
    assert not playout.mark_returned(names[0], 0.3)
    assert playout.drop() == []
    assert not playout.audio(2, 160, 0.0)


def test_a_stream_that_is_lost_takes_its_audio_with_it(playout: Playout) -> None:
    clause = add(playout, 1)
    playout.release(0.0)
    playout.lose_stream(0.0)
    assert not playout.is_audible(0.01)
    assert clause.heard == 0
    assert sent(playout.release(0.5))[0] == (1, 0, 1920)


# --- how much is left ------------------------------------------------------------------------------


def test_the_rest_is_what_plays_and_what_waits(playout: Playout) -> None:
    add(playout, 1, 3 * SECOND)
    assert playout.rest_s(0.0) == pytest.approx(3.0)
    playout.release(0.0)
    assert playout.rest_s(0.0) == pytest.approx(3.0)
    assert playout.rest_s(1.0) == pytest.approx(2.0)


def test_what_was_heard_before_a_clear_is_not_left(playout: Playout) -> None:
    add(playout, 1)
    for name in marks(playout.release(0.0))[:4]:
        playout.mark_returned(name, 0.96)
    playout.clear(0.96)
    assert playout.rest_s(0.96) == pytest.approx(0.04)


def test_nobody_knows_the_rest_while_it_is_being_made(playout: Playout) -> None:
    add(playout, 1, complete=False)
    assert playout.rest_s(0.0) == math.inf


# --- audio that breaks off ----------------------------------------------------------------------------


def test_a_clause_that_broke_off_before_its_first_sound_is_made_anew(playout: Playout) -> None:
    add(playout, 1, 1600, complete=False)
    playout.is_open = False
    successor = playout.break_off(1, 7)
    assert successor is not None
    assert (successor.id, successor.text, successor.tries) == (7, TEXT, 1)
    assert [clause.id for clause in playout.clauses()] == [7]


def test_a_clause_that_broke_off_in_the_middle_is_continued_behind_its_last_word(playout: Playout) -> None:
    clause = add(playout, 1, 4400, complete=False)
    add(playout, 2)
    playout.release(0.0)
    successor = playout.break_off(1, 7)
    assert successor is not None
    assert (clause.text, successor.text) == ("uno dos", "tres cuatro")
    assert [queued.id for queued in playout.clauses()] == [1, 7, 2]
    assert not playout.audio(1, 1600, 0.0), "late audio of it is not wanted"
    assert clause.size == 4320, "whole frames"


def test_nothing_is_made_anew_of_a_clause_whose_words_are_all_there(playout: Playout) -> None:
    add(playout, 1, 2 * SECOND, complete=False)
    playout.release(0.0)
    assert playout.break_off(1, 7) is None
    assert [clause.text for clause in playout.clauses()] == [TEXT]


def test_a_clause_that_is_complete_cannot_break_off(playout: Playout) -> None:
    add(playout, 1)
    assert playout.break_off(1, 7) is None
    assert playout.break_off(99, 7) is None


# --- the carrier's voice and its files --------------------------------------------------------------------


def carrier_clause(playout: Playout, clause_id: int) -> Clause:
    clause = Clause(clause_id, 0, TEXT, by_carrier=True)
    playout.add(clause)
    return clause


def test_the_carriers_voice_waits_until_ours_has_been_heard(playout: Playout) -> None:
    add(playout, 1)
    clause = carrier_clause(playout, 2)
    names = marks(playout.release(0.0))
    assert playout.release(1.01) == [], "its end is not confirmed yet"
    playout.mark_returned(names[-1], 1.05)
    assert playout.release(1.05) == [ac.SpeakByCarrier(2, TEXT)]
    assert playout.release(1.06) == [], "it is told once"
    assert playout.play_end == pytest.approx(1.05 + len(TEXT) * S_PER_CHAR)
    assert playout.carrier_spoke(2, 2.0)
    assert clause.heard_text() == TEXT
    assert playout.is_finished()


def test_ours_waits_for_the_carriers(playout: Playout) -> None:
    carrier_clause(playout, 1)
    add(playout, 2)
    playout.release(0.0)
    assert playout.release(5.0) == []
    playout.carrier_spoke(1, 5.0)
    assert sent(playout.release(5.0))


def test_the_news_that_the_carrier_has_spoken_counts_once(playout: Playout) -> None:
    carrier_clause(playout, 1)
    add(playout, 2)
    assert not playout.carrier_spoke(1, 0.0), "it was not told to"
    playout.release(0.0)
    playout.carrier_spoke(1, 1.0)
    playout.release(1.0)
    assert not playout.carrier_spoke(1, 1.1)
    assert playout.is_audible(1.5), "what plays now is another clause"


def test_a_clear_stops_the_carriers_voice_too(playout: Playout) -> None:
    clause = carrier_clause(playout, 1)
    playout.release(0.0)
    assert playout.clear(0.5) == [ac.ClearAudio(), ac.StopPlayback()]
    assert clause.heard_text() == ""
    assert playout.release(1.0) == [ac.SpeakByCarrier(1, TEXT)], "it is said again"


def test_the_carriers_voice_does_not_end_with_the_stream(playout: Playout) -> None:
    carrier_clause(playout, 1)
    playout.release(0.0)
    playout.lose_stream(0.5)
    assert playout.is_audible(0.6)
    assert playout.release(0.6) == []


def test_files_are_played_whole(playout: Playout) -> None:
    playout.by_clause = True
    clause = add(playout, 1, complete=False)
    assert playout.release(0.0) == []
    playout.complete(1)
    (action,) = playout.release(0.0)
    assert isinstance(action, ac.PlayClause)
    assert playout.release(0.1) == []
    assert playout.clear(0.5) == [ac.StopPlayback()]
    assert 0 < clause.heard <= 4000, "the clock knows how much of it was heard"


def test_a_file_that_cannot_be_played_is_said_by_the_carrier(playout: Playout) -> None:
    playout.by_clause = True
    add(playout, 1)
    (action,) = playout.release(0.0)
    assert isinstance(action, ac.PlayClause)
    assert playout.play_failed(action.mark)
    assert not playout.play_failed(action.mark)
    assert playout.release(1.0) == [ac.SpeakByCarrier(1, TEXT)]
