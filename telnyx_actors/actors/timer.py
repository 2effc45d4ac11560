"""One timer for all actors: a heap of deadlines and one thread that sleeps until the first.

pykka has none; people sleep in actors, which makes them deaf, or start a thread per event.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from itertools import count
from typing import Protocol

from loguru import logger

from telnyx_actors.clock import Clock

GARBAGE_MAX = 64  # cancelled entries that may stay in a heap of which they are the smaller half


class Timeout:
    """One deadline. ``cancel`` may come from any thread, any number of times."""

    __slots__ = ("_action", "_deadlines", "at")

    def __init__(self, at: float, action: Callable[[], object], deadlines: Deadlines) -> None:
        self.at = at
        self._action: Callable[[], object] | None = action
        self._deadlines = deadlines

    @property
    def pending(self) -> bool:
        return self._action is not None

    def cancel(self) -> bool:
        """True when it was still pending: the action has not run and never will."""
        return self._deadlines.cancel(self)

    def take(self) -> Callable[[], object] | None:
        """The action, for whoever comes first: the one who runs it or the one who cancels it."""
        action, self._action = self._action, None
        return action


class Deadlines:
    """A heap of timeouts. Any thread. Cancelling is O(1): the entry stays until it is due or too many are dead."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._heap: list[tuple[float, int, Timeout]] = []
        self._serial = count()  # equal deadlines run in the order they were set
        self._garbage = 0

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, at: float, action: Callable[[], object]) -> Timeout:
        timeout = Timeout(at, action, self)
        with self.lock:
            heapq.heappush(self._heap, (at, next(self._serial), timeout))
        return timeout

    def cancel(self, timeout: Timeout) -> bool:
        with self.lock:
            if timeout.take() is None:
                return False
            self._garbage += 1
            if self._garbage > max(GARBAGE_MAX, len(self._heap) // 2):
                self._heap = [entry for entry in self._heap if entry[2].pending]
                heapq.heapify(self._heap)
                self._garbage = 0
        return True

    def next_at(self) -> float | None:
        """When the first pending timeout is due."""
        with self.lock:
            while self._heap and not self._heap[0][2].pending:
                heapq.heappop(self._heap)
                self._garbage -= 1
            return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> Callable[[], object] | None:
        """The action of the first timeout that is due, or None."""
        with self.lock:
            while self._heap and self._heap[0][0] <= now:
                action = heapq.heappop(self._heap)[2].take()
                if action is not None:
                    return action
                self._garbage -= 1
        return None


class Timer(Protocol):
    """Runs short actions at their time. ``at`` is the clock's monotonic seconds; the past means now."""

    def schedule(self, at: float, action: Callable[[], object]) -> Timeout:
        """From any thread. ``action`` must not block: it is a ``tell``, as a rule."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """What is pending never runs. Safe to call twice."""


class Timeouts:
    """The pending timeouts of one owner, to be cancelled together. For the owner's thread only."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._pending: list[Timeout] = []
        self._prune_at = GARBAGE_MAX

    def schedule(self, at: float, action: Callable[[], object]) -> Timeout:
        if len(self._pending) >= self._prune_at:
            self._pending = [timeout for timeout in self._pending if timeout.pending]
            self._prune_at = max(GARBAGE_MAX, 2 * len(self._pending))
        timeout = self._timer.schedule(at, action)
        self._pending.append(timeout)
        return timeout

    def cancel_all(self) -> None:
        """So that an hour-long deadline does not keep its dead owner in memory for an hour."""
        for timeout in self._pending:
            timeout.cancel()
        self._pending.clear()


class ThreadTimer:
    """The timer of a running engine: one daemon thread, asleep until the next deadline."""

    def __init__(self, clock: Clock, name: str = "timer") -> None:
        self._clock = clock
        self._deadlines = Deadlines()
        self._changed = threading.Event()
        self._stopping = False
        self._sleeps_until: float | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def schedule(self, at: float, action: Callable[[], object]) -> Timeout:
        timeout = self._deadlines.push(at, action)
        sleeps_until = self._sleeps_until
        if sleeps_until is None or at < sleeps_until:
            self._changed.set()
        return timeout

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._changed.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            self._changed.clear()
            # Said before the heap is read: whoever adds an earlier deadline from here on wakes us.
            self._sleeps_until = None
            next_at = self._deadlines.next_at()
            now = self._clock.now()
            if next_at is not None and next_at <= now:
                self._run_due(now)
                continue
            self._sleeps_until = next_at
            self._changed.wait(None if next_at is None else next_at - now)

    def _run_due(self, now: float) -> None:
        while not self._stopping and (action := self._deadlines.pop_due(now)) is not None:
            run_safely(action)


def run_safely(action: Callable[[], object]) -> None:
    """Run one action; its failure is logged, and must not take the other actors' deadlines with it."""
    try:
        action()
    except Exception as error:  # noqa: BLE001  # an action is anyone's code
        logger.opt(exception=error).error("falló una acción del temporizador")
