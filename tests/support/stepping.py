"""An actor without its thread: the test hands it messages, and decides when it reads its own.

Threads that the actor starts (pumps) tell it as ever; what they tell waits in its inbox
until the test lets it take the next ``step``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from support.manual_time import ManualClock, ManualTimer
from telnyx_actors.actors.base import EngineActor
from telnyx_actors.actors.runtime import Runtime

A = TypeVar("A", bound=EngineActor)

Unstarted = Callable[[A], A]
"""Sets an actor up without starting it; it is torn down when the test ends."""


class StillRuntime(Runtime):
    """Its time moves by ``timer.advance`` only, and chance is always zero: restarts are due at once."""

    def __init__(self) -> None:
        clock = ManualClock()
        self.manual = ManualTimer(clock)
        super().__init__(clock, self.manual, random=lambda: 0.0)


def hand(actor: EngineActor, *messages: object) -> None:
    """Have these handled now, before whatever waits in the inbox."""
    for message in messages:
        actor._dispatch(message)


def step(actor: EngineActor) -> object:
    """Wait for the next message in the inbox, and have it handled."""
    message = actor._inbox.get().message
    actor._dispatch(message)
    return message


def step_all(actor: EngineActor) -> None:
    """Have everything handled that waits now, and what comes of it."""
    while not actor._inbox.empty():
        step(actor)
