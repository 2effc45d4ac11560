"""What a call remembers of itself: bounded, in order, and never without its first failure."""

from __future__ import annotations

from telnyx_actors.actors.trail import (
    FAILURES_MAX,
    FREQUENT_MAX,
    STEPS_MAX,
    TURNS_MAX,
    Incident,
    Trail,
    What,
    is_failure,
)
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import TurnEnd, TurnKind, TurnRecord, TurnTimes

FAILED = ev.ReplyFailed(1, 1, "timeout")


def end_of_turn(number: int) -> ac.EndTurn:
    record = TurnRecord(number, TurnKind.REPLY, "hola", "dígame", "dígame", TurnEnd.COMPLETED, 1, TurnTimes(), None)
    return ac.EndTurn(record)


def test_an_event_and_what_was_decided_are_remembered_in_order() -> None:
    trail = Trail()
    trail.decided(1.0, ev.CallAnswered(), [])
    trail.happened(2.0, "webhook call.answered")
    trail.decided(3.0, ev.MediaStarted(), [ac.Synthesize(1, "Buenas")])
    assert trail.steps() == [
        (1, 1.0, ev.CallAnswered()),
        (2, 2.0, Incident("webhook call.answered")),
        (3, 3.0, ev.MediaStarted()),
        (4, 3.0, ac.Synthesize(1, "Buenas")),
    ]


def test_what_comes_many_times_a_second_does_not_push_out_the_rest() -> None:
    trail = Trail()
    trail.decided(0.0, ev.CallAnswered(), [])
    for number in range(5000):
        trail.decided(float(number), ev.SpeechArrived(1, 160), [ac.SendAudio(1, 0, 160)])
    assert len(trail.steps()) == 1
    steps = trail.steps(with_frequent=True)
    assert steps[0] == (1, 0.0, ev.CallAnswered())
    assert len(steps) == FREQUENT_MAX + 1
    assert trail.count == 10_001


def test_everything_is_bounded() -> None:
    trail = Trail()
    for number in range(1000):
        trail.decided(float(number), FAILED, [end_of_turn(number)])
    assert len(trail.steps()) == STEPS_MAX
    assert [record.number for record in trail.turns] == list(range(1000 - TURNS_MAX, 1000))
    # The first failures are kept, however much came after them, and each is told once.
    told = trail.since(0.0)
    assert [at for _, at, _ in told[:FAILURES_MAX]] == [float(number) for number in range(FAILURES_MAX)]
    assert len(told) == FAILURES_MAX + STEPS_MAX


def test_what_came_before_the_first_failure_does_not_explain_it() -> None:
    trail = Trail()
    trail.decided(1.0, ev.CallAnswered(), [])
    assert trail.failures == []
    trail.decided(2.0, FAILED, [ac.Note("reply_failed", 1, "timeout")])
    trail.decided(3.0, ev.UtteranceEnded(), [ac.AskModel(1, 2, ())])
    assert [what for _, _, what in trail.since(trail.failures[0][1])] == [
        FAILED,
        ac.Note("reply_failed", 1, "timeout"),
        ev.UtteranceEnded(),
        ac.AskModel(1, 2, ()),
    ]


def test_failures_are_told_from_what_belongs_to_any_call() -> None:
    failures: list[What] = [
        FAILED,
        ev.MediaLost(),
        ev.MediaLost(is_refused=True),
        ac.Note("filler", 1),
        Incident("x", True),
    ]
    assert [is_failure(what) for what in failures] == [True] * len(failures)
    usual: list[What] = [
        ev.MediaLost(is_stopped=True),
        ac.Note("barge_in", 1),
        Incident("x"),
        ev.CallEnded("normal_clearing"),
    ]
    assert [is_failure(what) for what in usual] == [False] * len(usual)
