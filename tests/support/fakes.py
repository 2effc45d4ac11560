"""The outside world of an actor, in process: small, scripted, and able to fail.

Streams block until the test gives something, and end when they are cancelled, as the ports
promise. What an actor asked of a vendor waits in a queue, so that a test waits for it and
never for time.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import pykka

from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.ear import Ear
from telnyx_actors.core.events import TranscriptEvent
from telnyx_actors.core.voice_activity import VoiceActivitySettings
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.ports import (
    CallCommand,
    CarrierCall,
    DialledCall,
    DialRequest,
    Habits,
    ModelRequest,
    ReplyDelta,
    ReplyDone,
)

WITHIN_S = 5.0

T = TypeVar("T")


def refused(reason: str = "no", kind: Failure = Failure.UNAVAILABLE) -> ProviderError:
    return ProviderError("fake", kind, reason)


class Asked(Generic[T]):
    """What was asked of a vendor, in order, to be waited for."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
        self.all: list[T] = []

    def note(self, item: T) -> T:
        self.all.append(item)
        self._waiting.put(item)
        return item

    def take(self) -> T:
        """The next one. Fails the test when it does not come."""
        try:
            return self._waiting.get(timeout=WITHIN_S)
        except queue.Empty:
            raise AssertionError(f"nothing more was asked; what was: {self.all}") from None


class Stream(Generic[T]):
    """A stream that a test feeds. It blocks until something is given; ``cancel`` ends it."""

    _END = object()

    def __init__(self, *items: T) -> None:
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.cancelled = threading.Event()
        self.give(*items)

    def give(self, *items: T) -> Stream[T]:
        for item in items:
            self._items.put(item)
        return self

    def fail(self, error: BaseException | None = None) -> None:
        self._items.put(error or refused())

    def end(self) -> None:
        self._items.put(self._END)

    def cancel(self) -> None:
        self.cancelled.set()
        self.end()

    def __iter__(self) -> Iterator[T]:
        while (item := self._items.get(timeout=WITHIN_S)) is not self._END:
            if isinstance(item, BaseException):
                raise item
            yield item


class Mailbox:
    """Stands for another actor's ref: keeps what it is told. ``dies`` makes it refuse."""

    def __init__(self) -> None:
        self.told: Asked[Any] = Asked()
        self.is_dead = False

    def tell(self, message: object) -> None:
        if self.is_dead:
            raise pykka.ActorDeadError("dead")
        self.told.note(message)

    def take(self, *kinds: type) -> Any:
        """The next message, which has to be of (one of) these kinds."""
        message = self.told.take()
        assert isinstance(message, kinds or object), f"{message!r} came instead; all: {self.told.all}"
        return message

    def skip_to(self, *kinds: type) -> Any:
        """The next message of these kinds, whatever comes before it."""
        while not isinstance(message := self.told.take(), kinds):
            pass
        return message


# --- hearing -----------------------------------------------------------------


class FakeTranscriptionStream:
    """One connection. Lists of what came: ``sent`` audio, ``finalized`` and ``kept_alive`` counted.

    ``messages``, ``signs_of_life`` and ``malformed_messages`` are what the test says.
    """

    def __init__(self, habits: Habits) -> None:
        self.provider = "deepgram"
        self.habits = habits
        self.given: Stream[TranscriptEvent] = Stream()
        self.sent: list[bytes] = []
        self.finalized = 0
        self.kept_alive = 0
        self.probes = 0
        self.messages = 0
        self.signs_of_life = 0
        self.malformed_messages = 0
        self.send_error: ProviderError | None = None
        self.closed = self.given.cancelled

    @property
    def audio(self) -> bytes:
        return b"".join(self.sent)

    def send(self, audio: bytes) -> None:
        self._check()
        self.sent.append(audio)

    def probe(self) -> None:
        self._check()
        self.probes += 1

    def finalize(self) -> None:
        self._check()
        self.finalized += 1

    def keep_alive(self) -> None:
        self._check()
        self.kept_alive += 1

    def _check(self) -> None:
        if self.send_error is not None:
            raise self.send_error

    def events(self) -> Iterator[TranscriptEvent]:
        return iter(self.given)

    def close(self) -> None:
        self.given.cancel()


class FakeTranscription:
    """``errors``: how the next connections fail, None for those that do not. ``gate`` holds them up while clear."""

    def __init__(self, *errors: ProviderError | None) -> None:
        self.errors = list(errors)
        self.habits = Habits(tells_interims=True, answers_requests=True)
        self.encodings: list[Encoding] = []
        self.streams: Asked[FakeTranscriptionStream] = Asked()
        self.connecting = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def connect(self, encoding: Encoding) -> FakeTranscriptionStream:
        self.encodings.append(encoding)
        self.connecting.set()
        assert self.gate.wait(WITHIN_S)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        return self.streams.note(FakeTranscriptionStream(self.habits))


@dataclass(slots=True)
class FakeClassifier:
    """Takes a frame for a voice when it does not begin with silence."""

    silence: int

    def is_voice(self, frame: bytes) -> bool:
        return frame[0] != self.silence


