"""The stages of the media path can be measured one by one, as the engine is now."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.stages import path


def test_every_stage_costs_something_and_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "ROUNDS", 1)
    found = list(path.stages(tmp_path))
    assert len({stage.name for stage in found}) == len(found) > 10
    assert all(0 < stage.us < 10_000 for stage in found)
    assert all(stage.percent == pytest.approx(stage.us * stage.a_second / 10_000) for stage in found)
