"""The benchmark runs: a world in a process of its own, the daemon in another, and calls between them."""

from __future__ import annotations

from functools import partial

import pytest

from bench.load import crowd, run
from bench.load import engine as subject
from bench.load.report import as_markdown, as_svg


def test_two_calls_make_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CORES", run.Cores())  # others test beside us
    monkeypatch.setattr(run, "RAMP_S", 0.5)
    monkeypatch.setattr(crowd, "RAMP_S", 0.1)
    monkeypatch.setattr(run, "ANSWER_LIMIT_S", 0.0)
    monkeypatch.setattr(subject, "SETTLE_S", 0.0)
    row = run.measure(2, 1.0, partial(subject.engine, settings={}))
    assert row.dialled == 0, "they were there before the window"
    assert 1.5 < row.held <= 2
    assert row.calls_failed == 0
    assert row.rss_mb > row.idle_rss_mb > 10
    assert row.threads > 10
    assert 0 < row.cpu_percent_per_call < 100
    assert row.world_late_p99_ms < 1000
    assert row.counted["crashes"] == 0
    assert "| 2 |" in as_markdown([row])
    assert "<svg" in as_svg([row])
