"""One timer that is set, moved and cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """At most one callback waiting; setting it again forgets the one before. Loop thread only."""

    __slots__ = ("_handle", "_loop")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    def set(self, delay_s: float, callback: Callable[[], None]) -> None:
        self.cancel()
        self._handle = self._loop.call_later(delay_s, callback)

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
