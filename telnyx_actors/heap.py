"""What the allocator and the garbage collector are told, so that a process of hundreds of threads stays small and steady."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from telnyx_actors.clock import Clock

_M_MMAP_THRESHOLD: Final = -3  # of glibc's malloc.h
_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2
_LARGE_BYTES: Final = 128 * 1024

TUNABLES: Final = "GLIBC_TUNABLES"
_NO_THREAD_CACHES: Final = "glibc.malloc.tcache_count=0"

TRIM_EVERY_S: Final = 10.0


def without_thread_caches() -> None:
    """Start this program again, as itself, without glibc's cache of free blocks for each thread.

    Those of 370 threads take 10 MB, go on growing for many minutes, and are never given back. glibc is told
    only by the environment, and reads that before Python runs. Whoever has tuned it is not overruled.
    """
    if TUNABLES in os.environ or not sys.executable or _of_glibc("gnu_get_libc_version") is None:
        return
    os.environ[TUNABLES] = _NO_THREAD_CACHES
    with suppress(OSError):  # where a program may not start another, it works all the same
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - it is this one


def limit_holes() -> None:
    """To be called before the first thread is started.

    glibc gives threads up to eight arenas a core, each with holes of its own: 17 MB after
    200 calls, one after the other. And once a large block was freed, it takes others of that
    size from its heap, too, where they leave holes. Other C libraries have nothing to be told.
    """
    if (mallopt := _of_glibc("mallopt")) is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


class Trimmer:
    """Gives free memory back from time to time. One thread, which need not be in a hurry: it takes 0.2 to 3 ms.

    Between calls that come and go glibc keeps what is free in the middle of its heap: 13 MB
    of 60, after six minutes of fifty calls at a time, and growing until then.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._trim = _of_glibc("malloc_trim")
        self._at = clock.now() + TRIM_EVERY_S

    def look(self) -> None:
        """To be called every now and then; does something when it is time."""
        if self._trim is not None and self._clock.now() >= self._at:
            self._trim(0)
            self._at = self._clock.now() + TRIM_EVERY_S


def _of_glibc(name: str) -> Callable[..., object] | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None


def freeze() -> None:
    """What is loaded by now stays, and is not collected again: walking it would stop every thread for 100 to 170 ms."""
    gc.collect()
    gc.freeze()
