"""What is said of a peer, from its rows: nothing that they do not show."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bench.load.row import Row
from bench.peers.report import Figures, Key, carried, report

VERSIONS = {"pipecat-ai": "1.14.0"}


def row(calls: int, **given: float) -> Row:
    """All else is 1.0, which is true of no measurement."""
    usual: dict[str, Any] = {field.name: 1.0 for field in fields(Row)}
    return Row(**{**usual, "calls": calls, "held": calls, "asked": 100, "lost": 0, **given})


def figures(**p95_ms: list[float]) -> Figures:
    """For each subject, the p95 with 1, 4, 8… calls; the p50 is 1000 ms."""
    found = Figures(VERSIONS)
    for subject, values in p95_ms.items():
        for calls, value in zip((1, 4, 8, 12), values, strict=False):
            found.add(Key(subject, calls), row(calls, response_p50_ms=1000.0, response_p95_ms=value), 30.0)
    return found


@pytest.mark.parametrize(
    ("p95_ms", "calls"),
    [
        ([1010, 1100, 1149, 1151], 8),
        ([1010, 1100, 1149, 1150], 12),
        ([1200, 1000], 0),
        ([1010, 1300, 1000], 1),
    ],
)
def test_a_core_carries_calls_up_to_the_first_row_that_is_late(p95_ms: list[float], calls: int) -> None:
    assert carried(figures(peer=p95_ms).of("peer")) == calls


def test_a_core_does_not_carry_calls_whose_turns_are_lost() -> None:
    found = figures(peer=[1010])
    found.add(Key("peer", 4), row(4, response_p50_ms=1000.0, response_p95_ms=1000.0, lost=2), 30.0)

    assert carried(found.of("peer")) == 1


def test_nothing_is_said_of_a_core_without_one_call_alone() -> None:
    found = Figures(VERSIONS)
    found.add(Key("peer", 4), row(4), 30.0)

    assert carried(found.of("peer")) is None


def test_ratios_are_of_the_same_number_of_calls() -> None:
    found = figures(engine=[500], peer=[1000, 2000])

    assert "| peer | 1 | 1.00 | 0.50 | 1.00 | 1.00 | 1.00 |" in report(found)
    assert "| peer | 4 |" not in report(found)


def test_figures_of_other_versions_are_not_mixed_in(tmp_path: Path) -> None:
    file = tmp_path / "peers.json"
    figures(peer=[1000, 1000]).save(file)

    assert len(Figures.load(file, VERSIONS).rows) == 2
    assert Figures.load(file, {"pipecat-ai": "2.0.0"}).rows == {}
