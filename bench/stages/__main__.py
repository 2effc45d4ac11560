"""``python -m bench.stages``: what each stage of the media path costs, in µs of CPU. A regression is seen where it is.

Then the front as a whole, from the socket to the call's lane, with frames that come in real time
over so many sockets: what is between the stages is in it.
"""

# ruff: noqa: T201 - its output is what it is for

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from loguru import logger

from bench.stages.front import measure_front
from bench.stages.path import stages


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.stages", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sockets", type=int, default=100, help="of the whole front (default: 100; 0: leave it out)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long that is measured (default: 5)")
    options = parser.parse_args()
    logger.remove()
    print("| stage | µs | times a second | % of a core a call |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="stages-") as folder:
        for stage in stages(Path(folder)):
            print(f"| {stage.name} | {stage.us:.1f} | {stage.a_second:.3g} | {stage.percent:.3f} |", flush=True)
    if options.sockets:
        for name, us in measure_front(options.sockets, options.seconds):
            print(f"| the whole front, socket to lane ({name}) | {us:.1f} | 50 | {us * 50 / 1e4:.3f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