def fake_classifier(encoding: Encoding) -> FakeClassifier:
    return FakeClassifier(encoding.silence)


def fake_ear(encoding: Encoding) -> Ear:
    return Ear(fake_classifier(encoding), VoiceActivitySettings())


# --- thinking ----------------------------------------------------------------


class FakeReply(Stream[ReplyDelta | ReplyDone]):
    def __init__(self, request: ModelRequest) -> None:
        super().__init__()
        self.request = request

    def write(self, *texts: str) -> FakeReply:
        self.give(*map(ReplyDelta, texts))
        return self

    def finish(self, stop_reason: str = "end_turn") -> None:
        self.give(ReplyDone(stop_reason, input_tokens=10, output_tokens=5, cached_tokens=3))
        self.end()


class FakeModel:
    """``script`` answers each request by itself; without one the test writes."""

    def __init__(self, name: str = "fake", script: Callable[[FakeReply], object] | None = None) -> None:
        self.name = name
        self.replies: Asked[FakeReply] = Asked()
        self._script = script

    def stream(self, request: ModelRequest) -> FakeReply:
        reply = FakeReply(request)
        if self._script is not None:
            self._script(reply)
        return self.replies.note(reply)

    def warm(self) -> None:
        pass


# --- speaking ----------------------------------------------------------------


class FakeSpeech(Stream[bytes]):
    def __init__(self, text: str, previous_text: str) -> None:
        super().__init__()
        self.text = text
        self.previous_text = previous_text

    def finish(self, *pieces: bytes) -> None:
        self.give(*pieces)
        self.end()


class FakeVoice:
    """``script`` speaks each text by itself; without one the test does."""

    identity = "fake/voice"

    def __init__(self, script: Callable[[FakeSpeech], object] | None = None) -> None:
        self.speeches: Asked[FakeSpeech] = Asked()
        self._script = script

    def synthesize(self, text: str, *, previous_text: str = "") -> FakeSpeech:
        speech = FakeSpeech(text, previous_text)
        if self._script is not None:
            self._script(speech)
        return self.speeches.note(speech)

    def warm(self) -> None:
        pass


# --- the carrier -------------------------------------------------------------

DIALLED = DialledCall("v3:call", "leg", "session")


class FakeCarrier:
    """``errors``: by command name ("dial", "hangup"…), how each of its tries ends, in turn."""

    def __init__(self, **errors: list[ProviderError | None]) -> None:
        self.errors = errors
        self.dials: Asked[DialRequest] = Asked()
        self.commands: Asked[tuple[str, CallCommand]] = Asked()
        self.is_alive = True
        self.gate = threading.Event()  # clear: the carrier does not answer
        self.gate.set()

    def dial(self, request: DialRequest) -> DialledCall:
        self.dials.note(request)
        self._answer("dial")
        return DIALLED

    def command(self, call_control_id: str, command: CallCommand) -> None:
        self.commands.note((call_control_id, command))
        self._answer(command.name)

    def status(self, call_control_id: str) -> CarrierCall:
        self._answer("status")
        return CarrierCall(call_control_id, self.is_alive, None)

    def _answer(self, name: str) -> None:
        assert self.gate.wait(WITHIN_S)
        errors = self.errors.get(name)
        error = errors.pop(0) if errors else None
        if error is not None:
            raise error


# --- the record --------------------------------------------------------------


class FakeArchive:
    """Keeps files in memory. ``error`` is how everything fails, while set; ``gate`` holds up while clear."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.puts: Asked[str] = Asked()
        self.asked: list[str] = []  # the keys of every ``get`` and ``read``
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def put(self, key: str, source: Path | bytes, content_type: str) -> str:
        self._answer()
        self.files[key] = source if isinstance(source, bytes) else source.read_bytes()
        self.puts.note(key)
        return f"fake://{key}"

    def get(self, key: str) -> bytes | None:
        self.asked.append(key)
        self._answer()
        return self.files.get(key)

    def size_bytes(self, key: str) -> int | None:
        self._answer()
        return len(self.files[key]) if key in self.files else None

    def read(self, key: str, first: int, last: int) -> bytes | None:
        content = self.get(key)
        return None if content is None else content[first : last + 1]

    def url(self, key: str, expires_s: int) -> str:
        return f"https://fake/{key}?expires={expires_s}"

    def _answer(self) -> None:
        self.entered.set()
        assert self.gate.wait(WITHIN_S)
        if self.error is not None:
            raise self.error


# --- the media socket --------------------------------------------------------


@dataclass(eq=False)
class FakeSink:
    """The way to the caller's ear. ``is_open`` False: the socket is gone."""

    sent: list[str] = field(default_factory=list)
    batches: Asked[tuple[str, ...]] = field(default_factory=Asked)
    closed: Asked[tuple[int, str]] = field(default_factory=Asked)
    is_open: bool = True

    def send(self, messages: Sequence[str]) -> bool:
        if self.is_open:
            self.sent += messages
            self.batches.note(tuple(messages))
        return self.is_open

    def close(self, code: int, reason: str) -> None:
        self.closed.note((code, reason))
