"""One connection to a transcriber, from before it is open to its end, and the pump that reads it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeGuard

from telnyx_actors.actors.pump import Pump
from telnyx_actors.core import events as ev
from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.succession import Source
from telnyx_actors.providers.ports import Transcription, TranscriptionStream

REACH_S: Final = 0.3
"""How much earlier than the audio that was given an answer about all of it may say to end."""


@dataclass(frozen=True, slots=True)
class LineOpen:
    """It can be given audio: ``line.stream`` is there from now on."""

    line: TranscriberLine


@dataclass(frozen=True, slots=True)
class LineLost:
    """It is over; ``error`` is None when it just ended."""

    line: TranscriberLine
    error: Exception | None


@dataclass(frozen=True, slots=True)
class Settled:
    """The words of so much of the connection's audio are final; None: of all that it was given."""

    audio_s: float | None


class TranscriberLine:
    """``tell_owner`` gets the messages above, ``tell_call`` what was heard, in one line, so that nothing is overtaken.

    Both are called on the pump's thread, and tell whether there was anybody. ``drop`` is for any thread.
    """

    def __init__(
        self,
        source: Source,
        transcription: Transcription,
        encoding: Encoding,
        tell_owner: Callable[[object], bool],
        tell_call: Callable[[ev.TranscriptEvent], bool],
        name: str,
    ) -> None:
        self.source = source
        self._stream: TranscriptionStream | None = None
        self._transcription = transcription
        self._encoding = encoding
        self._tell_owner = tell_owner
        self._tell_call = tell_call
        self._is_dropped = False
        self._requests: deque[float] = deque()
        self._pump: Pump[ev.TranscriptEvent | LineOpen] = Pump(
            self._items(), self._close, self._deliver, lambda error: tell_owner(LineLost(self, error)), name
        )

    @property
    def is_open(self) -> bool:
        return self._stream is not None

    @property
    def stream(self) -> TranscriptionStream:
        """Of a line that is open."""
        assert self._stream is not None
        return self._stream

    def start(self) -> TranscriberLine:
        """Begin to connect."""
        self._pump.start()
        return self

    def finalize(self, given_s: float) -> None:
        """Ask for the final words of the ``given_s`` seconds that it was given. Raises ``ProviderError``."""
        self._requests.append(given_s)
        self.stream.finalize()

    def drop(self) -> None:
        """Nothing is heard of it any more."""
        self._pump.cancel()

    def _items(self) -> Iterator[ev.TranscriptEvent | LineOpen]:
        stream = self._stream = self._transcription.connect(self._encoding)
        if self._is_dropped:
            stream.close()
            return
        yield LineOpen(self)
        yield from stream.events()

    def _close(self) -> None:
        self._is_dropped = True
        if self._stream is not None:
            self._stream.close()

    def _deliver(self, item: ev.TranscriptEvent | LineOpen) -> bool:
        if isinstance(item, LineOpen):
            return self._tell_owner(item)
        if _settles(item):
            self._tell_owner(Settled(item.audio_s))
        if isinstance(item, ev.TranscriptFinal) and item.flushed:
            item = replace(item, flushed=self._answers_the_last_request(item))
        return self._tell_call(item)

    def _answers_the_last_request(self, final: ev.TranscriptFinal) -> bool:
        """One that is behind may answer what was asked in the pause before this one.

        Requests are answered in order, and some not at all: how far the answer reaches tells of which it is.
        """
        if self._requests:
            self._requests.popleft()
        is_last = not self._requests or final.audio_s is None or final.audio_s >= self._requests[-1] - REACH_S
        if is_last:
            self._requests.clear()
        return is_last


def _settles(item: ev.TranscriptEvent) -> TypeGuard[ev.TranscriptFinal | ev.TurnConfirmed]:
    """Whether nothing before this need be heard again. A final that does not say where it ends may be in the middle."""
    if isinstance(item, ev.TranscriptFinal):
        return item.audio_s is not None or item.flushed or item.endpoint
    return isinstance(item, ev.TurnConfirmed)
