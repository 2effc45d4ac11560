"""What one inbound media frame costs the front's thread: µs of CPU, from the socket to the call's lane.

    python -m bench.front_frame_cost [sockets] [frames a second on each] [seconds]

The client runs in a process of its own and paces its frames like Telnyx (20 ms apart);
only the CPU time of the front's thread is counted.
"""

# ruff: noqa: T201 - its output is what it is for

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

from websockets.asyncio.client import connect

from telnyx_actors.actors.media import MediaSink
from telnyx_actors.front.ports import Engine
from telnyx_actors.front.server import FrontServer
from telnyx_actors.front.settings import FrontSettings
from telnyx_actors.wire.telnyx_media import Media, StreamStart, parse


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
    payload = base64.b64encode(bytes(range(160))).decode()
    media = {"track": "inbound", "chunk": str(chunk), "timestamp": str(chunk * 160), "payload": payload}
    stream_id = "32de0dea-53cb-4b21-89a4-9e1819c043bc"
    return json.dumps({"event": "media", "sequence_number": str(chunk), "stream_id": stream_id, "media": media})


async def call(port: int, rate: int, seconds: float, phase: float) -> None:
    async with connect(f"ws://127.0.0.1:{port}/stream/media?secret=s", compression=None) as socket:
        await socket.send(json.dumps({"event": "start", "start": {"call_control_id": "v3:a"}}))
        loop = asyncio.get_running_loop()
        begin = loop.time() + phase / rate
        for chunk in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, begin + chunk / rate - loop.time()))
            await socket.send(frame(chunk))


async def calls(port: int, sockets: int, rate: int, seconds: float) -> None:
    await asyncio.gather(*(call(port, rate, seconds, each / sockets) for each in range(sockets)))


def parse_cost_us(parser: Callable[[bytes], object]) -> float:
    text, number = frame(7).encode(), 20_000
    best_s = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(number):
            parser(text)
        best_s = min(best_s, time.perf_counter() - begin)
    return best_s / number * 1e6


def json_parse(text: bytes) -> Media:
    body = json.loads(text)["media"]
    return Media(body["track"], int(body["chunk"]), int(body["timestamp"]), base64.b64decode(body["payload"]))


def measure(sockets: int, rate: int, seconds: int, *, use_uvloop: bool) -> None:
    engine = cast(Engine, SimpleNamespace(media=Gate()))  # nothing else of it is asked for here
    server = FrontServer(engine, FrontSettings(host="127.0.0.1", port=0, use_uvloop=use_uvloop))
    server.start()
    front = next(thread for thread in threading.enumerate() if thread.name == "front")
    assert front.ident is not None
    clock = time.pthread_getcpuclockid(front.ident)
    before_s = time.clock_gettime(clock)
    client = [sys.executable, "-m", "bench.front_frame_cost", "client"]
    arguments = [str(number) for number in (server.port, sockets, rate, seconds)]
    subprocess.run([*client, *arguments], check=True)  # noqa: S603 - ourselves, with numbers
    used_s = time.clock_gettime(clock) - before_s
    frames = server.counters.media_frames_in
    name = "uvloop" if use_uvloop else "asyncio"
    cost = f"{used_s / frames * 1e6:.1f} µs of CPU a frame, lag {server.lag_ms:.1f} ms"
    print(f"{name:8}{sockets} sockets, {frames} frames: {cost}")
    server.stop(1.0)


def main() -> None:
    if sys.argv[1:2] == ["client"]:
        port, sockets, rate, seconds = map(int, sys.argv[2:6])
        asyncio.run(calls(port, sockets, rate, seconds))
        return
    given = [int(argument) for argument in sys.argv[1:4]]
    sockets, rate, seconds = [*given, *(20, 50, 5)[len(given) :]]
    print(f"parse: {parse_cost_us(parse):.2f} µs by msgspec, {parse_cost_us(json_parse):.2f} µs by json")
    for use_uvloop in (True, False):
        measure(sockets, rate, seconds, use_uvloop=use_uvloop)


if __name__ == "__main__":
    main()
