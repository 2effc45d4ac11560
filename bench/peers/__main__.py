"""``python -m bench.peers``: the engine and its peer, with the same callers, the same vendors, on the same core.

    python -m bench.peers --install                     the peer's environment, once
    python -m bench.peers                               everything: half an hour
    python -m bench.peers --calls 1 --subjects "engine;default"

A row for each subject and number of calls at a time, measured in turn so that a machine's moods meet all alike. What
the file of figures has already is not measured again. The exit code is 1 when a row is not valid (``bench.load``).
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Final

from bench.load.engine import engine
from bench.load.run import Open, measure
from bench.peers.environment import install, is_installed, versions
from bench.peers.peer import peer
from bench.peers.report import Figures, Key, report

CONFIGURATIONS: Final = ("default", "lean", "eager")
SUBJECTS: Final = ("engine", *CONFIGURATIONS, *(f"{name}, a process a call" for name in CONFIGURATIONS))


FEW: Final = 4
FEW_LAST: Final = 3
"""One call asks four questions in half a minute: rows of few calls are measured for longer."""


def main() -> int:
    """Returns the exit code."""
    options = _arguments()
    if options.install:
        install()
        return 0
    if not is_installed():
        print("First: python -m bench.peers --install", file=sys.stderr)
        return 2
    figures = Figures.load(options.json, versions())
    for size in options.calls:
        for subject in options.subjects:
            if (key := Key(subject, size)) not in figures.rows:
                print(f"{subject}, {size} calls…", file=sys.stderr, flush=True)
                window_s = options.seconds * (FEW_LAST if size < FEW else 1)
                figures.add(key, measure(size, window_s, _open(subject, size)), window_s)
                figures.save(options.json)
    print(report(figures))
    return 0 if all(row["is_valid"] for row in figures.rows.values()) else 1


def _open(subject: str, size: int) -> Open:
    """What starts a subject for so many calls."""
    if subject == "engine":
        return partial(engine, settings={})
    configuration, _, layout = subject.partition(", ")
    return partial(peer, configuration=configuration, processes=size + 1 if layout else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--install", action="store_true", help="make the peer's environment, and end")
    parser.add_argument("--calls", type=_numbers, default=[1, 4, 8, 12, 16, 24], metavar="N,N", help="calls at a time")
    parser.add_argument("--subjects", type=_subjects, default=["engine", "default", "lean"], metavar="NAME;NAME")
    parser.add_argument("--seconds", type=float, default=40.0, help="how long each row is measured (default: 40)")
    parser.add_argument("--json", type=Path, default=Path("peers.json"), help="where the figures go")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _subjects(text: str) -> list[str]:
    wanted = text.split(";")
    unknown = [name for name in wanted if name not in SUBJECTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown}: there are {'; '.join(SUBJECTS)}")
    return wanted


if __name__ == "__main__":
    sys.exit(main())
