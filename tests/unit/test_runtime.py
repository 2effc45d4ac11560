"""What all actors of an engine share."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from telnyx_actors.actors.runtime import SWITCH_S, Runtime


@pytest.fixture
def interval_s() -> Iterator[float]:
    """Python's own, whatever an earlier test has left."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    yield 0.005
    sys.setswitchinterval(before)


def test_a_thread_that_computes_gives_way_soon(interval_s: float) -> None:
    runtime = Runtime()
    runtime.start()
    runtime.stop()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
    assert interval_s > SWITCH_S


def test_one_that_gives_way_sooner_still_does(interval_s: float) -> None:
    sys.setswitchinterval(SWITCH_S / 2)
    runtime = Runtime()
    runtime.start()
    runtime.stop()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_S / 2)
