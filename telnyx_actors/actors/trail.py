"""What lately happened in a call and was decided, kept for who wants to know why.

The call's actor appends the very objects it had in hand, which takes a fraction of a
microsecond; they are put into words, and what people said is masked, when somebody looks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter
from typing import Final, TypeAlias

from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import TurnRecord

STEPS_MAX: Final = 200
FREQUENT_MAX: Final = 60
FAILURES_MAX: Final = 20
TURNS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Incident:
    """Something beside the conversation's own events and actions: a webhook, a socket, a refused command."""

    text: str
    is_failure: bool = False


What: TypeAlias = ev.CallEvent | ac.Action | Incident
Footstep: TypeAlias = tuple[int, float, What]
"""Its number in the call, when it was on the call's clock, and what."""

_FREQUENT: Final[frozenset[type]] = frozenset(
    {ev.SpeechArrived, ev.MarkReturned, ev.TimePassed, ev.TranscriptInterim, ac.SendAudio, ac.SendMark}
)
"""Many a second: kept apart, so that they do not push out what tells more."""

_FAILURES: Final[frozenset[type]] = frozenset({ev.HearingFailed, ev.ReplyFailed, ev.SpeechFailed, ev.PlayFailed})

_SUSPECTS: Final = _FAILURES | {ac.Note, ev.MediaLost, Incident}

_BAD_NOTES: Final = frozenset(
    {
        "filler",
        "hedge",
        "apology",
        "give_up",
        "reply_stalled",
        "reply_given_up",
        "speech_failed",
        "hangup_unconfirmed",
        "unsettled",
    }
)
"""Dead air is a failure, whatever its cause; rules that do not come to rest are a bug."""


@dataclass(slots=True)
class Trail:
    """One call's. Its actor's thread writes; any thread reads. Bounded."""

    turns: deque[TurnRecord] = field(default_factory=lambda: deque(maxlen=TURNS_MAX))
    failures: list[Footstep] = field(default_factory=list)  # the first ones: what follows is often their doing
    count: int = 0
    _steps: deque[Footstep] = field(default_factory=lambda: deque(maxlen=STEPS_MAX))
    _frequent: deque[Footstep] = field(default_factory=lambda: deque(maxlen=FREQUENT_MAX))

    def decided(self, at: float, event: ev.CallEvent, actions: Sequence[ac.Action]) -> None:
        """The conversation took ``event`` in, and wants ``actions`` done."""
        self._add(at, event)
        for action in actions:
            self._add(at, action)

    def happened(self, at: float, text: str, *, is_failure: bool = False) -> None:
        self._add(at, Incident(text, is_failure))

    def steps(self, *, with_frequent: bool = False) -> list[Footstep]:
        """What is remembered, in order."""
        frequent = tuple(self._frequent) if with_frequent else ()
        return list(merge(tuple(self._steps), frequent, key=itemgetter(0)))

    def since(self, at: float) -> list[Footstep]:
        """What is remembered from a time on, the first failures always."""
        known = {step[0]: step for step in (*tuple(self.failures), *self.steps()) if step[1] >= at}
        return [known[number] for number in sorted(known)]

    def _add(self, at: float, what: What) -> None:
        self.count += 1
        kind = type(what)
        if kind in _FREQUENT:
            self._frequent.append((self.count, at, what))
            return
        self._steps.append((self.count, at, what))
        if kind in _SUSPECTS and len(self.failures) < FAILURES_MAX and is_failure(what):
            self.failures.append((self.count, at, what))
        elif isinstance(what, ac.EndTurn):
            self.turns.append(what.record)


def is_frequent(what: What) -> bool:
    """Whether this happens many times a second."""
    return type(what) in _FREQUENT


def is_failure(what: What) -> bool:
    """Whether this is where trouble may have begun."""
    match what:
        case ac.Note():
            return what.kind in _BAD_NOTES
        case ev.MediaLost():
            return what.is_refused or not what.is_stopped
        case Incident():
            return what.is_failure
        case _:
            return type(what) in _FAILURES
