"""No test ends well in which an actor crashed unannounced, or which leaves actors or threads behind."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pykka
import pytest
from loguru import logger

from support.watch import Crashes, PlainActorCrashes, threads_left
from telnyx_actors.actors.base import EngineActor

SLOW = ({"acceptance", "integration"}, {"property"})
"""Folders whose files take long, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests first: quick ones fill the gaps at the end, when some workers are done."""
    ranks = {folder: rank for rank, folders in enumerate(SLOW) for folder in folders}
    items.sort(key=lambda item: ranks.get(item.path.parent.name, len(SLOW)))


@pytest.fixture
def crashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crashes]:
    crashes = Crashes()
    log_crash = EngineActor._crashed

    def crashed(actor: EngineActor, error: Exception) -> None:
        crashes.seen.append((actor.path, error))
        log_crash(actor, error)

    monkeypatch.setattr(EngineActor, "_crashed", crashed)
    plain = PlainActorCrashes(crashes)
    logging.getLogger("pykka").addHandler(plain)
    yield crashes
    logging.getLogger("pykka").removeHandler(plain)


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Every line that is logged, as ``LEVEL text``."""
    lines: list[str] = []
    handler = logger.add(lines.append, format="{level} {message}")
    yield lines
    logger.remove(handler)


@pytest.fixture(autouse=True)
def nothing_crashed_and_nothing_leaked(crashes: Crashes) -> Iterator[None]:
    threads_before = set(threading.enumerate())
    actors_before = set(pykka.ActorRegistry.get_all())
    yield
    actors = [ref for ref in pykka.ActorRegistry.get_all() if ref not in actors_before]
    for ref in actors:
        ref.stop(block=False)
    complaints = crashes.complaints()
    complaints += [f"leaked actor {ref}" for ref in actors]
    complaints += [f"leaked thread {name}" for name in threads_left(threads_before)]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)
