"""``python -m bench.soak``: calls for a long time, and whether anything grows meanwhile.

Memory, threads, descriptors, CPU and latency every so often, and the slope of each by least squares;
the first two minutes are left out, in which everything is still becoming warm. The exit code is 1
when memory grows by a megabyte or more in ten minutes, or threads or descriptors by one of those at
a time, or when a turn was lost.
"""

# ruff: noqa: T201 - its output is what it is for

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from math import isnan
from pathlib import Path
from typing import Final

from bench.load.engine import Sample, engine
from bench.load.figures import ANSWER_LIMIT_S, Heard
from bench.load.run import Scene, scene
from measure.trend import slope
from telnyx_actors.standins.percentile import percentile

EVERY_S: Final = 15.0
WARM_S: Final = 120.0
PER_S: Final = 600.0
"""Slopes are told for ten minutes."""


@dataclass(frozen=True, slots=True)
class Moment:
    """``at`` is seconds since the calls are all there; the rest is of the time since the moment before."""

    at: float
    live: int
    rss_mb: float
    threads: int
    descriptors: int
    cpu_percent: float
    asked: int
    lost: int
    response_p50_ms: float
    response_p95_ms: float


CURVES: Final[Mapping[str, Callable[[Moment], float]]] = {
    "resident memory, MB": lambda moment: moment.rss_mb,
    "threads": lambda moment: moment.threads,
    "descriptors": lambda moment: moment.descriptors,
    "CPU, %": lambda moment: moment.cpu_percent,
    "response p50, ms": lambda moment: moment.response_p50_ms,
    "response p95, ms": lambda moment: moment.response_p95_ms,
}
LIMITS: Final = {"resident memory, MB": 1.0, "threads": 10.0, "descriptors": 10.0}
"""What ten minutes may add. Threads and descriptors come and go by the dozen with calls; what leaks, leaks more."""


def main() -> int:
    """Returns the exit code."""
    options = _arguments()
    moments: list[Moment] = []
    with scene(options.calls, partial(engine, settings={})) as here:
        _live_through(here, options.minutes * 60, moments)
    slopes = {name: slope([(m.at, value(m)) for m in moments], after=WARM_S) * PER_S for name, value in CURVES.items()}
    print(
        f"\n| {options.calls} calls, {options.minutes:g} min | first | last | slope per 10 min |\n| --- | --- | --- | --- |"
    )
    for name, value in CURVES.items():
        print(f"| {name} | {value(moments[0]):.1f} | {value(moments[-1]):.1f} | {slopes[name]:+.2f} |")
    asked, lost = sum(moment.asked for moment in moments), sum(moment.lost for moment in moments)
    print(f"\n{asked} turns, {lost} of them lost")
    figures = {"slopes_per_10_min": slopes, "moments": [asdict(moment) for moment in moments]}
    options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    grows = [name for name, limit in LIMITS.items() if slopes[name] >= limit or isnan(slopes[name])]
    for name in grows:
        print(f"✗ {name}: not flat")
    return 1 if grows or lost else 0


def _live_through(here: Scene, seconds: float, moments: list[Moment]) -> None:
    began = here.outside.open_window()
    since, before = began, here.subject.sample()
    while time.monotonic() < began + seconds:
        time.sleep(EVERY_S)
        now = here.subject.sample()
        until = now.at - ANSWER_LIMIT_S  # of what was asked since, some answers are still to come
        heard = here.outside.harvest(since, until).heard
        here.outside.forget()
        moments.append(_moment(now.at - began, here.outside.live(), now, before, heard))
        since, before = until, now
        print(
            "  ".join(f"{name} {value:g}" for name, value in asdict(moments[-1]).items()), file=sys.stderr, flush=True
        )


def _moment(at: float, live: int, now: Sample, before: Sample, heard: Heard) -> Moment:
    return Moment(
        at=round(at, 1),
        live=live,
        rss_mb=round(now.rss_mb, 2),
        threads=now.threads,
        descriptors=now.descriptors,
        cpu_percent=round((now.cpu_s - before.cpu_s) / (now.at - before.at) * 100, 1),
        asked=heard.asked,
        lost=heard.lost,
        response_p50_ms=percentile(heard.response_ms, 50),
        response_p95_ms=percentile(heard.response_ms, 95),
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=50, help="at a time (default: 50)")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--json", type=Path, default=Path("soak.json"), help="where the figures go")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
