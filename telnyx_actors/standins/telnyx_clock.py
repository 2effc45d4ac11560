"""One clock for the media of every call."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from loguru import logger

from telnyx_actors.standins.sound import FRAME_MS

SLOT_S = 0.005
SLOTS_PER_FRAME = FRAME_MS // 5


class Ticker(Protocol):
    async def tick(self, frame: int, late_s: float) -> None:
        """Frame number ``frame`` (from 1) has just ended. Must not wait for a peer."""


class MediaClock:
    """Ticks every member each 20 ms on an absolute schedule.

    The 20 ms are cut into slots of 5 ms, so that calls which began at different moments do
    not all send in the same instant. A late tick is made up for, never skipped: a stall of
    this machine reaches the application as a burst, as one of the network would.
    """

    def __init__(self) -> None:
        self._origin = time.monotonic()
        self._slot = 0
        self._members: list[dict[Ticker, int]] = [{} for _ in range(SLOTS_PER_FRAME)]
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name="media-clock")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def join(self, ticker: Ticker) -> float:
        """From now on ``ticker`` is ticked. Returns the moment its first frame begins (``time.monotonic()``)."""
        first = int((time.monotonic() - self._origin) / SLOT_S) + 1
        self._members[first % SLOTS_PER_FRAME][ticker] = first
        self._wanted.set()
        return self._origin + first * SLOT_S

    def leave(self, ticker: Ticker) -> None:
        for members in self._members:
            members.pop(ticker, None)
        if not any(self._members):
            self._wanted.clear()

    async def _run(self) -> None:
        while True:
            if not self._wanted.is_set():
                await self._wanted.wait()
                # Not from now: this loop may have been busy since they joined.
                self._slot = min(first for members in self._members for first in members.values())
            due = self._origin + self._slot * SLOT_S
            await asyncio.sleep(max(due - time.monotonic(), 0))
            for ticker, first in list(self._members[self._slot % SLOTS_PER_FRAME].items()):
                if self._slot > first:
                    await self._tick(ticker, (self._slot - first) // SLOTS_PER_FRAME, time.monotonic() - due)
            self._slot += 1

    async def _tick(self, ticker: Ticker, frame: int, late_s: float) -> None:
        try:
            await ticker.tick(frame, late_s)
        except Exception:  # noqa: BLE001 - one call's failure must not stop the clock of the others
            logger.exception("un reloj de llamada falló")
            self.leave(ticker)
