"""The media clock of the stand-in: every 20 ms of a call happen, however busy the machine is."""

from __future__ import annotations

import asyncio
import time

from telnyx_actors.standins.telnyx_clock import MediaClock

BUSY_S = 0.2


class Listener:
    def __init__(self, frames: int) -> None:
        self.frames: list[int] = []
        self.done = asyncio.Event()
        self._wanted = frames

    async def tick(self, frame: int, late_s: float) -> None:
        self.frames.append(frame)
        if len(self.frames) == self._wanted:
            self.done.set()


async def first_frames(count: int) -> list[int]:
    """Of a call that began just before the loop was busy for some time."""
    clock = MediaClock()
    clock.start()
    try:
        await asyncio.sleep(0)  # it waits for somebody to join
        listener = Listener(count)
        clock.join(listener)
        time.sleep(BUSY_S)  # noqa: ASYNC251 - the loop is busy, that is the point
        async with asyncio.timeout(5):
            await listener.done.wait()
    finally:
        await clock.stop()
    return listener.frames


def test_a_loop_that_was_busy_when_a_call_began_makes_up_for_its_first_frames() -> None:
    assert asyncio.run(first_frames(12)) == list(range(1, 13))
