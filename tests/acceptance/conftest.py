"""The vendors' stand-ins in the test's process, the daemon in one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from measure.daemon import Daemon
from support.engine import AGENT
from support.stage import ANSWERS, UNHURRIED, checklist_env
from telnyx_actors.standins.elevenlabs import ElevenLabsSettings
from telnyx_actors.standins.world import World, WorldSettings

DRAIN = {"DRAIN_SECONDS": "1"}
"""What a test left behind is not waited for."""


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with World(WorldSettings(elevenlabs=ElevenLabsSettings(voice=AGENT))) as running:
        running.script_model(ANSWERS)
        yield running


@pytest.fixture(scope="module")
def start_daemon(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Daemon]]:
    """Starts daemons with the checklist's ``.env``, changed as said; they end with the module."""
    with ExitStack() as stack:

        def start(process_env: dict[str, str] | None = None, **changes: str) -> Daemon:
            folder = tmp_path_factory.mktemp("daemon")
            env = {**checklist_env(world), **UNHURRIED, **DRAIN}
            return stack.enter_context(Daemon(folder, {**env, **changes}, process_env))

        yield start
        world.heal()
