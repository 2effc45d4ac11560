"""Which of its answers is one to the last request: one that is behind may still be answering the one before."""

from __future__ import annotations

from queue import SimpleQueue

import pytest

from support.fakes import FakeTranscription
from telnyx_actors.actors.transcriber_line import REACH_S, LineOpen, TranscriberLine
from telnyx_actors.core import events as ev
from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.succession import Source

WITHIN_S = 5.0


def answers(requests: list[float], *finals: ev.TranscriptFinal) -> list[bool]:
    """Asked for so many seconds' words each, it says these: which of them the call takes for an answer."""
    owner, call = SimpleQueue[object](), SimpleQueue[ev.TranscriptEvent]()

    def tell_owner(message: object) -> bool:
        owner.put(message)
        return True

    def tell_call(event: ev.TranscriptEvent) -> bool:
        call.put(event)
        return True

    transcription = FakeTranscription()
    line = TranscriberLine(Source.OWN, transcription, Encoding.PCMU, tell_owner, tell_call, "line").start()
    assert isinstance(owner.get(timeout=WITHIN_S), LineOpen)
    for given_s in requests:
        line.finalize(given_s)
    stream = transcription.streams.all[0]
    stream.given.give(*finals)
    heard = [call.get(timeout=WITHIN_S) for _ in finals]
    line.drop()
    assert stream.finalized == len(requests)
    return [isinstance(event, ev.TranscriptFinal) and event.flushed for event in heard]


def final(audio_s: float | None, *, flushed: bool = True) -> ev.TranscriptFinal:
    return ev.TranscriptFinal("hola", flushed=flushed, audio_s=audio_s)


def test_a_request_is_answered() -> None:
    assert answers([2.0], final(1.0, flushed=False), final(2.0)) == [False, True]


def test_an_answer_to_the_request_before_is_none_to_the_last() -> None:
    assert answers([2.0, 4.0], final(2.0), final(4.0)) == [False, True]


@pytest.mark.parametrize("late_s", [0.0, REACH_S])
def test_a_request_that_was_never_answered_is_not_waited_for(late_s: float) -> None:
    assert answers([2.0, 4.0], final(4.0 - late_s)) == [True]


def test_one_that_does_not_say_how_far_it_reaches_is_believed() -> None:
    assert answers([2.0, 4.0], final(None)) == [True]


def test_an_answer_that_nobody_asked_for_is_believed() -> None:
    assert answers([], final(1.0)) == [True]
