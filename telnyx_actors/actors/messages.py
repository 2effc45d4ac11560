"""What actors tell each other, beside the events of the core, which travel as they are.

Frozen, and immutable throughout: a message is shared, not copied. ``urgent`` ones overtake
the others in an inbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from telnyx_actors.actors.media import MediaSink
from telnyx_actors.actors.rows import DialledRow
from telnyx_actors.core.chronicle import Page
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.core.turn import TurnRecord
from telnyx_actors.errors import ProviderError
from telnyx_actors.providers.ports import CallCommand, DialledCall, DialRequest, ModelRequest
from telnyx_actors.wire.telnyx_media import StreamStart
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

Direction = Literal["outgoing", "incoming"]

Placed = Callable[[DialledCall | Exception], None]
"""Told once how dialling went; must not block."""


# --- to the supervisor --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallPlan:
    """A call to be held. ``ref`` is our own name for it, used until the carrier has given its id."""

    ref: str
    direction: Direction
    number: str  # the other side, E.164 (or whatever the carrier shows of it)
    nombre: str = ""
    contexto: str = ""
    saludo: str = ""
    row: str = ""  # the sender's own name for it, where they gave one
    call_control_id: str = ""  # known from the start for an incoming call


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """Dial. ``placed`` hears the carrier's answer, or why there is none."""

    plan: CallPlan
    placed: Placed


@dataclass(frozen=True, slots=True)
class DialDue:
    """It is this call's turn to be dialled."""

    place: PlaceCall


@dataclass(frozen=True, slots=True)
class WebhookReceived:
    """A verified webhook. ``call_ref`` comes from the URL that we gave, if it was used."""

    event: WebhookEvent
    call_ref: str | None


@dataclass(frozen=True, slots=True)
class EndCall:
    """Hang up, on behalf of an operator or a drain."""

    ref: str
    reason: str


@dataclass(frozen=True, slots=True)
class CallFinished:
    """Told by a call whose record is safe: its actor may end."""

    urgent: ClassVar[bool] = True
    ref: str


@dataclass(frozen=True, slots=True)
class Release:
    """To a call: end without hanging up, when the sentence in progress is said. To the supervisor: all calls."""


@dataclass(frozen=True, slots=True)
class LetGo:
    """To a call, when the process stops: once a person has the caller, the two are left in peace."""


@dataclass(frozen=True, slots=True)
class CallsLeft:
    """What the journal knows of calls whose process died, which ones had ended a short while before, and the day's rows."""

    calls: tuple[SavedCall, ...]
    over: frozenset[str] = frozenset()
    rows: tuple[DialledRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """The calls that live on have been taken up: what else is in the spool is nobody's."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Take no more calls; ``empty`` is called once when the last one has ended."""

    urgent: ClassVar[bool] = True
    empty: Callable[[], None]


# --- to a call ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """A media socket proved, at ``at``, that it is this call's: audio flows."""

    start: StreamStart
    sink: MediaSink
    at: float


@dataclass(frozen=True, slots=True)
class StreamClosed:
    """A media socket is gone; ``is_stopped``: the carrier had said so before."""

    sink: MediaSink
    code: int
    reason: str
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """Audio of a clause, mu-law."""

    clause: int
    audio: bytes


@dataclass(frozen=True, slots=True)
class Dialled:
    """The carrier took the call on."""

    call: DialledCall


@dataclass(frozen=True, slots=True)
class CallStatus:
    """The carrier says whether the call is still alive."""

    is_alive: bool


@dataclass(frozen=True, slots=True)
class CommandDone:
    """The carrier took a command on."""

    command_id: str


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """The carrier did not do it, after all retries. ``name`` is "dial", "status" or the command's."""

    name: str
    error: ProviderError
    command_id: str = ""  # of a command
    call_control_id: str = ""  # of a command's call


@dataclass(frozen=True, slots=True)
class RecordClosed:
    """The record is where it belongs, or (``error``) safe in the spool."""

    places: tuple[str, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Redial:
    """The carrier wanted us to wait before we dial, and we have."""


@dataclass(frozen=True, slots=True)
class WebhookDue:
    """By now the carrier should have told something about the call that it took on."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The conversation's next deadline has come. Urgent: lost in a full inbox, it would never come again."""

    urgent: ClassVar[bool] = True


# --- to a call's children --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FramesWaiting:
    """The caller's audio is in the lane. Sent once until the lane has been read."""


@dataclass(frozen=True, slots=True)
class Finalize:
    """Have the transcriber say what it has."""


@dataclass(frozen=True, slots=True)
class ForgetSpeech:
    """Somebody else has told what was said so far: have the transcriber make no words of it any more."""


@dataclass(frozen=True, slots=True)
class HeardElsewhere:
    """The carrier transcribes until we can again: what it heard must not be heard twice."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Start an attempt at a reply; ``is_retry``: with the second model."""

    turn: int
    attempt: int
    request: ModelRequest
    is_retry: bool = False


@dataclass(frozen=True, slots=True)
class StopAsking:
    """Forget an attempt. Not urgent: it must not overtake the order to begin it."""

    turn: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Speak:
    """Make audio of a clause; ``phrase``: it is said by heart, and may be at hand."""

    clause: int
    text: str
    phrase: bool
    previous_text: str


@dataclass(frozen=True, slots=True)
class Prepare:
    """Have this phrase at hand. ``is_lasting``: it is said in many calls, so keep it for other processes too."""

    text: str
    is_lasting: bool = False


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """Forget these clauses. Not urgent: it must not overtake the order to speak them."""

    clauses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dial:
    request: DialRequest


@dataclass(frozen=True, slots=True)
class AskStatus:
    """Is this call still alive?"""

    call_control_id: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command about the call; they are done one at a time, in order."""

    call_control_id: str
    command: CallCommand


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """Audio flows: ``origin_s`` is the zero of the recording's time, ``head`` its ``call.json``."""

    origin_s: float
    head: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class StreamLost:
    """The caller's audio breaks off here."""


@dataclass(frozen=True, slots=True)
class AgentAudio:
    """Handed to the carrier at ``at``."""

    at: float
    audio: bytes


@dataclass(frozen=True, slots=True)
class AgentCleared:
    """Taken back at ``at``."""

    at: float


@dataclass(frozen=True, slots=True)
class TurnOver:
    """A turn for the transcript."""

    record: TurnRecord


@dataclass(frozen=True, slots=True)
class CallSummary:
    """How a call went as a whole. Times are on the call's clock."""

    born_at: float
    answered_at: float | None
    ended_at: float
    reason: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CloseRecord:
    """The call is over: finish the record and put it where it belongs."""

    at: float
    summary: CallSummary


# --- to the journal -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Journaled:
    """Something to be remembered across a restart of the process. ``data`` goes into JSON."""

    ref: str
    kind: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Chronicled:
    """More of what a call's conversation took in and decided, to be looked into later."""

    ref: str
    page: Page
