"""A scene: what is measured on one core, the world on the other, and a crowd that calls."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Final

from bench.load.crowd import RAMP_S, Crowd
from bench.load.engine import Sample, Subject, Watch
from bench.load.figures import ANSWER_LIMIT_S
from bench.load.outside import Outside, start_outside
from bench.load.row import COUNTED, Row, row

ALONE_S: Final = 2.0
"""One call has no others that it could be spread among."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Where the two sides run; empty where they cannot be bound (there are less than two cores, or no way to)."""

    engine: tuple[int, ...] = ()
    outside: tuple[int, ...] = ()

    @classmethod
    def here(cls) -> Cores:
        if not hasattr(os, "sched_getaffinity"):
            return cls()
        usable = sorted(os.sched_getaffinity(0))
        return cls((usable[0],), tuple(usable[1:])) if len(usable) > 1 else cls()


CORES: Final = Cores.here()  # before anything is bound

Open = Callable[[dict[str, str], tuple[int, ...]], AbstractContextManager[Subject]]
"""Starts what is measured, for a world with these settings, on these cores."""


@dataclass(frozen=True, slots=True)
class Scene:
    """As many calls as there are to be are there. ``idle`` was before the first of them."""

    outside: Outside
    subject: Subject
    crowd: Crowd
    idle: Sample

    def counted(self) -> dict[str, float]:
        return {name: self.subject.figure(metric) for name, metric in COUNTED.items()}


@contextmanager
def scene(size: int, opened: Open) -> Iterator[Scene]:
    """Everything is started, and ended again."""
    with ExitStack() as on_close:
        on_close.enter_context(_bound(CORES.outside))
        outside, end_outside = start_outside(CORES.outside)
        on_close.callback(end_outside)
        subject = on_close.enter_context(opened(outside.env(), CORES.engine))
        idle = subject.sample()
        crowd = Crowd(outside, subject.url, size, count(1))
        crowd.start()
        on_close.callback(crowd.stop)
        time.sleep(RAMP_S if size > 1 else ALONE_S)
        yield Scene(outside, subject, crowd, idle)


@contextmanager
def _bound(cores: tuple[int, ...]) -> Iterator[None]:
    """Meanwhile we, too, stay off the engine's core."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def measure(size: int, window_s: float, opened: Open, on_window: Callable[[int], object] | None = None) -> Row:
    """Fill up, let it run for so long, look. ``on_window`` is told the subject's process when measuring begins."""
    with scene(size, opened) as here:
        before = here.counted()
        here.crowd.forget()
        since = here.outside.open_window()
        watch = Watch(here.subject)
        watch.start()
        if on_window is not None:
            on_window(here.subject.pid)
        time.sleep(window_s)
        usage, until = watch.stop(), time.monotonic()
        tally = here.crowd.tally
        time.sleep(ANSWER_LIMIT_S + 0.5)  # what was asked last is answered, or never will be
        harvest = here.outside.harvest(since, until)
        counted = {name: int(now - before[name]) for name, now in here.counted().items()}
        return row(size, here.subject.start_s, here.idle, usage, tally, harvest, counted)
