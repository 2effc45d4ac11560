"""The responder: attempts side by side, each told as the conversation takes it in, none remembered for ever."""

from __future__ import annotations

from typing import Any

import pytest

from support.fakes import FakeModel, FakeReply, Mailbox, refused
from support.stepping import StillRuntime, Unstarted, hand, step, step_all
from telnyx_actors.actors.base import Birth
from telnyx_actors.actors.messages import Ask, StopAsking
from telnyx_actors.actors.responder import ResponderActor
from telnyx_actors.core import events as ev
from telnyx_actors.errors import Failure
from telnyx_actors.providers.ports import Message, ModelRequest

REQUEST = ModelRequest("Eres María.", (Message("user", "¿Aló?"),), 100)


@pytest.fixture
def call() -> Mailbox:
    return Mailbox()


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def fallback() -> FakeModel:
    return FakeModel("second")


@pytest.fixture
def responder(
    still: StillRuntime, unstarted: Unstarted[Any], call: Any, model: FakeModel, fallback: FakeModel
) -> ResponderActor:
    birth = Birth("call/responder", None, still)
    actor: ResponderActor = unstarted(ResponderActor(birth, call, model, fallback, max_chars=60))
    return actor


def ask(turn: int, attempt: int, *, is_retry: bool = False) -> Ask:
    return Ask(turn, attempt, REQUEST, is_retry)


def test_a_reply_is_told_clause_by_clause(responder: ResponderActor, model: FakeModel, call: Mailbox) -> None:
    hand(responder, ask(3, 7))
    reply = model.replies.take()
    assert reply.request is REQUEST
    reply.write("Cla")
    assert call.take(ev.ReplyStarted) == ev.ReplyStarted(3, 7)
    reply.write("ro que sí. ", "Le ayudo con gusto.").finish("end_turn")
    assert call.take(ev.ReplyClause) == ev.ReplyClause(3, 7, "Claro que sí.")
    assert call.take(ev.ReplyClause) == ev.ReplyClause(3, 7, "Le ayudo con gusto.")
    assert call.take(ev.ReplyFinished) == ev.ReplyFinished(3, 7, "end_turn", 10, 5, 3)


def test_what_cannot_be_spoken_is_no_clause(responder: ResponderActor, model: FakeModel, call: Mailbox) -> None:
    hand(responder, ask(0, 1))
    model.replies.take().write("**", " … ", "🙂").finish()
    call.take(ev.ReplyStarted)
    call.take(ev.ReplyFinished)


def test_a_long_reply_is_cut_at_its_limit(responder: ResponderActor, model: FakeModel, call: Mailbox) -> None:
    hand(responder, ask(0, 1))
    model.replies.take().write(*["Esta es una frase. "] * 20).finish()
    call.take(ev.ReplyStarted)
    said = ""
    while isinstance(event := call.take(), ev.ReplyClause):
        said += event.text
    assert 0 < len(said) <= 60


def test_a_retry_asks_the_second_model(responder: ResponderActor, fallback: FakeModel, call: Mailbox) -> None:
    hand(responder, ask(0, 1, is_retry=True))
    fallback.replies.take().write("Claro que sí.").finish()
    assert call.take(ev.ReplyStarted) == ev.ReplyStarted(0, 1)


@pytest.mark.parametrize(
    ("kind", "is_retryable"), [(Failure.RATE_LIMIT, True), (Failure.AUTH, False), (Failure.PAYMENT, False)]
)
def test_a_failure_says_whether_asking_again_may_help(
    responder: ResponderActor, model: FakeModel, call: Mailbox, kind: Failure, is_retryable: bool
) -> None:
    hand(responder, ask(0, 1))
    model.replies.take().fail(refused("no", kind))
    failed = call.take(ev.ReplyFailed)
    assert (failed.turn, failed.attempt, failed.retryable) == (0, 1, is_retryable)


def test_a_bug_in_a_client_is_a_failed_attempt(responder: ResponderActor, model: FakeModel, call: Mailbox) -> None:
    hand(responder, ask(0, 1))
    model.replies.take().write("Cla").fail(RuntimeError("bug"))
    call.take(ev.ReplyStarted)
    assert "bug" in call.take(ev.ReplyFailed).reason


def test_attempts_run_side_by_side_until_told_to_stop(
    responder: ResponderActor, model: FakeModel, fallback: FakeModel, call: Mailbox
) -> None:
    hand(responder, ask(0, 1), ask(0, 2, is_retry=True))
    first, second = model.replies.take(), fallback.replies.take()
    second.write("Claro que sí. ")
    assert call.take(ev.ReplyStarted).attempt == 2
    hand(responder, StopAsking(0, 1))
    assert first.cancelled.is_set()
    first.write("Tarde.").finish()
    second.finish()
    assert {call.take().attempt for _ in range(2)} == {2}
    assert not second.cancelled.is_set()


def test_an_order_to_stop_does_not_overtake_the_order_to_ask(responder: ResponderActor, model: FakeModel) -> None:
    responder.actor_ref.tell(ask(0, 1))
    responder.actor_ref.tell(StopAsking(0, 1))
    step_all(responder)
    assert model.replies.take().cancelled.is_set()


def test_stopping_what_is_over_or_was_never_begun_is_nothing(
    responder: ResponderActor, model: FakeModel, call: Mailbox
) -> None:
    hand(responder, ask(0, 1), ask(0, 2))
    over, running = model.replies.take(), model.replies.take()
    over.finish()
    step(responder)
    told = list(call.told.all)
    hand(responder, StopAsking(0, 1), StopAsking(5, 9))
    assert call.told.all == told
    assert not running.cancelled.is_set()
    assert len(responder._pumps) == 1


@pytest.mark.parametrize("end", [FakeReply.finish, FakeReply.fail, FakeReply.end])
def test_attempts_that_are_over_are_forgotten(responder: ResponderActor, model: FakeModel, end: Any) -> None:
    """They hold the whole history that they were asked with."""
    for attempt in range(5):
        hand(responder, ask(0, attempt))
        end(model.replies.take())
        step(responder)
    assert responder._pumps == {}


def test_an_actor_that_ends_cancels_every_attempt(responder: ResponderActor, model: FakeModel) -> None:
    hand(responder, ask(0, 1), ask(0, 2))
    responder.teardown(None)
    assert model.replies.take().cancelled.is_set()
    assert model.replies.take().cancelled.is_set()


def test_a_call_that_is_gone_ends_the_attempt(responder: ResponderActor, model: FakeModel, call: Mailbox) -> None:
    hand(responder, ask(0, 1))
    call.is_dead = True
    reply = model.replies.take().write("Claro.")
    assert reply.cancelled.wait(5)
