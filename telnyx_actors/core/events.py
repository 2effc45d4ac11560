"""What happens to a call: the inputs of the conversation.

Past tense, frozen, never subclassed, and free of audio, so that a call can be journaled
and replayed. Times are seconds on the caller's monotonic clock and travel beside the
event, except where the moment meant is not the moment it was noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

# --- the call ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """Somebody picked up (or our own answer to an incoming call took effect)."""


@dataclass(frozen=True, slots=True)
class MediaStarted:
    """Audio can flow: the first stream of the call, or one that replaces a lost one."""


@dataclass(frozen=True, slots=True)
class MediaLost:
    """The media socket is gone; the call itself may well be alive.

    ``is_stopped``: the carrier ended the stream, so that the end of the call is likely.
    ``is_refused``: the carrier could not connect it at all.
    """

    is_stopped: bool = False
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The carrier says that the call is over. ``cause`` and ``source`` are its words."""

    cause: str
    source: str = "unknown"


@dataclass(frozen=True, slots=True)
class HangupRequested:
    """Somebody on our side wants the call to end now: an operator, a drain."""

    reason: str


@dataclass(frozen=True, slots=True)
class SayRequested:
    """An operator wants this said to the caller."""

    text: str


@dataclass(frozen=True, slots=True)
class TransferConnected:
    """The caller talks to the person whom we gave them to."""


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """The carrier did not take the transfer."""


@dataclass(frozen=True, slots=True)
class LeaveRequested:
    """Another process is to take the call up."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The deadline that the conversation asked for has come (or any later moment)."""


# --- hearing -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VoiceStarted:
    """The line carries a voice since ``at``; it may still turn out to be a noise."""

    at: float


@dataclass(frozen=True, slots=True)
class VoiceConfirmed:
    """The voice that started at ``at`` has lasted long enough to interrupt."""

    at: float


@dataclass(frozen=True, slots=True)
class VoiceStopped:
    """No voice since ``at``, the end of the last voiced frame."""

    at: float


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """The caller pressed a key: one of ``0-9*#A-D``."""

    digit: str


@dataclass(frozen=True, slots=True)
class TranscriptInterim:
    """What the transcriber makes of the words since its last final, so far."""

    text: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class TranscriptFinal:
    """Words that will not change any more. ``text`` may be empty: an endpoint without words.

    ``flushed``: this answers a request to finalize. ``endpoint``: the transcriber's own
    voice activity found the end of an utterance. ``audio_s``: up to where in the audio of
    its connection the transcriber has come; no part of what was said.
    """

    text: str
    confidence: float = 1.0
    endpoint: bool = False
    flushed: bool = False
    audio_s: float | None = field(default=None, compare=False)


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
    """The turn is over; ``text`` is the whole turn, equal to the last prediction's. ``audio_s``: as in a final."""

    text: str
    confidence: float = 1.0
    audio_s: float | None = field(default=None, compare=False)


TranscriptEvent: TypeAlias = (
    TranscriptInterim | TranscriptFinal | UtteranceEnded | TurnPredicted | TurnRetracted | TurnConfirmed
)


@dataclass(frozen=True, slots=True)
class HearingFailed:
    """The transcriber was lost or did not want us. ``is_final``: trying again cannot help."""

    reason: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class CarrierHearingFailed:
    """The carrier did not begin to transcribe when it was asked to."""


@dataclass(frozen=True, slots=True)
class CarrierHeard:
    """The carrier's words of a sentence, beside ours; final."""

    text: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class HearingRestored:
    """A transcriber is there (again): our own, or the reserve. It has ``backlog_s`` of audio to hear first."""

    by_reserve: bool = False
    backlog_s: float = 0.0


# --- thinking ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """The first token of an attempt at a reply."""

    turn: int
    attempt: int


@dataclass(frozen=True, slots=True)
class ReplyClause:
    """The next speakable clause of a reply."""

    turn: int
    attempt: int
    text: str


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """The model has said all it wants to say."""

    turn: int
    attempt: int
    stop_reason: str = "end_turn"
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """The attempt is dead. ``retryable``: asking again may help."""

    turn: int
    attempt: int
    reason: str
    retryable: bool = True


# --- speaking ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechArrived:
    """``size`` more bytes of a clause's audio are there (8 bytes a millisecond)."""

    clause: int
    size: int


@dataclass(frozen=True, slots=True)
class SpeechFinished:
    """All audio of the clause has arrived."""

    clause: int


@dataclass(frozen=True, slots=True)
class SpeechFailed:
    """The clause could not be (wholly) synthesized; or, where the carrier was told to say it, not be said."""

    clause: int
    reason: str
    retryable: bool = True


@dataclass(frozen=True, slots=True)
class MarkReturned:
    """The carrier played everything before this mark, or gives it back after a clear."""

    name: str


@dataclass(frozen=True, slots=True)
class PlayFailed:
    """The carrier could not play the clause that ``mark`` stands for."""

    mark: str


@dataclass(frozen=True, slots=True)
class CarrierSpoke:
    """The carrier's own voice has finished the clause that it was asked to say."""

    clause: int


LifeEvent: TypeAlias = (
    CallAnswered
    | MediaStarted
    | MediaLost
    | CallEnded
    | HangupRequested
    | SayRequested
    | TransferConnected
    | TransferFailed
    | LeaveRequested
    | TimePassed
)

CallEvent: TypeAlias = (
    LifeEvent
    | VoiceStarted
    | VoiceConfirmed
    | VoiceStopped
    | DigitPressed
    | TranscriptEvent
    | HearingFailed
    | CarrierHearingFailed
    | CarrierHeard
    | HearingRestored
    | ReplyStarted
    | ReplyClause
    | ReplyFinished
    | ReplyFailed
    | SpeechArrived
    | SpeechFinished
    | SpeechFailed
    | MarkReturned
    | PlayFailed
    | CarrierSpoke
)
