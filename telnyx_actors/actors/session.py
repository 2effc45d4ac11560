"""A call's side of its media socket, and the gate that finds it.

Everything here runs on the front's thread and returns at once: frames go into lanes,
the rest becomes messages to the call.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from typing import Any, Final

import pykka

from telnyx_actors.actors.inbox import tell
from telnyx_actors.actors.lane import AudioLane
from telnyx_actors.actors.media import MediaSink
from telnyx_actors.actors.messages import StreamClosed, StreamOpened
from telnyx_actors.clock import Clock
from telnyx_actors.core import events as ev
from telnyx_actors.core.audio import FRAME_BYTES, Encoding, from_pcm16, to_pcm16
from telnyx_actors.core.ear import Ear
from telnyx_actors.core.reorder import Reorderer
from telnyx_actors.wire.telnyx_media import Dtmf, Media, StreamError, StreamStart

PIECE_FRAMES: Final = 4
"""80 ms. To wake the transcriber for each frame, and have it sent alone, costs twice what a call costs in all."""


class CallSession:
    """A ``MediaSession``. It outlives the actor of its call: ``owner`` is set anew when that restarts.

    A call has one ``encoding``, that of its first audio. A later stream may come in the
    other law, and is put into the first.
    """

    def __init__(self, clock: Clock, make_ear: Callable[[Encoding], Ear]) -> None:
        self.hearing = AudioLane[tuple[bytes, bool]](wake_at=PIECE_FRAMES)  # with: is it a voice?
        self.recording = AudioLane[tuple[float, bytes]]()  # with: when did it come?
        self.owner: pykka.ActorRef[Any] | None = None
        self.call_control_id = ""  # "" until the carrier has told
        self.encoding: Encoding | None = None  # None before any audio
        self.stream: StreamOpened | None = None  # the one there is: for an actor that was not there when it came
        self.frames = 0
        self.clock = clock
        self.reorderer = Reorderer(Encoding.PCMU)
        self._make_ear = make_ear
        self._ear: Ear | None = None
        self._law = Encoding.PCMU  # of the stream there is
        self._rest = b""
        self._is_stopped = False

    @property
    def is_voice(self) -> bool:
        """Whether the caller speaks now. Any thread."""
        return self._ear is not None and self._ear.is_voice

    # --- MediaSession, on the front's thread ---

    def started(self, start: StreamStart, sink: MediaSink) -> None:
        self._law = encoding_of(start)
        self.encoding = self.encoding or self._law
        self.reorderer.begin(self._law)
        self._rest = b""
        self._is_stopped = False
        self.stream = StreamOpened(start, sink, self.clock.now())
        self._tell(self.stream)

    def media(self, media: Media) -> None:
        if media.track != "inbound":
            return
        now = self.clock.now()
        for received in self.reorderer.push(media.chunk, media.payload):
            payload = received if self._law is self.encoding else self._translate(received)
            if len(payload) == FRAME_BYTES and not self._rest:
                self._put(now, payload)
            else:
                self._put_odd(now, payload)

    def mark(self, name: str) -> None:
        self._tell(ev.MarkReturned(name))

    def dtmf(self, dtmf: Dtmf) -> None:
        self._tell(ev.DigitPressed(dtmf.digit))

    def error(self, error: StreamError) -> None:
        self._tell(error)

    def stopped(self) -> None:
        """The end itself comes as a webhook, and as the socket's close."""
        self._is_stopped = True

    def closed(self, sink: MediaSink, code: int, reason: str) -> None:
        if self.stream is not None and self.stream.sink is sink:
            self.stream = None
        self._tell(StreamClosed(sink, code, reason, self._is_stopped))

    # --- inside ---

    def _translate(self, payload: bytes) -> bytes:
        assert self.encoding is not None
        return from_pcm16(self.encoding, to_pcm16(self._law, payload))

    def _put_odd(self, now: float, payload: bytes) -> None:
        """Frames of another length than 20 ms are cut anew: voice activity needs them whole."""
        audio = self._rest + payload
        whole = len(audio) - len(audio) % FRAME_BYTES
        for begin in range(0, whole, FRAME_BYTES):
            self._put(now, audio[begin : begin + FRAME_BYTES])
        self._rest = audio[whole:]

    def _put(self, now: float, frame: bytes) -> None:
        assert self.encoding is not None  # no audio before `start`
        if self._ear is None:
            self._ear = self._make_ear(self.encoding)
        self.frames += 1
        change = self._ear.hear(now, frame)
        self.hearing.put((frame, self._ear.is_voice))
        self.recording.put((now, frame))
        if change is not None:  # after the audio: whoever is told of a voice finds it in the lane
            self._tell(change)

    def _tell(self, message: object) -> None:
        if self.owner is not None:
            tell(self.owner, message)


def encoding_of(start: StreamStart) -> Encoding:
    """The law of what comes in; anything unheard of is taken for mu-law, and heard as noise."""
    return Encoding.PCMA if start.encoding.upper() == "PCMA" else Encoding.PCMU


class StreamGate:
    """A ``MediaGate``. Calls come and go on any thread; the front asks on its own.

    A secret belongs to one call and dies with it. It may be shown again while the call
    lives, because the carrier reconnects with the same address; the newer socket wins.
    """

    def __init__(self) -> None:
        self._sessions: dict[bytes, CallSession] = {}
        self._lock = threading.Lock()

    def add(self, secret: str, session: CallSession) -> None:
        with self._lock:
            self._sessions[_digest(secret)] = session

    def remove(self, session: CallSession) -> None:
        """Every secret of it is void."""
        with self._lock:
            self._sessions = {digest: held for digest, held in self._sessions.items() if held is not session}

    def renew(self, session: CallSession) -> str:
        """A new secret for a call's stream; the ones before it are void."""
        secret = secrets.token_urlsafe(24)
        self.remove(session)
        self.add(secret, session)
        return secret

    def expects(self, secret: str) -> bool:
        return _digest(secret) in self._sessions

    def admit(self, secret: str, start: StreamStart) -> CallSession | None:
        session = self._sessions.get(_digest(secret))
        if session is None:
            return None
        known = session.call_control_id
        if known and not hmac.compare_digest(known.encode(), start.call_control_id.encode()):
            return None
        return session


def _digest(secret: str) -> bytes:
    """Looked up by digest, so that the time of a lookup says nothing about the secret."""
    return hashlib.sha256(secret.encode()).digest()
