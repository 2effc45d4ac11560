"""An actor's mailbox: two lanes, control first, and a limit on the other.

pykka's own inbox is one unbounded queue, in which a stop or a status question waits
behind everything that came before it (2 s behind 100 audio messages, measured). Here
control overtakes data. The price: a message that must not overtake the data before it
(an end of stream) has to be data itself.

Measured on two cores, Python 3.11 (put alone / burst per message / sleeping reader wakes
after): ``queue.Queue`` 0.6 / 3.0 / 30 us, ``SimpleQueue`` 0.2 / 0.2 / 23 us, two deques
under a ``Condition`` 0.6 / 1.7 / 24 us, under a plain lock with a second one to sleep on
0.4 / 1.0 / 22 us. ``SimpleQueue`` has neither lanes nor a limit; this is the last one.
Noting when each message came costs 0.1 us of that, and shows an actor that falls behind.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeAlias

import pykka
from pykka._envelope import Envelope  # what pykka's own refs put into an inbox; pykka has no public name for it,
from pykka.messages import _ActorStop  # nor for what ActorRef.stop() sends


class Overflow(Enum):
    """What a full data lane gives up."""

    DROP_NEWEST = "drop_newest"
    DROP_OLDEST = "drop_oldest"


_Waiting: TypeAlias = tuple[Envelope[Any], float]
"""A message, and when it came."""


class Inbox:
    """What a ``pykka.ActorRef`` puts into, from any thread, and one actor gets from.

    The control lane takes asks, stops and messages whose class says ``urgent = True``.
    It has no limit: only the engine itself writes to it, a few messages per actor's life.
    """

    __slots__ = (
        "_asleep", "_closed", "_control", "_data", "_lock", "_now", "_overflow", "_wake", "data_max", "dropped",
        "high_water", "taken_at",
    )  # fmt: skip

    def __init__(self, data_max: int, overflow: Overflow, now: Callable[[], float]) -> None:
        if data_max < 1:
            raise ValueError("an inbox needs room for at least one message")
        self.data_max = data_max
        self.dropped = 0  # messages lost to the limit, or left behind at the end
        self.high_water = 0  # the most that ever waited in the data lane
        self.taken_at = 0.0  # when the message came that the reader took last
        self._overflow = overflow
        self._now = now
        self._control: deque[_Waiting] = deque()
        self._data: deque[_Waiting] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Lock()  # held while the reader has no reason to wake up
        self._wake.acquire()
        self._asleep = False
        self._closed = False

    def put(self, envelope: Envelope[Any], /) -> None:
        """Never blocks. After ``close`` the message is dropped, and an asker is told so at once."""
        waiting = envelope, self._now()
        with self._lock:
            closed = self._closed
            if closed:
                self.dropped += 1
            elif envelope.reply_to is not None or _is_control(envelope.message):
                self._control.append(waiting)
            else:
                self._put_data(waiting)
            wake, self._asleep = self._asleep, False
        if wake:  # outside the lock, which the woken reader needs first of all
            self._wake.release()
        if closed:
            _refuse(envelope)

    def _put_data(self, waiting: _Waiting) -> None:
        if len(self._data) >= self.data_max:
            self.dropped += 1
            if self._overflow is Overflow.DROP_NEWEST:
                return
            self._data.popleft()
        self._data.append(waiting)

    def get(self) -> Envelope[Any]:
        """Block for the next message. For one reader: the actor's own thread."""
        while True:
            with self._lock:
                if self._control:
                    envelope, self.taken_at = self._control.popleft()
                    return envelope
                if self._data:
                    self.high_water = max(self.high_water, len(self._data))
                    envelope, self.taken_at = self._data.popleft()
                    return envelope
                self._asleep = True
            self._wake.acquire()

    def empty(self) -> bool:
        return not self._control and not self._data

    def close(self) -> None:
        """Refuse what comes from now on, and answer whoever waits for a reply to what is here.

        This closes pykka's race too: an ask that found the actor alive and arrives after its
        end would otherwise wait for ever.
        """
        with self._lock:
            self._closed = True
            left = [envelope for lane in (self._control, self._data) for envelope, _ in lane]
            self._control.clear()
            self._data.clear()
            self.dropped += sum(not is_stop(envelope) for envelope in left)
        for envelope in left:
            _refuse(envelope)

    @property
    def control_depth(self) -> int:
        return len(self._control)

    @property
    def data_depth(self) -> int:
        return len(self._data)

    @property
    def oldest_at(self) -> float | None:
        """When the oldest message came that nobody has taken yet. Any thread."""
        with self._lock:
            return min((lane[0][1] for lane in (self._control, self._data) if lane), default=None)


def is_stop(envelope: Envelope[Any]) -> bool:
    return isinstance(envelope.message, _ActorStop)


def request_stop(ref: pykka.ActorRef[Any]) -> pykka.Future[None]:
    """Ask an actor to stop; the future is set when its teardown is over, whatever caused it.

    ``ActorRef.stop()`` answers at once for an actor that is already ending.
    """
    ended: pykka.Future[None] = pykka.ThreadingFuture()
    ref.actor_inbox.put(Envelope(_ActorStop(), reply_to=ended))
    return ended


def tell(ref: pykka.ActorRef[Any], message: object) -> bool:
    """Send without waiting. False when the actor is gone; never raises.

    True is a "maybe": an inbox may overflow and an actor may end before it reads.
    """
    try:
        ref.tell(message)
    except pykka.ActorDeadError:
        return False
    return True


def _is_control(message: object) -> bool:
    return getattr(message, "urgent", False) is True or isinstance(message, _ActorStop)


def _refuse(envelope: Envelope[Any]) -> None:
    if envelope.reply_to is None:
        return
    if is_stop(envelope):
        envelope.reply_to.set(None)
        return
    error = pykka.ActorDeadError("el actor terminó sin atender el mensaje")
    envelope.reply_to.set_exception((pykka.ActorDeadError, error, None))
