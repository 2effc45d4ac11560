"""The chaos suite in short: calls side by side, each of which loses something else. All of it: ``make chaos``."""

from __future__ import annotations

from typing import Final

from bench.chaos.figures import CallFigures
from bench.chaos.report import complaints, row
from bench.chaos.scenarios import in_houses, matrix
from bench.chaos.scene import Outcome, play
from support.watch import Crashes

NAMES: Final = (
    "crash: transcriber, listening",
    "crash: responder, thinking",
    "crash: speaker, speaking",
    "crash: call, speaking",
    "crash: archiver, ending",
    "media socket: RST, thinking",
    "media socket: half-closed, speaking",
)


def test_the_caller_notices_a_pause_at_most(crashes: Crashes) -> None:
    crashes.expect("engine/*")
    outcomes = play([scenario for scenario in matrix() if scenario.name in NAMES], calls=1)
    assert {f"{outcome.fault}, {outcome.moment}" for outcome in outcomes} == set(NAMES)
    for outcome in outcomes:
        outcome.recovery_limit_s = None  # how fast it was is measured where nothing else runs
    assert {outcome.fault: found for outcome in outcomes if (found := complaints(outcome))} == {}


def test_what_is_worse_than_promised_is_found() -> None:
    good = CallFigures("", 2, 2, (), (), (), 1.0, 0.1)
    bad = CallFigures("ended by nobody: ", 2, 1, ("hola",), ("diez",), ("once",), 4.1, 0.4)
    assert complaints(Outcome("x", "thinking", recovery_limit_s=0.3, calls=[good])) == []
    outcome = Outcome("x", "thinking", recovery_limit_s=0.3, calls=[good, bad])
    assert len(complaints(outcome)) == 7
    assert row(outcome) == ("x", "thinking", "2", "3/4", "1", "1", "1", "4.10", "0.10", "0.40", "✗")


def test_every_scenario_is_played_once() -> None:
    names = [scenario.name for scenario in matrix()]
    assert len(set(names)) == len(names)
    assert sorted(scenario.name for house in in_houses(matrix()) for scenario in house) == sorted(names)
