"""The actor that gives orders to the carrier: in order, and every one of them answered."""

from __future__ import annotations

from typing import Any

import pytest

from support.fakes import DIALLED, FakeCarrier, Mailbox, refused
from support.stepping import StillRuntime, Unstarted, hand
from telnyx_actors.actors.base import Birth
from telnyx_actors.actors.carrier import CarrierActor
from telnyx_actors.actors.messages import AskStatus, CallStatus, Command, CommandDone, CommandFailed, Dial, Dialled
from telnyx_actors.errors import Failure
from telnyx_actors.providers.ports import CallCommand, DialRequest

REQUEST = DialRequest("+57", "https://engine.test", "{}", "id-0")


@pytest.fixture
def call() -> Mailbox:
    return Mailbox()


@pytest.fixture
def carrier() -> FakeCarrier:
    return FakeCarrier()


@pytest.fixture
def actor(still: StillRuntime, unstarted: Unstarted[Any], call: Any, carrier: FakeCarrier) -> CarrierActor:
    actor: CarrierActor = unstarted(CarrierActor(Birth("call/carrier", None, still), call, carrier))
    return actor


def command(name: str, command_id: str = "id-1") -> Command:
    return Command("v3:1", CallCommand(name, command_id))


def test_a_dial_is_answered_with_the_call_or_why_there_is_none(
    actor: CarrierActor, carrier: FakeCarrier, call: Mailbox
) -> None:
    error = refused("no credit", Failure.PAYMENT)
    carrier.errors["dial"] = [None, error]
    hand(actor, Dial(REQUEST), Dial(REQUEST))
    assert call.told.all == [Dialled(DIALLED), CommandFailed("dial", error)]


def test_commands_are_done_in_order_and_each_is_answered_by_its_id(
    actor: CarrierActor, carrier: FakeCarrier, call: Mailbox
) -> None:
    error = refused("gone", Failure.GONE)
    carrier.errors["playback_stop"] = [error]
    hand(actor, command("speak", "id-1"), command("playback_stop", "id-2"), command("hangup", "id-3"))
    assert [order.name for _, order in carrier.commands.all] == ["speak", "playback_stop", "hangup"]
    assert call.told.all == [
        CommandDone("id-1"),
        CommandFailed("playback_stop", error, "id-2", "v3:1"),
        CommandDone("id-3"),
    ]


def test_the_carrier_tells_whether_a_call_is_alive(actor: CarrierActor, carrier: FakeCarrier, call: Mailbox) -> None:
    error = refused("busy")
    carrier.errors["status"] = [None, error]
    hand(actor, AskStatus("v3:1"), AskStatus("v3:1"))
    carrier.is_alive = False
    hand(actor, AskStatus("v3:1"))
    assert call.told.all == [CallStatus(is_alive=True), CommandFailed("status", error), CallStatus(is_alive=False)]


def test_a_call_that_is_gone_hears_nothing_and_its_order_is_done_all_the_same(
    actor: CarrierActor, carrier: FakeCarrier, call: Mailbox
) -> None:
    call.is_dead = True
    hand(actor, command("hangup"))
    assert len(carrier.commands.all) == 1


def test_failures_of_the_carrier_are_counted_by_kind(actor: CarrierActor, carrier: FakeCarrier) -> None:
    carrier.errors["speak"] = [refused("x", Failure.TIMEOUT), refused("x", Failure.TIMEOUT)]
    hand(actor, command("speak"), command("speak"))
    assert sum(actor.runtime.stats.vendor_failures().values()) == 2
