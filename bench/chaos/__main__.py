"""``python -m bench.chaos``: a hostile world, and what callers heard of it. On loopback only.

The exit code is 1 when something is worse than the bars in ``bars``.
"""

# ruff: noqa: T201 - its output is what it is for

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from bench.chaos import report
from bench.chaos.broken_journal import BREAKS, start_with
from bench.chaos.handover import handover, handover_played_on
from bench.chaos.mute import mute_in_speech
from bench.chaos.restart import kill_minus_9, kill_unheard
from bench.chaos.scenarios import in_houses, matrix
from bench.chaos.scene import Outcome, play_drill, play_named
from bench.chaos.spin import spin
from bench.chaos.spinning import BLOCKS, COMPUTES


def main() -> int:
    """Returns the exit code."""
    options = _arguments()
    started = time.monotonic()
    scenarios = [scenario for scenario in matrix() if options.only in scenario.name]
    found = _run([[scenario.name for scenario in house] for house in in_houses(scenarios)], options)
    order = {scenario.name: index for index, scenario in enumerate(matrix())}
    outcomes = sorted(found, key=lambda outcome: order.get(f"{outcome.fault}, {outcome.moment}", len(order)))
    table = "\n".join(report.table(outcomes)) + "\n"
    print(f"\n{table}")
    is_good = True
    for outcome in outcomes:
        for complaint in report.complaints(outcome):
            is_good = False
            print(f"✗ {outcome.fault}, {outcome.moment}: {complaint}")
    report.write(options.json, outcomes)
    if options.out is not None:
        options.out.write_text(table, encoding="utf-8")
    calls = sum(len(outcome.calls) for outcome in outcomes)
    print(f"{len(outcomes)} scenarios, {calls} calls, {time.monotonic() - started:.0f} s; all figures: {options.json}")
    return 0 if is_good and outcomes else 1


Drills = dict[str, Callable[[], Outcome]]


def _beside(options: argparse.Namespace) -> Drills:
    """What needs a daemon of its own, and may be played beside the matrix."""
    drills: Drills = {f"kill -9, {broken}": partial(start_with, broken, options.calls) for broken in BREAKS}
    drills["--handover, carrier plays on"] = partial(handover_played_on, options.calls)
    return {name: drill for name, drill in drills.items() if options.only in name}


def _alone(options: argparse.Namespace) -> Drills:
    """What has the machine to itself, because it is about time."""
    live = options.live_calls
    drills: Drills = {"--handover": partial(handover, live)}
    drills["deepgram: mute in a long story"] = partial(mute_in_speech, live)
    for word, code in ((COMPUTES, "computes"), (BLOCKS, "blocks")):
        fault = f"another call's code {code} for 5 s"
        drills[fault] = partial(spin, live, word, fault)
    for seed in range(options.kills):
        drills[f"kill -9, seed {seed}"] = partial(kill_minus_9, live, seed)
        drills[f"kill -9, Telnyx does not listen along, seed {seed}"] = partial(kill_unheard, live, seed)
    return {name: drill for name, drill in drills.items() if options.only in name}


def _run(houses: list[list[str]], options: argparse.Namespace) -> list[Outcome]:
    """Several processes, because in most of a call nobody computes anything."""
    outcomes: list[Outcome] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.workers, spawn) as pool:
        jobs: dict[Future[list[Outcome]], str] = {
            pool.submit(play_drill, name, drill): name for name, drill in _beside(options).items()
        }
        jobs |= {pool.submit(play_named, names, options.calls): ", ".join(names) for names in houses}
        for done in as_completed(jobs):
            outcomes += done.result()
            print(f"[{len(outcomes)}] {jobs[done]}", file=sys.stderr, flush=True)
    for name, drill in _alone(options).items():
        outcomes += play_drill(name, drill)
        print(f"[{len(outcomes)}] {name}", file=sys.stderr, flush=True)
    return outcomes


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="scenarios whose name contains this")
    parser.add_argument("--calls", type=int, default=2, help="calls of each scenario (default: 2)")
    parser.add_argument("--workers", type=int, default=6, help="scenarios played at the same time (default: 6)")
    parser.add_argument("--kills", type=int, default=3, help="how often the daemon is killed (default: 3)")
    parser.add_argument("--live-calls", type=int, default=10, help="calls in progress then (default: 10)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table there too, as Markdown")
    parser.add_argument("--json", type=Path, default=Path("chaos.json"), help="where the figures go")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
