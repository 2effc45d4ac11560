"""The actor of one call: translates between the conversation and the world.

It decides nothing. Messages become events of the conversation, and the actions that come
back are performed (see ``performer``).
"""

from __future__ import annotations

from typing import Final, get_args

from telnyx_actors.actors.base import Birth, EngineActor
from telnyx_actors.actors.call_log import log_event
from telnyx_actors.actors.call_setup import CallSetup
from telnyx_actors.actors.carrier_words import transcript_in
from telnyx_actors.actors.diary import Diary
from telnyx_actors.actors.memory import CallMemory
from telnyx_actors.actors.messages import (
    AskStatus,
    CallFinished,
    CallStatus,
    CallSummary,
    CloseRecord,
    CommandFailed,
    Deadline,
    Dialled,
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
from telnyx_actors.actors.parts import CallParts, open_record, what_is_lost
from telnyx_actors.actors.performer import Performer
from telnyx_actors.actors.services import Services
from telnyx_actors.actors.session import encoding_of
from telnyx_actors.actors.supervision import Child, ChildExited, Verdict
from telnyx_actors.actors.timer import Timeout
from telnyx_actors.core import events as ev
from telnyx_actors.core.audio import Encoding
from telnyx_actors.errors import Failure
from telnyx_actors.logs import CallLog
from telnyx_actors.wire.telnyx_media import StreamError

CALL_EVENTS: Final = tuple(get_args(ev.CallEvent))
CLOSE_WITHIN_S: Final = 60.0
"""How long a record may take to be archived before it is left to the sweeper."""
HANGUP_NEWS_S: Final = 5.0
"""How long after the audio ended we may hear of the hang-up, or find out by asking: then the one was the other."""


class CallActor(EngineActor):
    """One call, from dialling to its record. ``memory`` outlives this actor."""

    children_stop_within_s = 3.0

    def __init__(self, birth: Birth, memory: CallMemory, services: Services) -> None:
        super().__init__(birth)
        self._memory = memory
        self._services = services
        self._conversation = memory.conversation
        self._call_log = CallLog(memory.view.name)
        self._timeout: Timeout | None = None
        self._is_closing = False
        self._is_released = False

    # --- life ---------------------------------------------------------------------

    def setup(self) -> None:
        self._parts = CallParts(self.start_child, self.actor_ref, self._memory, self._services)
        self._performer = Performer(self._memory, self._parts, self._services, self.clock)
        self._setup = CallSetup(self._memory, self._performer, self._services, self.send_later)
        self._memory.session.owner = self.actor_ref
        self._diary = Diary(self._memory.plan, self._services.journal, self.clock)
        if self.stats.restarts:
            self._go_on()
        elif self._memory.is_saved:
            self._diary.adopted()
            self._parts.carrier.tell(AskStatus(self._memory.plan.call_control_id))
        else:
            self._begin()

    def teardown(self, error: Exception | None) -> None:
        self._memory.session.owner = None

    def child_started(self, child: Child) -> None:
        if child.name == "archiver" and self._memory.origin_s is not None:
            child.tell(open_record(self._memory))
            if self._is_closing:
                self._close_record()
        if child.restarts:  # only now: what is to be done again needs somebody to do it
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
        self._arm()

    def _go_on(self) -> None:
        """This actor died in the middle of the call: what its children were doing is lost."""
        self._call_log.warning("🩹", "La llamada se recupera de un fallo interno")
        self._note("se recupera de un fallo interno", is_failure=True)
        if self._memory.session.encoding is not None:
            self._parts.start_hearing(self._call_log)
        for part in ("responder", "speaker"):
            self._lost(part)
        self._feed(ev.TimePassed())

    def _lost(self, part: str) -> None:
        for event in list(what_is_lost(part, self._conversation.state, self.clock.now())):
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
            case Dialled():
                self._identified(message.call.call_control_id)
                self._call_log.info("📞", "Llamada iniciada")
                self._memory.placed(message.call)
                self._setup.dialled()
            case Redial() | WebhookDue():
                self._setup.remember(message, self._call_log)
            case CallStatus():
                self._feed(ev.TimePassed() if message.is_alive else ev.CallEnded("ended_meanwhile"))
            case CommandFailed():
                self._command_failed(message)
            case RecordClosed():
                self._record_closed(message)
            case Release():
                self._release()
            case _:
                self.unexpected(message)

    def _webhook(self, message: WebhookReceived) -> None:
        event, payload = message.event, message.event.payload
        self._memory.has_webhook = True
        self._call_log.info("📨", f"Webhook recibido: {event.event_type}")
        self._note(f"webhook {event.event_type}")
        match event.event_type:
            case "call.answered":
                self._answered()
            case "call.transcription":
                # A word of the carrier's transcriber counts only while ours is away.
                if self._conversation.state.hears_by_carrier and (words := transcript_in(payload)) is not None:
                    self._feed(words)
            case "call.playback.ended":
                self._played(str(payload.get("status")))
            case "call.hangup":
                self._feed(ev.CallEnded(str(payload.get("hangup_cause")), str(payload.get("hangup_source"))))
            case "call.speak.ended":
                self._feed(ev.CarrierSpoke(self._memory.spoken_by_carrier))
            case "call.bridged":
                self._feed(ev.TransferConnected())
            case "streaming.failed" if self._memory.sink is None:
                self._call_log.warning("📡", "El audio en directo falló; la llamada sigue en modo webhook")
                self._feed(ev.MediaLost(is_refused=True))
            case _:
                pass

    def _answered(self) -> None:
        if not self._conversation.state.rules.uses_stream:
            self._begin_record(Encoding.PCMU, self.clock.now())
        self._feed(ev.CallAnswered())

    def _played(self, status: str) -> None:
        """Files end in the order in which they were begun; those that we stopped are forgotten already."""
        if status in ("cancelled", "cancelled_amd", "call_hangup") or not self._memory.playbacks:
            return
        mark = self._memory.playbacks.popleft()
        self._feed(ev.MarkReturned(mark) if status == "completed" else ev.PlayFailed(mark))

    def _stream_opened(self, message: StreamOpened) -> None:
        memory = self._memory
        self._note("socket de audio abierto")
        old, memory.sink = memory.sink, message.sink
        if old is not None and old is not message.sink:
            old.close(1000, "replaced")
        if not memory.session.call_control_id:
            self._identified(message.start.call_control_id)
        self._begin_record(encoding_of(message.start), message.at)
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

    def _identified(self, call_control_id: str) -> None:
        """The carrier's name for the call is known."""
        self._memory.session.call_control_id = call_control_id
        self._memory.view.call_control_id = call_control_id
        self._call_log = CallLog(call_control_id)
        self._diary.identified(call_control_id)

    def _command_failed(self, message: CommandFailed) -> None:
        error = message.error
        self._memory.counts[f"carrier_{error.kind}"] += 1
        self._note(f"Telnyx no aceptó «{message.name}»: {error.message}", is_failure=error.kind is not Failure.GONE)
        if error.kind is Failure.GONE:
            self._feed(ev.CallEnded("gone"))
            return
        if message.name == "dial" and self._setup.will_dial_again(error, self._call_log):
            return
        self._call_log.error("☎️", f"Telnyx no aceptó «{message.name}»: {error.message}")
        if message.name == "dial":
            self._memory.placed(error)
            self._feed(ev.CallEnded("dial_failed"))
        elif message.name == "answer":
            self._feed(ev.HangupRequested("answer_failed"))
        elif message.name == "status":  # nobody knows: go on as if it were alive, its commands will tell
            self._feed(ev.TimePassed())
        elif message.name == "streaming_start":
            self._feed(ev.MediaLost(is_refused=True))
        elif message.name == "playback_start":
            self._played("failed")
        elif message.name == "speak":
            self._feed(ev.SpeechFailed(self._memory.spoken_by_carrier, error.message, retryable=False))
        elif message.name == "transfer":
            self._feed(ev.TransferFailed())

    # --- the conversation -------------------------------------------------------------

    def _feed(self, event: ev.CallEvent) -> None:
        """Let the conversation decide, and do what it says."""
        log_event(self._call_log, event, self._services.settings.log_transcripts)
        actions = self._conversation.handle(event, self.clock.now())
        self._diary.decided(event, actions, self._conversation.state)
        self._memory.view.trail.decided(self.clock.now(), event, actions)
        self._performer.perform(actions, self._call_log)
        self._arm()
        self._show()
        if self._conversation.is_over and not self._is_closing:
            self._close()

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

    def _show(self) -> None:
        """Let others see where the call stands."""
        view, state = self._memory.view, self._conversation.state
        view.state = state.phase.value
        view.turns = state.turns
        view.answered_at = state.answered_at
        view.ended_reason = state.closing_reason
        view.is_at_pause = state.turn is None and not state.listening.is_voiced and not state.listening.text
        view.stale = state.stale
        view.deadline_at = None if self._timeout is None else self._timeout.at

    # --- the end ----------------------------------------------------------------------

    def _close(self) -> None:
        """The call is over: put its record away."""
        self._is_closing = True
        memory, state = self._memory, self._conversation.state
        self._call_log.info("☎️", "Llamada finalizada")
        self._call_log.debug("☎️", f"motivo: {state.closing_reason}")
        self._services.gate.remove(memory.session)
        self._diary.ended(state.closing_reason)
        self._performer.account(state)
        self._parts.stop_talking()
        if memory.sink is not None:
            memory.sink.close(1000, "call over")
        self._close_record()
        self.send_later(CLOSE_WITHIN_S, RecordClosed((), "no se archivó a tiempo"))

    def _close_record(self) -> None:
        memory, state, ended_at = self._memory, self._conversation.state, self._ended_at()
        summary = CallSummary(memory.born_at, state.answered_at, ended_at, state.closing_reason, dict(memory.counts))
        self._parts.archiver.tell(CloseRecord(ended_at, summary))

    def _ended_at(self) -> float:
        """The call ends with its audio; the webhook that tells of it comes when it comes."""
        state = self._conversation.state
        lost_at = state.media_lost_at
        return lost_at if lost_at is not None and state.now - lost_at <= HANGUP_NEWS_S else state.now

    def _note(self, text: str, *, is_failure: bool = False) -> None:
        """For whoever looks into the call."""
        self._memory.view.trail.happened(self.clock.now(), text, is_failure=is_failure)

    def _release(self) -> None:
        """Another process takes the call up: fall silent, write down where we are, and do not hang up."""
        if self._is_closing:
            return  # it is over: only its record is still being put away
        memory, state = self._memory, self._conversation.state
        self._call_log.info("🤝", "La llamada pasa a otro proceso")
        self._performer.perform(state.playout.clear(self.clock.now()), self._call_log)
        self._diary.released(state)
        self._is_released = True
        self._services.gate.remove(memory.session)
        if memory.sink is not None:
            memory.sink.close(1000, "released")
        self._services.supervisor.tell(CallFinished(memory.plan.ref))

    def _record_closed(self, message: RecordClosed) -> None:
        if message.error:
            self._call_log.warning("💾", f"El registro queda en el spool: {message.error}")
        elif message.places:
            self._call_log.info("💾", f"Registro guardado: {', '.join(message.places)}")
        self._memory.view.places = message.places
        self._services.supervisor.tell(CallFinished(self._memory.plan.ref))
