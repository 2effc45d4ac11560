"""The base of every actor: one way to live, one way to end.

pykka's own hooks leave gaps: a failure in ``on_start`` calls none of the others, a failure
in a handler reached by ``ask`` leaves the actor alive, ``SystemExit`` stops every actor of
the process. So ``EngineActor`` is an actor type of its own, as pykka foresees, with three
open hooks, all on the actor's thread: ``setup``, ``handle`` and ``teardown``. Whatever ends
the actor, its children are stopped, ``teardown`` runs once and the parent hears
``ChildExited`` once.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pykka
from loguru import logger
from pykka._envelope import Envelope  # see inbox.py

from telnyx_actors.actors.inbox import Inbox, Overflow, is_stop, request_stop, tell
from telnyx_actors.actors.runtime import Birth, CrashOrder, RestartOrder
from telnyx_actors.actors.stats import Crash, Stats
from telnyx_actors.actors.supervision import (
    ActorCrashed,
    Child,
    ChildExited,
    ChildGaveUp,
    Children,
    ChildSpec,
    RestartAsked,
    RestartDue,
    Verdict,
    contained,
)
from telnyx_actors.actors.timer import Timeout, Timeouts
from telnyx_actors.actors.trace import Traced
from telnyx_actors.errors import ConfigError

if TYPE_CHECKING:
    from loguru import Logger  # exists in loguru's stubs only

__all__ = ["Birth", "EngineActor", "stop", "tell"]

CLOSED_HOOKS: Final = ("on_start", "on_stop", "on_failure", "on_receive")
DROPS_LOG_EVERY_S: Final = 1.0


class EngineActor(pykka.ThreadingActor):
    """An actor with a parent, children, deadlines, statistics and a two-lane inbox.

    ``__init__`` runs on the creator's thread and only stores; ``setup`` connects.
    """

    # An actor that hangs must not keep the process alive: an orderly end is its parents' work.
    use_daemon_thread = True

    inbox_max: ClassVar[int] = 1000
    inbox_overflow: ClassVar[Overflow] = Overflow.DROP_OLDEST
    children_stop_within_s: ClassVar[float] = 5.0

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        closed = [name for name in CLOSED_HOOKS if name in vars(cls)]
        if closed:
            raise TypeError(f"{cls.__name__} defines {', '.join(closed)}: use setup, handle and teardown")

    def __init__(self, birth: Birth) -> None:
        self.path = birth.path
        self.runtime = birth.runtime
        self.clock = birth.runtime.clock
        super().__init__()
        assert isinstance(self.actor_inbox, Inbox)  # _create_actor_inbox made it
        self.log = _log_of(birth)
        self.stats = Stats(birth.path, type(self).__name__, self.actor_inbox, self.clock.now(), birth.restarts)
        self._birth = birth
        self._inbox = self.actor_inbox
        self._children = Children(birth, self.actor_ref, self.stats)
        self._timeouts = Timeouts(birth.runtime.timer)
        self._drops = _DropLog(self.actor_inbox, self.log)

    # --- open hooks ---------------------------------------------------------------

    def setup(self) -> None:
        """First thing on the actor's own thread. Raising ends the actor, as everywhere."""

    def handle(self, message: object) -> object:
        """Handle one message. What it returns goes to the asker, if there is one. Raising ends the actor."""
        self.unexpected(message)
        return None

    def teardown(self, error: Exception | None) -> None:
        """Last thing, exactly once, after the children have ended. ``error`` is None after a stop.

        The actor no longer counts as alive: what is told to it is refused.
        """

    def child_started(self, child: Child) -> None:
        """A child was started, for the first time or again."""

    def child_exited(self, exited: ChildExited, verdict: Verdict) -> None:
        """A child ended, and ``verdict`` says what becomes of it. To degrade instead of failing, override."""
        if verdict is Verdict.GAVE_UP:
            raise ChildGaveUp(f"{self.path}/{exited.name}") from exited.error

    def log_about(self, child: Child) -> Logger:
        """Where to write what becomes of a child. In this actor's own log, unless overridden."""
        return self.log

    # --- for the subclasses -------------------------------------------------------

    def start_child(self, spec: ChildSpec) -> Child:
        """Start a supervised child; from ``setup`` on, never from ``__init__``."""
        child = self._children.start(spec)
        self.child_started(child)
        return child

    def send_later(self, delay_s: float, message: object) -> Timeout:
        """Tell this actor ``message`` after a while, unless it is cancelled or the actor ends before."""
        return self.send_at(self.clock.now() + delay_s, message)

    def send_at(self, at: float, message: object) -> Timeout:
        """The same, at a time of ``self.clock.now()``."""
        return self._timeouts.schedule(at, partial(tell, self.actor_ref, message))

    def stop(self) -> None:
        """End after the message in hand. Unlike pykka's, it may be called at any moment, also in teardown."""
        request_stop(self.actor_ref)

    def unexpected(self, message: object) -> None:
        """Count and name a message this actor does not know; its type only, it may carry what a caller said."""
        self.stats.unexpected += 1
        self.log.warning("mensaje inesperado de tipo {}", type(message).__qualname__)

    # --- the life of an actor -----------------------------------------------------

    def _create_actor_inbox(self) -> Inbox:  # type: ignore[override]  # static in pykka; here its size is the class's
        return Inbox(self.inbox_max, self.inbox_overflow, self.clock.now)

    def _start_actor_loop(self) -> None:
        self.runtime.stats.enter(self.stats, self.actor_ref)
        try:
            threading.Thread(target=self._live, name=self.path, daemon=self.use_daemon_thread).start()
        except RuntimeError:  # no more threads: nobody else would undo what is registered by now
            pykka.ActorRegistry.unregister(self.actor_ref)
            self.runtime.stats.leave(self.stats)
            raise

    def _live(self) -> None:
        error: Exception | None = None
        try:
            self.stats.busy_since = self.clock.now()
            self.setup()
            self._serve()
        except BaseException as caught:  # noqa: BLE001  # also SystemExit, by which pykka would stop every actor there is
            error = contained(caught)
        self._end(error)

    def _serve(self) -> None:
        """Handle messages until one of them is a stop."""
        inbox, stats, drops, now = self._inbox, self.stats, self._drops, self.clock.now
        registry = self.runtime.stats
        while True:
            stats.busy_since = None
            envelope = inbox.get()
            stats.busy_since = at = now()
            drops.note(at)
            if is_stop(envelope):
                inbox.put(envelope)  # whoever waits for it is answered when the inbox closes, after teardown
                return
            stats.last_message = type(envelope.message)
            if registry.traces:
                self._serve_watched(envelope, at)
            else:
                _answer(envelope, self._dispatch)
            stats.handled += 1

    def _serve_watched(self, envelope: Envelope[Any], at: float) -> None:
        """Handle a message while somebody watches messages go by."""
        failed = True
        try:
            _answer(envelope, self._dispatch)
            failed = False
        finally:
            kind, waited_s, took_s = type(envelope.message), at - self._inbox.taken_at, self.clock.now() - at
            traced = Traced(self.path, kind.__qualname__, at, waited_s, took_s, failed)
            for trace in self.runtime.stats.traces:
                trace.note(traced)

    def _dispatch(self, message: object) -> object:
        match message:
            case ChildExited():
                self._judge(message)
            case RestartDue():
                self._restart(message.child)
            case CrashOrder():
                raise ActorCrashed(message.reason)
            case RestartOrder():
                raise RestartAsked
            case _:
                return self.handle(message)
        return None

    def _end(self, error: Exception | None) -> None:
        """The only way out. The parent hears of it last, so that a successor never meets its predecessor."""
        pykka.ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()
        self._timeouts.cancel_all()
        self.stats.busy_since = self.clock.now()
        if isinstance(error, RestartAsked):
            self.log.warning("se reinicia, como se pidió")
        elif error is not None:
            self._crashed(error)
        try:
            for child in self._children.stop_all(self.children_stop_within_s):
                self.log_about(child).error("{} no terminó en el plazo: se abandona su hilo", child.path)
            self.teardown(error)
        except BaseException as caught:  # noqa: BLE001  # whatever it is, the parent has to hear of the end
            in_teardown = contained(caught)
            self._crashed(in_teardown)
            error = error or in_teardown  # the first failure is the reason
        self._inbox.close()
        self.runtime.stats.leave(self.stats)
        if self._birth.parent is not None:
            tell(self._birth.parent, ChildExited(self._birth.name, self.actor_ref, error, self.clock.now()))

    def _crashed(self, error: Exception) -> None:
        self.stats.errors += 1
        kind = type(self).__name__
        self.runtime.stats.crashed(Crash(self.path, kind, f"{type(error).__name__}: {error}", self.clock.now()))
        if isinstance(error, ConfigError):  # what is wrong is in the settings: a place in the code would only hide it
            self.log.error("{} no puede trabajar: {}", kind, error)
        else:
            self.log.opt(exception=error).error("{} se cayó", kind)

    def _restart(self, child: Child) -> None:
        """Its backoff is over; it may have been told to stop meanwhile, or have a successor."""
        if child not in self._children:
            return
        is_back, error = False, None
        try:
            is_back = self._children.restart(child)
        except RuntimeError as no_thread:  # one more failure of the child, and none of ours
            self.log_about(child).error("{} no se pudo iniciar: {}", child.name, no_thread)
            error = no_thread
        if is_back:
            self.child_started(child)
        else:
            self._judge(ChildExited(child.name, None, error, self.clock.now()))

    def _judge(self, exited: ChildExited) -> None:
        known = self._children.exited(exited)
        if known is None:
            return
        child, verdict = known
        if verdict is Verdict.RESTARTING:
            delay_s = child.backoff_s(self.runtime.random())
            log = self.log_about(child)
            log.warning("{} terminó; reinicio {} en {:.2f} s", child.name, child.restarts + 1, delay_s)
            self.send_later(delay_s, RestartDue(child))
        self.child_exited(exited, verdict)


