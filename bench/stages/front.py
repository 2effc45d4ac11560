"""What one inbound media frame costs the front's thread: µs of CPU, from the socket to the call's lane.

The client runs in a process of its own and paces its frames like Telnyx (20 ms apart);
only the CPU time of the front's thread is counted.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Final, cast

from websockets.asyncio.client import connect

from telnyx_actors.actors.media import MediaSink
from telnyx_actors.front.ports import Engine
from telnyx_actors.front.server import FrontServer
from telnyx_actors.front.settings import FrontSettings
from telnyx_actors.wire.telnyx_media import Media, StreamStart

FRAME_S: Final = 0.02


class Lane:
    """The cheapest session there is: a bounded lane, and nobody reading it."""

    def __init__(self) -> None:
        self.frames: deque[Media] = deque(maxlen=50)
        self.media = self.frames.append

    def started(self, start: StreamStart, sink: MediaSink) -> None: ...

    def closed(self, sink: MediaSink, code: int, reason: str) -> None: ...


class Gate:
    def expects(self, secret: str) -> bool:
        return True

    def admit(self, secret: str, start: StreamStart) -> Lane:
        return Lane()


def frame(chunk: int) -> str:
    """A caller's 20 ms as Telnyx sends them."""
    payload = base64.b64encode(bytes(range(160))).decode()
    media = {"track": "inbound", "chunk": str(chunk), "timestamp": str(chunk * 160), "payload": payload}
    stream_id = "32de0dea-53cb-4b21-89a4-9e1819c043bc"
    return json.dumps({"event": "media", "sequence_number": str(chunk), "stream_id": stream_id, "media": media})


async def _call(port: int, seconds: float, phase: float) -> None:
    async with connect(f"ws://127.0.0.1:{port}/stream/media?secret=s", compression=None) as socket:
        await socket.send(json.dumps({"event": "start", "start": {"call_control_id": "v3:a"}}))
        loop = asyncio.get_running_loop()
        begin = loop.time() + phase * FRAME_S
        for chunk in range(int(seconds / FRAME_S)):
            await asyncio.sleep(max(0.0, begin + chunk * FRAME_S - loop.time()))
            await socket.send(frame(chunk))


async def _calls(port: int, sockets: int, seconds: float) -> None:
    await asyncio.gather(*(_call(port, seconds, each / sockets) for each in range(sockets)))


def client(port: int, sockets: int, seconds: float) -> None:
    """In a process of its own: so many callers."""
    asyncio.run(_calls(port, sockets, seconds))


def measure_front(sockets: int, seconds: float) -> Iterator[tuple[str, float]]:
    """The loop's name, and the µs of a frame."""
    for use_uvloop in (True, False):
        yield "uvloop" if use_uvloop else "asyncio", _frame_us(sockets, seconds, use_uvloop=use_uvloop)


def _frame_us(sockets: int, seconds: float, *, use_uvloop: bool) -> float:
    engine = cast(Engine, SimpleNamespace(media=Gate()))  # nothing else of it is asked for here
    server = FrontServer(engine, FrontSettings(host="127.0.0.1", port=0, use_uvloop=use_uvloop))
    server.start()
    front = next(thread for thread in threading.enumerate() if thread.name == "front")
    assert front.ident is not None
    clock = time.pthread_getcpuclockid(front.ident)
    before_s = time.clock_gettime(clock)
    callers = multiprocessing.get_context("spawn").Process(target=client, args=(server.port, sockets, seconds))
    callers.start()
    callers.join()
    used_s = time.clock_gettime(clock) - before_s
    frames = server.counters.media_frames_in
    server.stop(1.0)
    return used_s / frames * 1e6
