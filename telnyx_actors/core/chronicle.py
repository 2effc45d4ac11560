"""The chronicle of a call: all that its conversation took in, when, and what it decided each time.

The conversation is a function of that, so it can be held again at any time, and has to decide
the same. A call has one part for every process that held it: each began a conversation anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from telnyx_actors.core.actions import Action
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.events import CallEvent
from telnyx_actors.core.rules import Lines, Rules
from telnyx_actors.core.saved import SavedCall


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a conversation was made of. ``at`` is on the clock of that process, ``wall`` is ISO 8601.

    ``core`` tells versions of this package apart. ``saved``: what the conversation took up.
    """

    core: str
    wall: str
    at: float
    rules: Rules
    lines: Lines
    saved: SavedCall | None = None
    answered_s_ago: float | None = None

    def conversation(self) -> Conversation:
        """The same again, before its first event."""
        if self.saved is None:
            return Conversation(self.rules, self.lines, self.at)
        return Conversation.resume(self.rules, self.lines, self.at, self.saved, self.answered_s_ago)


def what_is_resumed(saved: SavedCall) -> SavedCall:
    """Of what is saved, the part that a conversation takes up: neither its secret nor whom it is with."""
    return SavedCall(
        saved.ref,
        turns=saved.turns,
        exchanges=list(saved.exchanges),
        unanswered=saved.unanswered,
        is_greeted=saved.is_greeted,
        was_released=saved.was_released,
        rest=saved.rest,
        transfer=saved.transfer,
    )


class Step(NamedTuple):
    """An event, and the answer to it: what is to be done, and by when to ask again.

    A tuple, because one is made at every event of every call. ``error`` is not empty where the
    conversation fell over; what it had decided until then is lost.
    """

    at: float
    event: CallEvent
    actions: Sequence[Action]
    deadline: float | None
    error: str = ""

    @property
    def answer(self) -> tuple[tuple[Action, ...], float | None, str]:
        return tuple(self.actions), self.deadline, self.error


class End(StrEnum):
    """Why a part has no further steps."""

    OVER = "over"  # the call ended
    RELEASED = "released"  # another process took it up
    FULL = "full"  # it became longer than a chronicle may be


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps in a row; ``first`` is the number of the first of them in its part, from 0."""

    first: int
    steps: Sequence[Step]
    end: End | None = None


Page: TypeAlias = Beginning | Steps
"""What is written at once."""


@dataclass(slots=True)
class Part:
    """One process's share of a call. ``missing``: after ``steps``, pages were lost, and so is the rest.

    Without an ``end``, the process died, or still holds the call.
    """

    beginning: Beginning
    steps: list[Step] = field(default_factory=list)
    end: End | None = None
    missing: bool = False


def parts(pages: Iterable[Page | None]) -> list[Part]:
    """The call, from its pages in the order in which they were written; None is one that cannot be read.

    Steps without a beginning are left out.
    """
    found: list[Part] = []
    for page in pages:
        if isinstance(page, Beginning):
            found.append(Part(page))
            continue
        if not found or found[-1].missing:
            continue
        part = found[-1]
        if page is None or page.first != len(part.steps):
            part.missing = True
            continue
        part.steps += page.steps
        part.end = page.end
    return found


class Replayed(NamedTuple):
    """A step as it was, and as it is decided now."""

    then: Step
    now: Step

    @property
    def differs(self) -> bool:
        return self.then.answer != self.now.answer


def replay(part: Part) -> Iterator[Replayed]:
    """Hold the conversation again. A difference may be the reason of those that follow it."""
    conversation = part.beginning.conversation()
    for then in part.steps:
        yield Replayed(then, decide(conversation, then.event, then.at))


def decide(conversation: Conversation, event: CallEvent, at: float) -> Step:
    """The step that the conversation takes; it may fall over, as it may in a call, and go on from there."""
    try:
        actions = conversation.handle(event, at)
        return Step(at, event, tuple(actions), conversation.next_deadline())
    except Exception as error:  # noqa: BLE001 - whatever it is: it is what became of this event
        return Step(at, event, (), None, repr(error))


def decided_again(beginning: Beginning, inputs: Iterable[tuple[float, CallEvent]]) -> Part:
    """The part that these inputs would make."""
    conversation = beginning.conversation()
    return Part(beginning, [decide(conversation, event, at) for at, event in inputs])