def stop(ref: pykka.ActorRef[Any], within_s: float) -> bool:
    """Stop an actor that has no parent, and wait. False when it did not end in time. For ``app`` and tests."""
    try:
        request_stop(ref).get(timeout=within_s)
    except pykka.Timeout:
        return False
    return True


def _log_of(birth: Birth) -> Logger:
    """A log that says whose lines they are, and of which call. The call's name is looked up late: the carrier gives it late."""
    log = logger.bind(actor=birth.path)
    call_name = birth.call_name
    if call_name is None:
        return log
    return log.patch(lambda record: record["extra"].update(call=call_name()))


def _answer(envelope: Envelope[Any], dispatch: Callable[[object], object]) -> None:
    """Run the handler. What comes of it, a reply or a failure, goes to the asker too, if there is one."""
    try:
        reply = dispatch(envelope.message)
    except BaseException as caught:
        if envelope.reply_to is not None:
            error = contained(caught)  # a SystemExit must not go on working in the asker's thread
            envelope.reply_to.set_exception((type(error), error, error.__traceback__))
        raise
    if envelope.reply_to is not None:
        envelope.reply_to.set(reply)


class _DropLog:
    """Says that an inbox overflowed, once a second at most."""

    def __init__(self, inbox: Inbox, log: Logger) -> None:
        self._inbox = inbox
        self._log = log
        self._logged = 0
        self._next_at = -math.inf

    def note(self, now: float) -> None:
        dropped = self._inbox.dropped
        if dropped == self._logged or now < self._next_at:
            return
        self._log.warning("buzón lleno: {} mensajes perdidos ({} en total)", dropped - self._logged, dropped)
        self._logged = dropped
        self._next_at = now + DROPS_LOG_EVERY_S
