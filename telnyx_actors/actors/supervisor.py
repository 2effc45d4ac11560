"""The root of the tree: starts the parts, admits calls, and routes what comes for them."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from itertools import cycle
from typing import TYPE_CHECKING, Final

from telnyx_actors.actors.archiver import SweeperActor
from telnyx_actors.actors.base import Birth, EngineActor
from telnyx_actors.actors.call import CallActor
from telnyx_actors.actors.carrier import CarrierActor
from telnyx_actors.actors.memory import CallMemory
from telnyx_actors.actors.messages import (
    CallFinished,
    CallPlan,
    CallsLeft,
    Command,
    CommandDone,
    CommandFailed,
    DialDue,
    Drain,
    EndCall,
    Journaled,
    LetGo,
    PlaceCall,
    Prepare,
    Release,
    Sweep,
    WebhookReceived,
)
from telnyx_actors.actors.orders import hang_up, ref_in, reject, transfer
from telnyx_actors.actors.recall import forgotten_call, new_memory, nobody_waits, saved_memory
from telnyx_actors.actors.services import Services
from telnyx_actors.actors.speaker import SpeakerActor
from telnyx_actors.actors.supervision import Child, ChildExited, ChildSpec, Restart, Verdict
from telnyx_actors.core import events as ev
from telnyx_actors.core.endings import CRASHED, DIAL_FAILED
from telnyx_actors.core.pace import Pace
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.errors import CallRefused, EngineError, Failure
from telnyx_actors.logs import CallLog, mask_phone
from telnyx_actors.providers.ports import CallCommand
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

if TYPE_CHECKING:
    from loguru import Logger

CALL_RESTARTS_MAX: Final = 3
"""How often a call may be started again within ten seconds before it is hung up."""

BUSY_RETRY_S: Final = 10

CARRIERS: Final = ("carrier", "carrier-2", "carrier-3")
"""Who refuse calls and hang them up: each waits for one answer of Telnyx at a time, and a crowd may call."""

SPARE: Final = frozenset({"journal", "phrases", "sweeper"})
"""Calls can be held without them: no reason to end those there are."""

FORGOTTEN_WITHIN_S: Final = 60.0
"""How long after the start the carrier may tell of calls that the process before held: it repeats what nobody took."""

RECALL_WITHIN_S: Final = 5.0
"""How long what comes of calls that we do not know waits for the journal to say which calls the process before had."""

EARLY_MAX: Final = 1000
"""So much of it waits; of more the oldest is lost."""

DIAL_WAIT_MAX_S: Final = 15.0
"""Who asked for the call waits that long for its turn, and not longer than their request lives."""


class _RecallOver:
    """The journal has had its time."""


class SupervisorActor(EngineActor):
    """Parent of everything: first the journal, last the front, so that requests find what they need."""

    children_stop_within_s = 8.0
    inbox_max = 10_000

    def __init__(
        self,
        birth: Birth,
        services: Services,
        journal: ChildSpec,
        front: ChildSpec,
        extras: tuple[ChildSpec, ...],
        failed: Callable[[], None],
    ) -> None:
        """``extras`` are those that the engine can do without. ``failed``: the tree comes down without being asked to."""
        super().__init__(birth)
        self._services = services
        self._failed = failed
        self._specs = (journal, front)
        self._extras = {spec.name: spec for spec in extras}
        self._calls: dict[str, Child] = {}
        self._memories: dict[str, CallMemory] = {}
        self._empty: Callable[[], None] | None = None
        self._pace = Pace(services.settings.dials_per_s)
        self._born_at = self.clock.now()
        self._early: deque[WebhookReceived] | None = deque(maxlen=EARLY_MAX)  # None once the journal has spoken
        self._over_before: frozenset[str] = frozenset()  # calls that had ended when this process began
        self._waiting = 0  # calls that wait for their turn to be dialled

    # --- life ---------------------------------------------------------------------

    def setup(self) -> None:
        me, services = self.actor_ref, self._services
        services.supervisor.ref = me
        vendors, settings = services.vendors, services.settings
        journal, front = self._specs
        self.start_child(journal)
        self.send_later(RECALL_WITHIN_S, _RecallOver())
        carriers = [
            self.start_child(ChildSpec(name, lambda birth: CarrierActor.start(birth, me, vendors.carrier)))
            for name in CARRIERS
        ]
        self._carriers = cycle(carriers)
        self.start_child(
            ChildSpec("phrases", lambda birth: SpeakerActor.start(birth, me, vendors.voice, services.phrases))
        )
        self._sweeper = self.start_child(
            ChildSpec(
                "sweeper",
                lambda birth: SweeperActor.start(
                    birth, settings.spool_dir, vendors.archive, settings.archive_folder, services.calls, services.tally
                ),
            )
        )
        for extra in self._extras.values():
            self.start_child(extra)
        self.start_child(front)

    def child_started(self, child: Child) -> None:
        if child.name == "journal":
            self._services.journal.ref = child.ref
        elif child.name == "phrases":
            for line in self._services.settings.persona.all_lines():
                child.tell(Prepare(line, is_lasting=True))

    def child_exited(self, exited: ChildExited, verdict: Verdict) -> None:
        if exited.name in self._calls:
            self._call_exited(exited.name, verdict)
        elif verdict is Verdict.GAVE_UP and (exited.name in self._extras or exited.name in SPARE):
            self.log.error("{} falla una y otra vez: el motor sigue sin él", exited.name)
        else:
            super().child_exited(exited, verdict)

    def log_about(self, child: Child) -> Logger:
        view = self._services.calls.get(child.name)
        return self.log if view is None else self.log.bind(call=view.name)

    def teardown(self, error: Exception | None) -> None:
        self._services.supervisor.ref = None
        if error is not None:
            self._failed()

    # --- messages -------------------------------------------------------------------

    def handle(self, message: object) -> None:
        match message:
            case WebhookReceived():
                self._route(message)
            case PlaceCall():
                self._queue(message)
            case DialDue():
                self._waiting -= 1
                self._place(message.place)
            case EndCall():
                self._tell_call(message.ref, ev.HangupRequested(message.reason))
            case CallFinished():
                call = self._calls.get(message.ref)
                if call is not None:
                    call.stop()
            case Release():
                self._services.calls.is_closed = True
                for call in self._calls.values():
                    call.tell(message)
            case CallsLeft():
                self._take_up(message)
            case _RecallOver():
                self._recalled()
            case Drain():
                self._empty = message.empty
                self._services.calls.is_closed = True
                for call in self._calls.values():
                    call.tell(LetGo())
                self._tell_if_empty()
            case CommandDone():
                pass
            case CommandFailed():
                if message.error.kind is not Failure.GONE:
                    reason = message.error.message
                    CallLog(message.call_control_id).error("☎️", f"Telnyx no aceptó «{message.name}»: {reason}")
            case _:
                self.unexpected(message)

    # --- calls ------------------------------------------------------------------------

    def _queue(self, message: PlaceCall) -> None:
        """Dial as soon as the account's limit on dials allows it."""
        now = self.clock.now()
        try:
            self._admit_dial(now)
        except CallRefused as refused:
            self._refuse(message, refused)
            return
        at = self._pace.take(now)
        if at > now:
            self._waiting += 1
            self.send_at(at, DialDue(message))
        else:
            self._place(message)

    def _admit_dial(self, now: float) -> None:
        self._admit()
        if self._pace.wait_s(now) > DIAL_WAIT_MAX_S:
            raise CallRefused(f"Hay {self._waiting} llamadas esperando su turno (DIALS_PER_SECOND).", BUSY_RETRY_S)

    def _refuse(self, message: PlaceCall, refused: CallRefused) -> None:
        self._services.tally.count("refused", "outgoing")
        message.placed(refused)

    def _place(self, message: PlaceCall) -> None:
        try:
            self._admit()
        except CallRefused as refused:
            self._refuse(message, refused)
        else:
            self._start_call(new_memory(message.plan, message.placed, self._services, self.clock))

    def _take_up(self, left: CallsLeft) -> None:
        for saved in left.calls:
            self._adopt(saved)
        self._over_before = left.over
        self._services.rows.recall(left.rows)
        self._sweeper.tell(Sweep())
        self._recalled()

    def _adopt(self, saved: SavedCall) -> None:
        """Take up a call that another process left, unless it never got a name at the carrier."""
        if saved.ref in self._calls:
            return
        log = CallLog(saved.call_control_id or saved.ref)
        if not saved.call_control_id:
            log.warning("🗑️", "La llamada quedó a medio marcar cuando el proceso se detuvo; no se retoma")
            self._services.given_up.add(saved.ref, saved.secret)
            self._services.journal.tell(Journaled(saved.ref, "ended", {"reason": "never_placed"}))
            return
        try:
            memory = saved_memory(saved, self._services, self.clock)
        except ValueError as error:
            log.warning("🗑️", f"La llamada del diario no se puede retomar: {error}")
            return
        log.warning("♻️", "Retomando una llamada que quedó en curso")
        self._start_call(memory)

    def _admit(self) -> None:
        if self._services.calls.is_closed:
            raise CallRefused("El servicio se está deteniendo; no acepta llamadas nuevas.", BUSY_RETRY_S)
        # A call whose record is still being put away holds nothing that a new one needs.
        count = sum(not view.is_over for view in self._services.calls.all()) + self._waiting
        if count >= self._services.settings.max_calls:
            raise CallRefused(f"Ya hay {count} llamadas en curso, el máximo (MAX_CALLS).", BUSY_RETRY_S)
        if (reason := self._services.headroom.refusal()) is not None:
            raise CallRefused(reason, BUSY_RETRY_S)

    def _start_call(self, memory: CallMemory) -> None:
        services, ref = self._services, memory.plan.ref
        spec = ChildSpec(
            ref,
            lambda birth: CallActor.start(birth, memory, services),
            restart=Restart.TRANSIENT,
            max_restarts=CALL_RESTARTS_MAX,
        )
        services.calls.add(memory.view)
        self._memories[ref] = memory
        try:
            self._calls[ref] = self.start_child(spec)
        except RuntimeError as error:  # no more threads: that must not cost the calls there are
            CallLog(memory.view.name).error("💥", f"No se pudo iniciar la llamada: {error}")
            self._forget(ref)
            memory.placed(CallRefused("No hay recursos para otra llamada.", BUSY_RETRY_S))

    def _call_exited(self, ref: str, verdict: Verdict) -> None:
        if verdict is Verdict.RESTARTING:
            return
        if verdict is Verdict.GAVE_UP:
            self._give_up(self._memories[ref])
        self._forget(ref)

    def _give_up(self, memory: CallMemory) -> None:
        view = memory.view
        CallLog(view.name).error("💥", "La llamada falla una y otra vez: se cuelga")
        view.ended_reason = CRASHED
        self._services.tally.ended(CRASHED, view.usage, view.usage.cost(self._services.settings.prices))
        self._services.journal.tell(Journaled(view.plan.ref, "ended", {"reason": CRASHED}))
        if view.call_control_id:
            self._order(view.call_control_id, hang_up())
        else:  # nobody has told who asked for it
            memory.placed(EngineError("La llamada no se pudo iniciar."))

    def _order(self, call_control_id: str, command: CallCommand) -> None:
        next(self._carriers).tell(Command(call_control_id, command))

    def _tell_call(self, ref: str, message: object) -> bool:
        call = self._calls.get(ref)
        return call is not None and call.tell(message)

    def _forget(self, ref: str) -> None:
        self._calls.pop(ref, None)
        memory = self._memories.pop(ref, None)
        if memory is not None:
            if not memory.session.call_control_id or memory.view.ended_reason == DIAL_FAILED:
                self._services.given_up.add(ref, memory.view.secret)
            self._services.gate.remove(memory.session)
        self._services.calls.remove(ref)
        self._tell_if_empty()

    def _tell_if_empty(self) -> None:
        if self._empty is not None and not self._calls:
            self._empty()

    # --- webhooks ------------------------------------------------------------------------

    def _route(self, message: WebhookReceived) -> None:
        event = message.event
        ref = self._ref_of(message)
        if ref:
            self._tell_call(ref, message)
        elif self._early is not None:
            self._early.append(message)
        elif event.event_type == "call.initiated" and event.payload.get("direction") == "incoming":
            self._take_incoming(event)
        elif event.event_type != "call.hangup" and any(name in self._services.given_up for name in _names_in(message)):
            CallLog(event.call_control_id).warning("👻", "Telnyx marcó una llamada que se dio por perdida: se cuelga")
            self._order(event.call_control_id, hang_up())
        elif (forgotten := self._forgotten(event)) is not None:
            self._adopt(forgotten)
        else:
            CallLog(event.call_control_id).debug("📨", f"{event.event_type} de una llamada que no está en curso")

    def _recalled(self) -> None:
        """It is known which calls there are, or will not be for a while: go on with what waited for that."""
        self._services.rows.recall()
        early, self._early = self._early, None
        for message in early or ():
            self._route(message)

    def _forgotten(self, event: WebhookEvent) -> SavedCall | None:
        """A call that the process before held and that the journal has lost: its socket died with that process."""
        if self.clock.now() > self._born_at + FORGOTTEN_WITHIN_S:
            return None
        call = forgotten_call(event, self.clock.wall())
        over = self._over_before.union(view.plan.ref for view in self._services.calls.ended())
        return None if call is None or call.ref in over else call

    def _ref_of(self, message: WebhookReceived) -> str:
        """The call that the webhook is about: by the address we gave, by what the carrier keeps for us, by its name."""
        for ref in _names_in(message):
            if ref in self._calls:
                return ref
        view = self._services.calls.find(message.event.call_control_id)
        return view.plan.ref if view is not None else ""

    def _take_incoming(self, event: WebhookEvent) -> None:
        log = CallLog(event.call_control_id)
        log.info("📨", f"Webhook recibido: {event.event_type}")
        number = str(event.payload.get("from") or "")
        try:
            self._admit()
        except CallRefused as refused:
            log.warning("🚫", f"Llamada entrante de {mask_phone(number)} rechazada: {refused}")
            self._services.tally.count("refused", "incoming")
            elsewhere = self._services.settings.overflow_number
            self._order(event.call_control_id, transfer(elsewhere) if elsewhere else reject())
            return
        plan = CallPlan(uuid.uuid4().hex, "incoming", number, call_control_id=event.call_control_id)
        self._start_call(new_memory(plan, nobody_waits, self._services, self.clock))


def _names_in(message: WebhookReceived) -> tuple[str, str]:
    """Our names for the call that a webhook may be about."""
    return message.call_ref or "", ref_in(message.event.client_state)
