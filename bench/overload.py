"""``python -m bench.overload``: twice the calls that the engine carries, and how it bears them.

Once as it is shipped, when it refuses what it has no room for; once with its limits lifted, when it
must hold what it cannot. The exit code is 1 when it crashed, refused nothing where it should have, or
served some calls and let others wait.
"""

# ruff: noqa: T201 - its output is what it is for

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from bench.load.engine import engine
from bench.load.row import Row
from bench.load.run import measure

LIMITED: Final = {"MAX_CALLS": "100"}
LIFTED: Final = {"MAX_CALLS": "10000", "MAX_FRONT_LAG_MS": "10000", "MAX_MEMORY_MB": "1000000"}
SPREAD_MAX: Final = 3.0
"""Evenly: the call at the 90th percentile waits less than so many times as long as the one at the 10th."""

LINES: Final[Mapping[str, Callable[[Row], str]]] = {
    "calls wanted / held": lambda row: f"{row.calls} / {row.held:.0f}",
    "dialled": lambda row: str(row.dialled),
    "refused (503)": lambda row: str(row.refused),
    "calls failed, of those that ended": lambda row: f"{row.calls_failed} of {row.calls_ended}",
    "turns lost": lambda row: f"{row.lost} of {row.asked}",
    "response p50 / p95 / max, ms": lambda row: (
        f"{row.response_p50_ms:.0f} / {row.response_p95_ms:.0f} / {row.response_max_ms:.0f}"
    ),
    "calls' own medians, p10 – p90, ms": lambda row: f"{row.spread_ms[0]:.0f} – {row.spread_ms[1]:.0f}",
    "barge-in p50 / p95, ms": lambda row: f"{row.barge_in_p50_ms:.0f} / {row.barge_in_p95_ms:.0f}",
    "underruns": lambda row: str(row.underruns),
    "silences filled": lambda row: str(row.counted["fillers"]),
    "frames dropped by the carrier": lambda row: str(row.frames_dropped),
    "messages dropped": lambda row: str(row.counted["messages_dropped"]),
    "sends refused": lambda row: str(row.counted["sends_refused"]),
    "actors crashed": lambda row: str(row.counted["crashes"]),
    "CPU, %": lambda row: f"{row.cpu_percent:.0f}",
    "resident memory, MB": lambda row: f"{row.rss_mb:.0f}",
    "front late (worst), ms": lambda row: f"{row.front_late_ms:.0f}",
    "others on its core, %": lambda row: f"{row.others_percent:.1f}",
    "world late p99, ms": lambda row: f"{row.world_late_p99_ms:.1f}",
}


def main() -> int:
    """Returns the exit code."""
    options = _arguments()
    rows = {
        name: measure(options.calls, options.seconds, partial(engine, settings=settings))
        for name, settings in (("as shipped", LIMITED), ("limits lifted", LIFTED))
    }
    print(f"| {options.calls} calls at a time | " + " | ".join(rows) + " |\n| --- | --- | --- |")
    for name, cell in LINES.items():
        print(f"| {name} | " + " | ".join(cell(row) for row in rows.values()) + " |")
    options.json.write_text(json.dumps({name: row.as_json() for name, row in rows.items()}, indent=1), encoding="utf-8")
    bad = [f"{name}: {complaint}" for name, row in rows.items() for complaint in complaints(row)]
    if not rows["as shipped"].refused:
        bad.append("as shipped: it refused nobody")
    for complaint in bad:
        print(f"✗ {complaint}")
    return 1 if bad else 0


def complaints(row: Row) -> list[str]:
    """What an overloaded engine must not do."""
    found = []
    if row.counted["crashes"]:
        found.append(f"{row.counted['crashes']} actors crashed")
    low, high = row.spread_ms
    if not high < low * SPREAD_MAX:
        found.append(f"not evenly: {low:.0f} ms for some calls, {high:.0f} ms for others")
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.overload", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=200, help="at a time (default: 200)")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each is measured (default: 30)")
    parser.add_argument("--json", type=Path, default=Path("overload.json"), help="where the figures go")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
