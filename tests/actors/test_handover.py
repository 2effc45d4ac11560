"""What a handover waits for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from support.env_files import CHECKLIST_ENV
from support.plans import PLAN
from telnyx_actors.actors.calls import CallView
from telnyx_actors.app import Engine
from telnyx_actors.config import load_settings


def test_nobody_waits_for_the_record_of_a_call_that_is_over(start: Callable[..., Any], tmp_path: Path) -> None:
    env = dict(line.split("=", 1) for line in CHECKLIST_ENV.splitlines())
    engine = Engine(load_settings(env | {"DATA_DIR": str(tmp_path)}), lambda: None)
    engine._supervisor = start()
    engine.calls.add(CallView(PLAN, "secret", 0.0, "", state="ended", is_at_pause=False))
    began = monotonic()
    engine.release_calls(5.0)
    assert monotonic() - began < 1.0
