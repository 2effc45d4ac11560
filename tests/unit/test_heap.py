"""What the allocator and the collector are told: whether they obey."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from telnyx_actors import heap

COUNT_ARENAS = """
import ctypes, sys, threading
from telnyx_actors import heap
if sys.argv[1] == "shared":
    heap.share_arenas()
def use(barrier):
    kept = [bytes(5000) for _ in range(50)]
    barrier.wait()
barrier = threading.Barrier(8)
threads = [threading.Thread(target=use, args=(barrier,)) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
ctypes.CDLL(None).malloc_stats()
"""


def arenas(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", COUNT_ARENAS, how], capture_output=True, text=True, check=True)
    return done.stderr.count("Arena ")


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc counts its arenas")
def test_many_threads_share_two_arenas() -> None:
    assert arenas("free") > 2
    assert arenas("shared") <= 2


def test_what_was_there_is_not_collected_again() -> None:
    before = gc.get_freeze_count()
    heap.freeze()
    try:
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
