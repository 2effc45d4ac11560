"""``/stream/media``: from a stranger's socket to the call it belongs to."""

from __future__ import annotations

from functools import partial
from typing import Final

from telnyx_actors.actors.media import MediaGate, MediaSession
from telnyx_actors.errors import WireError
from telnyx_actors.front.alarm import Alarm
from telnyx_actors.front.counters import FrontCounters
from telnyx_actors.front.exchange import Request, Response, error_response
from telnyx_actors.front.settings import FrontLimits
from telnyx_actors.front.websocket import INVALID_DATA, POLICY_VIOLATION, WebSocket
from telnyx_actors.wire.telnyx_media import (
    Connected,
    Dtmf,
    Frame,
    Mark,
    Media,
    Stop,
    StreamError,
    StreamStart,
    Unknown,
    parse,
)

STREAM_AUTH_HEADER: Final = "x-telnyx-streaming-auth-token"
MUTE_CHECKS: Final = 4
"""In a row, without a frame in between, before a stream counts as mute."""


class MediaRoute:
    """Upgrades anyone, within a limit on strangers: no crowd of them keeps a call's own socket out."""

    def __init__(self, gate: MediaGate, counters: FrontCounters, limits: FrontLimits) -> None:
        self.gate = gate
        self.counters = counters
        self.limits = limits
        self.strangers = 0

    def accept(self, request: Request) -> MediaSocket | Response:
        secret = request.query.get("secret") or request.headers.get(STREAM_AUTH_HEADER, "")
        is_stranger = not (secret and self.gate.expects(secret))
        if is_stranger and self.strangers >= self.limits.pending_streams_max:
            self.counters.streams_refused["too_many_pending"] += 1
            busy = "Demasiados sockets de audio sin identificar; intente de nuevo."
            return error_response(503, "busy", busy, ("Retry-After", "2"))
        return MediaSocket(self, secret, is_stranger)


class MediaSocket:
    """One media socket: waits for a ``start`` that is admitted, then passes frames to its call."""

    def __init__(self, route: MediaRoute, secret: str, is_stranger: bool) -> None:
        """``is_stranger``: no call waits for a socket with this secret."""
        self._route = route
        self._gate = route.gate
        self._counters = route.counters
        self._limits = route.limits
        self._secret = secret
        self._is_stranger = is_stranger
        self._deadline = Alarm()
        self._session: MediaSession | None = None
        self._early = 0
        self._frames = 0
        self._garbage = 0
        self._is_pending = False

    def opened(self, socket: WebSocket) -> None:
        self._socket = socket
        self._is_pending = True
        self._route.strangers += self._is_stranger
        self._counters.streams_open += 1
        self._counters.streams_total += 1
        # Telnyx opens the socket when it dials and says `start` when the phone is answered:
        # only a stranger has to hurry.
        patience_s = self._limits.stream_start_s if self._is_stranger else self._limits.stream_ring_s
        self._deadline.set(patience_s, partial(self._refuse, "no_start"))

    def text(self, message: bytes) -> None:
        try:
            frame = parse(message)
        except WireError:
            self._count_garbage()
            return
        session = self._session
        if session is None:
            self._before_start(frame)
        elif type(frame) is Media:
            self._counters.media_frames_in += 1
            self._frames += 1
            self._garbage = 0
            session.media(frame)
        else:
            self._pass_on(session, frame)

    def binary(self, message: bytes) -> None:
        self._count_garbage()

    def closed(self, code: int, reason: str) -> None:
        self._counters.streams_open -= 1
        # A call that nobody answered ends while it is pending, with neither `start` nor `stop`.
        self._settle()
        if self._session is not None:
            self._session.closed(self._socket, code, reason)

    def _before_start(self, frame: Frame) -> None:
        if not self._is_pending:
            return
        self._early += 1
        if self._early > self._limits.early_frames_max:
            self._refuse("too_many_frames")
            return
        if isinstance(frame, Connected):
            return
        if not isinstance(frame, StreamStart):
            self._count_garbage()
            return
        session = self._gate.admit(self._secret, frame) if self._secret else None
        if session is None:
            self._refuse("not_admitted")
            return
        self._settle()
        self._session = session
        session.started(frame, self._socket)
        self._listen_for_frames()

    def _listen_for_frames(self, silent_checks: int = 0) -> None:
        """A line that brings nothing any more is dead, whether or not its socket is open."""
        frames = self._frames

        def check() -> None:
            if not frames or self._frames != frames:
                self._listen_for_frames()
            elif silent_checks + 1 < MUTE_CHECKS:
                self._listen_for_frames(silent_checks + 1)
            else:
                self._counters.sockets_half_open += 1
                self._socket.cut("no frames")

        self._deadline.set(self._limits.stream_mute_s / MUTE_CHECKS, check)

    def _pass_on(self, session: MediaSession, frame: Frame) -> None:
        match frame:
            case Mark():
                session.mark(frame.name)
            case Dtmf():
                session.dtmf(frame)
            case StreamError():
                session.error(frame)
            case Stop():
                session.stopped()
            case Unknown():
                self._counters.frames_unknown += 1
            case StreamStart():
                self._count_garbage()  # a stream starts once; a new one comes on a new socket

    def _refuse(self, reason: str) -> None:
        self._settle()
        self._counters.streams_refused[reason] += 1
        self._socket.close(POLICY_VIOLATION, "no valid start")

    def _settle(self) -> None:
        """It is known now whose socket this is, or that it is nobody's."""
        self._deadline.cancel()
        if self._is_pending:
            self._is_pending = False
            self._route.strangers -= self._is_stranger

    def _count_garbage(self) -> None:
        self._counters.frames_garbage += 1
        self._garbage += 1
        limit = self._limits.early_frames_max if self._is_pending else self._limits.garbage_frames_max
        if self._garbage >= limit:
            self._socket.close(INVALID_DATA, "too many bad frames")
