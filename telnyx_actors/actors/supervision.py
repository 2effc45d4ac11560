"""Supervision, which pykka has none of: who is restarted, how often, and who stops whom.

The words are OTP's. A parent starts each child from a ``ChildSpec``; however the child
ends, the parent hears it once, as ``ChildExited``, and the spec decides. A child that
fails more than ``max_restarts`` times in ``within_s`` is given up, which by default is
the parent's own failure, so that the next level decides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from typing import Any, ClassVar

import pykka

from telnyx_actors.actors.inbox import request_stop, tell
from telnyx_actors.actors.runtime import Birth
from telnyx_actors.actors.stats import Stats
from telnyx_actors.clock import SystemClock
from telnyx_actors.core.backoff import USUAL, Backoff
from telnyx_actors.errors import EngineError


class Restart(Enum):
    """When a child that ended is started again."""

    PERMANENT = "permanent"  # always
    TRANSIENT = "transient"  # when it failed
    TEMPORARY = "temporary"  # never


class Verdict(Enum):
    """What became of a child that ended."""

    RESTARTING = "restarting"  # it comes back, now or after its backoff
    GAVE_UP = "gave_up"  # it should come back, but failed too often
    FINISHED = "finished"  # it is not to come back


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to start a child, and what to do when it ends.

    ``factory`` starts the actor, e.g. ``lambda birth: SpeakerActor.start(birth, voice)``.
    """

    name: str
    factory: Callable[[Birth], pykka.ActorRef[Any]]
    restart: Restart = Restart.PERMANENT
    max_restarts: int = 3
    within_s: float = 10.0
    backoff: Backoff = USUAL

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name:
            raise ValueError(f"a child's name is one step of a path: {self.name!r}")


@dataclass(frozen=True, slots=True)
class ChildExited:
    """Told to the parent once, when the child's teardown is over. ``error`` is None after a stop,
    ``ref`` when the child ended before it could be started again."""

    urgent: ClassVar[bool] = True
    name: str
    ref: pykka.ActorRef[Any] | None
    error: Exception | None
    at: float


@dataclass(frozen=True, slots=True)
class RestartDue:
    """A parent's note to itself: the backoff of this child is over."""

    urgent: ClassVar[bool] = True
    child: Child


class ChildGaveUp(EngineError):
    """A child failed more often than its spec allows."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} falló demasiadas veces seguidas")
        self.path = path


class ActorCrashed(EngineError):
    """A failure that was ordered, or that was no ordinary exception (``SystemExit``…)."""


class RestartAsked(EngineError):
    """No failure, but treated as one by the parent: somebody wants the actor started anew."""


def contained(error: BaseException) -> Exception:
    """An error that is safe to hand to another thread, where a ``SystemExit`` would go on working."""
    if isinstance(error, Exception):
        return error
    crashed = ActorCrashed(f"{type(error).__name__}: {error}")
    crashed.__cause__ = error
    return crashed


@dataclass(slots=True, eq=False)
class Child:
    """A child as its parent sees it, across restarts. For the parent's thread only."""

    spec: ChildSpec
    birth: Birth
    parent_stats: Stats
    ref: pykka.ActorRef[Any] | None = None  # None while it waits for its restart, and after its end
    restarts: int = 0
    _stopping: bool = False
    _recent: deque[float] = field(default_factory=deque)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def path(self) -> str:
        return self.birth.path

    @property
    def given_up_waiting(self) -> bool:
        """It was told to stop while it waited for its restart: nothing will come of it."""
        return self._stopping and self.ref is None

    def tell(self, message: object) -> bool:
        """False when the child is not there; the loss is counted in the parent's stats."""
        if self.ref is not None and tell(self.ref, message):
            return True
        self.parent_stats.undelivered += 1
        return False

    def stop(self) -> None:
        """Ask it to end for good, whatever its spec says. Returns at once; ``ChildExited`` follows if it was alive."""
        self._stopping = True
        if self.ref is not None:
            request_stop(self.ref)

    def judge(self, error: Exception | None, now: float) -> Verdict:
        """Decide what its end at ``now`` means, and count the restart if there is one."""
        policy = self.spec.restart
        if self._stopping or policy is Restart.TEMPORARY or (policy is Restart.TRANSIENT and error is None):
            return Verdict.FINISHED
        while self._recent and self._recent[0] <= now - self.spec.within_s:
            self._recent.popleft()
        if len(self._recent) >= self.spec.max_restarts:
            return Verdict.GAVE_UP
        self._recent.append(now)
        return Verdict.RESTARTING

    def backoff_s(self, random: float) -> float:
        """How long the restart just granted has to wait."""
        return self.spec.backoff.delay_s(len(self._recent) - 1, random)


class Children:
    """The children of one actor, in the order they were started. For that actor's thread only."""

    def __init__(self, birth: Birth, parent: pykka.ActorRef[Any], stats: Stats) -> None:
        self._birth = birth
        self._parent = parent
        self._stats = stats
        self._by_name: dict[str, Child] = {}

    def start(self, spec: ChildSpec) -> Child:
        namesake = self._by_name.get(spec.name)
        if namesake is not None and not namesake.given_up_waiting:
            raise ValueError(f"{self._birth.path} already has a child named {spec.name!r}")
        child = Child(spec, self._birth.child(spec.name, self._parent), self._stats)
        child.ref = spec.factory(child.birth)
        self._by_name[spec.name] = child
        return child

    def exited(self, exited: ChildExited) -> tuple[Child, Verdict] | None:
        """What the end of a child means. None for an old one that has a successor, or was let go."""
        child = self._by_name.get(exited.name)
        if child is None or child.ref is not exited.ref:
            return None
        child.ref = None
        verdict = child.judge(exited.error, exited.at)
        if verdict is not Verdict.RESTARTING:
            del self._by_name[child.name]
        return child, verdict

    def __contains__(self, child: Child) -> bool:
        """Whether it lives or is to come back."""
        return self._by_name.get(child.name) is child

    def restart(self, child: Child) -> bool:
        """Start a child again whose backoff is over. False when it was told to stop meanwhile.

        Raises ``RuntimeError`` when there are no more threads.
        """
        if child.given_up_waiting:
            return False
        child.restarts += 1
        child.ref = child.spec.factory(self._birth.child(child.name, self._parent, child.restarts))
        return True

    def stop_all(self, within_s: float) -> list[Child]:
        """Stop everyone, newest first, each before the next; returns those that did not end in time.

        Every wave may take an equal share of the time that is left, so that one wedged child
        does not leave the older ones without.
        """
        clock = SystemClock()  # waiting for other threads takes real time, whatever the engine's clock says
        newest_first = [child for child in reversed(self._by_name.values()) if child.ref is not None]
        self._by_name.clear()
        waves = [list(wave) for _, wave in groupby(newest_first, key=_wave)]
        until = clock.now() + within_s
        wedged = []
        for left, wave in zip(range(len(waves), 0, -1), waves, strict=True):
            now = clock.now()
            wedged += _stop_together(wave, now + max(0.0, until - now) / left, clock)
        return wedged


def _wave(child: Child) -> str | None:
    """Neighbours that come and go (calls) stop together: they are many, and one by one takes too long."""
    return child.name if child.spec.restart is Restart.PERMANENT else None


def _stop_together(wave: list[Child], until: float, clock: SystemClock) -> list[Child]:
    pending = [(child, request_stop(child.ref)) for child in wave if child.ref is not None]
    wedged = []
    for child, ended in pending:
        try:
            ended.get(timeout=max(0.0, until - clock.now()))
        except pykka.Timeout:
            wedged.append(child)
    return wedged
