"""What the conversation wants done: its outputs.

Imperative, frozen, and performed by the shell in the order given. An action never
fails towards the core: how it went comes back as an event, or not at all, and then a
deadline of the core decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from telnyx_actors.core.turn import TurnRecord


@dataclass(frozen=True, slots=True)
class FinalizeTranscript:
    """Ask the transcriber for what it has: the caller seems to have stopped."""


@dataclass(frozen=True, slots=True)
class AskModel:
    """Start an attempt at the reply of a turn.

    ``messages`` are (role, text), from the caller's side "user" and ours "assistant",
    alternating and beginning with "user". ``is_retry``: an attempt at the same reply has
    failed or is slow.
    """

    turn: int
    attempt: int
    messages: tuple[tuple[str, str], ...]
    said: str = ""  # the caller's words that the reply answers
    is_retry: bool = False


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop this attempt; nothing it still says will be used."""

    turn: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Synthesize:
    """Turn a clause into audio. ``phrase``: it is said in many calls, so keep it.

    ``previous_text`` is what comes before it in the same breath, for the intonation.
    """

    clause: int
    text: str
    phrase: bool = False
    previous_text: str = ""


@dataclass(frozen=True, slots=True)
class CancelSpeech:
    """Stop making audio for these clauses, and forget what there is of them."""

    clauses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SendAudio:
    """Send bytes ``start:end`` of a clause's audio to the caller, padded to whole frames."""

    clause: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SendMark:
    """Have the carrier tell when everything sent so far has been heard."""

    name: str


@dataclass(frozen=True, slots=True)
class ClearAudio:
    """Take back what was sent and not yet heard."""


@dataclass(frozen=True, slots=True)
class SpeakByCarrier:
    """Have the carrier's own voice say this: ours cannot."""

    clause: int
    text: str


@dataclass(frozen=True, slots=True)
class PlayClause:
    """Have the carrier play a whole clause as a file of ``size`` bytes; ``mark`` confirms its end."""

    clause: int
    size: int
    mark: str


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """Stop the carrier's own voice and the files it plays."""


@dataclass(frozen=True, slots=True)
class ForgetHearing:
    """Make no words any more of what was said so far: somebody else has."""


@dataclass(frozen=True, slots=True)
class StartTranscription:
    """Have the carrier transcribe the caller: ours cannot, or is to have company."""

    is_beside_ours: bool = False


@dataclass(frozen=True, slots=True)
class StopTranscription:
    """Ours can again, or its company is not wanted now."""


@dataclass(frozen=True, slots=True)
class StartStream:
    """Ask the carrier to connect a (new) media socket."""


@dataclass(frozen=True, slots=True)
class StopStream:
    """What is said from now on is not ours to hear."""


@dataclass(frozen=True, slots=True)
class TransferCall:
    """Connect the caller to a person."""

    number: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""

    reason: str


@dataclass(frozen=True, slots=True)
class EndTurn:
    """A turn is over; this is its record."""

    record: TurnRecord


@dataclass(frozen=True, slots=True)
class Leave:
    """Let the call go without ending it: another process takes it up."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth counting and tracing. ``kind`` is one of a small set of words."""

    kind: str
    turn: int
    detail: str = ""


Action: TypeAlias = (
    FinalizeTranscript
    | AskModel
    | CancelReply
    | Synthesize
    | CancelSpeech
    | SendAudio
    | SendMark
    | ClearAudio
    | SpeakByCarrier
    | PlayClause
    | StopPlayback
    | ForgetHearing
    | StartTranscription
    | StopTranscription
    | StartStream
    | StopStream
    | TransferCall
    | HangUp
    | EndTurn
    | Leave
    | Note
)
