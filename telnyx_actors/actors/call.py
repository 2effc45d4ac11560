"""The actor of one call: translates between the conversation and the world.

It decides nothing. Messages become events of the conversation, and the actions that come
back become messages to its children, frames to the media socket and orders to the carrier.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final, get_args

from telnyx_actors.actors.archiver import ArchiverActor
from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.actors.call_log import log_action, log_event
from telnyx_actors.actors.carrier import CarrierActor
from telnyx_actors.actors.memory import CallMemory
from telnyx_actors.actors.messages import (
    AgentAudio,
    AgentCleared,
    Ask,
    CallFinished,
    CallSummary,
    CloseRecord,
    Command,
    CommandFailed,
    Deadline,
    Dial,
    Dialled,
    Finalize,
    HearingFailed,
    Journaled,
    OpenRecord,
    Prepare,
    RecordClosed,
    Speak,
    SpeechChunk,
    StopAsking,
    StopSpeaking,
    StreamClosed,
    StreamLost,
    StreamOpened,
    TurnOver,
    WebhookReceived,
)
from telnyx_actors.actors.orders import Orders, hang_up
from telnyx_actors.actors.responder import ResponderActor
from telnyx_actors.actors.services import Services
from telnyx_actors.actors.session import encoding_of
from telnyx_actors.actors.speaker import SpeakerActor
from telnyx_actors.actors.supervision import Child, ChildExited, ChildSpec, Verdict
from telnyx_actors.actors.timer import Timeout
from telnyx_actors.actors.transcriber import TranscriberActor
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.errors import Failure
from telnyx_actors.logs import CallLog, mask_phone
from telnyx_actors.providers.ports import CallCommand, Message, ModelRequest
from telnyx_actors.wire.telnyx_media import StreamError

CALL_EVENTS: Final = tuple(get_args(ev.CallEvent))
CLOSE_WITHIN_S: Final = 60.0
"""How long a record may take to be archived before it is left to the sweeper."""


class CallActor(EngineActor):
    """One call, from dialling to its record. ``memory`` outlives this actor."""

    def __init__(self, birth: Birth, memory: CallMemory, services: Services) -> None:
        super().__init__(birth)
        self._memory = memory
        self._services = services
        self._conversation = memory.conversation
        self._orders = Orders(memory.plan, memory.view.secret, services.settings)
        self._log_as(memory.view.name)
        self._timeout: Timeout | None = None
        self._speech_by_carrier = 0

    # --- life ---------------------------------------------------------------------

    def setup(self) -> None:
        memory, services = self._memory, self._services
        me = self.actor_ref
        vendors, settings = services.vendors, services.settings
        self._carrier = self._child("carrier", lambda birth: CarrierActor.start(birth, me, vendors.carrier))
        self._responder = self._child(
            "responder",
            lambda birth: ResponderActor.start(
                birth, me, vendors.model, vendors.fallback, settings.max_response_chars
            ),
        )
        self._speaker = self._child(
            "speaker", lambda birth: SpeakerActor.start(birth, me, vendors.voice, services.phrases)
        )
        self._archiver = self._child(
            "archiver",
            lambda birth: ArchiverActor.start(
                birth,
                me,
                vendors.archive,
                settings.archive_folder,
                settings.spool_dir / memory.plan.ref,
                memory.session,
            ),
        )
        self._transcriber: Child | None = None
        memory.session.owner = me
        if self._birth_is_first:
            self._begin()
        else:
            self._go_on()

    @property
    def _birth_is_first(self) -> bool:
        return self.stats.restarts == 0

    def _child(self, name: str, factory: Any) -> Child:
        return self.start_child(ChildSpec(name, factory))

    def _begin(self) -> None:
        """The call is new."""
        plan = self._memory.plan
        self._journal("begun", direction=plan.direction, number=plan.number, nombre=plan.nombre)
        self._speaker.tell(Prepare(self._conversation.state.lines.greeting))
        if plan.direction == "outgoing":
            self._carrier.tell(Dial(self._orders.dial()))
        else:
            self._call_log.info("📞", f"Llamada entrante de {mask_phone(plan.number)}")
            self._order(self._orders.answer())
        self._arm()

    def _go_on(self) -> None:
        """This actor died in the middle of the call: what its children were doing is lost."""
        self._call_log.warning("🩹", "La llamada se recupera de un fallo interno")
        if self._memory.encoding is not None:
            self._start_hearing()
        self._responder_lost()
        self._speaker_lost()
        self._feed(ev.TimePassed())

    def teardown(self, error: Exception | None) -> None:
        self._memory.session.owner = None

    def child_started(self, child: Child) -> None:
        if child.name == "archiver" and self._memory.origin_s is not None:
            child.tell(self._open_record())

    def child_exited(self, exited: ChildExited, verdict: Verdict) -> None:
        if verdict is Verdict.FINISHED:
            return
        self._memory.counts[f"crash_{exited.name}"] += 1
        if verdict is Verdict.GAVE_UP:
            self._call_log.error("💔", f"{exited.name} falló demasiadas veces; la llamada sigue sin esa parte")
        match exited.name:
            case "responder":
                self._responder_lost()
            case "speaker":
                self._speaker_lost()
            case "transcriber" if self._conversation.state.listening.is_voiced:
                self._feed(ev.VoiceStopped(self.clock.now()))
            case "carrier" if verdict is Verdict.GAVE_UP:
                super().child_exited(exited, verdict)  # a call that cannot even be hung up is its parent's matter
            case _:
                pass

    def _responder_lost(self) -> None:
        turn = self._conversation.state.turn
        for attempt in sorted(turn.live_attempts) if turn is not None else ():
            self._feed(ev.ReplyFailed(turn.number, attempt, "responder lost"))  # type: ignore[union-attr]  # the loop is empty without a turn

    def _speaker_lost(self) -> None:
        for clause in list(self._conversation.state.playout.clauses()):
            if not clause.is_complete and not clause.by_carrier:
                self._feed(ev.SpeechFailed(clause.id, "speaker lost"))

    # --- messages -------------------------------------------------------------------

    def handle(self, message: object) -> None:
        if isinstance(message, CALL_EVENTS):
            self._feed(message)
            return
        match message:
            case SpeechChunk():
                self._memory.outlet.keep(message.clause, message.audio)
                self._feed(ev.SpeechArrived(message.clause, len(message.audio)))
            case Deadline():
                self._timeout = None
                self._feed(ev.TimePassed())
            case WebhookReceived():
                self._webhook(message)
            case StreamOpened():
                self._stream_opened(message)
            case StreamClosed():
                self._stream_closed(message)
            case StreamError():
                self._call_log.warning("⚠️", f"Telnyx rechazó un mensaje de audio: {message.code} {message.title}")
            case Dialled():
                self._dialled(message)
            case CommandFailed():
                self._command_failed(message)
            case HearingFailed():
                self._memory.counts[f"hearing_{message.error.kind}"] += 1
            case RecordClosed():
                self._record_closed(message)
            case _:
                self.unexpected(message)

    def _webhook(self, message: WebhookReceived) -> None:
        event, payload = message.event, message.event.payload
        self._call_log.info("📨", f"Webhook recibido: {event.event_type}")
        match event.event_type:
            case "call.answered":
                self._feed(ev.CallAnswered())
            case "call.hangup":
                cause, source = str(payload.get("hangup_cause")), str(payload.get("hangup_source"))
                self._feed(ev.CallEnded(cause, source))
            case "call.speak.ended":
                self._feed(ev.CarrierSpoke(self._speech_by_carrier))
            case "streaming.failed":
                self._feed(ev.MediaLost())
            case _:
                pass

    def _stream_opened(self, message: StreamOpened) -> None:
        memory = self._memory
        old, memory.sink = memory.sink, message.sink
        if old is not None and old is not message.sink:
            old.close(1000, "replaced")
        if not memory.session.call_control_id:
            self._identified(message.start.call_control_id)
        if memory.origin_s is None:
            memory.origin_s = self.clock.now()
            memory.encoding = encoding_of(message.start)
            self._archiver.tell(self._open_record())
            self._start_hearing()
        self._feed(ev.MediaStarted())

    def _stream_closed(self, message: StreamClosed) -> None:
        if message.sink is not self._memory.sink:
            return
        self._memory.sink = None
        self._archiver.tell(StreamLost())
        if not self._conversation.is_over:
            self._call_log.debug("🔇", f"socket de audio cerrado ({message.code} {message.reason})")
            self._feed(ev.MediaLost(message.is_stopped))

    def _dialled(self, message: Dialled) -> None:
        self._identified(message.call.call_control_id)
        self._call_log.info("📞", "Llamada iniciada")
        self._memory.placed(message.call)

    def _identified(self, call_control_id: str) -> None:
        self._memory.session.call_control_id = call_control_id
        self._memory.view.call_control_id = call_control_id
        self._log_as(call_control_id)
        self._journal("identified", call_control_id=call_control_id)

    def _command_failed(self, message: CommandFailed) -> None:
        error = message.error
        self._memory.counts[f"carrier_{error.kind}"] += 1
        if message.name == "dial":
            self._memory.placed(error)
        if message.name == "dial" or error.kind is Failure.GONE:
            self._feed(ev.CallEnded("gone" if error.kind is Failure.GONE else "dial_failed"))
        elif message.name == "answer":
            self._feed(ev.HangupRequested("answer_failed"))
        if error.kind is not Failure.GONE:
            self._call_log.error("☎️", f"Telnyx no aceptó «{message.name}»: {error.message}")

    # --- the conversation -------------------------------------------------------------

    def _feed(self, event: ev.CallEvent) -> None:
        """Let the conversation decide, and do what it says."""
        was_over = self._conversation.is_over
        log_event(self._call_log, event, self._services.settings.log_transcripts)
        actions = self._conversation.handle(event, self.clock.now())
        for action in actions:
            self._perform(action)
        if not self._memory.outlet.flush(self._memory.sink):
            self._memory.counts["unsent"] += 1
        self._arm()
        self._update_view()
        if self._conversation.is_over and not was_over:
            self._close()

    def _perform(self, action: ac.Action) -> None:  # noqa: C901, PLR0912 - one line per action is the clearest table
        log_action(self._call_log, action, self._services.settings.log_transcripts)
        match action:
            case ac.SendAudio():
                audio = self._memory.outlet.audio(action.clause, action.start, action.end)
                self._archiver.tell(AgentAudio(self.clock.now(), audio))
            case ac.SendMark():
                self._memory.outlet.mark(action.name)
            case ac.ClearAudio():
                self._memory.outlet.clear()
                self._archiver.tell(AgentCleared(self.clock.now()))
            case ac.FinalizeTranscript():
                if self._transcriber is not None:
                    self._transcriber.tell(Finalize())
            case ac.AskModel():
                self._responder.tell(Ask(action.turn, action.attempt, self._request(action), action.is_retry))
            case ac.CancelReply():
                self._responder.tell(StopAsking(action.turn, action.attempt))
            case ac.Synthesize():
                self._speaker.tell(Speak(action.clause, action.text, action.phrase, action.previous_text))
            case ac.CancelSpeech():
                self._speaker.tell(StopSpeaking(action.clauses))
                # What is playing of a clause that broke off is still needed; the end of the turn forgets the rest.
            case ac.SpeakByCarrier():
                self._speech_by_carrier = action.clause
                self._order(self._orders.speak(action.text))
            case ac.StopCarrierSpeech():
                self._order(self._orders.stop_speaking())
            case ac.StartStream():
                self._order(self._orders.start_stream())
            case ac.TransferCall():
                self._order(self._orders.transfer(action.number))
            case ac.HangUp():
                self._order(hang_up())
            case ac.EndTurn():
                self._turn_over(action)
            case ac.Note():
                self._memory.counts[action.kind] += 1
                self._services.tally.count("event", action.kind)

    def _turn_over(self, action: ac.EndTurn) -> None:
        record = action.record
        self._archiver.tell(TurnOver(record))
        self._journal("turn", number=record.number, said=record.said, heard=record.heard, end=record.end.value)
        if record.latency is not None:
            self._memory.view.last_response_s = record.latency.response
            self._services.tally.response(record.latency.response)
        if self._conversation.state.turn is None:
            self._memory.outlet.forget_all()

    def _request(self, ask: ac.AskModel) -> ModelRequest:
        messages = tuple(Message("user" if role == "user" else "assistant", text) for role, text in ask.messages)
        return ModelRequest(self._memory.system, messages, self._services.settings.reply_max_tokens)

    def _order(self, command: CallCommand) -> None:
        call_control_id = self._memory.session.call_control_id
        if call_control_id:
            self._carrier.tell(Command(call_control_id, command))

    def _arm(self) -> None:
        """Be woken at the conversation's deadline. Waking too early does no harm, so a later one may wait."""
        deadline = self._conversation.next_deadline()
        if deadline is None:
            return
        if self._timeout is not None:
            if self._timeout.at <= deadline:
                return
            self._timeout.cancel()
        self._timeout = self.send_at(deadline, Deadline())

    # --- beginning and end of the record --------------------------------------------------

    def _start_hearing(self) -> None:
        memory, services = self._memory, self._services
        assert memory.encoding is not None
        factory = partial(
            TranscriberActor.start,
            call=self.actor_ref,
            vendors=services.vendors,
            session=memory.session,
            replay=memory.replay,
            encoding=memory.encoding,
            settings=services.settings.voice_activity,
            log=self._call_log,
        )
        self._transcriber = self.start_child(ChildSpec("transcriber", factory))

    def _open_record(self) -> OpenRecord:
        memory = self._memory
        assert memory.origin_s is not None and memory.encoding is not None
        return OpenRecord(
            memory.origin_s,
            {
                "id": memory.view.name,
                "direction": memory.plan.direction,
                "number": memory.plan.number,
                "nombre": memory.plan.nombre,
                "started": memory.view.started_wall,
                "encoding": memory.encoding.value,
            },
        )

    def _close(self) -> None:
        """The call is over: stop what costs money, and put the record away."""
        memory, state = self._memory, self._conversation.state
        self._call_log.info("☎️", f"Llamada finalizada ({state.closing_reason})")
        self._services.gate.remove(memory.view.secret)
        self._journal("ended", reason=state.closing_reason)
        self._services.tally.count("ended", state.closing_reason)
        for child in (self._transcriber, self._responder, self._speaker):
            if child is not None:
                child.stop()
        if memory.sink is not None:
            memory.sink.close(1000, "call over")
        summary = CallSummary(memory.born_at, state.answered_at, state.now, state.closing_reason, dict(memory.counts))
        self._archiver.tell(CloseRecord(state.now, summary))
        self.send_later(CLOSE_WITHIN_S, RecordClosed((), "no se archivó a tiempo"))

    def _record_closed(self, message: RecordClosed) -> None:
        if message.error:
            self._call_log.warning("💾", f"El registro queda en el spool: {message.error}")
        elif message.places:
            self._call_log.info("💾", f"Registro guardado: {', '.join(message.places)}")
        self._memory.view.places = message.places
        self._services.supervisor.tell(CallFinished(self._memory.plan.ref))

    # --- being looked at ------------------------------------------------------------------

    def _log_as(self, name: str) -> None:
        self._call_log = CallLog(name)

    def _journal(self, kind: str, **data: object) -> None:
        self._services.journal.tell(Journaled(self._memory.plan.ref, kind, self.clock.now(), data))

    def _update_view(self) -> None:
        view, state = self._memory.view, self._conversation.state
        view.state = state.phase.value
        view.turns = state.turns
        view.answered_at = state.answered_at
        view.ended_reason = state.closing_reason
