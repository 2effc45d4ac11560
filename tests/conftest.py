"""No test ends well in which an actor crashed unannounced, or which leaves actors or threads behind."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from fnmatch import fnmatch

import pykka
import pytest

from telnyx_actors.actors.base import EngineActor

THREADS_END_WITHIN_S = 5.0
# Threads that belong to a library and stay on purpose, to be used again.
FOREIGN_THREADS = ("ThreadPoolExecutor*", "asyncio_*", "*(process_request_thread)", "pytest_timeout*")


class Crashes:
    """Every crash of an actor during a test. ``expect`` announces those that are its subject."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Exception]] = []
        self._expected: set[str] = set()

    def expect(self, *paths: str) -> None:
        """Announce crashes by path; ``*`` stands for anything. One that does not come is a failure too."""
        self._expected.update(paths)

    def complaints(self) -> list[str]:
        unannounced = [
            f"{path} crashed: {error!r}"
            for path, error in self.seen
            if not any(fnmatch(path, expected) for expected in self._expected)
        ]
        missing = [
            f"{expected} was expected to crash, and did not"
            for expected in sorted(self._expected)
            if not any(fnmatch(path, expected) for path, _ in self.seen)
        ]
        return unannounced + missing


class _PlainActorCrashes(logging.Handler):
    """Hears pykka itself, for actors that are not ours."""

    def __init__(self, crashes: Crashes) -> None:
        super().__init__(logging.ERROR)
        self._crashes = crashes

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._crashes.seen.append(("pykka", error if isinstance(error, Exception) else Exception(record.getMessage())))


@pytest.fixture
def crashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crashes]:
    crashes = Crashes()
    log_crash = EngineActor._crashed

    def crashed(actor: EngineActor, error: Exception) -> None:
        crashes.seen.append((actor.path, error))
        log_crash(actor, error)

    monkeypatch.setattr(EngineActor, "_crashed", crashed)
    plain = _PlainActorCrashes(crashes)
    logging.getLogger("pykka").addHandler(plain)
    yield crashes
    logging.getLogger("pykka").removeHandler(plain)


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
    complaints += [f"leaked thread {name}" for name in _threads_left(threads_before)]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def _threads_left(before: set[threading.Thread]) -> list[str]:
    """The names of new threads that do not end within the limit, which they share."""
    until = time.monotonic() + THREADS_END_WITHIN_S
    left = []
    for thread in threading.enumerate():
        if thread in before or any(fnmatch(thread.name, foreign) for foreign in FOREIGN_THREADS):
            continue
        thread.join(max(0.0, until - time.monotonic()))
        if thread.is_alive():
            left.append(thread.name)
    return left
