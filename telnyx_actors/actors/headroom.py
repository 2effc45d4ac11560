"""Whether the machine has room for another call, measured.

A call in progress must not suffer from one that is taken on beside it. What tells first
that the machine is full is how late the front's thread runs; what tells last is memory.
"""

from __future__ import annotations

from collections.abc import Callable

import psutil


class Headroom:
    """Asked once for every new call, by the supervisor. ``lag_ms`` may be called from any thread."""

    def __init__(
        self, lag_ms: Callable[[], float] = lambda: 0.0, lag_ms_max: float = 250.0, memory_mb_max: float = 2048.0
    ) -> None:
        self._lag_ms = lag_ms
        self._lag_ms_max = lag_ms_max
        self._memory_mb_max = memory_mb_max
        self._process = psutil.Process()

    def refusal(self) -> str | None:
        """Why there is no room, for people; None when there is."""
        lag_ms = self._lag_ms()
        if lag_ms > self._lag_ms_max:
            return f"El servicio va {lag_ms:.0f} ms tarde (MAX_FRONT_LAG_MS={self._lag_ms_max:.0f})."
        memory_mb = self._process.memory_info().rss / 1e6
        if memory_mb > self._memory_mb_max:
            return f"El servicio usa {memory_mb:.0f} MB de memoria (MAX_MEMORY_MB={self._memory_mb_max:.0f})."
        return None
