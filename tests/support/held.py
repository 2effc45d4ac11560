"""A call on the test's thread: its actor is stepped, its parts and the fakes behind them run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.fakes import DIALLED, FakeSink, Mailbox
from support.plans import FakeWorld
from support.stepping import StillRuntime, Unstarted, hand, step, step_all
from telnyx_actors.actors.base import Birth
from telnyx_actors.actors.call import CallActor
from telnyx_actors.actors.messages import CallFinished, CallPlan, Journaled, WebhookReceived
from telnyx_actors.actors.recall import new_memory, saved_memory
from telnyx_actors.actors.supervision import ChildExited, RestartDue
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.wire.telnyx_media import StreamStart
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

ID, LEG = DIALLED.call_control_id, DIALLED.call_leg_id
START = StreamStart("s", ID, "PCMU", 8000, 1, None, None, None, {})


def webhook(event_type: str, leg: str = LEG, call_control_id: str = ID, **payload: object) -> WebhookReceived:
    event = WebhookEvent("id", event_type, "", call_control_id, leg, "session", None, payload)
    return WebhookReceived(event, None)


class HeldCall:
    """``restart`` and ``crash`` do what the supervisor and the runtime would."""

    def __init__(
        self,
        still: StillRuntime,
        set_up: Unstarted[Any],
        world: FakeWorld,
        plan: CallPlan,
        saved: SavedCall | None = None,
    ) -> None:
        """``saved``: by the process that held it before."""
        self.still = still
        self.world = world
        self.path = f"engine/{plan.ref}"
        self.placed: list[object] = []
        self.supervisor, self.journal = Mailbox(), Mailbox()
        supervisor: Any = self.supervisor
        journal: Any = self.journal
        world.services.supervisor.ref, world.services.journal.ref = supervisor, journal
        self.memory = (
            new_memory(plan, self.placed.append, world.services, still.clock)
            if saved is None
            else saved_memory(saved, world.services, still.clock)
        )
        self._set_up = set_up
        self.actor = self._start(0)

    def _start(self, restarts: int) -> CallActor:
        birth = Birth(self.path, None, self.still, restarts)
        actor: CallActor = self._set_up(CallActor(birth, self.memory, self.world.services))
        return actor

    def restart(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """As after a crash: its parts are gone with it, and what it had been told."""
        self.actor._end(None)
        meanwhile()
        self.actor = self._start(self.actor.stats.restarts + 1)

    def crash(self, part: str) -> None:
        """A part fails, and is started again."""
        assert self.still.crash(f"{self.path}/{part}")
        self.run_until(lambda message: isinstance(message, ChildExited) and message.name == part)
        self.still.manual.advance(0.0)
        self.run_until(lambda message: isinstance(message, RestartDue))

    # --- what it is told ---

    def tell(self, *messages: object) -> None:
        hand(self.actor, *messages)

    def run_until(self, is_it: Callable[[object], object]) -> None:
        """Have it handle its messages up to this one. One that never comes ends in pytest's timeout."""
        while not is_it(step(self.actor)):
            pass

    def wait_for(self, is_so: Callable[[], object]) -> None:
        """Have it handle messages until something is so."""
        while not is_so():
            step(self.actor)

    def run(self) -> None:
        """Have it handle what waits now."""
        step_all(self.actor)

    def advance(self, seconds: float) -> None:
        self.still.manual.advance(seconds)
        self.run()

    def open(self, sink: FakeSink) -> None:
        """The front lets a socket in."""
        self.memory.session.started(START, sink)
        self.run()

    def go_live(self) -> FakeSink:
        """Dialled, answered, and a socket open."""
        self.wait_for(lambda: self.placed)
        self.tell(webhook("call.answered"))
        sink = FakeSink()
        self.open(sink)
        return sink

    # --- what it does ---

    def command(self) -> str:
        """The name of the next command that reaches the carrier, for this call."""
        call_control_id, command = self.world.carrier.commands.take()
        assert call_control_id == ID
        return command.name

    def journaled(self) -> list[str]:
        return [message.kind for message in self.journal.told.all if isinstance(message, Journaled)]

    def finished(self) -> int:
        """How often it told that it may end."""
        return sum(isinstance(message, CallFinished) for message in self.supervisor.told.all)
