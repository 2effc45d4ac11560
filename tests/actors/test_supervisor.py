"""The root of the tree: admits calls, routes what comes for them, and lives through what it can do without."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from support.fakes import DIALLED, FakeSink, Mailbox, refused
from support.held import START, webhook
from support.plans import PLAN, FakeWorld, settings
from support.puppet import AT_ONCE, Diary, Puppet
from support.stepping import StillRuntime, Unstarted, hand, step
from support.waiting import until
from support.watch import Crashes
from telnyx_actors.actors.base import Birth
from telnyx_actors.actors.call import CallActor
from telnyx_actors.actors.calls import CallView
from telnyx_actors.actors.given_up import GIVEN_UP_MAX, GivenUp
from telnyx_actors.actors.messages import (
    CallFinished,
    CallsLeft,
    CommandFailed,
    Drain,
    EndCall,
    Journaled,
    PlaceCall,
    Release,
    WebhookReceived,
)
from telnyx_actors.actors.spool import Spool
from telnyx_actors.actors.supervision import ChildExited, ChildGaveUp, ChildSpec
from telnyx_actors.actors.supervisor import (
    CARRIERS,
    EARLY_MAX,
    FORGOTTEN_WITHIN_S,
    RECALL_WITHIN_S,
    SupervisorActor,
)
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.errors import CallRefused, EngineError, Failure, ProviderError


@pytest.fixture
def world(tmp_path: Path) -> Iterator[FakeWorld]:
    world = FakeWorld(tmp_path)
    yield world
    world.carrier.gate.set()
    world.archive.gate.set()


@pytest.fixture
def failed() -> threading.Event:
    return threading.Event()


@pytest.fixture
def newborn(
    still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld, diary: Diary, failed: threading.Event
) -> SupervisorActor:
    def puppet(name: str) -> ChildSpec:
        return ChildSpec(name, lambda birth: Puppet.start(birth, diary), backoff=AT_ONCE)

    birth = Birth("engine", None, still)
    front, extras = puppet("front"), (puppet("console"),)
    actor: SupervisorActor = unstarted(
        SupervisorActor(birth, world.services, puppet("journal"), front, extras, failed.set)
    )
    return actor


@pytest.fixture
def supervisor(newborn: SupervisorActor) -> SupervisorActor:
    """One that knows which calls the process before had left: none."""
    hand(newborn, CallsLeft(()))
    return newborn


def place(supervisor: SupervisorActor, ref: str = PLAN.ref) -> Mailbox:
    """Ask for a call, and wait for its turn to be dialled; what comes of it is in the mailbox."""
    outcome = Mailbox()
    hand(supervisor, PlaceCall(replace(PLAN, ref=ref), outcome.tell))
    if supervisor._waiting:
        assert isinstance(supervisor.runtime, StillRuntime)
        supervisor.runtime.manual.advance(1.0)
        step(supervisor)
    return outcome


def view(world: FakeWorld, ref: str = PLAN.ref) -> CallView:
    found = world.services.calls.get(ref)
    assert found is not None
    return found


def run_until_gone(supervisor: SupervisorActor, ref: str = PLAN.ref) -> None:
    while ref in supervisor._calls:
        step(supervisor)


# --- calls -----------------------------------------------------------------------------


def test_a_call_that_is_placed_is_dialled_and_can_be_seen(supervisor: SupervisorActor, world: FakeWorld) -> None:
    outcome = place(supervisor)
    assert outcome.take() == DIALLED
    assert view(world).plan.number == PLAN.number


def test_a_call_that_is_over_is_gone_with_all_it_had(supervisor: SupervisorActor, world: FakeWorld) -> None:
    place(supervisor).take()
    hand(supervisor, webhook("call.hangup"))
    assert isinstance(step(supervisor), CallFinished)
    run_until_gone(supervisor)
    assert (len(world.services.calls), world.services.gate._sessions, supervisor._memories) == (0, {}, {})
    hand(supervisor, CallFinished(PLAN.ref), EndCall(PLAN.ref, "late"), webhook("call.hangup"))


def test_there_is_room_for_so_many_calls(supervisor: SupervisorActor, world: FakeWorld) -> None:
    supervisor._services = replace(world.services, settings=replace(world.services.settings, max_calls=2))
    for ref in ("one", "two"):
        assert place(supervisor, ref).take() == DIALLED
    refused = place(supervisor, "three").take(CallRefused)
    assert "MAX_CALLS" in str(refused)
    assert world.services.calls.get("three") is None


def test_a_call_whose_record_is_being_put_away_takes_nobodys_room(
    supervisor: SupervisorActor, world: FakeWorld
) -> None:
    supervisor._services = replace(world.services, settings=replace(world.services.settings, max_calls=1))
    place(supervisor, "one").take()
    world.archive.gate.clear()
    sink = FakeSink()
    supervisor._memories["one"].session.started(START, sink)
    hand(supervisor, webhook("call.hangup"))
    assert sink.closed.take() == (1000, "call over")
    assert place(supervisor, "two").take() == DIALLED


def test_a_call_that_no_thread_can_be_had_for_costs_no_other(
    supervisor: SupervisorActor, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    place(supervisor, "one").take()
    with monkeypatch.context() as patch:
        patch.setattr(CallActor, "start", no_thread)
        place(supervisor, "two").take(CallRefused)
    assert [call.plan.ref for call in world.services.calls.all()] == ["one"]


def test_a_call_that_fails_again_and_again_is_hung_up_and_leaves_nothing(
    supervisor: SupervisorActor,
    world: FakeWorld,
    still: StillRuntime,
    crashes: Crashes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crashes.expect("engine/ref-1")
    journal = Mailbox()
    monkeypatch.setattr(world.services.journal, "ref", journal)
    outcome = place(supervisor)
    outcome.take()
    give_up(supervisor, still, PLAN.ref)
    assert world.carrier.commands.take()[1].name == "hangup"
    assert (len(world.services.calls), world.services.gate._sessions) == (0, {})
    assert world.services.calls.ended()[0].ended_reason == "crashed"
    assert Journaled(PLAN.ref, "ended", {"reason": "crashed"}) in journal.told.all
    assert len(outcome.told.all) == 1


def test_who_asked_for_a_call_that_fails_before_it_is_dialled_hears_of_it(
    supervisor: SupervisorActor,
    world: FakeWorld,
    still: StillRuntime,
    crashes: Crashes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crashes.expect("engine/ref-1")
    monkeypatch.setattr(CallActor, "children_stop_within_s", 0.05)  # its carrier waits for an answer
    world.carrier.gate.clear()
    outcome = place(supervisor)
    give_up(supervisor, still, PLAN.ref)
    assert "no se pudo iniciar" in str(outcome.take(EngineError))


def test_an_operator_hangs_up(supervisor: SupervisorActor, world: FakeWorld) -> None:
    place(supervisor).take()
    hand(supervisor, EndCall(PLAN.ref, "operator"))
    assert world.carrier.commands.take()[1].name == "hangup"


# --- draining ---------------------------------------------------------------------------


def test_draining_takes_no_new_call_and_tells_when_the_last_has_ended(
    supervisor: SupervisorActor, world: FakeWorld
) -> None:
    empty = Mailbox()
    place(supervisor).take()
    hand(supervisor, Drain(lambda: empty.tell("empty")))
    place(supervisor, "late").take(CallRefused)
    hand(supervisor, incoming())
    assert world.carrier.commands.take()[1].name == "reject"
    assert empty.told.all == []
    hand(supervisor, webhook("call.hangup"))
    run_until_gone(supervisor)
    assert empty.told.all == ["empty"]
    assert world.services.calls.is_closed


def test_draining_an_idle_engine_is_over_at_once(supervisor: SupervisorActor) -> None:
    empty = threading.Event()
    hand(supervisor, Drain(empty.set))
    assert empty.is_set()


def test_what_the_carrier_does_not_do_about_a_call_that_is_not_taken_is_told_under_its_name(
    supervisor: SupervisorActor, world: FakeWorld
) -> None:
    lines: list[str] = []
    handler = logger.add(lines.append, level="ERROR", format="{message}")
    world.carrier.errors["reject"] = [refused("no", Failure.REFUSED)]
    hand(supervisor, Drain(lambda: None), incoming("v3:late"))
    world.carrier.commands.take()
    while not isinstance(step(supervisor), CommandFailed):
        pass
    logger.remove(handler)
    assert lines == ["☎️ [CALL:v3:late] Telnyx no aceptó «reject»: no\n"]


# --- webhooks ---------------------------------------------------------------------------


def incoming(call_control_id: str = "v3:in") -> WebhookReceived:
    return webhook(
        "call.initiated", "leg-in", call_control_id=call_control_id, direction="incoming", **{"from": "+573009999999"}
    )


@pytest.mark.parametrize("by", ["address", "state", "name"])
def test_a_webhook_finds_its_call_by_any_of_its_names(supervisor: SupervisorActor, world: FakeWorld, by: str) -> None:
    place(supervisor).take()
    event = webhook("call.answered").event
    if by != "name":
        event = replace(event, call_control_id="v3:changed")
    if by == "state":
        event = replace(event, client_state='{"ref": "ref-1"}')
    hand(supervisor, WebhookReceived(event, PLAN.ref if by == "address" else "unknown"))
    hand(supervisor, webhook("call.hangup"))
    run_until_gone(supervisor)
    assert world.services.calls.ended()[0].answered_at is not None


def test_an_incoming_call_is_taken_once(supervisor: SupervisorActor, world: FakeWorld) -> None:
    hand(supervisor, incoming())
    assert world.carrier.commands.take()[1].name == "answer"
    hand(supervisor, incoming())
    assert len(world.services.calls) == 1


def test_a_crowd_that_is_refused_does_not_wait_for_one_answer_after_the_other(
    supervisor: SupervisorActor, world: FakeWorld
) -> None:
    world.services.calls.is_closed = True
    world.carrier.gate.clear()
    crowd = [f"v3:{number}" for number in range(len(CARRIERS))]
    hand(supervisor, *map(incoming, crowd))
    asked = [world.carrier.commands.take() for _ in crowd]
    assert sorted((name, command.name) for name, command in asked) == [(name, "reject") for name in crowd]


def test_a_call_that_is_being_restarted_is_not_taken_for_a_new_one(
    supervisor: SupervisorActor, world: FakeWorld, still: StillRuntime, crashes: Crashes
) -> None:
    hand(supervisor, incoming())
    world.carrier.commands.take()
    (call,) = world.services.calls.all()
    crashes.expect(f"engine/{call.plan.ref}")
    still.crash(f"engine/{call.plan.ref}")
    while not isinstance(step(supervisor), ChildExited):
        pass
    hand(supervisor, incoming())
    assert len(world.services.calls) == 1


@pytest.mark.parametrize("state", ["[" * 100_000, "garbage", '{"ref": "unknown"}'])
def test_webhooks_of_calls_that_are_not_ours_are_nothing(
    supervisor: SupervisorActor, world: FakeWorld, state: str
) -> None:
    event = replace(webhook("call.answered").event, client_state=state)
    hand(supervisor, WebhookReceived(event, None), WebhookReceived(event, "unknown"))
    assert len(world.services.calls) == 0


def lost_answer(ref: str) -> WebhookReceived:
    """What the carrier tells of a call that it dialled though we never heard so."""
    event = replace(webhook("call.initiated").event, call_control_id="v3:ghost")
    return WebhookReceived(event, ref)


def test_a_call_that_was_dialled_after_all_is_hung_up_whenever_that_is_heard(
    supervisor: SupervisorActor, world: FakeWorld
) -> None:
    world.carrier.errors["dial"] = [refused("no answer", Failure.TIMEOUT)]
    assert isinstance(place(supervisor).take(), ProviderError)
    run_until_gone(supervisor)
    by_state = replace(lost_answer("").event, client_state=json.dumps({"ref": PLAN.ref}))
    for message in (lost_answer(PLAN.ref), WebhookReceived(by_state, None)):
        hand(supervisor, message)
        call_control_id, command = world.carrier.commands.take()
        assert (call_control_id, command.name) == ("v3:ghost", "hangup")
    over = replace(lost_answer("").event, event_type="call.hangup")
    hand(supervisor, WebhookReceived(over, PLAN.ref), lost_answer("somebody else's"))
    hand(supervisor, incoming())
    assert world.carrier.commands.take()[1].name == "answer"


def test_a_call_that_was_being_dialled_when_the_process_died_is_hung_up_too(
    supervisor: SupervisorActor, world: FakeWorld
) -> None:
    hand(supervisor, CallsLeft((saved("unnamed", call_control_id="", secret="s"),)))
    assert world.services.given_up.secret_of("unnamed") == "s"
    hand(supervisor, lost_answer("unnamed"))
    assert world.carrier.commands.take()[1].name == "hangup"


def test_calls_that_were_given_up_are_not_remembered_for_ever() -> None:
    given_up = GivenUp()
    for number in range(GIVEN_UP_MAX + 1):
        given_up.add(str(number), "s")
    assert [str(number) in given_up for number in (0, 1, GIVEN_UP_MAX)] == [False, True, True]


# --- calls that a process left ------------------------------------------------------------


def saved(ref: str, **fields: Any) -> SavedCall:
    left = SavedCall(ref, number="+573001234567", call_control_id="v3:left", started="2025-12-31T23:59:00+00:00")
    for name, value in fields.items():
        setattr(left, name, value)
    return left


def test_a_call_that_was_left_is_taken_up_once(supervisor: SupervisorActor, world: FakeWorld) -> None:
    left = saved("left", answered="2025-12-31T23:59:30+00:00")
    hand(supervisor, CallsLeft((left,)), CallsLeft((left,)))
    assert world.carrier.commands.take()[1].name == "streaming_start"
    assert [call.name for call in world.services.calls.all()] == ["v3:left"]


def test_a_call_that_was_left_and_has_ended_since_replaces_no_record_in_the_archive(
    supervisor: SupervisorActor, world: FakeWorld
) -> None:
    world.carrier.is_alive = False
    at = "2025-12-31T23:59:30+00:00"
    hand(supervisor, CallsLeft((saved("left", answered=at, audio_since=at, encoding="PCMU"),)))
    run_until_gone(supervisor, "left")
    assert [key for key in world.archive.files if key.endswith("call.wav")] == []


def stream_ended(**fields: str) -> WebhookReceived:
    state = json.dumps({"nombre": "Ana", "telefono": "+573001234567", "contexto": "c", "ref": "lost", **fields})
    return WebhookReceived(replace(webhook("streaming.stopped").event, client_state=state), None)


def test_a_call_that_the_journal_has_lost_is_taken_up_by_what_the_carrier_keeps_for_us(
    supervisor: SupervisorActor, world: FakeWorld
) -> None:
    hand(supervisor, stream_ended())
    assert world.carrier.commands.take()[1].name == "streaming_start"
    (call,) = world.services.calls.all()
    plan = call.plan
    assert (plan.ref, plan.number, plan.nombre, plan.contexto) == ("lost", "+573001234567", "Ana", "c")


def test_what_comes_before_the_journal_has_told_of_a_call_waits_for_that(
    newborn: SupervisorActor, world: FakeWorld
) -> None:
    ended = replace(webhook("call.hangup").event, call_control_id="v3:over")
    hand(newborn, stream_ended(), WebhookReceived(ended, "over"), lost_answer("unnamed"), incoming())
    assert len(world.services.calls) == 0
    left = saved("lost", is_greeted=True, exchanges=[("user", "hola"), ("assistant", "buenas")])
    over, unnamed = saved("over", call_control_id="v3:over"), saved("unnamed", call_control_id="")
    hand(newborn, CallsLeft((left, over, unnamed)))
    assert ("user", "hola") in newborn._memories["lost"].conversation.state.history.messages("")
    ordered, wanted = set[str](), {"answer", "hangup", "streaming_start"}
    while not wanted <= ordered:
        ordered.add(world.carrier.commands.take()[1].name)
    assert ordered == wanted
    run_until_gone(newborn, "over")
    assert [call.plan.direction for call in world.services.calls.all()] == ["outgoing", "incoming"]


def test_a_journal_that_cannot_be_read_holds_nothing_up(
    newborn: SupervisorActor, world: FakeWorld, still: StillRuntime
) -> None:
    hand(newborn, *[lost_answer("anybody's") for _ in range(EARLY_MAX)], incoming())
    still.manual.advance(RECALL_WITHIN_S)
    step(newborn)
    assert world.carrier.commands.take()[1].name == "answer"
    hand(newborn, incoming("v3:another"))
    assert world.carrier.commands.take()[1].name == "answer"


def test_the_end_of_a_stream_is_no_call_otherwise(
    supervisor: SupervisorActor, world: FakeWorld, still: StillRuntime
) -> None:
    place(supervisor, "lost").take()
    hand(supervisor, webhook("call.hangup"))
    run_until_gone(supervisor, "lost")
    hand(supervisor, CallsLeft((), over=frozenset({"over before"})))
    hand(supervisor, stream_ended(), stream_ended(ref=""), stream_ended(ref="over before"))
    still.manual.advance(FORGOTTEN_WITHIN_S + 1)
    hand(supervisor, stream_ended(ref="of long ago"))
    assert len(world.services.calls) == 0


def test_the_record_of_a_call_that_is_taken_up_is_not_swept_away(newborn: SupervisorActor, world: FakeWorld) -> None:
    spool_dir = world.services.settings.spool_dir
    for ref in ("left", "over"):
        spool = Spool(spool_dir / ref)
        spool.open({"id": ref, "started": "2025-12-31T23:59:00+00:00", "encoding": "PCMU"})
        spool.close()
        for path in (*(spool_dir / ref).iterdir(), spool_dir / ref):
            os.utime(path, (0.0, 0.0))
    hand(newborn, CallsLeft((saved("left", answered="2025-12-31T23:59:30+00:00"),)))
    until(lambda: not (spool_dir / "over").exists())
    assert (spool_dir / "left").exists()


def test_an_engine_that_gives_its_calls_away_takes_no_other(supervisor: SupervisorActor, world: FakeWorld) -> None:
    hand(supervisor, Release())
    assert "deteniendo" in str(place(supervisor).take(CallRefused))


def test_what_cannot_be_taken_up_is_left_alone(supervisor: SupervisorActor, world: FakeWorld, diary: Diary) -> None:
    hand(supervisor, CallsLeft((saved("unnamed", call_control_id=""), saved("mangled", started="yesterday"))))
    assert len(world.services.calls) == 0


# --- its children ---------------------------------------------------------------------------


def give_up(supervisor: SupervisorActor, still: StillRuntime, name: str) -> None:
    """It fails until it is given up."""
    for _ in range(4):
        assert still.crash(f"engine/{name}")
        while not (isinstance(message := step(supervisor), ChildExited) and message.name == name):
            pass
        still.manual.advance(0.0)
        if name in supervisor._children._by_name:
            step(supervisor)


@pytest.mark.parametrize("name", ["journal", "phrases", "sweeper", "console"])
def test_the_engine_goes_on_without_what_it_can_do_without(
    supervisor: SupervisorActor, still: StillRuntime, crashes: Crashes, failed: threading.Event, name: str
) -> None:
    crashes.expect(f"engine/{name}")
    give_up(supervisor, still, name)
    assert place(supervisor).take() == DIALLED
    assert not failed.is_set()


@pytest.mark.parametrize("name", ["front", "carrier"])
def test_the_engine_fails_with_what_it_cannot_do_without(
    supervisor: SupervisorActor, still: StillRuntime, crashes: Crashes, failed: threading.Event, name: str
) -> None:
    crashes.expect(f"engine/{name}")
    with pytest.raises(ChildGaveUp):
        give_up(supervisor, still, name)
    supervisor.teardown(ChildGaveUp("engine/front"))
    assert failed.is_set()


def test_a_new_journal_is_the_one_that_is_written_to(
    supervisor: SupervisorActor, still: StillRuntime, world: FakeWorld, crashes: Crashes, diary: Diary
) -> None:
    crashes.expect("engine/journal")
    old = world.services.journal.ref
    still.crash("engine/journal")
    while not isinstance(step(supervisor), ChildExited):
        pass
    still.manual.advance(0.0)
    step(supervisor)
    assert world.services.journal.ref is not old
    assert world.services.journal.tell("still there")
    diary.wait_for("engine/journal", "handled", "still there")


def test_what_is_said_by_heart_is_prepared_also_after_a_crash(
    supervisor: SupervisorActor, still: StillRuntime, world: FakeWorld, crashes: Crashes
) -> None:
    crashes.expect("engine/phrases")
    world.archive.gate.clear()
    still.crash("engine/phrases")
    while not isinstance(step(supervisor), ChildExited):
        pass
    world.archive.gate.set()
    still.manual.advance(0.0)
    step(supervisor)
    lines = set(settings(Path()).persona.all_lines())
    while lines:
        lines.discard(world.voice.speeches.take().text)
