"""What the loss of a part means: the work it had in hand has failed, and nothing else has."""

from __future__ import annotations

import pytest

from support.simulation import LINES
from telnyx_actors.actors.parts import what_is_lost
from telnyx_actors.core import events as ev
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.rules import Rules

PARTS = ("carrier", "responder", "speaker", "archiver", "transcriber")


def lost(conversation: Conversation, part: str) -> list[ev.CallEvent]:
    return list(what_is_lost(part, conversation.state))


@pytest.fixture
def greeting() -> Conversation:
    """The greeting is being made."""
    conversation = Conversation(Rules(), LINES, 0.0)
    conversation.handle(ev.CallAnswered(), 0.0)
    conversation.handle(ev.MediaStarted(), 0.0)
    return conversation


@pytest.fixture
def asking(greeting: Conversation) -> Conversation:
    """The greeting was heard, the caller has asked something, the model is at work."""
    greeting.handle(ev.SpeechArrived(1, 1600), 0.1)
    greeting.handle(ev.SpeechFinished(1), 0.1)
    greeting.handle(ev.TimePassed(), 3.0)
    greeting.handle(ev.VoiceStarted(3.0), 3.0)
    greeting.handle(ev.VoiceStopped(4.0), 4.1)
    greeting.handle(ev.TranscriptFinal("Quiero una cita.", flushed=True), 4.2)
    greeting.handle(ev.TimePassed(), 4.4)
    return greeting


@pytest.mark.parametrize("part", PARTS)
def test_of_a_call_that_rings_nothing_is_lost(part: str) -> None:
    assert lost(Conversation(Rules(), LINES, 0.0), part) == []


def test_a_reply_in_the_making_is_lost_with_who_makes_it(asking: Conversation) -> None:
    turn = asking.state.turn
    assert turn is not None
    (attempt,) = turn.live_attempts
    assert lost(asking, "responder") == [ev.ReplyFailed(turn.number, attempt, "responder lost")]


def test_a_reply_that_is_written_is_not_lost(asking: Conversation) -> None:
    turn = asking.state.turn
    assert turn is not None
    (attempt,) = turn.live_attempts
    asking.handle(ev.ReplyClause(turn.number, attempt, "Claro que sí."), 4.5)
    asking.handle(ev.ReplyFinished(turn.number, attempt), 4.5)
    assert lost(asking, "responder") == []


def test_clauses_without_all_their_audio_are_lost_with_the_voice(greeting: Conversation) -> None:
    assert lost(greeting, "speaker") == [ev.SpeechFailed(1, "speaker lost")]
    greeting.handle(ev.SpeechArrived(1, 1600), 0.1)
    assert lost(greeting, "speaker") == [ev.SpeechFailed(1, "speaker lost")]
    greeting.handle(ev.SpeechFinished(1), 0.1)
    assert lost(greeting, "speaker") == []


def test_what_the_carrier_says_is_not_lost_with_our_voice(greeting: Conversation) -> None:
    greeting.handle(ev.SpeechFailed(1, "no", retryable=False), 0.1)
    assert lost(greeting, "speaker") == []


@pytest.mark.parametrize("part", ["carrier", "archiver", "transcriber"])
def test_the_others_have_nothing_of_the_conversation_in_hand(asking: Conversation, part: str) -> None:
    assert lost(asking, part) == []


def test_a_call_that_loses_everything_at_once_still_comes_to_its_reply(asking: Conversation) -> None:
    for part in PARTS:
        for event in lost(asking, part):
            asking.handle(event, 4.5)
    deadline = asking.next_deadline()
    assert deadline is not None
    assert deadline < 5.0
