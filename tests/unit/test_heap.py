"""What the allocator and the collector are told: whether they obey."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

from telnyx_actors import heap

COUNT_ARENAS = """
import ctypes, sys, threading
from telnyx_actors import heap
if sys.argv[1] == "shared":
    heap.limit_holes()
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


LARGE_BLOCKS = """
import sys
from pathlib import Path
from telnyx_actors import heap
if sys.argv[1] == "limited":
    heap.limit_holes()
def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
b"x" * 20_000_000  # glibc learns from it that blocks up to this size come and go
blocks = [(b"x" * 200_000, b"x" * 2000) for _ in range(100)]
kept = [small for _, small in blocks]
before = resident_mb()
del blocks
print(round(before - resident_mb()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked")
@pytest.mark.parametrize(("how", "least_mb", "most_mb"), [("free", 0, 2), ("limited", 18, 22)])
def test_a_large_block_is_given_back_as_it_is_freed(how: str, least_mb: int, most_mb: int) -> None:
    done = subprocess.run([sys.executable, "-c", LARGE_BLOCKS, how], capture_output=True, text=True, check=True)
    assert least_mb <= int(done.stdout) <= most_mb


FREE_WITH_HOLES = """
from pathlib import Path
from telnyx_actors.heap import TRIM_EVERY_S, Trimmer
class Clock:
    seconds = 0.0
    def now(self):
        return self.seconds
def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
clock = Clock()
trimmer = Trimmer(clock)
blocks = [bytes(3000) for _ in range(20_000)]
kept = blocks[::50]
del blocks
for wait_s in (0.0, TRIM_EVERY_S, 0.0):
    clock.seconds += wait_s
    before = resident_mb()
    trimmer.look()
    print(round(before - resident_mb()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked")
def test_what_is_free_between_what_is_not_is_given_back_when_it_is_time() -> None:
    done = subprocess.run([sys.executable, "-c", FREE_WITH_HOLES], capture_output=True, text=True, check=True)
    too_early, in_time, too_early_again = (int(line) for line in done.stdout.split())
    assert too_early == too_early_again == 0
    assert in_time > 20, "of 60 MB"


RESTART = """
import os, sys
from telnyx_actors import heap
heap.without_thread_caches()
print(os.getpid(), os.environ.get(heap.TUNABLES), *sys.argv[1:], sys.flags.utf8_mode)
"""


def restarted(**env: str) -> tuple[bool, str]:
    """Whether it was the same process, and what it said."""
    known = {name: value for name, value in os.environ.items() if name != heap.TUNABLES}
    command = [sys.executable, "-X", "utf8", "-c", RESTART, "¿sí, señor?"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**known, **env}, text=True, encoding="utf-8"
    ) as process:
        said, _ = process.communicate(timeout=30)
    pid, rest = said.strip().split(" ", 1)
    return int(pid) == process.pid, rest


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is told")
def test_threads_keep_no_free_blocks_to_themselves_and_the_process_stays_what_it_is() -> None:
    assert restarted() == (True, "glibc.malloc.tcache_count=0 ¿sí, señor? 1")


def test_whoever_has_tuned_glibc_is_not_overruled() -> None:
    assert restarted(GLIBC_TUNABLES="glibc.malloc.arena_max=1") == (True, "glibc.malloc.arena_max=1 ¿sí, señor? 1")


def test_what_was_there_is_not_collected_again() -> None:
    before = gc.get_freeze_count()
    heap.freeze()
    try:
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
