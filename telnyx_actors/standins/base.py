"""What every stand-in is: a real server on loopback that remembers, and can be told to fail."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from aiohttp import web

ENTRIES_MAX: Final = 200_000

HANG_S: Final = 600.0
"""Longer than any client waits."""

FaultKind = Literal["refuse", "delay", "stall", "drop", "half_open", "half_close", "garbage"]
STREAM_FAULTS: Final[tuple[FaultKind, ...]] = ("stall", "drop", "half_open", "half_close", "garbage")
"""Those that come in the middle of an answer."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail, waiting for the operation it applies to.

    * ``refuse``: answer with ``status`` (and the vendor's error body, ``code`` in it).
    * ``delay``: do everything right, ``after_ms`` later.
    * ``stall``: after ``after`` items (events, tokens, bytes: what the vendor streams) send nothing more, keep the connection.
    * ``drop``: after ``after`` items cut the connection with a TCP reset.
    * ``half_open``: after ``after`` items stop reading and writing, never close.
    * ``half_close``: after ``after`` items say that nothing more will come (a TCP FIN), and go on reading.
    * ``garbage``: after ``after`` items send bytes that are not the protocol, then go on.

    ``times``: how many operations it hits, -1 for all until cleared. ``match``: only
    operations whose description (path, text, event type) contains it.
    """

    kind: FaultKind
    status: int = 503
    code: str = ""
    after: int = 0
    after_ms: int = 0
    times: int = 1
    match: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that a stand-in saw or did. ``at`` is ``time.monotonic()``."""

    at: float
    vendor: str
    kind: str
    data: Mapping[str, object] = field(default_factory=dict)


class StandIn:
    """A vendor on loopback. Subclasses add routes to ``app`` and read ``take_fault``."""

    name = "standin"
    handler_cancellation = False  # True: a handler is cancelled when its client leaves, to see when that was

    def __init__(self) -> None:
        self.app = web.Application(client_max_size=16 * 1024 * 1024)
        self.entries: deque[Entry] = deque(maxlen=ENTRIES_MAX)
        self.url = ""
        self._faults: list[Fault] = []
        self._runner: web.AppRunner | None = None

    # --- life (on the world's event loop) ---

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; ``url`` is set when this returns."""
        self._runner = web.AppRunner(
            self.app, access_log=None, shutdown_timeout=0.2, handler_cancellation=self.handler_cancellation
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # --- memory ---

    def record(self, kind: str, **data: object) -> None:
        self.entries.append(Entry(time.monotonic(), self.name, kind, data))

    # --- faults (settable from any thread) ---

    def fail(self, fault: Fault) -> None:
        """Add a fault; the first that matches an operation is used."""
        self._faults.append(fault)

    def heal(self) -> None:
        """Forget every fault."""
        self._faults.clear()

    def take_fault(self, operation: str, *kinds: FaultKind) -> Fault | None:
        """The fault for this operation, if one is waiting; ``kinds`` limits what is wanted."""
        for index, fault in enumerate(self._faults):
            if fault.match in operation and (not kinds or fault.kind in kinds):
                if fault.times > 0:
                    rest = fault.times - 1
                    if rest:
                        self._faults[index] = replace(fault, times=rest)
                    else:
                        del self._faults[index]
                self.record("fault", operation=operation, fault=fault.kind)
                return fault
        return None

    async def refusal(self, operation: str) -> Fault | None:
        """Be late if a fault says so; the fault that wants the operation refused, if there is one."""
        fault = self.take_fault(operation, "refuse", "delay")
        if fault is None:
            return None
        await asyncio.sleep(fault.after_ms / 1000)
        return fault if fault.kind == "refuse" else None


def reset_connection(transport: asyncio.BaseTransport | None) -> None:
    """Close so that the peer gets a TCP reset instead of an end of stream."""
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort() if isinstance(transport, asyncio.Transport) else transport.close()


async def hang(transport: asyncio.Transport | None, fault: Fault) -> None:
    """Send nothing more and keep the connection, until the client leaves (the handler is cancelled then)."""
    if fault.kind == "half_open" and transport is not None:
        transport.pause_reading()
    elif fault.kind == "half_close":
        half_close(transport)
    await asyncio.sleep(HANG_S)


def half_close(transport: asyncio.BaseTransport | None) -> None:
    """End our direction only: the peer reads an end of stream, and whatever it still writes is read."""
    sock = transport.get_extra_info("socket") if transport is not None else None
    if sock is not None:
        with suppress(OSError):  # the peer has gone meanwhile
            sock.shutdown(socket.SHUT_WR)
