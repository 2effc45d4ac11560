"""The actor of one call: translates between the conversation and the world.

It decides nothing. Messages become events of the conversation, and the actions that come
back are performed (see ``performer``).
"""

from __future__ import annotations

from typing import Final, get_args

from telnyx_actors.actors.base import Birth, EngineActor
from telnyx_actors.actors.call_log import log_event
from telnyx_actors.actors.call_setup import CallSetup
from telnyx_actors.actors.carrier_news import heard_beside, news_in, news_of_failure
from telnyx_actors.actors.diary import Diary
from telnyx_actors.actors.memory import CallMemory
from telnyx_actors.actors.messages import (
    CallFinished,
    CallStatus,
    CommandDone,
    CommandFailed,
    Deadline,
    Dialled,
    LetGo,
    Prepare,
    RecordClosed,
    Redial,
    Release,
    SpeechChunk,
    StreamClosed,
    StreamLost,
    StreamOpened,
    WebhookDue,
    WebhookReceived,
)
from telnyx_actors.actors.orders import order_in
from telnyx_actors.actors.parts import CallParts, what_is_lost
from telnyx_actors.actors.performer import Performer
from telnyx_actors.actors.record import closing_order, open_record, resume_record
from telnyx_actors.actors.services import Services
from telnyx_actors.actors.session import encoding_of
from telnyx_actors.actors.supervision import Child, ChildExited, Verdict
from telnyx_actors.actors.timer import Timeout
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.chronicle import End
from telnyx_actors.core.state import Transfer
from telnyx_actors.errors import Failure
from telnyx_actors.logs import CallLog
from telnyx_actors.providers.ports import DialledCall
from telnyx_actors.wire.telnyx_media import StreamError
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

CALL_EVENTS: Final = tuple(get_args(ev.CallEvent))
CLOSE_WITHIN_S: Final = 60.0
"""How long a record may take to be archived before it is left to the sweeper."""

ARCHIVER_BACK_WITHIN_S: Final = 5.0
"""The same, where there is no archiver: it may be about to come back."""

TOO_LATE: Final = RecordClosed((), "no se archivó a tiempo")


