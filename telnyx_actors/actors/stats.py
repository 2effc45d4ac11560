"""What each actor is doing, to be read by anyone without asking it.

The owner writes plain attributes on its own thread; readers may see one that is a moment
old, and can look at an actor that is stuck. ``busy_since`` older than a second is the
stuck-actor alarm.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import pykka

from telnyx_actors.actors.inbox import Inbox
from telnyx_actors.actors.trace import Trace
from telnyx_actors.errors import ProviderError

EXITS_MAX = 200  # crashes remembered for the console's ``why``; the first ones of a storm matter, calls are few


@dataclass(slots=True)
class Stats:
    """One actor's figures. Times are the runtime clock's monotonic seconds."""

    path: str
    kind: str
    inbox: Inbox
    started_at: float
    restarts: int = 0
    handled: int = 0
    errors: int = 0  # its crash, and whatever else its owner lived through and counted
    unexpected: int = 0  # messages of a type it does not know
    undelivered: int = 0  # messages it had for a child that was not there
    last_message: type[object] | None = None
    busy_since: float | None = None

    @property
    def dropped(self) -> int:
        return self.inbox.dropped

    @property
    def high_water(self) -> int:
        return self.inbox.high_water

    @property
    def control_depth(self) -> int:
        return self.inbox.control_depth

    @property
    def data_depth(self) -> int:
        return self.inbox.data_depth

    def oldest_s(self, now: float) -> float:
        """For how long the oldest message in the inbox has waited, 0 when none does."""
        at = self.inbox.oldest_at
        return 0.0 if at is None else max(0.0, now - at)

    def busy_s(self, now: float) -> float:
        """Seconds spent on the message in hand, 0 when idle."""
        since = self.busy_since
        return 0.0 if since is None else max(0.0, now - since)


@dataclass(frozen=True, slots=True)
class Crash:
    """An actor that ended by an error, as the console tells it."""

    path: str
    kind: str
    error: str
    at: float


@dataclass(slots=True)
class Totals:
    """Sums over actors, the living and the dead."""

    actors: int = 0
    handled: int = 0
    errors: int = 0
    restarts: int = 0
    unexpected: int = 0
    undelivered: int = 0
    dropped: int = 0
    crashes: int = 0

    def add(self, stats: Stats) -> None:
        self.actors += 1
        self.handled += stats.handled
        self.errors += stats.errors
        self.restarts += stats.restarts > 0
        self.unexpected += stats.unexpected
        self.undelivered += stats.undelivered
        self.dropped += stats.dropped

    def merge(self, other: Totals) -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(slots=True)
class StatsRegistry:
    """The living actors by path. Any thread; bounded, since the dead leave.

    ``traces`` is read by every actor at every message: it is replaced, never changed.
    """

    traces: tuple[Trace, ...] = ()
    _entries: dict[str, tuple[Stats, pykka.ActorRef[Any]]] = field(default_factory=dict)
    _departed: defaultdict[str, Totals] = field(default_factory=lambda: defaultdict(Totals))  # by class
    _failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    _crashes: deque[Crash] = field(default_factory=lambda: deque(maxlen=EXITS_MAX))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, stats: Stats, ref: pykka.ActorRef[Any]) -> None:
        with self._lock:
            self._entries[stats.path] = (stats, ref)

    def leave(self, stats: Stats) -> None:
        """Called once per actor. A successor that already entered under the same path stays."""
        with self._lock:
            self._departed[stats.kind].add(stats)
            entry = self._entries.get(stats.path)
            if entry is not None and entry[0] is stats:
                del self._entries[stats.path]

    def crashed(self, crash: Crash) -> None:
        with self._lock:
            self._departed[crash.kind].crashes += 1
            self._crashes.append(crash)

    def vendor_failed(self, error: Exception | None, times: int = 1) -> None:
        """An actor lives on behind this error: count it, if a vendor is to blame."""
        if isinstance(error, ProviderError) and times:
            with self._lock:
                self._failures[error.provider, error.kind.value] += times

    def vendor_failures(self) -> Mapping[tuple[str, str], int]:
        """How often each vendor failed, by (vendor, kind of failure)."""
        with self._lock:
            return dict(self._failures)

    def watch(self, trace: Trace) -> None:
        with self._lock:
            self.traces = (*self.traces, trace)

    def unwatch(self, trace: Trace) -> None:
        with self._lock:
            self.traces = tuple(other for other in self.traces if other is not trace)

    def get(self, path: str) -> Stats | None:
        entry = self._entries.get(path)
        return None if entry is None else entry[0]

    def ref(self, path: str) -> pykka.ActorRef[Any] | None:
        entry = self._entries.get(path)
        return None if entry is None else entry[1]

    def under(self, path: str = "") -> list[Stats]:
        """An actor and everything below it, parents before children. All of them by default."""
        with self._lock:
            found = [stats for stats, _ in self._entries.values()]
        if path:
            found = [stats for stats in found if stats.path == path or stats.path.startswith(path + "/")]
        return sorted(found, key=lambda stats: stats.path.split("/"))

    def crashes(self, path: str = "") -> list[Crash]:
        """The latest crashes at or below a path, oldest first."""
        with self._lock:
            found = list(self._crashes)
        return [crash for crash in found if not path or crash.path == path or crash.path.startswith(path + "/")]

    def totals(self) -> Totals:
        """Counters that only grow: the living and the dead together."""
        everyone = Totals()
        for totals in self.totals_by_kind().values():
            everyone.merge(totals)
        return everyone

    def totals_by_kind(self) -> Mapping[str, Totals]:
        """The same, by class of actor."""
        by_kind: defaultdict[str, Totals] = defaultdict(Totals)
        with self._lock:
            for kind, departed in self._departed.items():
                by_kind[kind].merge(departed)
            for stats, _ in self._entries.values():
                by_kind[stats.kind].add(stats)
        return by_kind
