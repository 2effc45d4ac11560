"""What the carrier is left with when a call passes to another process, and what counts as heard of it."""

from __future__ import annotations

import pytest

from telnyx_actors.core import actions as ac
from telnyx_actors.core.clauses import Clause
from telnyx_actors.core.leaving import leave_to_carrier
from telnyx_actors.core.playout import Playout

SECOND = 8000  # bytes
NOW = 1.0


@pytest.fixture
def playout() -> Playout:
    return Playout(lead_s=2.0, mark_every_s=0.25, is_open=True)


def add(playout: Playout, clause_id: int, seconds: float, *, complete: bool = True) -> Clause:
    clause = Clause(clause_id, 0, "uno dos tres cuatro")
    playout.add(clause)
    playout.audio(clause_id, int(seconds * SECOND), 0.0)
    if complete:
        playout.complete(clause_id)
    return clause


def test_the_clause_in_progress_is_sent_to_its_end_and_counts_as_heard(playout: Playout) -> None:
    first, second, third = add(playout, 1, 1.0), add(playout, 2, 3.0), add(playout, 3, 1.0)
    playout.release(0.0)
    assert leave_to_carrier(playout, NOW) == [ac.SendAudio(2, SECOND, 3 * SECOND)]
    assert [clause.heard_text() for clause in (first, second, third)] == [first.text, second.text, ""]


def test_of_a_clause_that_is_still_being_made_what_there_is_was_heard(playout: Playout) -> None:
    clause = add(playout, 1, 0.75, complete=False)
    playout.release(0.0)
    assert leave_to_carrier(playout, NOW) == []
    assert clause.heard_text() == "uno dos"


def test_what_was_taken_back_from_the_carrier_was_not_heard(playout: Playout) -> None:
    clause = add(playout, 1, 3.0)
    playout.release(0.0)
    playout.clear(0.1)
    assert leave_to_carrier(playout, NOW) == []
    assert clause.heard_text() == ""


def test_files_are_stopped_and_heard_as_far_as_the_clock_says(playout: Playout) -> None:
    playout.by_clause = True
    clause = add(playout, 1, 4.0)
    playout.release(0.0)
    assert leave_to_carrier(playout, 2.0) == [ac.StopPlayback()]
    assert clause.heard_text() == "uno dos"


def test_the_carriers_own_voice_is_stopped_and_its_words_said_again(playout: Playout) -> None:
    clause = Clause(1, 0, "uno dos tres cuatro", by_carrier=True)
    playout.add(clause)
    playout.release(0.0)
    assert ac.StopPlayback() in leave_to_carrier(playout, NOW)
    assert clause.heard_text() == ""
