"""A stand-in on an event loop of its own, for clients that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from telnyx_actors.standins.base import Entry, StandIn

S = TypeVar("S", bound=StandIn)
WAIT_LIMIT_S = 5.0


@contextmanager
def serving(standin: S) -> Iterator[S]:
    """Run it until the end of the block; no thread is left."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=f"standin-{standin.name}")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(standin.start(), loop).result(WAIT_LIMIT_S)
        yield standin
    finally:
        asyncio.run_coroutine_threadsafe(standin.stop(), loop).result(WAIT_LIMIT_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_LIMIT_S)
        loop.close()


def entries(standin: StandIn, kind: str) -> list[Entry]:
    return [entry for entry in standin.entries if entry.kind == kind]
