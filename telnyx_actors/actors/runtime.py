"""What all actors of an engine share, and what one of them is given at birth."""

from __future__ import annotations

import random as system_random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import pykka

from telnyx_actors.actors.inbox import tell
from telnyx_actors.actors.stats import StatsRegistry
from telnyx_actors.actors.timer import ThreadTimer, Timer
from telnyx_actors.clock import Clock, SystemClock

SWITCH_S: Final = 0.002
"""How long a thread that computes may keep all others waiting, each time one of them has something to do.

With Python's own 5 ms, code of one call that computes for seconds made the audio of nine others 34 ms later (p99); with 2 ms, 3.
"""


@dataclass(frozen=True, slots=True)
class CrashOrder:
    """Makes an actor fail at its next message. For the console and for chaos tests."""

    urgent: ClassVar[bool] = True
    reason: str


@dataclass(frozen=True, slots=True)
class RestartOrder:
    """Makes an actor end in order at its next message, so that its parent starts it anew. For the console."""

    urgent: ClassVar[bool] = True


class Runtime:
    """Time, timer, chance and statistics: one per process, or one per test."""

    def __init__(
        self,
        clock: Clock | None = None,
        timer: Timer | None = None,
        random: Callable[[], float] = system_random.random,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.timer: Timer = timer or ThreadTimer(self.clock)
        self.random = random
        self.stats = StatsRegistry()

    def start(self) -> None:
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
        self.timer.start()

    def stop(self) -> None:
        """After the actors, whose teardown may still set deadlines."""
        self.timer.stop()

    def crash(self, path: str, reason: str = "orden de la consola") -> bool:
        """Make the actor at ``path`` fail, as if by a bug. False when there is none."""
        ref = self.stats.ref(path)
        return ref is not None and tell(ref, CrashOrder(reason))

    def restart(self, path: str) -> bool:
        """Have the actor at ``path`` end, and started anew by its parent. False when there is none."""
        ref = self.stats.ref(path)
        return ref is not None and tell(ref, RestartOrder())


@dataclass(frozen=True, slots=True)
class Birth:
    """Where an actor stands: ``path`` is its parent's, a slash and its own name.

    ``call_name`` says which call it is part of, as the carrier names it by now. Any thread.
    """

    path: str
    parent: pykka.ActorRef[Any] | None
    runtime: Runtime
    restarts: int = 0
    call_name: Callable[[], str] | None = None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def child(self, name: str, parent: pykka.ActorRef[Any], restarts: int = 0) -> Birth:
        return Birth(f"{self.path}/{name}", parent, self.runtime, restarts, self.call_name)

    def of_call(self, name: Callable[[], str]) -> Birth:
        """The same, of an actor that is a call, whose children will be parts of it."""
        return replace(self, call_name=name)
