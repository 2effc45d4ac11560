"""For what has no event to wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_WITHIN_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.005


def until(condition: Callable[[], object], within_s: float = _WITHIN_S) -> None:
    """Return as soon as it is true; fail if it never is."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(_LOOK_EVERY_S)
