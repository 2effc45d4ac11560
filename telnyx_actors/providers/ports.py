"""What the actors need of the outside world, as protocols.

Every call here may block its thread and may raise ``ProviderError``, and nothing else.
Streams are read by exactly one thread (a pump); ``close``/``cancel`` may come from any
thread, any number of times, at any moment, also before the first item, and wake the
reader at once: its iteration then just ends.

Audio is mu-law or A-law, 8 kHz, one byte a sample: 8 bytes a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.cadence import Cadence
from telnyx_actors.core.events import TranscriptEvent

# --- hearing -----------------------------------------------------------------


@dataclass(slots=True)
class Habits:
    """What a transcriber has been seen to do, on any of its connections: from then on, not doing so says something.

    Shared by its connections, written by who reads them and who watches them; nothing becomes False again.
    """

    announces_voices: bool = False  # as soon as they begin
    answers_probes: bool = False
    tells_interims: bool = False  # some words of a voice before its end
    answers_requests: bool = False  # for final words
    cadence: Cadence = field(default_factory=Cadence)  # of messages while a voice goes on


class TranscriptionStream(Protocol):
    """One open connection to a transcriber. Any thread may send; one thread reads."""

    @property
    def provider(self) -> str:
        """Whose it is, as in a ``ProviderError``."""

    @property
    def habits(self) -> Habits:
        """Its vendor's."""

    @property
    def messages(self) -> int:
        """How many have come, whatever was in them."""

    @property
    def signs_of_life(self) -> int:
        """The same, answers to probes included: whether there is anybody at the other end."""

    @property
    def malformed_messages(self) -> int:
        """How many of them nobody could understand."""

    def probe(self) -> None:
        """Ask for a sign of life. Raises ``ProviderError`` when the connection is gone."""

    def send(self, audio: bytes) -> None:
        """Send audio (never empty). Raises ``ProviderError`` when the connection is gone."""

    def finalize(self) -> None:
        """Ask for a final transcript of everything sent so far."""

    def keep_alive(self) -> None:
        """Keep an idle connection open; to be called every few seconds without audio."""

    def events(self) -> Iterator[TranscriptEvent]:
        """Block for events until closed (ends) or lost (raises ``ProviderError``)."""

    def close(self) -> None: ...


class Transcription(Protocol):
    """A vendor that turns speech into text."""

    def connect(self, encoding: Encoding) -> TranscriptionStream: ...


# --- thinking ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a conversation as the model sees it."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """``system`` is the same for every request of a call, so that the vendor can cache it."""

    system: str
    messages: tuple[Message, ...]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class ReplyDelta:
    """Some more text of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class ReplyDone:
    """The reply is complete. ``stop_reason`` is the vendor's word for why."""

    stop_reason: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0


class ReplyStream(Protocol):
    """A reply as it is being written. The request is sent when iteration begins."""

    def __iter__(self) -> Iterator[ReplyDelta | ReplyDone]:
        """Deltas, then one ``ReplyDone``. A stream that ends without one raises ``ProviderError``."""

    def cancel(self) -> None: ...


class LanguageModel(Protocol):
    """A vendor that answers."""

    @property
    def name(self) -> str:
        """What the vendor calls the model."""

    def stream(self, request: ModelRequest) -> ReplyStream: ...

    def warm(self) -> None:
        """Open a connection ahead of need. Never raises."""


# --- speaking ----------------------------------------------------------------


class SpeechStream(Protocol):
    """Speech as it is being made: mu-law bytes in pieces of any size. The request is sent when iteration begins."""

    def __iter__(self) -> Iterator[bytes]:
        """Raises ``ProviderError`` also when the vendor answers well but sends no audio."""

    def cancel(self) -> None: ...


class Voice(Protocol):
    """A vendor that speaks, always the same way for the same ``identity``."""

    @property
    def identity(self) -> str:
        """Voice, model and format: with the text, the key of a cached phrase."""

    def synthesize(self, text: str, *, previous_text: str = "") -> SpeechStream:
        """``previous_text`` is what was just said, for the intonation; it is not spoken."""

    def warm(self) -> None:
        """Open a connection ahead of need. Never raises."""


# --- the carrier -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """Where the carrier shall connect its media socket for a call."""

    url: str
    track: str = "inbound_track"
    codec: Encoding = Encoding.PCMU
    target_legs: str = "both"


@dataclass(frozen=True, slots=True)
class DialRequest:
    """An outbound call. ``client_state`` is plain text; the provider encodes it."""

    to: str
    webhook_url: str
    client_state: str
    command_id: str
    stream: StreamRequest | None = None
    timeout_secs: int = 30
    time_limit_secs: int = 3600


@dataclass(frozen=True, slots=True)
class DialledCall:
    """What the carrier calls the new call."""

    call_control_id: str
    call_leg_id: str
    call_session_id: str


@dataclass(frozen=True, slots=True)
class CallCommand:
    """One command for a live call: ``answer``, ``hangup``, ``speak``, ``playback_start``…

    ``command_id`` makes a retry harmless: the carrier runs each id once.
    ``body`` holds the fields of the vendor's documentation for that action.
    """

    name: str
    command_id: str
    body: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """What the carrier says about one of its calls."""

    call_control_id: str
    is_alive: bool
    client_state: str | None


class Carrier(Protocol):
    """The phone network. Commands are retried inside, with the same ``command_id``."""

    def dial(self, request: DialRequest) -> DialledCall: ...

    def command(self, call_control_id: str, command: CallCommand) -> None:
        """Raises ``ProviderError`` with ``Failure.GONE`` when the call has already ended."""

    def status(self, call_control_id: str) -> CarrierCall: ...


# --- the record --------------------------------------------------------------


class Archive(Protocol):
    """A place where files are kept by key, such as ``audios/2026/11/22/<call>/call.wav``."""

    def put(self, key: str, source: Path | bytes, content_type: str) -> str:
        """Store, replacing what was there. Returns where it is now (``s3://…`` or a path), for people."""

    def get(self, key: str) -> bytes | None:
        """All of it, for what is small; None when there is no such key."""

    def size_bytes(self, key: str) -> int | None:
        """None when there is no such key."""

    def read(self, key: str, first: int, last: int) -> bytes | None:
        """From one byte to the other, both included and inside the file; None when there is no such key."""

    def url(self, key: str, expires_s: int) -> str:
        """An address from which the carrier can fetch it for a while."""
