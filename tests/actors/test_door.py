"""What the front sees of the engine: it passes on, answers once, and never waits for an actor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.fakes import DIALLED, Asked, FakeModel, Mailbox, refused
from support.manual_time import ManualClock
from support.plans import PLAN, FakeWorld
from telnyx_actors.actors.calls import CallView
from telnyx_actors.actors.messages import EndCall, PlaceCall, WebhookReceived
from telnyx_actors.actors.rows import DOUBT_S
from telnyx_actors.errors import CallRefused, Failure, ProviderError
from telnyx_actors.front.door import Door
from telnyx_actors.front.ports import Answer, CallRequest, FilePart, NoSuchPart
from telnyx_actors.front.records import READERS_MAX
from telnyx_actors.front.seen import FrontSeen
from telnyx_actors.front.trials import TRIAL_S, TRIALS_MAX
from telnyx_actors.lazy import Lazy, LazyModel
from telnyx_actors.providers.ports import DialRequest, LanguageModel, StreamRequest
from telnyx_actors.providers.softphone import Softphone
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

REQUEST = CallRequest("+573001234567", "Pedro", contexto=None, saludo="Hola, Pedro.")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(100.0)


@pytest.fixture
def world(tmp_path: Path) -> FakeWorld:
    return FakeWorld(tmp_path)


@pytest.fixture
def supervisor(world: FakeWorld) -> Mailbox:
    mailbox: Any = Mailbox()
    world.services.supervisor.ref = mailbox
    return mailbox  # type: ignore[no-any-return]  # it stands for an actor's ref


@pytest.fixture
def seen() -> FrontSeen:
    return FrontSeen(page=lambda: (b"page", "text/plain"))


@pytest.fixture
def door(world: FakeWorld, supervisor: Mailbox, clock: ManualClock, seen: FrontSeen) -> Door:
    return Door(world.services, clock, seen, Softphone(supervisor.tell))


@pytest.fixture
def answers() -> Asked[Answer]:
    return Asked()


@pytest.fixture
def reply(answers: Asked[Answer]) -> Callable[[Answer], None]:
    def reply(answer: Answer) -> None:
        answers.note(answer)

    return reply


def talking(world: FakeWorld) -> CallView:
    view = CallView(PLAN, "secret", 40.0, "2026-01-01T00:00:00.000-05:00")
    view.call_control_id, view.state, view.turns, view.last_response_s = "v3:1", "live", 3, 0.6204
    world.services.calls.add(view)
    return view


# --- placing a call ---------------------------------------------------------------------


def test_a_request_becomes_a_plan_and_is_answered_when_it_is_placed(
    door: Door, supervisor: Mailbox, answers: Asked[Answer], reply: Callable[[Answer], None]
) -> None:
    door.initiate(REQUEST, reply)
    place = supervisor.take(PlaceCall)
    plan = place.plan
    assert (plan.direction, plan.number, plan.nombre, plan.contexto, plan.saludo) == (
        "outgoing", "+573001234567", "Pedro", "", "Hola, Pedro.",
    )  # fmt: skip
    assert answers.all == []
    place.placed(DIALLED)
    answer = answers.take()
    assert answer.status == 201
    assert answer.body == {
        "call_control_id": DIALLED.call_control_id,
        "call_id": plan.ref,
        "status": "initiated",
        "timestamp": "2026-01-01T00:00:00.000Z",
    }


def test_a_row_that_was_dialled_is_answered_with_its_call_and_not_dialled_again(
    door: Door, world: FakeWorld, supervisor: Mailbox, answers: Asked[Answer], reply: Callable[[Answer], None]
) -> None:
    row = replace(REQUEST, row="fila 7")
    door.initiate(row, reply)
    assert (answers.take().status, supervisor.told.all) == (503, []), "the journal has not told yet"
    world.services.rows.recall()
    door.initiate(row, reply)
    place = supervisor.take(PlaceCall)
    place.placed(refused("no", Failure.CAPACITY))
    assert answers.take().status == 500
    door.initiate(row, reply)
    place = supervisor.take(PlaceCall)
    place.placed(DIALLED)
    door.initiate(row, reply)
    first, again = answers.take(), answers.take()
    assert first.body == again.body
    assert supervisor.told.all[2:] == []


@pytest.mark.parametrize("outcome", [refused("late", Failure.TIMEOUT), RuntimeError("crashed")])
def test_a_row_that_may_have_been_dialled_is_not_dialled_again_at_once(
    door: Door,
    world: FakeWorld,
    supervisor: Mailbox,
    clock: ManualClock,
    answers: Asked[Answer],
    reply: Callable[[Answer], None],
    outcome: Exception,
) -> None:
    row = replace(REQUEST, row="fila 7")
    world.services.rows.recall()
    door.initiate(row, reply)
    supervisor.take(PlaceCall).placed(outcome)
    assert answers.take().status == 500
    door.initiate(row, reply)
    assert (answers.take().status, len(supervisor.told.all)) == (503, 1)
    clock.advance(DOUBT_S)
    door.initiate(row, reply)
    supervisor.take(PlaceCall).placed(DIALLED)
    assert answers.take().status == 201


def test_every_call_has_a_name_of_its_own(door: Door, supervisor: Mailbox, reply: Callable[[Answer], None]) -> None:
    door.initiate(REQUEST, reply)
    door.initiate(REQUEST, reply)
    assert supervisor.take(PlaceCall).plan.ref != supervisor.take(PlaceCall).plan.ref


@pytest.mark.parametrize(
    ("outcome", "status", "error", "retry_after_s"),
    [
        (CallRefused("lleno", 10), 503, "busy", 10),
        (refused("no", Failure.AUTH), 500, "telnyx_auth", None),
        (ProviderError("telnyx", Failure.RATE_LIMIT, "slow", retry_after_s=0.2), 500, "telnyx_rate_limit", 1),
        (RuntimeError("inside"), 500, "internal", None),
    ],
)
def test_why_a_call_was_not_placed_is_told(
    door: Door,
    supervisor: Mailbox,
    answers: Asked[Answer],
    reply: Callable[[Answer], None],
    outcome: Exception,
    status: int,
    error: str,
    retry_after_s: int | None,
) -> None:
    door.initiate(REQUEST, reply)
    supervisor.take(PlaceCall).placed(outcome)
    answer = answers.take()
    assert (answer.status, answer.body["error"], answer.retry_after_s) == (status, error, retry_after_s)
    assert "inside" not in str(answer.body)


def test_without_a_supervisor_nothing_is_promised(
    door: Door, supervisor: Mailbox, world: FakeWorld, answers: Asked[Answer], reply: Callable[[Answer], None]
) -> None:
    talking(world)
    supervisor.is_dead = True
    door.initiate(REQUEST, reply)
    door.hangup("v3:1", reply)
    assert [(answer.status, answer.retry_after_s) for answer in answers.all] == [(503, 2), (503, 2)]


# --- the calls there are ----------------------------------------------------------------


def test_a_call_is_hung_up_by_either_name(
    door: Door, world: FakeWorld, supervisor: Mailbox, answers: Asked[Answer], reply: Callable[[Answer], None]
) -> None:
    talking(world)
    for name in ("v3:1", PLAN.ref):
        door.hangup(name, reply)
        assert supervisor.take(EndCall) == EndCall(PLAN.ref, "operator")
        assert answers.take() == Answer(202, {"call_control_id": "v3:1", "status": "hanging_up"})
    door.hangup("unknown", reply)
    assert answers.take().status == 404


def test_calls_are_described_without_asking_them_and_with_their_number_hidden(
    door: Door, world: FakeWorld, supervisor: Mailbox
) -> None:
    talking(world)
    assert door.call("v3:1") == {
        "call_control_id": "v3:1",
        "call_id": PLAN.ref,
        "id": None,
        "direction": "outgoing",
        "number": "+57300•••4567",
        "state": "live",
        "turns": 3,
        "seconds": 60.0,
        "started": "2026-01-01T00:00:00.000-05:00",
        "last_response_ms": 620,
    }
    assert door.calls() == [door.call(PLAN.ref)]
    assert door.call("unknown") is None
    assert supervisor.told.all == []


def test_the_secret_of_a_webhook_is_that_of_its_call(door: Door, world: FakeWorld) -> None:
    talking(world)
    assert door.webhook_secret(PLAN.ref) == "secret"
    assert door.webhook_secret("v3:1") is None


def test_what_the_carrier_tells_of_a_call_that_was_given_up_is_believed(door: Door, world: FakeWorld) -> None:
    world.services.given_up.add(PLAN.ref, "s")
    assert door.webhook_secret(PLAN.ref) == "s"


def test_a_webhook_is_passed_on(door: Door, supervisor: Mailbox) -> None:
    event = WebhookEvent("1", "call.answered", "", "v3:1", "", "", None, {})
    door.webhook(event, PLAN.ref)
    assert supervisor.take(WebhookReceived) == WebhookReceived(event, PLAN.ref)


def test_the_engine_is_ready_while_it_takes_calls(door: Door, world: FakeWorld, clock: ManualClock) -> None:
    talking(world)
    clock.advance(5.9)
    assert door.stats() == {"active_sessions": 1, "total_calls": 1, "uptime_seconds": 5}
    assert door.ready()[0]
    world.services.calls.is_closed = True
    assert not door.ready()[0]
    world.services.calls.is_closed = False
    world.services.supervisor.ref = None
    assert not door.ready()[0]
    assert door.metrics() == (b"page", "text/plain")


def test_balancers_wait_until_the_engine_is_warm(door: Door, seen: FrontSeen) -> None:
    seen.is_warm = lambda: False
    assert door.ready() == (False, {"status": "warming_up", "calls": 0})
    seen.is_warm = lambda: True
    assert door.ready() == (True, {"status": "ready", "calls": 0})


# --- trying the model -------------------------------------------------------------------


def test_the_model_is_asked_as_in_a_call_and_its_whole_answer_told(
    door: Door, world: FakeWorld, answers: Asked[Answer], reply: Callable[[Answer], None]
) -> None:
    door.test_model("Pedro", "¿Aló?", None, reply)
    stream = world.model.replies.take()
    assert "Pedro" in stream.request.system
    assert [(message.role, message.text) for message in stream.request.messages] == [("user", "¿Aló?")]
    stream.write("Hola, ", "Pedro.").finish()
    answer = answers.take()
    assert answer.status == 200
    assert answer.body["success"] is True
    assert (answer.body["response"], answer.body["input_tokens"], answer.body["output_tokens"]) == (
        "Hola, Pedro.",
        13,
        5,
    )


@pytest.mark.parametrize(
    ("error", "reason"), [(refused("bad key"), "bad key"), (RuntimeError("inside"), "RuntimeError")]
)
def test_a_model_that_fails_says_why_but_not_where_in_our_code(
    door: Door,
    world: FakeWorld,
    answers: Asked[Answer],
    reply: Callable[[Answer], None],
    error: Exception,
    reason: str,
) -> None:
    door.test_model("Pedro", "¿Aló?", None, reply)
    world.model.replies.take().write("Ho").fail(error)
    answer = answers.take()
    assert (answer.status, answer.body["success"], answer.body["error"]) == (502, False, reason)
    assert answer.body["response"] == "Ho"


def test_the_model_is_opened_beside_the_fronts_thread(
    world: FakeWorld, clock: ManualClock, answers: Asked[Answer], reply: Callable[[Answer], None]
) -> None:
    opened_on: Asked[threading.Thread] = Asked()

    def open_model() -> LanguageModel:
        opened_on.note(threading.current_thread())
        return FakeModel(script=lambda asked: asked.write("Hola").finish())

    vendors = replace(world.services.vendors, model=LazyModel("fake", Lazy(open_model)))
    services = replace(world.services, vendors=vendors)
    Door(services, clock, FrontSeen(), Softphone(print)).test_model("Pedro", "¿Aló?", None, reply)
    assert opened_on.take() is not threading.current_thread()
    assert answers.take().body["response"] == "Hola"


def test_more_trials_of_the_model_at_once_than_there_are_places_have_to_wait(
    door: Door, world: FakeWorld, answers: Asked[Answer], reply: Callable[[Answer], None]
) -> None:
    for _ in range(TRIALS_MAX + 1):
        door.test_model("Pedro", "¿Aló?", None, reply)
    assert answers.take().status == 503
    for _ in range(TRIALS_MAX):
        world.model.replies.take().finish()
        assert answers.take().status == 200
    door.test_model("Pedro", "¿Aló?", None, reply)
    world.model.replies.take().finish()
    assert answers.take().status == 200


def test_a_reply_that_nobody_waits_for_any_more_is_cancelled(
    door: Door, world: FakeWorld, clock: ManualClock, answers: Asked[Answer], reply: Callable[[Answer], None]
) -> None:
    door.test_model("Pedro", "¿Aló?", None, reply)
    stream = world.model.replies.take()
    clock.advance(TRIAL_S + 1)
    stream.write("Hola")
    answers.take()
    assert stream.cancelled.is_set()


# --- a call with a browser, and what is left of one ---------------------------------------


def test_a_browser_is_told_where_its_audio_goes(
    world: FakeWorld, supervisor: Mailbox, clock: ManualClock, answers: Asked[Answer], reply: Callable[[Answer], None]
) -> None:
    softphone = Softphone(supervisor.tell)
    Door(world.services, clock, FrontSeen(), softphone).call_browser(reply)
    place = supervisor.take(PlaceCall)
    assert (place.plan.number, place.plan.direction) == ("web", "outgoing")
    stream = StreamRequest("wss://elsewhere.test/prefix/stream/media?secret=once")
    place.placed(softphone.dial(DialRequest("web", "https://hook", "{}", "c1", stream)))
    answer = answers.take()
    assert (answer.status, answer.body["call_id"], answer.body["media"]) == (
        201,
        place.plan.ref,
        "/stream/media?secret=once",
    )


def test_why_a_browser_cannot_call_is_told_in_words(
    door: Door, supervisor: Mailbox, answers: Asked[Answer], reply: Callable[[Answer], None]
) -> None:
    door.call_browser(reply)
    supervisor.take(PlaceCall).placed(ProviderError("softphone", Failure.REFUSED, "en modo webhook no hay audio"))
    answer = answers.take()
    assert (answer.status, "modo webhook" in str(answer.body["message"])) == (409, True)


Files = Asked[FilePart | NoSuchPart | Answer]


def test_of_a_record_only_the_part_that_was_asked_for_is_read(door: Door, world: FakeWorld) -> None:
    talking(world).places = ("fake://call.wav",)
    world.archive.files["audios/2026/01/01/v3_1/call.wav"] = b"RIFF...."
    files: Files = Asked()
    for wanted, expected in (
        (None, FilePart(b"RIFF....", None, 8)),
        ("bytes=2-5", FilePart(b"FF..", 2, 8)),
        ("bytes=-3", FilePart(b"...", 5, 8)),
        ("bytes=8-", NoSuchPart(8)),
    ):
        door.record(PLAN.ref, "call.wav", wanted, files.note)
        assert files.take() == expected


def test_an_empty_record_is_given_as_it_is(door: Door, world: FakeWorld) -> None:
    talking(world).places = ("fake://call.wav",)
    world.archive.files["audios/2026/01/01/v3_1/call.wav"] = b""
    files: Files = Asked()
    door.record(PLAN.ref, "call.wav", None, files.note)
    assert files.take() == FilePart(b"", None, 0)


def test_more_records_at_once_than_there_are_readers_have_to_wait(door: Door, world: FakeWorld) -> None:
    talking(world).places = ("fake://call.wav",)
    world.archive.files["audios/2026/01/01/v3_1/call.wav"] = b"RIFF"
    world.archive.gate.clear()
    files: Files = Asked()
    for _ in range(READERS_MAX + 1):
        door.record(PLAN.ref, "call.wav", None, files.note)
    refused_one = files.take()
    assert isinstance(refused_one, Answer)
    assert refused_one.status == 503
    world.archive.gate.set()
    assert [files.take() for _ in range(READERS_MAX)] == [FilePart(b"RIFF", None, 4)] * READERS_MAX


def test_a_call_that_is_not_archived_has_no_record(door: Door, world: FakeWorld, answers: Asked[Answer]) -> None:
    talking(world)
    files: Files = Asked()
    for ref in (PLAN.ref, "nobody"):
        door.record(ref, "call.wav", None, files.note)
        answer = files.take()
        assert isinstance(answer, Answer)
        assert answer.status == 404


@pytest.mark.parametrize("error", [refused("away", Failure.UNAVAILABLE), RuntimeError("bug")])
def test_an_archive_that_fails_says_so_and_is_asked_again(door: Door, world: FakeWorld, error: Exception) -> None:
    talking(world).places = ("fake://call.wav",)
    files: Files = Asked()
    for failure, expected in ((error, 502), (None, 404)):
        world.archive.error = failure
        door.record(PLAN.ref, "call.wav", None, files.note)
        answer = files.take()
        assert isinstance(answer, Answer)
        assert answer.status == expected


def test_what_was_said_is_not_played_where_it_shall_not_be_shown(world: FakeWorld, clock: ManualClock) -> None:
    services = replace(world.services, settings=replace(world.services.settings, shows_words=False))
    talking(world).places = ("fake://call.wav",)
    files: Files = Asked()
    Door(services, clock, FrontSeen(), Softphone(print)).record(PLAN.ref, "call.wav", None, files.note)
    answer = files.take()
    assert isinstance(answer, Answer)
    assert answer.status == 403
