"""The calls there are, readable by anyone without asking an actor."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pykka

from telnyx_actors.actors.messages import CallPlan
from telnyx_actors.actors.trail import Trail
from telnyx_actors.actors.usage import Usage
from telnyx_actors.core.state import Phase

ENDED_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Line:
    """How well the caller's audio came: frames of 20 ms, and seconds of a voice."""

    frames: int = 0  # given on to be heard, silence in place of lost ones included
    lost: int = 0  # never came in time
    late: int = 0  # came behind that, or twice
    unheard_s: float = 0.0  # of a voice, and no transcriber was there to hear it


@dataclass(slots=True, eq=False)
class CallView:
    """A call as others see it. Its owner writes plain attributes; a reader may be a moment late."""

    plan: CallPlan
    secret: str = field(repr=False)
    started_at: float
    started_wall: str
    ref: pykka.ActorRef[Any] | None = None
    call_control_id: str = ""
    state: str = "dialling"
    turns: int = 0
    answered_at: float | None = None
    last_response_s: float | None = None
    ended_reason: str = ""
    deadline_at: float | None = None  # when the conversation wakes by itself
    stale: int = 0  # events that came too late to matter
    line: Line = Line()
    trail: Trail = field(default_factory=Trail, repr=False)
    usage: Usage = field(default_factory=Usage)
    is_alive: bool = True
    is_at_pause: bool = True  # nobody speaks, and nobody is owed an answer
    places: tuple[str, ...] = ()  # where its record is

    @property
    def is_over(self) -> bool:
        """Whether only its record is left to be put away."""
        return self.state == Phase.ENDED.value

    @property
    def name(self) -> str:
        """The carrier's id once there is one, ours until then."""
        return self.call_control_id or self.plan.ref


class LiveCalls:
    """All calls that have not ended, and the last few that have. Any thread."""

    def __init__(self) -> None:
        self._by_ref: dict[str, CallView] = {}
        self._ended: deque[CallView] = deque(maxlen=ENDED_MAX)
        self._changed = threading.Condition()  # reentrant: who waits looks at the calls
        self.total = 0
        self.is_closed = False  # no call is admitted any more

    def add(self, view: CallView) -> None:
        with self._changed:
            self._by_ref[view.plan.ref] = view
            self.total += 1

    def remove(self, ref: str) -> CallView | None:
        with self._changed:
            view = self._by_ref.pop(ref, None)
            if view is not None:
                view.is_alive = False
                self._ended.append(view)
            self._changed.notify_all()
        return view

    def pause(self, view: CallView, *, is_at_pause: bool) -> None:
        """Its owner's word on whether it is at a pause."""
        if view.is_at_pause != is_at_pause:
            with self._changed:
                view.is_at_pause = is_at_pause
                self._changed.notify_all()

    def wait_until(self, wanted: Callable[[tuple[CallView, ...]], bool], within_s: float) -> bool:
        """Until the calls there are, and their pauses, are as wanted. False when they were not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: wanted(self.all()), within_s)

    def get(self, ref: str) -> CallView | None:
        return self._by_ref.get(ref)

    def find(self, name: str) -> CallView | None:
        """By our name for it, or by the carrier's id."""
        view = self._by_ref.get(name)
        if view is not None or not name:
            return view
        return next((view for view in self.all() if view.call_control_id == name), None)

    def all(self) -> tuple[CallView, ...]:
        with self._changed:
            return tuple(self._by_ref.values())

    def ended(self) -> tuple[CallView, ...]:
        """The last calls that ended, oldest first."""
        with self._changed:
            return tuple(self._ended)

    def __len__(self) -> int:
        return len(self._by_ref)
