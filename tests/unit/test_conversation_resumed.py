"""What a new process says first in a call whose process has died."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support import simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.core.turn import TurnKind

LINES = replace(simulation.LINES, recovery="Se cortó. ¿Me decías?")
SAID, HEARD, REST = "¿A qué hora?", "A las ocho—", "A las ocho en punto. Los sábados, a las nueve."


def first_words(saved: SavedCall) -> list[str]:
    """What is made into speech when audio flows again."""
    conversation = Conversation.resume(Rules(), LINES, 100.0, saved, answered_s_ago=60.0)
    actions = conversation.handle(ev.MediaStarted(), 100.1)
    return [action.text for action in actions if isinstance(action, ac.Synthesize)]


def saved(**fields: object) -> SavedCall:
    call = SavedCall("r", turns=2, is_greeted=True, exchanges=[("user", SAID), ("assistant", HEARD)])
    for name, value in fields.items():
        setattr(call, name, value)
    return call


def test_a_reply_that_was_cut_off_is_gone_on_with_behind_an_apology() -> None:
    assert first_words(saved(rest=REST)) == [LINES.apology, REST]


def test_who_was_cut_off_themselves_is_asked_to_go_on() -> None:
    assert first_words(saved()) == [LINES.recovery]


def test_a_call_that_was_let_go_of_between_two_sentences_goes_on_without_a_word_about_it() -> None:
    conversation = Conversation.resume(Rules(), LINES, 100.0, saved(rest=REST, was_released=True), answered_s_ago=60.0)
    said = [*conversation.handle(ev.MediaStarted(), 100.1), *conversation.handle(ev.TimePassed(), 100.2)]
    assert [action.text for action in said if isinstance(action, ac.Synthesize)] == [REST]


@pytest.mark.parametrize(
    ("heard", "size", "is_said_again"),
    [(0, 4000, True), (4000, 16_000, True), (9000, 16_000, False), (16_000, 16_000, False)],
)
def test_a_sentence_whose_end_may_have_been_heard_is_not_said_again(heard: int, size: int, is_said_again: bool) -> None:
    conversation = Conversation.resume(Rules(), LINES, 100.0, saved(), answered_s_ago=60.0)
    state = conversation.state
    turn = state.say(TurnKind.SAY, "A las ocho.")
    (clause,) = state.playout.clauses()
    clause.size, clause.is_complete = size, True
    clause.hear(heard)
    assert bool(state.unfinished_text(turn)) is is_said_again


def test_what_was_gone_on_with_is_in_the_history_as_far_as_it_was_heard() -> None:
    conversation = Conversation.resume(Rules(), LINES, 100.0, saved(rest=REST), answered_s_ago=60.0)
    conversation.handle(ev.MediaStarted(), 100.1)
    assert conversation.state.turn is not None
    assert conversation.state.unfinished_text(conversation.state.turn) == REST, "the apology is not said again"
