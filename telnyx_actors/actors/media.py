"""The seam between a call and its media socket.

The front owns the socket, on its one event-loop thread; the call owns the session. What
arrives is put into bounded lanes and wakes the call's actors once; what leaves is handed
to the ``MediaSink`` from any thread. Nothing in here blocks, logs per frame or parses.
"""

from __future__ import annotations

from typing import Protocol

from telnyx_actors.actors.sinks import Sink
from telnyx_actors.wire.telnyx_media import Dtmf, Media, StreamError, StreamStart


class MediaSink(Sink, Protocol):
    """The way back to the caller's ear."""


class MediaSession(Protocol):
    """The call's side of its media socket. Called on the front's thread only."""

    def started(self, start: StreamStart, sink: MediaSink) -> None:
        """A socket proved that it belongs to this call. A second one replaces the first."""

    def media(self, media: Media) -> None: ...

    def mark(self, name: str) -> None: ...

    def dtmf(self, dtmf: Dtmf) -> None: ...

    def error(self, error: StreamError) -> None: ...

    def stopped(self) -> None:
        """The carrier said ``stop``: the call is over or the stream was ended on purpose."""

    def closed(self, sink: MediaSink, code: int, reason: str) -> None:
        """The socket is gone; ``sink`` tells which, since it may have been replaced already."""


class MediaGate(Protocol):
    """Who may stream. Both methods are called on the front's thread and return at once."""

    def expects(self, secret: str) -> bool:
        """Whether a call waits for its socket with this secret. Asked when a socket opens, and
        spends nothing: such a socket may stay silent for as long as the phone rings.
        """

    def admit(self, secret: str, start: StreamStart) -> MediaSession | None:
        """The session of the call that ``secret`` and ``start.call_control_id`` name, or None."""