class CallActor(EngineActor):
    """One call, from dialling to its record. ``memory`` outlives this actor."""

    children_stop_within_s = 3.0

    def __init__(self, birth: Birth, memory: CallMemory, services: Services) -> None:
        super().__init__(birth.of_call(lambda: memory.view.name))
        self._memory = memory
        self._services = services
        self._conversation = memory.conversation
        self._call_log = CallLog(memory.view.name)
        self._timeout: Timeout | None = None
        self._is_released = False
        self._is_let_go = False

    # --- life ---------------------------------------------------------------------

    def setup(self) -> None:
        self._parts = CallParts(self.start_child, self.actor_ref, self._memory, self._services)
        self._performer = Performer(self._memory, self._parts, self._services, self.clock)
        self._setup = CallSetup(self._memory, self._performer, self._services, self.send_later)
        self._memory.session.owner = self.actor_ref
        self._diary = Diary(self._memory.plan, self._services.journal)
        if self.stats.restarts:
            self._go_on()
        elif self._memory.is_saved:
            self._diary.adopted(self._memory.view.secret, is_forgotten=self._memory.is_forgotten)
            self._performer.ask_status()
        else:
            self._begin()

    def teardown(self, error: Exception | None) -> None:
        self._memory.session.owner = None
        self._memory.chronicler.flush()
        # They know us: in a cycle, all that a call holds would wait for the garbage collector.
        for part in ("_parts", "_performer", "_setup"):
            vars(self).pop(part, None)

    def child_started(self, child: Child) -> None:
        if child.name == "archiver":
            resume_record(self._memory, child)
        elif child.name == "carrier" and child.restarts:
            self._performer.order_again()
        elif child.restarts:
            self._lost(child.name)

    def child_exited(self, exited: ChildExited, verdict: Verdict) -> None:
        if verdict is Verdict.FINISHED:
            return
        self._memory.counts[f"crash_{exited.name}"] += 1
        self._note(f"{exited.name} se cayó: {exited.error}", is_failure=True)
        if verdict is Verdict.GAVE_UP:
            self._call_log.error("💔", f"{exited.name} falló demasiadas veces; la llamada sigue sin esa parte")
            if exited.name == "carrier":  # a call that cannot even be hung up is its parent's matter
                super().child_exited(exited, verdict)
            self._lost(exited.name)
            if exited.name == "transcriber":
                self._feed(ev.HearingFailed("it fell over too often", is_final=True))

    def _begin(self) -> None:
        """The call is new."""
        self._diary.begun(self._memory.view.secret)
        self._parts.speaker.tell(Prepare(self._conversation.state.lines.greeting))
        self._setup.begin(self._call_log)
        self._arm(self._conversation.next_deadline())

    def _go_on(self) -> None:
        """This actor died in the middle of the call: what its children were doing is lost, and what it was told."""
        memory, stream = self._memory, self._memory.session.stream
        self._call_log.warning("🩹", "La llamada se recupera de un fallo interno")
        self._note("se recupera de un fallo interno", is_failure=True)
        if memory.is_recorded:
            self._services.supervisor.tell(CallFinished(memory.plan.ref))
            return
        if memory.closing is not None:
            self.send_later(CLOSE_WITHIN_S, TOO_LATE)
            return
        self._setup.go_on(self._call_log)
        if memory.sink is not None and (stream is None or stream.sink is not memory.sink):
            self._stream_closed(StreamClosed(memory.sink, 1006, "", is_stopped=False))
        if stream is not None and stream.sink is memory.sink:
            self._parts.start_hearing(self._call_log)
        elif stream is not None:
            self._stream_opened(stream)
        for part in ("responder", "speaker"):
            self._lost(part)
        self._feed(ev.TimePassed())

    def _lost(self, part: str) -> None:
        for event in list(what_is_lost(part, self._conversation.state)):
            self._feed(event)

    # --- messages -------------------------------------------------------------------

    def handle(self, message: object) -> None:
        if self._is_released:
            return  # what comes now is for the process that takes the call up
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
                self._note(f"Telnyx rechazó un mensaje de audio: {message.code} {message.title}", is_failure=True)
            case Dialled():
                self._identified(message.call)
            case Redial() | WebhookDue():
                self._setup.remember(message, self._call_log)
            case CallStatus():
                self._feed(self._setup.found(message))
            case CommandDone():
                self._memory.orders.pop(message.command_id, None)
            case CommandFailed():
                self._command_failed(message)
            case RecordClosed():
                self._record_closed(message)
            case Release() | LetGo():
                self._leave(message)
            case _:
                self.unexpected(message)

    def _webhook(self, message: WebhookReceived) -> None:
        event, memory = message.event, self._memory
        if self._is_of_other_side(event):
            self._note(f"webhook {event.event_type} del otro lado de una transferencia")
            if event.event_type == "call.hangup":  # nobody there; where the two have talked, ours is hung up too
                self._feed(ev.TransferFailed())
            return
        self._identified(DialledCall(event.call_control_id, event.call_leg_id, event.call_session_id))
        memory.has_webhook = True
        self._call_log.info("📨", f"Webhook recibido: {event.event_type}")
        self._note(f"webhook {event.event_type}")
        match event.event_type:
            case "call.answered":
                self._feed(self._setup.answered())
            case "call.playback.ended":
                self._feed_any(memory.sound.played(str(event.payload.get("status")), self.clock.now()))
            case "call.speak.ended":
                self._feed_any(memory.sound.said(order_in(event.client_state)))
            case "call.transcription" if not self._conversation.state.hears_by_carrier:
                self._feed_any(heard_beside(event.payload))
            case kind:
                news = news_in(kind, event.payload, has_stream=memory.sink is not None)
                if isinstance(news, ev.MediaLost):
                    self._call_log.warning("📡", "El audio en directo falló; la llamada sigue en modo webhook")
                self._feed_any(news)

    def _is_of_other_side(self, event: WebhookEvent) -> bool:
        memory, mine = self._memory, self._memory.session.call_control_id
        if memory.leg_id and event.call_leg_id:
            return event.call_leg_id != memory.leg_id
        is_given = self._conversation.state.transfer is not Transfer.NONE
        return is_given and event.call_control_id not in ("", mine)

    def _stream_opened(self, message: StreamOpened) -> None:
        memory = self._memory
        if self._conversation.is_over:
            message.sink.close(1000, "call over")
            return
        if message.sink is memory.sink:
            return  # found by a restart, and then told as well
        self._note("socket de audio abierto")
        old, memory.sink = memory.sink, message.sink
        if old is not None:
            old.close(1000, "replaced")
        self._identified(DialledCall(message.start.call_control_id, "", ""))
        encoding = encoding_of(message.start)
        if message.start.encoding.upper() != encoding.value:
            text = f"Telnyx envía el audio en {message.start.encoding}, que no se entiende: se espera PCMU o PCMA"
            self._call_log.error("🎧", text)
            self._note(text, is_failure=True)
        self._begin_record(encoding, message.at)
        if self._parts.transcriber is None:
            self._parts.start_hearing(self._call_log)
        self._feed(ev.MediaStarted())

    def _begin_record(self, encoding: Encoding, at: float) -> None:
        memory = self._memory
        if memory.origin_s is None:
            memory.origin_s = at
            memory.session.encoding = memory.session.encoding or encoding
            self._diary.audio(memory.session.encoding)
            self._parts.archiver.tell(open_record(memory))

    def _stream_closed(self, message: StreamClosed) -> None:
        if message.sink is not self._memory.sink:
            return
        self._memory.sink = None
        self._note(f"socket de audio cerrado ({message.code} {message.reason})")
        self._parts.archiver.tell(StreamLost())
        if not self._conversation.is_over:
            self._call_log.debug("🔇", f"socket de audio cerrado ({message.code} {message.reason})")
            self._feed(ev.MediaLost(message.is_stopped))

    def _identified(self, call: DialledCall) -> None:
        """The carrier names the call: in its answer, or before that in a webhook or on the media socket."""
        memory = self._memory
        memory.leg_id = memory.leg_id or call.call_leg_id
        if memory.session.call_control_id or not call.call_control_id:
            return
        memory.session.call_control_id = memory.view.call_control_id = call.call_control_id
        self._call_log = CallLog(call.call_control_id)
        self._call_log.info("📞", "Llamada iniciada")
        self._diary.identified(call.call_control_id)
        memory.placed(call)
        self._setup.dialled()

    def _command_failed(self, message: CommandFailed) -> None:
        error = message.error
        self._memory.orders.pop(message.command_id, None)
        if self._setup.rings_still(message):
            return
        self._memory.counts[f"carrier_{error.kind}"] += 1
        self._note(f"Telnyx no aceptó «{message.name}»: {error.message}", is_failure=error.kind is not Failure.GONE)
        if error.kind is Failure.GONE:
            self._feed(ev.CallEnded("gone"))
            return
        if message.name == "dial" and not self._setup.dial_failed(error, self._call_log):
            return
        self._call_log.error("☎️", f"Telnyx no aceptó «{message.name}»: {error.message}")
        if message.name == "dial":
            self._memory.placed(error)
        news = news_of_failure(message.name, has_stream=self._memory.sink is not None)
        self._feed_any(self._memory.sound.refused(message.command_id, error.message) or news)

    # --- the conversation -------------------------------------------------------------

    def _feed(self, event: ev.CallEvent) -> None:
        """Let the conversation decide, and do what it says."""
        log_event(self._call_log, event, self._services.settings.shows_words)
        step = self._memory.chronicler.decide(event, self.clock.now())
        state = self._conversation.state
        self._diary.decided(event, step.actions, state)
        if state.playout.by_clause and state.answered_at is not None:  # no stream will say when the record begins
            self._begin_record(Encoding.PCMU, step.at)
        self._memory.view.trail.decided(step.at, event, step.actions)
        self._performer.perform(step.actions, self._call_log)
        self._arm(step.deadline)
        self._show()
        if self._conversation.is_over and self._memory.closing is None:
            self._close()
        elif ac.Leave() in step.actions:
            self._released()
        elif self._is_let_go and self._conversation.state.transfer is Transfer.TAKEN:
            self._leave(LetGo())

    def _feed_any(self, event: ev.CallEvent | None) -> None:
        if event is not None:
            self._feed(event)

    def _arm(self, deadline: float | None) -> None:
        """Be woken at the conversation's deadline. Waking too early does no harm, so a later one may wait."""
        if deadline is None:
            return
        if self._timeout is not None:
            if self._timeout.at <= deadline:
                return
            self._timeout.cancel()
        self._timeout = self.send_at(deadline, Deadline())

    def _show(self) -> None:
        """Let others see where the call stands."""
        view, state = self._memory.view, self._conversation.state
        view.state = state.phase.value
        view.turns = state.turns
        view.answered_at = state.answered_at
        view.ended_reason = state.closing_reason
        is_at_pause = state.turn is None and not state.listening.is_voiced and not state.listening.text
        self._services.calls.pause(view, is_at_pause=is_at_pause)
        view.stale = state.stale
        view.line = self._memory.line
        view.deadline_at = None if self._timeout is None else self._timeout.at

    # --- the end ----------------------------------------------------------------------

    def _close(self) -> None:
        """The call is over: put its record away."""
        memory, state = self._memory, self._conversation.state
        self._call_log.info("☎️", "Llamada finalizada")
        self._call_log.debug("☎️", f"motivo: {state.closing_reason}")
        self._services.gate.remove(memory.session)
        self._diary.ended(state.closing_reason)
        memory.chronicler.close(End.OVER)
        self._performer.account(state)
        self._parts.stop_talking()
        if memory.sink is not None:
            memory.sink.close(1000, "call over")
        memory.closing = closing_order(memory)
        is_told = self._parts.archiver.tell(memory.closing)
        self.send_later(CLOSE_WITHIN_S if is_told else ARCHIVER_BACK_WITHIN_S, TOO_LATE)

    def _note(self, text: str, *, is_failure: bool = False) -> None:
        """For whoever looks into the call."""
        self._memory.view.trail.happened(self.clock.now(), text, is_failure=is_failure)

    def _leave(self, message: Release | LetGo) -> None:
        self._is_let_go = isinstance(message, LetGo) and self._conversation.state.transfer is not Transfer.TAKEN
        if not self._is_let_go and self._memory.closing is None:  # else only its record is still being put away
            self._call_log.info("🤝", "La llamada pasa a otro proceso")
            self._feed(ev.LeaveRequested())

    def _released(self) -> None:
        """Write down where we are, and do not hang up."""
        memory, state = self._memory, self._conversation.state
        self._diary.released(state)
        memory.chronicler.close(End.RELEASED)
        self._is_released = True
        self._services.gate.remove(memory.session)
        if memory.sink is not None:
            memory.sink.close(1000, "released")
        self._services.supervisor.tell(CallFinished(memory.plan.ref))

    def _record_closed(self, message: RecordClosed) -> None:
        if self._memory.is_recorded:
            return
        self._memory.is_recorded = True
        if message.error:
            self._call_log.warning("💾", f"El registro queda en el spool: {message.error}")
        elif message.places:
            self._call_log.info("💾", f"Registro guardado: {', '.join(message.places)}")
        self._memory.view.places = message.places
        self._services.supervisor.tell(CallFinished(self._memory.plan.ref))
