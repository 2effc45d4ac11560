"""What is done before the first caller waits for it, and for how long that may keep balancers away."""

from __future__ import annotations

import threading
from collections.abc import Callable

from telnyx_actors.warm_up import WarmUp

WITHIN_S = 5.0


def nothing() -> None:
    pass


def test_it_is_over_when_every_task_is_done_and_what_comes_then() -> None:
    done: list[str] = []
    tasks: list[Callable[[], None]] = [lambda: done.append("model"), lambda: done.append("voice")]
    warm_up = WarmUp(tasks, lambda: done.append("then"))
    assert not warm_up.over.is_set()
    warm_up.start()
    assert warm_up.over.wait(WITHIN_S)
    assert done == ["model", "voice", "then"]


def test_one_that_fails_is_told_and_keeps_nothing_back(logged: list[str]) -> None:
    done: list[str] = []

    def broken() -> None:
        raise ImportError("no hay SDK")

    warm_up = WarmUp([broken, lambda: done.append("voice")], nothing)
    warm_up.start()
    assert warm_up.over.wait(WITHIN_S)
    assert done == ["voice"]
    assert [line for line in logged if line.startswith("WARNING") and "no hay SDK" in line]


def test_one_that_never_ends_is_told_and_not_waited_for(logged: list[str]) -> None:
    answer, finished = threading.Event(), threading.Event()

    def slow() -> None:
        answer.wait(WITHIN_S)

    warm_up = WarmUp([slow], finished.set, within_s=0.02)
    warm_up.start()
    assert warm_up.over.wait(WITHIN_S)
    assert not finished.is_set()
    assert [line for line in logged if line.startswith("WARNING") and "0.02 s" in line]
    answer.set()  # late, and what comes after it comes all the same
    assert finished.wait(WITHIN_S)
