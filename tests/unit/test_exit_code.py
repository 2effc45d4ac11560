"""What the exit code tells systemd, which starts again what has failed."""

from __future__ import annotations

from typing import Any

import pytest

from support.env_files import CHECKLIST_ENV
from telnyx_actors import main
from telnyx_actors.actors.runtime import Runtime
from telnyx_actors.actors.services import Mode
from telnyx_actors.config import load_settings


class FakeEngine:
    """Its parts do not all end in time."""

    has_failed = False
    is_wanted_by_successor = True

    def __init__(self, *_: object, **__: object) -> None:
        self.mode, self.runtime = Mode(), Runtime()

    def start(self, wait_for_owner_s: float) -> None: ...

    def release_calls(self, pause_within_s: float) -> None: ...

    def drain(self, *_: object) -> bool:
        return True

    def stop(self) -> bool:
        return False


class Stopped(FakeEngine):
    def __init__(self, _settings: object, on_failure: Any, **__: object) -> None:
        super().__init__()
        on_failure()  # as a signal would: it is time to stop


@pytest.mark.parametrize(("engine", "code"), [(FakeEngine, main.EXIT_OK), (Stopped, main.EXIT_FAILED)])
def test_who_was_replaced_is_not_to_be_started_again_whatever_did_not_end(
    engine: type[FakeEngine], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "Engine", engine)
    monkeypatch.setattr(main, "_on_signals", lambda _wish: None)
    monkeypatch.setattr(main, "self_check", lambda *_: None)
    settings = load_settings(dict(line.split("=", 1) for line in CHECKLIST_ENV.splitlines()))
    output: Any = None
    assert main._run(settings, None, output, hand_over=False) == code
