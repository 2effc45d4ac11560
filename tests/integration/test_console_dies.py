"""The console may die: it comes back, and in the end the engine does without it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from support.console import Console
from support.engine import WITHIN_S, House
from support.waiting import until
from telnyx_actors.console.endpoint import Endpoint, NotRunning, find


def is_there(data_dir: Path, other_than: Endpoint | None = None) -> bool:
    try:
        return find(data_dir) != other_than
    except NotRunning:
        return False


def test_it_comes_back_three_times_and_then_the_engine_does_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], crashes: Any
) -> None:
    crashes.expect("engine/console")
    console = Console(tmp_path, capsys)
    with House(tmp_path) as house:
        until(partial(is_there, tmp_path))
        for _ in range(3):
            before = find(tmp_path)
            console("kill", "console", "--yes")
            until(partial(is_there, tmp_path, other_than=before))
        console("kill", "console", "--yes")
        house.crashed += ["engine/console"] * 4
        house.log.wait("console falla una y otra vez: el motor sigue sin él")
        assert console("tree") == ""
        assert console.exit_code == 2
        assert requests.get(f"{house.url}/health", timeout=WITHIN_S).status_code == 200
