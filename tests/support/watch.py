"""What a test must not leave behind, and how to see that it did."""

from __future__ import annotations

import logging
import threading
import time
from fnmatch import fnmatch

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


class PlainActorCrashes(logging.Handler):
    """Hears pykka itself, for actors that are not ours."""

    def __init__(self, crashes: Crashes) -> None:
        super().__init__(logging.ERROR)
        self._crashes = crashes

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._crashes.seen.append(("pykka", error if isinstance(error, Exception) else Exception(record.getMessage())))


def threads_left(before: set[threading.Thread], within_s: float = THREADS_END_WITHIN_S) -> list[str]:
    """The names of new threads that do not end within the limit, which they share."""
    until = time.monotonic() + within_s
    left = []
    for thread in threading.enumerate():
        if thread in before or any(fnmatch(thread.name, foreign) for foreign in FOREIGN_THREADS):
            continue
        if not _ends(thread, until):
            left.append(thread.name)
    return left


def _ends(thread: threading.Thread, until: float) -> bool:
    """Whether it does by then. One that is just being started cannot be joined yet."""
    while thread in threading.enumerate():
        if time.monotonic() >= until:
            return False
        time.sleep(0.002)
    return True
