"""One turn: what the caller said, what was answered, what of it was heard, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class TurnKind(StrEnum):
    """Why the agent speaks."""

    GREETING = "greeting"
    REPLY = "reply"
    PROMPT = "prompt"  # the caller has been silent for long
    SAY = "say"  # an operator's words
    RECOVERY = "recovery"  # our process had died
    GOODBYE = "goodbye"


class TurnEnd(StrEnum):
    """Why a turn is over."""

    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    CALL_ENDED = "call_ended"


@dataclass(slots=True)
class TurnTimes:
    """Moments of a turn, in seconds on the call's clock; None where it did not happen."""

    voice_ended: float | None = None  # the caller's last voiced frame
    transcribed: float | None = None  # the words that the reply answers were final
    asked: float | None = None
    first_token: float | None = None
    first_clause: float | None = None
    first_speech: float | None = None  # first audio of the first clause of the reply
    committed: float | None = None  # the turn was given to the agent
    first_sent: float | None = None  # first audio of the reply handed to the carrier
    filler_sent: float | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """Where the time between the caller's last word and the first answer went, in seconds."""

    hearing: float
    thinking: float
    speaking: float
    held: float
    response: float


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn that is over. ``heard`` is what the carrier confirmed as played of ``generated``."""

    number: int
    kind: TurnKind
    said: str
    generated: str
    heard: str
    end: TurnEnd
    attempts: int
    times: TurnTimes
    latency: Latency | None
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0


@dataclass(slots=True)
class Turn:
    """The turn in progress. An attempt is one request to the model; their numbers never repeat in a call."""

    number: int
    kind: TurnKind
    said: str = ""
    said_before: str = ""  # by a caller on whom we cut in
    asked_text: str = ""  # the words that the latest attempt answers
    attempt_count: int = 0
    live_attempts: set[int] = field(default_factory=set)
    winner: int | None = None  # the attempt whose clauses are spoken
    committed: bool = False
    is_begun: bool = False  # the caller has heard something of it, be it a filler
    is_written: bool = False  # no further clause will come
    is_failed: bool = False  # what is said instead of a reply is that there is none
    clauses: list[int] = field(default_factory=list)
    unspoken: list[int] = field(default_factory=list)  # clauses not yet given to the voice
    waits: list[int] = field(default_factory=list)  # fillers and apologies said before the reply
    failures: int = 0
    retry_at: float | None = None
    rung: int = 0  # of the ladder of dead air
    false_alarms: int = 0  # how often we fell silent for nothing
    times: TurnTimes = field(default_factory=TurnTimes)
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0

    def latency(self) -> Latency | None:
        """None unless this turn answered something the caller said."""
        t = self.times
        if None in (t.voice_ended, t.transcribed, t.asked, t.first_clause, t.first_speech, t.first_sent):
            return None
        assert t.voice_ended is not None and t.transcribed is not None and t.asked is not None
        assert t.first_clause is not None and t.first_speech is not None and t.first_sent is not None
        return Latency(
            hearing=t.transcribed - t.voice_ended,
            thinking=t.first_clause - t.asked,
            speaking=t.first_speech - t.first_clause,
            held=t.first_sent - t.first_speech,
            response=t.first_sent - t.voice_ended,
        )
