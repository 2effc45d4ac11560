"""Measuring a real account, with the stand-ins in its place: nobody is called unasked, and no key stays behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from measure.daemon import free_port
from measure.live import live_call, live_engine
from support.stage import PRICE, UNHURRIED, checklist_env, hurried
from telnyx_actors.standins.world import World, as_env_file


@pytest.fixture
def env_file(world: World, tmp_path: Path) -> Path:
    port = free_port()
    address = {"PORT": str(port), "WEBHOOK_BASE_URL": f"http://127.0.0.1:{port}", "HOST": "127.0.0.1"}
    settings = {**checklist_env(world), **UNHURRIED, **address, "API_TOKEN": "una-frase", "DRAIN_SECONDS": "1"}
    file = tmp_path / "staging.env"
    file.write_text(as_env_file(settings), encoding="utf-8")
    return file


def test_a_real_account_is_measured_by_the_engines_own_log(
    world: World, env_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter(["no", "s"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    before = len(world.calls())
    with live_engine(env_file) as daemon:
        assert live_call(daemon, "+573005550001", 1) is None
        assert len(world.calls()) == before
        world.expect(hurried(PRICE), "+573005550001")
        figures = live_call(daemon, "+573005550001", 1)
    assert figures is not None
    assert figures.problem == "" and figures.heard == PRICE
    assert len(figures.responses_s) == 1
    assert not (daemon.folder / ".env").exists()
    assert "Hola, quisiera una cita" in capsys.readouterr().out
