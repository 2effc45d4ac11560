"""The playout queue: what the carrier's marks confirm."""

from __future__ import annotations

from telnyx_actors.core.actions import SendMark
from telnyx_actors.core.playout import Clause, Playout

SECOND = 8000


def playing(*texts: str) -> tuple[Playout, list[str]]:
    """A second of audio for each of these, all of it sent, and the marks behind its pieces."""
    playout = Playout(lead_s=10.0, mark_every_s=0.5, is_open=True)
    marks = []
    for number, text in enumerate(texts, start=1):
        playout.add(Clause(number, turn=0, text=text))
        playout.audio(number, SECOND, now=0.0)
        playout.complete(number)
        marks += [action.name for action in playout.release(now=0.0) if isinstance(action, SendMark)]
    return playout, marks


def heard(playout: Playout) -> list[str]:
    return [clause.heard_text() for clause in playout.clauses()]


def test_a_mark_confirms_what_lies_before_it_and_nothing_behind_it() -> None:
    playout, marks = playing("Uno dos", "Tres cuatro")
    assert len(marks) == 4
    assert playout.mark_returned(marks[0], now=0.5)
    assert heard(playout) == ["Uno", ""]


def test_what_lies_before_a_mark_was_heard_even_if_its_own_mark_was_lost() -> None:
    playout, marks = playing("Uno dos", "Tres cuatro")
    playout.mark_returned(marks[2], now=1.5)
    assert heard(playout) == ["Uno dos", "Tres"]
    playout.mark_returned(marks[3], now=2.0)
    assert playout.is_finished()
    assert not playout.is_audible(2.0)


def test_a_mark_that_comes_behind_a_later_one_confirms_nothing_new() -> None:
    playout, marks = playing("Uno dos", "Tres cuatro")
    playout.mark_returned(marks[2], now=1.5)
    assert not playout.mark_returned(marks[1], now=1.5)
    assert heard(playout) == ["Uno dos", "Tres"]


def test_a_mark_from_before_a_clear_confirms_nothing() -> None:
    playout, marks = playing("Uno dos", "Tres cuatro")
    playout.clear(now=0.2)
    assert not playout.mark_returned(marks[3], now=0.25)
    assert heard(playout) == ["", ""]
