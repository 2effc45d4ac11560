"""What happens to a call: the inputs of the conversation.

Past tense, frozen, never subclassed, and free of audio, so that a call can be journaled
and replayed. Times are seconds on the caller's monotonic clock and travel beside the
event, except where the moment meant is not the moment it was noticed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

# --- hearing -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TranscriptInterim:
    """What the transcriber makes of the words since its last final, so far."""

    text: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class TranscriptFinal:
    """Words that will not change any more. ``text`` may be empty: an endpoint without words.

    ``flushed``: this answers a request to finalize. ``endpoint``: the transcriber's own
    voice activity found the end of an utterance.
    """

    text: str
    confidence: float = 1.0
    endpoint: bool = False
    flushed: bool = False


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """The transcriber found a gap after the last word (it may come late, or twice)."""


@dataclass(frozen=True, slots=True)
class TurnPredicted:
    """A turn-taking transcriber expects the turn to end here; ``text`` is the whole turn."""

    text: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class TurnRetracted:
    """The prediction was wrong: the caller goes on."""


@dataclass(frozen=True, slots=True)
class TurnConfirmed:
    """The turn is over; ``text`` is the whole turn, equal to the last prediction's."""

    text: str
    confidence: float = 1.0


TranscriptEvent: TypeAlias = (
    TranscriptInterim
    | TranscriptFinal
    | UtteranceEnded
    | TurnPredicted
    | TurnRetracted
    | TurnConfirmed
)
