"""The outside world in a process of its own, with a core of its own: vendors, callers, and how late they run.

It imports nothing of the engine. Whatever it is late itself is counted as the engine's delay,
so it watches its own lateness, and a row measured by a late world is marked as such.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from typing import Any, Final, cast

import psutil

from bench.load.callers import ANSWERS, script
from bench.load.figures import Heard
from telnyx_actors.standins.claude import ClaudeSettings
from telnyx_actors.standins.deepgram import DeepgramSettings
from telnyx_actors.standins.elevenlabs import ElevenLabsSettings
from telnyx_actors.standins.telnyx_settings import TelnyxSettings
from telnyx_actors.standins.world import World, WorldSettings

PROBE_EVERY_S: Final = 0.01
MANY: Final = 10_000
VENDORS: Final = WorldSettings(
    s3=False,
    telnyx=TelnyxSettings(max_calls=MANY, max_dials_per_5_s=MANY),
    deepgram=DeepgramSettings(streams_max=MANY),
    claude=ClaudeSettings(concurrent_max=MANY),
    elevenlabs=ElevenLabsSettings(concurrent_max=MANY),
)
"""As they usually answer, without the limits of an account: what is measured is the engine."""

SCRIPTS: Final = 21
"""So many callers are different; the next ones are the same again."""

FIRST_CLAUSE_TOKENS: Final = 3
"""«Con gusto.» or «Claro.»: what must have come before anything can be spoken."""


def serial_ms(vendors: WorldSettings = VENDORS) -> int:
    """What the vendors alone take from the end of a caller's words to the first audio, one after the other."""
    claude_ms = vendors.claude.first_token_ms + (FIRST_CLAUSE_TOKENS - 1) * vendors.claude.token_ms
    return vendors.deepgram.v1.final_delay_ms + claude_ms + vendors.elevenlabs.first_audio_ms


@dataclass(frozen=True, slots=True)
class Harvest:
    """What a window brought. ``world_late_ms``: how late the world's loop ran, every 10 ms.

    ``frames_dropped``: of callers' sound, because the engine did not read its sockets.
    """

    heard: Heard
    ack_ms: list[float]
    acks_refused: int
    frames_dropped: int
    world_late_ms: list[float]
    world_cpu_percent: float


class Outside:
    """Lives in its own process; all methods may be called from any thread there."""

    def __init__(self) -> None:
        self._world = World(VENDORS, _loop_factory()).start()
        self._world.script_model(ANSWERS)
        self._late_ms: list[tuple[float, float]] = []
        self._probing = self._world.submit(self._probe())
        self._process = psutil.Process()
        self._cpu_s, self._cpu_at = self._used_s(), time.monotonic()
        gc.disable()  # it would hold up every call for as long as it looks through the records of all
        for number in range(SCRIPTS):
            self._world.answer_with(script(number))  # says every sentence once, before anybody listens
        gc.freeze()  # all this stays, and need not be looked at again

    def close(self) -> None:
        self._probing.cancel()
        self._world.stop()

    def env(self) -> dict[str, str]:
        return self._world.env

    def expect(self, number: int, telephone: str) -> None:
        """Whoever is dialled there is the caller with this number."""
        self._world.expect(script(number), telephone)

    def live(self) -> int:
        """Calls that are not over, from the moment they were dialled."""
        return sum(record.ended_at is None for record in self._world.calls())

    def open_window(self) -> float:
        """Forget what is over; returns when the window begins (``time.monotonic()``)."""
        self.forget()
        self._late_ms.clear()
        self._cpu_s, self._cpu_at = self._used_s(), time.monotonic()
        return time.monotonic()

    def forget(self) -> None:
        """A long run would keep every second of every call."""
        self._world.forget_ended()
        for vendor in self._world.vendors.values():
            vendor.entries.clear()
        gc.collect()

    def harvest(self, since: float, until: float) -> Harvest:
        """What happened between two moments; ask a few seconds later, when the last answer has come."""
        cpu = (self._used_s() - self._cpu_s) / (time.monotonic() - self._cpu_at) * 100
        heard = Heard()
        for record in self._world.calls():
            heard.add(record, since, until)
        sent = [entry.data for entry in self._world.entries("telnyx") if entry.kind == "webhook"]
        return Harvest(
            heard,
            [cast(float, delivery["took_ms"]) for delivery in sent],
            sum(delivery["status"] != 200 for delivery in sent),
            sum(len(record.events_of("stream.dropped")) for record in self._world.calls()),
            [late_ms for at, late_ms in self._late_ms if since <= at < until],
            cpu,
        )

    async def _probe(self) -> None:
        due = time.monotonic()
        while True:
            due += PROBE_EVERY_S
            await asyncio.sleep(due - time.monotonic())
            now = time.monotonic()
            self._late_ms.append((now, (now - due) * 1000))
            due = max(due, now)

    def _used_s(self) -> float:
        used = self._process.cpu_times()
        return used.user + used.system


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where there is one."""
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - a platform without it must still start

    return uvloop.new_event_loop


class _Manager(BaseManager):
    pass


_Manager.register("Outside", Outside, exposed=("close", "env", "expect", "live", "open_window", "forget", "harvest"))


def _prepare(cores: tuple[int, ...]) -> None:
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # whoever leaves an answer unread may do so
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def start_outside(cores: tuple[int, ...]) -> tuple[Outside, Callable[[], None]]:
    """The world, as if it were here, and what ends it."""
    manager: Any = _Manager(ctx=get_context("spawn"))
    manager.start(_prepare, (cores,))
    outside = cast(Outside, manager.Outside())

    def end() -> None:
        outside.close()
        manager.shutdown()

    return outside, end
