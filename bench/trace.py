"""``python -m bench.trace``: what callers notice of an engineer who watches every message of every call.

As many calls as asked for are held; the console's ``trace engine`` is attached and detached in turn, so
that both see the same machine. On loopback only. The exit code is 1 when the 95th percentile of the
response times grows by more than five percent.
"""

# ruff: noqa: T201 - its output is what it is for

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, cast

from bench.load.engine import Engine, engine
from bench.load.figures import ANSWER_LIMIT_S
from bench.load.run import CORES, Scene, scene
from measure.daemon import ROOT
from telnyx_actors.standins.percentile import percentile

GROWS_MAX: Final = 0.05


def main() -> int:
    """Returns the exit code."""
    options = _arguments()
    found: dict[bool, list[float]] = {False: [], True: []}
    cpu: dict[bool, list[float]] = {False: [], True: []}
    parts = 0
    with scene(options.calls, partial(engine, settings={})) as here:
        running = cast(Engine, here.subject)
        for turn in range(2 * options.windows):
            is_traced = turn % 4 in (1, 2)  # without, with, with, without: what drifts, drifts for both
            with _tracing(running.daemon.folder / "var", is_wanted=is_traced) as lines:
                response_ms, cpu_percent = _window(here, options.seconds)
            found[is_traced] += response_ms
            cpu[is_traced].append(cpu_percent)
            parts += sum(lines)
    plain, traced = (percentile(found[is_traced], 95) for is_traced in (False, True))
    moved = traced / plain - 1
    print("| trace | answers | response p50 ms | p95 ms | CPU % |\n| --- | --: | --: | --: | --: |")
    for is_traced, name in ((False, "detached"), (True, "attached")):
        times = found[is_traced]
        print(
            f"| {name} | {len(times)} | {percentile(times, 50):.0f} | {percentile(times, 95):.0f} "
            f"| {sum(cpu[is_traced]) / len(cpu[is_traced]):.0f} |"
        )
    print(f"\n{options.calls} calls, {parts} messages shown; p95 moves by {moved:+.1%}")
    return 0 if moved <= GROWS_MAX and parts else 1


def _window(here: Scene, seconds: float) -> tuple[list[float], float]:
    """Response times of what was asked meanwhile, and the engine's use of its core."""
    since = here.outside.open_window()
    before = here.subject.sample()
    time.sleep(seconds)
    after, until = here.subject.sample(), time.monotonic()
    time.sleep(ANSWER_LIMIT_S + 0.5)  # what was asked last is answered, or never will be
    heard = here.outside.harvest(since, until).heard
    return heard.response_ms, (after.cpu_s - before.cpu_s) / (after.at - before.at) * 100


@contextmanager
def _tracing(data_dir: Path, *, is_wanted: bool) -> Iterator[list[int]]:
    """An engineer's terminal, off the engine's core. How many lines it showed is in the list afterwards."""
    shown: list[int] = []
    if not is_wanted:
        yield shown
        return
    command = [sys.executable, "-m", "telnyx_actors.console", "--data-dir", str(data_dir), "trace", "engine"]
    with (data_dir / "trace.txt").open("wb") as file:
        console = subprocess.Popen(command, cwd=ROOT, stdout=file, env={**os.environ, "PYTHONUTF8": "1"})  # noqa: S603 - our own words
    if CORES.outside:
        os.sched_setaffinity(console.pid, CORES.outside)
    try:
        yield shown
    finally:
        console.terminate()
        console.wait()
        shown.append((data_dir / "trace.txt").read_bytes().count(b"\n"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.trace", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=50, help="calls at a time (default: 50)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each window lasts (default: 20)")
    parser.add_argument("--windows", type=int, default=2, help="with and without, so many each (default: 2)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
