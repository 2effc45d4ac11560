"""The actor of a call: who it is at the carrier, what becomes of it when parts of it die, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from support.fakes import DIALLED, FakeSink, refused
from support.held import ID, LEG, START, HeldCall, webhook
from support.plans import PLAN, FakeWorld
from support.stepping import StillRuntime, Unstarted
from support.watch import Crashes
from telnyx_actors.actors.call import ARCHIVER_BACK_WITHIN_S, CLOSE_WITHIN_S
from telnyx_actors.actors.call_setup import STREAM_WITHIN_S
from telnyx_actors.actors.messages import (
    CallStatus,
    CommandDone,
    CommandFailed,
    Dialled,
    Journaled,
    LetGo,
    RecordClosed,
    StreamClosed,
    StreamOpened,
)
from telnyx_actors.actors.recall import forgotten_call
from telnyx_actors.actors.supervision import ChildExited
from telnyx_actors.actors.trail import Incident
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.saved import SavedCall, fold
from telnyx_actors.core.state import Phase, Transfer
from telnyx_actors.errors import Failure
from telnyx_actors.logs import CallLog
from telnyx_actors.wire.telnyx_client_state import decode_client_state
from telnyx_actors.wire.telnyx_media import StreamError

WALL = "2026-01-01T00:00:00+00:00"
OPERATOR = ev.HangupRequested("operator")
RECORDED = [f"audios/2025/12/31/v3_call/{name}" for name in ("call.wav", "transcript.json")]


@pytest.fixture
def dialling(still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld) -> Iterator[HeldCall]:
    """A call whose dial the carrier has not answered; it does when the gate is set."""
    world.carrier.gate.clear()
    call = HeldCall(still, unstarted, world, PLAN)
    world.carrier.dials.take()
    yield call
    world.carrier.gate.set()


def phase(call: HeldCall) -> Phase:
    return call.memory.conversation.state.phase


def is_a(kind: type) -> Any:
    return lambda message: isinstance(message, kind)


# --- who it is -------------------------------------------------------------------------


def test_a_call_is_dialled_and_whoever_asked_is_told_once(call: HeldCall, world: FakeWorld) -> None:
    request = world.carrier.dials.take()
    assert (request.to, request.stream is not None) == (PLAN.number, True)
    call.run_until(is_a(Dialled))
    assert call.placed == [DIALLED]
    assert call.memory.view.name == call.memory.session.call_control_id == ID
    call.tell(Dialled(DIALLED), webhook("call.answered"))
    assert call.placed == [DIALLED]
    assert call.journaled().count("identified") == 1


def test_a_dial_that_is_refused_is_told_to_whoever_asked_and_ends_the_call(
    still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld
) -> None:
    error = refused("no credit", Failure.PAYMENT)
    world.carrier.errors["dial"] = [error]
    call = HeldCall(still, unstarted, world, PLAN)
    call.run_until(is_a(RecordClosed))
    assert call.placed == [error]
    assert (call.memory.view.ended_reason, call.finished()) == ("dial_failed", 1)
    assert not call.memory.session.encoding


@pytest.mark.parametrize("first", ["webhook", "socket"])
def test_a_webhook_or_the_socket_may_name_the_call_before_the_answer_to_the_dial_does(
    dialling: HeldCall, world: FakeWorld, first: str
) -> None:
    if first == "webhook":
        dialling.tell(webhook("call.answered"))
        assert phase(dialling) is Phase.ANSWERED
    else:
        dialling.open(FakeSink())
        assert phase(dialling) is Phase.LIVE
    assert [placed.call_control_id for placed in dialling.placed] == [ID]  # type: ignore[attr-defined]  # a DialledCall
    world.carrier.gate.set()
    dialling.run_until(is_a(Dialled))
    assert len(dialling.placed) == 1


def test_a_call_that_rings_lives_though_the_answer_to_the_dial_was_lost(dialling: HeldCall, world: FakeWorld) -> None:
    world.carrier.errors["dial"] = [refused("no answer in time", Failure.TIMEOUT)]
    dialling.tell(webhook("call.initiated"))
    world.carrier.gate.set()
    dialling.run_until(is_a(CommandFailed))
    assert phase(dialling) is Phase.RINGING
    assert len(dialling.placed) == 1


def test_a_call_that_ends_before_the_dial_is_answered_is_placed_and_over(dialling: HeldCall) -> None:
    dialling.tell(webhook("call.hangup", hangup_cause="user_busy", hangup_source="callee"))
    assert len(dialling.placed) == 1
    dialling.run_until(is_a(RecordClosed))
    assert (dialling.memory.view.ended_reason, dialling.finished()) == ("user_busy", 1)


def test_an_operator_may_hang_up_before_the_call_has_a_name(dialling: HeldCall, world: FakeWorld) -> None:
    dialling.tell(OPERATOR)
    assert world.carrier.commands.all == []
    world.carrier.gate.set()
    dialling.run_until(is_a(Dialled))
    assert dialling.command() == "hangup"


def test_what_happens_on_the_other_side_of_a_transfer_is_not_the_callers(call: HeldCall) -> None:
    call.go_live()
    call.tell(webhook("call.hangup", leg="another", hangup_cause="normal_clearing"))
    assert phase(call) is Phase.LIVE
    call.tell(webhook("call.hangup", leg=LEG))
    assert phase(call) is Phase.ENDED
    assert call.memory.view.ended_reason == "unknown"


def give_away(call: HeldCall) -> None:
    """Three turns fail, and the caller is given to a person."""
    call.memory.conversation.state.transfer = Transfer.ASKED
    call.memory.conversation.state.phase = Phase.CLOSING
    call.memory.conversation.state.closing_reason = "transferred"
    call.memory.conversation.state.close_at = call.still.clock.now() + 60.0


def test_who_is_not_there_to_take_the_caller_is_heard_of_at_once(call: HeldCall) -> None:
    call.go_live()
    give_away(call)
    call.tell(webhook("call.hangup", leg="another", hangup_cause="user_busy"))
    state = call.memory.conversation.state
    assert (state.transfer, state.closing_reason) == (Transfer.NONE, "failure")


def test_a_process_that_stops_leaves_a_caller_with_the_person_who_has_them(call: HeldCall, world: FakeWorld) -> None:
    call.go_live()
    call.tell(LetGo())
    assert call.finished() == 0, "they are ours"
    give_away(call)
    call.tell(webhook("call.bridged"))
    call.advance(call.memory.conversation.state.rules.leave_within_s)  # a greeting that is being heard is waited for
    assert call.finished() == 1
    assert call.command() == "streaming_stop", "what the two say is not ours to hear"
    assert [command.name for _, command in world.carrier.commands.all] == ["streaming_stop"], "and nobody hangs up"
    assert "transfer" in call.journaled()
    assert call.journaled()[-1] == "released"


def test_keys_come_by_webhook_where_there_is_no_stream_and_once_where_there_is(call: HeldCall) -> None:
    call.run_until(is_a(Dialled))
    call.tell(webhook("call.answered"), webhook("call.dtmf.received", digit="1"))
    call.tell(webhook("call.dtmf.received", digit="un millon"), webhook("call.dtmf.received"))
    assert call.memory.conversation.state.listening.digits == "1"
    call.open(FakeSink())
    call.tell(webhook("call.dtmf.received", digit="2"))
    assert call.memory.conversation.state.listening.digits == "1"


def test_a_file_that_the_carrier_refuses_is_not_the_one_that_plays(call: HeldCall) -> None:
    call.go_live()
    sound = call.memory.sound
    sound.play("first", "0.1.800", 0.0, 0.1)
    sound.play("second", "0.2.800", 0.0, 0.1)
    call.tell(CommandFailed("playback_start", refused("no", Failure.REFUSED), "second"))
    assert sound.played("completed", 0.2) == ev.MarkReturned("0.1.800")


def test_the_end_of_what_was_stopped_is_not_that_of_what_the_carrier_says_now(call: HeldCall, world: FakeWorld) -> None:
    call.go_live()
    say: list[ac.Action] = [ac.SpeakByCarrier(7, "Uno."), ac.StopPlayback(), ac.SpeakByCarrier(8, "Dos.")]
    call.actor._performer.perform(say, CallLog(ID))
    first, _, second = (world.carrier.commands.take()[1] for _ in say)
    for order, heard in ((first, []), (second, [ev.CarrierSpoke(8)])):
        state = decode_client_state(str(order.body["client_state"]))
        ended = webhook("call.speak.ended", status="completed")
        call.tell(replace(ended, event=replace(ended.event, client_state=state)))
        told = [what for _, _, what in call.memory.view.trail._steps]
        assert [what for what in told if isinstance(what, ev.CarrierSpoke)] == heard


def test_an_incoming_call_is_answered(still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld) -> None:
    plan = replace(PLAN, direction="incoming", call_control_id=ID)
    call = HeldCall(still, unstarted, world, plan)
    assert call.command() == "answer"
    call.run_until(is_a(CommandDone))
    assert call.memory.orders == {}
    assert call.placed == []


@pytest.mark.parametrize(("kind", "reason"), [(Failure.REFUSED, "answer_failed"), (Failure.GONE, "gone")])
def test_an_incoming_call_that_cannot_be_answered_is_given_up(
    still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld, kind: Failure, reason: str
) -> None:
    world.carrier.errors["answer"] = [refused("no", kind)]
    call = HeldCall(still, unstarted, world, replace(PLAN, direction="incoming", call_control_id=ID))
    call.run_until(is_a(CommandFailed))
    assert call.memory.conversation.state.closing_reason == reason


# --- its socket ---------------------------------------------------------------------------


def test_the_greeting_is_heard_as_soon_as_the_socket_is_open(call: HeldCall) -> None:
    sink = call.go_live()
    call.wait_for(lambda: sink.sent)
    assert [json.loads(message)["event"] for message in sink.sent[:2]] == ["media", "mark"]


def test_a_codec_that_nobody_asked_for_is_complained_of(call: HeldCall) -> None:
    call.run_until(is_a(Dialled))
    call.tell(StreamOpened(replace(START, encoding="OPUS"), FakeSink(), 0.0))
    [(_, _, what)] = call.memory.view.trail.failures
    assert isinstance(what, Incident)
    assert "OPUS" in what.text


def test_a_new_socket_replaces_the_old_one_whose_end_is_nothing_then(call: HeldCall) -> None:
    old, new = call.go_live(), FakeSink()
    call.open(new)
    assert old.closed.take() == (1000, "replaced")
    call.memory.session.closed(old, 1000, "replaced")
    call.run()
    assert call.memory.sink is new


def test_a_socket_that_is_lost_is_asked_for_again(call: HeldCall) -> None:
    sink = call.go_live()
    call.memory.session.closed(sink, 1006, "")
    call.run_until(is_a(StreamClosed))
    assert call.command() == "streaming_start"


def test_a_stream_that_is_there_was_not_refused_whatever_became_of_the_answer(call: HeldCall) -> None:
    call.memory.session.closed(call.go_live(), 1006, "")
    call.open(FakeSink())
    call.tell(CommandFailed("streaming_start", refused("no answer", Failure.TIMEOUT), "any", ID))
    assert not call.memory.conversation.state.playout.by_clause


def test_a_socket_that_comes_when_the_call_is_over_is_closed_and_nobody_listens(
    call: HeldCall, world: FakeWorld
) -> None:
    call.run_until(is_a(Dialled))
    call.tell(webhook("call.hangup"))
    late = FakeSink()
    call.open(late)
    assert late.closed.take() == (1000, "call over")
    assert world.transcription.encodings == []


# --- parts that die -----------------------------------------------------------------------


def test_what_the_carrier_had_not_done_is_asked_again_with_the_same_id(
    call: HeldCall, world: FakeWorld, crashes: Crashes
) -> None:
    crashes.expect("engine/ref-1/carrier")
    call.run_until(is_a(Dialled))
    world.carrier.errors["hangup"] = [RuntimeError("bug")]  # type: ignore[list-item]  # not what a port may raise
    call.tell(OPERATOR)
    call.run_until(is_a(ChildExited))
    call.still.manual.advance(0.0)
    call.run_until(is_a(CommandDone))
    assert len({command.command_id for _, command in world.carrier.commands.all}) == 1
    assert len(world.carrier.commands.all) == 2
    assert call.memory.orders == {}


def test_a_dial_that_its_part_did_not_survive_is_dialled_again_with_the_same_id(
    still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld, crashes: Crashes
) -> None:
    crashes.expect("engine/ref-1/carrier")
    world.carrier.errors["dial"] = [RuntimeError("bug")]  # type: ignore[list-item]  # not what a port may raise
    call = HeldCall(still, unstarted, world, PLAN)
    call.run_until(is_a(ChildExited))
    still.manual.advance(0.0)
    call.run_until(is_a(Dialled))
    ids = {request.command_id for request in world.carrier.dials.all}
    assert (len(world.carrier.dials.all), len(ids)) == (2, 1)


def test_a_reply_that_died_with_its_part_is_asked_for_again(call: HeldCall, world: FakeWorld, crashes: Crashes) -> None:
    crashes.expect("engine/ref-1/responder")
    call.go_live()
    say(call, "Quiero una cita.")
    world.model.replies.take()
    call.crash("responder")
    assert call.memory.counts["crash_responder"] == 1
    call.advance(0.2)
    world.fallback.replies.take()


def say(call: HeldCall, text: str) -> None:
    """The greeting is heard, and the caller says this."""
    state = call.memory.conversation.state
    while state.turn is not None:
        call.still.manual.advance(0.5)
        call.run()
    call.tell(ev.VoiceStarted(call.still.clock.now()))
    call.advance(0.5)
    call.tell(ev.VoiceStopped(call.still.clock.now()), ev.TranscriptFinal(text, flushed=True))
    call.advance(0.3)


def test_a_message_that_the_carrier_refused_is_a_failure_of_the_call(call: HeldCall) -> None:
    call.go_live()
    call.tell(StreamError(100004, "invalid media"))
    [(_, _, what)] = call.memory.view.trail.failures
    assert isinstance(what, Incident)
    assert "100004 invalid media" in what.text


# --- the death of its process ---------------------------------------------------------------


@pytest.fixture
def ringing(still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld) -> HeldCall:
    """Taken up by a process that has not seen whether anybody picked up."""
    started = still.clock.wall().isoformat()
    saved = SavedCall(PLAN.ref, number=PLAN.number, secret="s", call_control_id=ID, started=started)
    return HeldCall(still, unstarted, world, PLAN, saved)


def test_a_call_that_the_journal_has_lost_is_in_it_again(
    still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld
) -> None:
    state = json.dumps({"ref": PLAN.ref, "telefono": PLAN.number, "nombre": PLAN.nombre})
    event = replace(webhook("streaming.stopped").event, client_state=state)
    lost = forgotten_call(event, still.clock.wall())
    assert lost is not None
    call = HeldCall(still, unstarted, world, PLAN, lost)
    call.tell(ev.TimePassed())
    told = [message for message in call.journal.told.all if isinstance(message, Journaled)]
    left = fold(PLAN.ref, [(entry.kind, "2026-11-22T10:00:00+00:00", entry.data) for entry in told])
    assert left is not None
    assert (left.number, left.nombre, left.call_control_id) == (PLAN.number, PLAN.nombre, ID)
    assert left.answered
    assert left.secret == call.memory.view.secret != ""


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        ({"answered": WALL}, "dropped"),
        ({"answered": WALL, "was_released": True}, "ended_meanwhile"),
    ],
)
def test_who_was_talking_to_a_process_that_died_and_is_gone_was_dropped_by_us(
    still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld, left: dict[str, Any], reason: str
) -> None:
    world.carrier.is_alive = False
    saved = SavedCall(PLAN.ref, number=PLAN.number, secret="s", call_control_id=ID, started=WALL, **left)
    call = HeldCall(still, unstarted, world, PLAN, saved)
    call.run_until(is_a(RecordClosed))
    assert call.memory.view.ended_reason == reason


def test_a_call_that_was_answered_while_no_process_was_there_goes_live(ringing: HeldCall) -> None:
    ringing.run_until(is_a(CallStatus))
    assert ringing.command() == "streaming_start"
    ringing.run_until(is_a(CommandDone))
    ringing.open(FakeSink())
    assert phase(ringing) is Phase.LIVE


@pytest.mark.parametrize("is_alive", [True, False])
def test_a_call_that_rings_still_when_its_process_is_replaced_goes_on_ringing(
    ringing: HeldCall, world: FakeWorld, is_alive: bool
) -> None:
    world.carrier.is_alive = is_alive  # of a call that it has just dialled, the carrier says that it is not
    world.carrier.errors["streaming_start"] = [refused("not answered", Failure.REFUSED)]
    ringing.run_until(is_a(CommandFailed))
    assert (phase(ringing), ringing.command()) == (Phase.RINGING, "streaming_start")
    assert ringing.memory.view.trail.failures == []
    ringing.tell(webhook("call.answered"))
    assert ringing.command() == "streaming_start"
    ringing.open(FakeSink())
    assert phase(ringing) is Phase.LIVE


@pytest.mark.parametrize(("comes", "then"), [(True, Phase.LIVE), (False, Phase.ANSWERED)])
def test_an_answer_that_is_told_while_the_stream_is_coming_does_not_make_it_void(
    ringing: HeldCall, world: FakeWorld, *, comes: bool, then: Phase
) -> None:
    ringing.run_until(is_a(CommandDone))
    ringing.tell(webhook("call.answered"))
    if comes:
        ringing.open(FakeSink())
    ringing.advance(STREAM_WITHIN_S)
    assert phase(ringing) is then
    _, command = world.carrier.commands.take()
    (secret,) = parse_qs(urlsplit(str(command.body["stream_url"])).query)["secret"]
    assert world.services.gate.expects(secret) is comes


def test_a_call_that_rang_out_while_no_process_was_there_is_found_out(ringing: HeldCall, world: FakeWorld) -> None:
    world.carrier.errors["streaming_start"] = [refused("ended", Failure.GONE)]
    ringing.run_until(is_a(CommandFailed))
    assert (phase(ringing), ringing.memory.view.ended_reason) == (Phase.ENDED, "gone")


# --- its own death --------------------------------------------------------------------------


def test_a_call_goes_on_after_its_actor_died_without_saying_anything_twice(call: HeldCall, world: FakeWorld) -> None:
    sink = call.go_live()
    (greeting,) = call.memory.conversation.state.playout.clauses()
    call.wait_for(lambda: greeting.is_complete)  # else the rest of it would be made again, and sent
    world.transcription.streams.take()
    sent = list(sink.sent)
    call.restart()
    call.run_until(is_a(CallStatus))
    world.transcription.streams.take()
    assert sink.sent == sent
    call.memory.session.mark(json.loads(sent[1])["mark"]["name"])
    call.run()
    assert phase(call) is Phase.LIVE


def test_a_socket_that_came_while_nobody_was_there_is_found(call: HeldCall, world: FakeWorld) -> None:
    call.run_until(is_a(Dialled))
    call.tell(webhook("call.answered"))
    sink = FakeSink()
    call.restart(meanwhile=lambda: call.memory.session.started(START, sink))
    assert call.memory.sink is sink
    call.wait_for(lambda: sink.sent)
    assert phase(call) is Phase.LIVE
    world.transcription.streams.take()
    assert len(world.transcription.encodings) == 1


def test_a_socket_that_was_lost_while_nobody_was_there_is_missed(call: HeldCall, world: FakeWorld) -> None:
    sink = call.go_live()
    call.restart(meanwhile=lambda: call.memory.session.closed(sink, 1006, ""))
    assert call.memory.sink is None
    call.run_until(is_a(CallStatus))
    assert call.command() == "streaming_start"


def test_a_socket_that_is_both_found_and_told_opens_once(call: HeldCall) -> None:
    call.run_until(is_a(Dialled))
    sink = FakeSink()
    call.restart(meanwhile=lambda: call.memory.session.started(START, sink))
    begun = call.memory.conversation.state.turns
    call.tell(StreamOpened(START, sink, 0.0))
    assert call.memory.conversation.state.turns == begun
    assert sink.closed.all == []


def test_a_call_that_ended_while_nobody_was_there_is_found_out(call: HeldCall, world: FakeWorld) -> None:
    call.go_live()
    world.carrier.is_alive = False
    call.restart()
    call.run_until(is_a(RecordClosed))
    assert (call.memory.view.ended_reason, call.finished()) == ("ended_meanwhile", 1)


def test_what_the_carrier_may_not_have_done_is_asked_again_by_a_new_actor(call: HeldCall, world: FakeWorld) -> None:
    call.run_until(is_a(Dialled))
    call.tell(OPERATOR)
    _, first = world.carrier.commands.take()
    call.restart()  # whether it was done, nobody has heard
    _, again = world.carrier.commands.take()
    assert again.command_id == first.command_id


def test_an_actor_that_died_while_the_carrier_wanted_patience_dials(
    still: StillRuntime, unstarted: Unstarted[Any], world: FakeWorld
) -> None:
    world.carrier.errors["dial"] = [refused("slow down", Failure.RATE_LIMIT)]
    call = HeldCall(still, unstarted, world, PLAN)
    call.run_until(is_a(CommandFailed))
    call.restart()
    call.run_until(is_a(Dialled))
    assert call.placed == [DIALLED]
    assert len(world.carrier.dials.all) == 2


def test_an_actor_that_died_while_its_record_was_put_away_puts_it_away_once(call: HeldCall, world: FakeWorld) -> None:
    call.go_live()
    world.archive.error = refused("away for a moment")
    call.tell(webhook("call.hangup"))
    ended = call.journaled().count("ended")
    call.restart(meanwhile=lambda: setattr(world.archive, "error", None))
    call.run_until(is_a(RecordClosed))
    assert sorted(key for key in world.archive.files if "frases" not in key) == RECORDED
    assert (call.finished(), call.journaled().count("ended")) == (1, ended)


def test_an_actor_that_died_when_all_was_done_begins_no_new_record(call: HeldCall, world: FakeWorld) -> None:
    call.go_live()
    call.tell(webhook("call.hangup"))
    call.run_until(is_a(RecordClosed))
    files = dict(world.archive.files)
    call.restart()
    call.run()
    assert call.finished() == 2
    assert not (world.services.settings.spool_dir / PLAN.ref).exists()
    assert world.archive.files == files


# --- its end ----------------------------------------------------------------------------------


def test_a_call_that_is_over_leaves_nothing_open(call: HeldCall, world: FakeWorld) -> None:
    sink = call.go_live()
    stream = world.transcription.streams.take()
    call.tell(webhook("call.hangup", hangup_cause="normal_clearing"))
    assert sink.closed.take() == (1000, "call over")
    assert stream.closed.wait(5)
    call.run_until(is_a(RecordClosed))
    assert world.services.gate._sessions == {}
    assert [place.removeprefix("fake://") for place in call.memory.view.places] == RECORDED
    assert call.journaled()[-1] == "ended"


def test_a_record_is_closed_once_however_often_it_is_told(call: HeldCall, world: FakeWorld) -> None:
    call.go_live()
    world.archive.gate.clear()
    call.tell(webhook("call.hangup"))
    call.advance(CLOSE_WITHIN_S)  # too late: the call does not wait any longer
    assert (call.finished(), call.memory.view.places) == (1, ())
    world.archive.gate.set()
    call.run_until(is_a(RecordClosed))
    assert call.finished() == 1


def test_a_record_that_lost_its_archiver_on_the_way_is_closed_by_the_next(
    call: HeldCall, world: FakeWorld, crashes: Crashes
) -> None:
    crashes.expect("engine/ref-1/archiver")
    call.go_live()
    world.archive.error = RuntimeError("bug")
    call.tell(webhook("call.hangup"))
    call.run_until(lambda message: getattr(message, "name", "") == "archiver")
    world.archive.error = None
    call.still.manual.advance(0.0)
    call.run_until(is_a(RecordClosed))
    assert sorted(key for key in world.archive.files if "frases" not in key) == RECORDED


def test_a_call_without_an_archiver_does_not_wait_for_one_for_long(
    call: HeldCall, world: FakeWorld, crashes: Crashes
) -> None:
    crashes.expect("engine/ref-1/archiver")
    call.go_live()
    for _ in range(3):
        call.crash("archiver")
    call.still.crash("engine/ref-1/archiver")
    call.run_until(lambda message: getattr(message, "name", "") == "archiver")
    assert phase(call) is Phase.LIVE
    call.tell(webhook("call.hangup"))
    call.advance(ARCHIVER_BACK_WITHIN_S)
    assert call.finished() == 1


def test_a_call_that_nobody_answers_is_hung_up(call: HeldCall) -> None:
    call.run_until(is_a(Dialled))
    call.advance(call.memory.conversation.state.rules.ring_max_s)
    assert call.command() == "hangup"
