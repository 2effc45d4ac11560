"""``python -m bench.load``: how many calls one core holds, and how well. On loopback only.

The engine has one core, the world around it another: its callers speak, its vendors take the time
that they usually take. A row for each number of calls at a time; everything is measured from
the carrier's record of what callers said and heard. The exit code is 1 when a row is not valid:
when the world itself was late.
"""

# ruff: noqa: T201 - its output is what it is for

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from bench.load.engine import engine
from bench.load.report import as_markdown, as_svg
from bench.load.row import Row
from bench.load.run import measure

FEW: Final = 5
FEW_LAST: Final = 2.5
"""Rows of few calls are measured for longer: there is not much to see in one call's half a minute."""


def main() -> int:
    """Returns the exit code."""
    options = _arguments()
    settings = dict(pair.partition("=")[::2] for pair in options.set)
    rows = _kept(options.json) if options.keep else []
    for size in options.calls:
        if any(row.calls == size for row in rows):
            continue
        print(f"{size} calls…", file=sys.stderr, flush=True)
        window_s = options.seconds * (FEW_LAST if size < FEW else 1)
        rows.append(measure(size, window_s, partial(engine, settings=settings), _say if options.pid else None))
        print(as_markdown(rows[-1:]), file=sys.stderr, flush=True)
        options.json.write_text(json.dumps([row.as_json() for row in rows], indent=1), encoding="utf-8")
    rows.sort(key=lambda row: row.calls)
    print(as_markdown(rows))
    print(f"\nAll figures: {options.json}")
    if options.plot is not None:
        options.plot.write_text(as_svg(rows), encoding="utf-8")
        print(f"Latency and CPU against calls: {options.plot}")
    return 0 if all(row.is_valid for row in rows) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=_numbers, default=[1, 10, 25, 50, 100], metavar="N,N", help="calls at a time")
    parser.add_argument("--seconds", type=float, default=25.0, help="how long each row is measured (default: 25)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the engine")
    parser.add_argument("--pid", action="store_true", help="say where the engine is when measuring begins")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the figures go")
    parser.add_argument("--keep", action="store_true", help="do not measure again what that file has already")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw latency and CPU against calls")
    return parser.parse_args()


def _kept(path: Path) -> list[Row]:
    if not path.exists():
        return []
    return msgspec.convert(json.loads(path.read_text(encoding="utf-8")), list[Row])


def _say(pid: int) -> None:
    print(f"PID {pid}", file=sys.stderr, flush=True)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
