"""The engine as it is started for a measurement, and what its process uses."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Final, Protocol

import psutil
import requests

from measure.daemon import Daemon

SAMPLE_EVERY_S: Final = 5.0
"""The engine says how late it was at worst in the last five seconds or more: nothing is missed."""
SETTLE_S: Final = 3.0
"""What the engine says by heart is spoken once after the start; then it is idle."""

SETTINGS: Final = {"MAX_CALLS": "1000", "DRAIN_SECONDS": "0", "LOG_LEVEL": "INFO"}
"""Everything else as it comes: voice activity, recording, journal and metrics are on by default."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The engine's process at one moment (``time.monotonic()``)."""

    at: float
    cpu_s: float
    core_cpu_s: float
    rss_mb: float
    threads: int
    descriptors: int
    front_late_ms: float


@dataclass(slots=True)
class Usage:
    """Samples of a window, the first taken as it opens and the last as it closes."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def cpu_percent(self) -> float:
        first, last = self.samples[0], self.samples[-1]
        return (last.cpu_s - first.cpu_s) / (last.at - first.at) * 100

    @property
    def others_percent(self) -> float:
        """Of the engine's core, by whoever else was on it; 0 where the engine has no core of its own."""
        first, last = self.samples[0], self.samples[-1]
        core_percent = (last.core_cpu_s - first.core_cpu_s) / (last.at - first.at) * 100
        return max(core_percent - self.cpu_percent, 0.0)

    @property
    def rss_mb(self) -> float:
        return mean(sample.rss_mb for sample in self.samples)

    @property
    def threads(self) -> int:
        return max(sample.threads for sample in self.samples)

    @property
    def descriptors(self) -> int:
        return max(sample.descriptors for sample in self.samples)

    @property
    def front_late_ms(self) -> float:
        """The worst: each sample is itself the worst of the seconds before it."""
        return max(sample.front_late_ms for sample in self.samples)


class Subject(Protocol):
    """What is measured. ``POST <url>/api/call/initiate`` has it call somebody; ``start_s`` is how long it took to start."""

    @property
    def url(self) -> str: ...
    @property
    def start_s(self) -> float: ...
    @property
    def pid(self) -> int: ...
    def sample(self) -> Sample: ...
    def figure(self, name: str) -> float:
        """One of its own figures, 0 where it has none of that name."""


class Engine:
    """A daemon that listens."""

    def __init__(self, daemon: Daemon, cores: tuple[int, ...], start_s: float) -> None:
        self.daemon = daemon
        self.url = daemon.url
        self.start_s = start_s
        self._process = psutil.Process(daemon.pid)
        self._cores = cores
        if cores and hasattr(os, "sched_setaffinity"):
            for thread in self._process.threads():  # those to come inherit it
                os.sched_setaffinity(thread.id, cores)

    @property
    def pid(self) -> int:
        return self._process.pid

    def figure(self, name: str) -> float:
        return self.daemon.figure(name)

    def sample(self) -> Sample:
        with self._process.oneshot():
            used = self._process.cpu_times()
            return Sample(
                time.monotonic(),
                used.user + used.system,
                core_cpu_s(self._cores),
                self._process.memory_info().rss / 1e6,
                self._process.num_threads(),
                self._process.num_fds(),
                self._front_late_ms(),
            )

    def _front_late_ms(self) -> float:
        """As the engine says; without end where it does not even answer."""
        try:
            return self.daemon.figure("telnyx_actors_front_lag_seconds") * 1000
        except requests.RequestException:
            return float("inf")


def core_cpu_s(cores: tuple[int, ...]) -> float:
    """All that ran on these cores, whoever it was."""
    times = psutil.cpu_times(percpu=True)
    return sum(sum(times[core]) - times[core].idle - getattr(times[core], "iowait", 0.0) for core in cores)


class Watch:
    """Samples in the background between ``start`` and ``stop``."""

    def __init__(self, engine: Subject, every_s: float = SAMPLE_EVERY_S) -> None:
        self.usage = Usage()
        self._engine = engine
        self._every_s = every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")

    def start(self) -> None:
        self.usage.samples.append(self._engine.sample())
        self._thread.start()

    def stop(self) -> Usage:
        self._over.set()
        self._thread.join()
        self.usage.samples.append(self._engine.sample())
        return self.usage

    def _run(self) -> None:
        while not self._over.wait(self._every_s):
            self.usage.samples.append(self._engine.sample())


@contextmanager
def engine(world_env: dict[str, str], cores: tuple[int, ...], settings: dict[str, str]) -> Iterator[Engine]:
    """A daemon for this world, in a folder of its own that goes with it."""
    with TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        began = time.monotonic()
        with Daemon(Path(folder), {**world_env, **SETTINGS, **settings}) as daemon:
            running = Engine(daemon, cores, time.monotonic() - began)
            time.sleep(SETTLE_S)
            yield running
