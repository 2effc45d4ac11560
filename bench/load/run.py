"""One row of the table: an engine, a world, so many calls at a time, and what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from itertools import count
from statistics import median
from typing import Any, Final

from bench.load.crowd import RAMP_S, Crowd
from bench.load.engine import Subject, Watch
from bench.load.figures import ANSWER_LIMIT_S, percentile
from bench.load.outside import serial_ms, start_outside

WORLD_LATE_MS_MAX: Final = 20.0
OTHERS_PERCENT_MAX: Final = 5.0


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


@dataclass(frozen=True, slots=True)
class Row:
    """What the table shows; times in ms, ``nan`` where nothing was measured."""

    calls: int
    held: float
    dialled: int
    refused: int
    calls_ended: int
    calls_failed: int
    asked: int
    lost: int
    serial_ms: int
    response_p50_ms: float
    response_p95_ms: float
    response_max_ms: float
    barge_ins: int
    barge_in_p50_ms: float
    barge_in_p95_ms: float
    not_silenced: int
    underruns: int
    talked_over: int
    cpu_percent: float
    cpu_percent_per_call: float
    others_percent: float
    idle_rss_mb: float
    rss_mb: float
    rss_mb_per_call: float
    threads: int
    front_late_ms: float
    ack_p50_ms: float
    ack_p99_ms: float
    acks_refused: int
    start_s: float
    fillers: int
    frames_dropped: int
    world_late_p99_ms: float
    world_late_max_ms: float
    world_cpu_percent: float
    spread_ms: float
    """Between the 10th and the 90th percentile of the calls' own medians."""

    @property
    def is_valid(self) -> bool:
        """Whether the figures are the engine's: the world was in time, and the core was the engine's own."""
        return self.world_late_p99_ms <= WORLD_LATE_MS_MAX and self.others_percent <= OTHERS_PERCENT_MAX

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "is_valid": self.is_valid}


Open = Callable[[dict[str, str], tuple[int, ...]], AbstractContextManager[Subject]]
"""Starts what is measured, for a world with these settings, on these cores."""


def measure(size: int, window_s: float, opened: Open, on_window: Callable[[int], None]) -> Row:
    """Fill up, let it run for so long, look. ``on_window`` is told the engine's process when measuring begins."""
    cores = Cores.here()
    if cores.outside:
        os.sched_setaffinity(0, cores.outside)
    outside, end_outside = start_outside(cores.outside)
    try:
        with opened(outside.env(), cores.engine) as running:
            idle = running.sample()
            crowd = Crowd(outside, running.url, size, count(1))
            crowd.start()
            try:
                time.sleep(RAMP_S if size > 1 else 2.0)
                dropped = _frames_dropped(running.figure)
                crowd.forget()
                since = outside.open_window()
                watch = Watch(running)
                watch.start()
                on_window(running.pid)
                time.sleep(window_s)
                usage, until = watch.stop(), time.monotonic()
                tally = crowd.tally
                time.sleep(ANSWER_LIMIT_S + 0.5)
                harvest = outside.harvest(since, until)
                dropped = _frames_dropped(running.figure) - dropped
                fillers = running.figure("telnyx_actors_dead_air_total")
            finally:
                crowd.stop()
            start_s = running.start_s
    finally:
        end_outside()
    heard = harvest.heard
    p10, p90 = (percentile(heard.of_call_ms, share) for share in (0.1, 0.9))
    return Row(
        calls=size,
        held=tally.held,
        dialled=tally.dialled,
        refused=tally.refused,
        calls_ended=heard.calls_ended,
        calls_failed=heard.calls_failed + tally.failed,
        asked=heard.asked,
        lost=heard.lost,
        serial_ms=serial_ms(),
        response_p50_ms=percentile(heard.response_ms, 0.5),
        response_p95_ms=percentile(heard.response_ms, 0.95),
        response_max_ms=percentile(heard.response_ms, 1.0),
        barge_ins=len(heard.barge_in_ms),
        barge_in_p50_ms=percentile(heard.barge_in_ms, 0.5),
        barge_in_p95_ms=percentile(heard.barge_in_ms, 0.95),
        not_silenced=heard.not_silenced,
        underruns=heard.underruns,
        talked_over=heard.talked_over,
        cpu_percent=usage.cpu_percent,
        cpu_percent_per_call=usage.cpu_percent / max(tally.held, 1e-9),
        others_percent=usage.others_percent,
        idle_rss_mb=idle.rss_mb,
        rss_mb=usage.rss_mb,
        rss_mb_per_call=(usage.rss_mb - idle.rss_mb) / max(tally.held, 1e-9),
        threads=usage.threads,
        front_late_ms=usage.front_late_ms,
        ack_p50_ms=median(harvest.ack_ms) if harvest.ack_ms else float("nan"),
        ack_p99_ms=percentile(harvest.ack_ms, 0.99),
        acks_refused=harvest.acks_refused,
        start_s=start_s,
        fillers=int(fillers),
        frames_dropped=int(dropped),
        world_late_p99_ms=percentile(harvest.world_late_ms, 0.99),
        world_late_max_ms=max(harvest.world_late_ms, default=float("nan")),
        world_cpu_percent=harvest.world_cpu_percent,
        spread_ms=p90 - p10,
    )


def _frames_dropped(figure: Any) -> float:
    """Frames of callers' sound that the engine had to let go of."""
    return float(figure("telnyx_actors_actor_dropped_total"))
