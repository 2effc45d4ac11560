"""Getting a call under way: at the account's pace, with the patience the carrier asks for, and noticed if it is silent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from support.fakes import Asked, refused
from support.plans import PLAN, FakeWorld
from support.puppet import Diary, Puppet
from support.stepping import StillRuntime, Unstarted, hand, step
from telnyx_actors.actors.base import Birth
from telnyx_actors.actors.call import CallActor
from telnyx_actors.actors.call_setup import DIALS_MAX, WEBHOOK_WITHIN_S
from telnyx_actors.actors.journal import JournalActor
from telnyx_actors.actors.messages import (
    CallPlan,
    CommandFailed,
    DialDue,
    Dialled,
    Drain,
    PlaceCall,
    Placed,
    Redial,
    WebhookDue,
    WebhookReceived,
)
from telnyx_actors.actors.recall import new_memory
from telnyx_actors.actors.supervision import ChildSpec
from telnyx_actors.actors.supervisor import DIAL_WAIT_MAX_S, SupervisorActor
from telnyx_actors.core import events as ev
from telnyx_actors.errors import CallRefused, Failure, ProviderError
from telnyx_actors.providers.ports import DialledCall
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

Outcome = DialledCall | Exception
INITIATED = WebhookReceived(WebhookEvent("id", "call.initiated", "", "v3:call", "", "", None, {}), None)


def too_fast(retry_after_s: float | None = None) -> ProviderError:
    return ProviderError("telnyx", Failure.RATE_LIMIT, "slow down", status=429, retry_after_s=retry_after_s)


@pytest.fixture
def placed() -> Asked[Outcome]:
    return Asked()


@pytest.fixture
def warnings() -> Any:
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(message.record["message"]), level="WARNING")
    yield lines
    logger.remove(sink)


def noting(placed: Asked[Outcome]) -> Placed:
    """Whoever asked for a call, and hears what became of it."""

    def hear(outcome: Outcome) -> None:
        placed.note(outcome)

    return hear


def step_to(actor: Any, kind: type) -> Any:
    """Have the inbox handled up to the next message of this kind."""
    while not isinstance(message := step(actor), kind):
        pass
    return message


# --- one call ---


@pytest.fixture
def call(still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld, placed: Asked[Outcome]) -> Callable[[], Any]:
    def call() -> CallActor:
        memory = new_memory(PLAN, noting(placed), world.services, still.clock)
        actor: CallActor = unstarted(CallActor(Birth("call", None, still), memory, world.services))
        return actor

    return call


@pytest.mark.parametrize(("asked_s", "waited_s"), [(None, 1.0), (0.5, 0.5), (60.0, 2.0)])
def test_a_carrier_that_wants_patience_gets_it_and_is_asked_again(
    call: Callable[[], Any],
    world: FakeWorld,
    still: StillRuntime,
    placed: Asked[Outcome],
    asked_s: float | None,
    waited_s: float,
) -> None:
    world.carrier.errors["dial"] = [too_fast(asked_s)]
    actor = call()
    first = world.carrier.dials.take()
    step_to(actor, CommandFailed)
    still.manual.advance(waited_s - 0.01)
    assert actor._inbox.empty()
    still.manual.advance(0.02)
    step_to(actor, Redial)
    second = world.carrier.dials.take()
    step_to(actor, Dialled)

    assert isinstance(placed.take(), DialledCall)
    assert first.command_id != second.command_id, "the first one was refused, and must not shadow the second"
    assert second.stream is not None
    assert first.stream != second.stream


def test_patience_ends(
    call: Callable[[], Any], world: FakeWorld, still: StillRuntime, placed: Asked[Outcome], warnings: list[str]
) -> None:
    world.carrier.errors["dial"] = [too_fast() for _ in range(DIALS_MAX)]
    actor = call()
    for _ in range(DIALS_MAX - 1):
        step_to(actor, CommandFailed)
        still.manual.advance(1.1)
        step_to(actor, Redial)
    step_to(actor, CommandFailed)

    assert isinstance(placed.take(), ProviderError)
    assert len(world.carrier.dials.all) == DIALS_MAX
    assert len([line for line in warnings if "pide esperar" in line]) == DIALS_MAX - 1


@pytest.mark.parametrize("kind", [Failure.CAPACITY, Failure.AUTH, Failure.PAYMENT, Failure.REFUSED])
def test_a_refusal_that_time_does_not_heal_is_told_at_once(
    call: Callable[[], Any], world: FakeWorld, placed: Asked[Outcome], kind: Failure
) -> None:
    world.carrier.errors["dial"] = [refused(kind=kind)]
    step_to(call(), CommandFailed)
    assert isinstance(placed.take(), ProviderError)
    assert len(world.carrier.dials.all) == 1


def test_a_call_that_was_given_up_meanwhile_is_not_dialled_again(
    call: Callable[[], Any], world: FakeWorld, still: StillRuntime
) -> None:
    world.carrier.errors["dial"] = [too_fast()]
    actor = call()
    step_to(actor, CommandFailed)
    hand(actor, ev.HangupRequested("operator"))
    still.manual.advance(1.1)
    step_to(actor, Redial)
    assert len(world.carrier.dials.all) == 1


def dialled(call: Callable[[], Any], still: StillRuntime, *messages: object) -> Any:
    """A call that the carrier took on, after which only these things happened for a while."""
    actor = call()
    step_to(actor, Dialled)
    hand(actor, *messages)
    still.manual.advance(WEBHOOK_WITHIN_S + 0.1)
    step_to(actor, WebhookDue)
    return actor


def test_a_call_of_which_nothing_is_heard_is_warned_of_once_and_counted(
    call: Callable[[], Any], world: FakeWorld, still: StillRuntime, warnings: list[str]
) -> None:
    dialled(call, still)
    (line,) = warnings
    assert "https://engine.test/webhook/telnyx" in line
    assert "TELNYX_PUBLIC_KEY" in line
    assert world.services.tally.read()["event", "no_webhook"] == 1


def test_one_webhook_of_any_kind_is_enough(call: Callable[[], Any], still: StillRuntime, warnings: list[str]) -> None:
    dialled(call, still, INITIATED)
    assert warnings == []


def test_a_call_that_is_over_needs_no_webhooks(
    call: Callable[[], Any], still: StillRuntime, warnings: list[str]
) -> None:
    dialled(call, still, ev.CallEnded("gone"))
    assert not [line for line in warnings if "webhook" in line]


# --- many calls ---


@pytest.fixture
def supervisor(
    still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld, diary: Diary, tmp_path: Path
) -> Callable[[], Any]:
    def supervisor() -> SupervisorActor:
        journal = ChildSpec("journal", lambda birth: JournalActor.start(birth, tmp_path / "journal.sqlite3"))
        front = ChildSpec("front", lambda birth: Puppet.start(birth, diary))
        birth = Birth("engine", None, still)
        actor: SupervisorActor = unstarted(SupervisorActor(birth, world.services, journal, front, (), lambda: None))
        return actor

    return supervisor


def place(placed: Asked[Outcome], *refs: str) -> list[PlaceCall]:
    return [PlaceCall(CallPlan(ref, "outgoing", "+573001234567"), noting(placed)) for ref in refs]


def test_calls_are_dialled_one_after_the_other_at_the_accounts_pace(
    supervisor: Callable[[], Any], world: FakeWorld, still: StillRuntime, placed: Asked[Outcome]
) -> None:
    actor = supervisor()
    hand(actor, *place(placed, "a", "b", "c"))
    world.carrier.dials.take()
    for number in (2, 3):
        assert len(world.carrier.dials.all) == number - 1
        still.manual.advance(0.035)  # thirty a second
        step_to(actor, DialDue)
        world.carrier.dials.take()


def test_those_who_wait_count_as_calls_and_what_is_too_much_is_refused(
    supervisor: Callable[[], Any], world: FakeWorld, placed: Asked[Outcome]
) -> None:
    actor = supervisor()
    most = world.services.settings.max_calls
    hand(actor, *place(placed, *(str(number) for number in range(most + 2))))
    refusals = [outcome for outcome in placed.all if isinstance(outcome, CallRefused)]
    assert len(refusals) == 2
    assert "MAX_CALLS" in str(refusals[0])


def test_nobody_waits_longer_than_their_request_lives(
    supervisor: Callable[[], Any], placed: Asked[Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telnyx_actors.actors.supervisor.DIAL_WAIT_MAX_S", 0.1)
    assert DIAL_WAIT_MAX_S == 15.0
    actor = supervisor()
    hand(actor, *place(placed, *"abcdef"))
    (refusal, *_) = [outcome for outcome in placed.all if isinstance(outcome, CallRefused)]
    assert "DIALS_PER_SECOND" in str(refusal)


def test_those_who_still_wait_when_the_engine_drains_are_refused(
    supervisor: Callable[[], Any], world: FakeWorld, still: StillRuntime, placed: Asked[Outcome]
) -> None:
    actor = supervisor()
    hand(actor, *place(placed, "a", "b"), Drain(lambda: None))
    world.carrier.dials.take()
    still.manual.advance(0.1)
    step_to(actor, DialDue)
    assert any(isinstance(outcome, CallRefused) and "deteniendo" in str(outcome) for outcome in placed.all)
    assert len(world.carrier.dials.all) == 1
