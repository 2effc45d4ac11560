"""Sound that the carrier itself plays into a call: `playback_start` and `speak`, one after another."""

from __future__ import annotations

import array
import asyncio
import io
import math
import wave
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

from telnyx_actors.standins import sound
from telnyx_actors.standins.audibility import Law, to_ulaw
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.sound import TELEPHONE_RATE_HZ as RATE_HZ

Emit = Callable[[str, Mapping[str, object]], None]
FETCH_LIMIT_S: Final = 10.0
MAX_FILE_BYTES: Final = 10 * 1024 * 1024
MP3_BYTES_PER_S: Final = 16_000  # 128 kbit/s
_WAVE_FORMATS: Final[Mapping[int, Law]] = {6: "PCMA", 7: "PCMU"}


class Unplayable(Exception):
    """``status`` is what `call.playback.ended` says about it."""

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class Item:
    """Something to play. ``kind`` is `playback` or `speak`; ``extra`` goes into both webhooks."""

    kind: str
    load: Callable[[], Awaitable[bytes]]
    extra: Mapping[str, object]
    loops: int = 1


class CarrierAudio:
    """The queue of one call. Lives on the stand-in's loop."""

    def __init__(self, call: CarrierCall, emit: Emit) -> None:
        self._call = call
        self._emit = emit
        self._queue: deque[Item] = deque()
        self._task: asyncio.Task[None] | None = None
        self._end_now: asyncio.Future[str] | None = None

    @property
    def playing(self) -> bool:
        return self._task is not None and not self._task.done()

    def add(self, item: Item) -> None:
        self._queue.append(item)
        if not self.playing:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self, *, everything: bool, status: str = "cancelled") -> None:
        """Silence what plays now; with ``everything`` also forget what waits."""
        if everything:
            self._queue.clear()
        self._call.carrier.clear(self._call.position() or 0)
        if self._end_now is not None and not self._end_now.done():
            self._end_now.set_result(status)

    async def abort(self) -> None:
        """The call ends: everything ends with it."""
        self.stop(everything=True, status="call_hangup")
        if self._task is not None:
            await asyncio.wait([self._task], timeout=0.5)
            self._task.cancel()

    async def _run(self) -> None:
        while self._queue:
            item = self._queue.popleft()
            self._end_now = asyncio.get_running_loop().create_future()
            status = await self._play(item, self._end_now)
            if item.kind == "speak" and status == "cancelled":
                status = "completed"  # the vendor's type has no word for a speak that was stopped
            self._emit(f"call.{item.kind}.ended", {**item.extra, "status": status})

    async def _play(self, item: Item, end_now: asyncio.Future[str]) -> str:
        try:
            audio = await item.load()
        except Unplayable as error:
            self._call.note("unplayable", item=item.kind, status=error.status, detail=str(error))
            return error.status
        if not end_now.done():
            self._emit(f"call.{item.kind}.started", item.extra)
            now = self._call.position()
            if now is not None:
                self._call.carrier.push(audio * item.loops, now)
            await asyncio.wait([end_now], timeout=len(audio) * item.loops / RATE_HZ)
        return end_now.result() if end_now.done() else "completed"


def decode(content: bytes, audio_type: str) -> bytes:
    """A file as mu-law. An mp3 becomes a hum of the length it probably has. Raises Unplayable."""
    if content[:4] == b"RIFF":
        return _decode_wav(content)
    if audio_type == "mp3" and (content[:3] == b"ID3" or content[:1] == b"\xff"):
        return _hum(len(content) * RATE_HZ // MP3_BYTES_PER_S)
    raise Unplayable("failed", "neither wav nor mp3")


def _decode_wav(content: bytes) -> bytes:
    law = _wave_law(content)
    if law is not None:
        start = content.find(b"data") + 8
        return to_ulaw(content[start:], law)
    try:
        with wave.open(io.BytesIO(content)) as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise Unplayable("failed", f"bad wav: {error}") from error
    if width != 2:
        raise Unplayable("failed", f"{width * 8}-bit wav")
    first_channel = array.array("h", raw[: len(raw) // 2 * 2])[::channels].tobytes()
    return sound.linear_to_ulaw(sound.resample(first_channel, rate, RATE_HZ))


def _wave_law(content: bytes) -> Law | None:
    chunk = content.find(b"fmt ")
    return _WAVE_FORMATS.get(int.from_bytes(content[chunk + 8 : chunk + 10], "little")) if chunk > 0 else None


def _hum(size: int) -> bytes:
    wave_400_hz = array.array("h", (int(3000 * math.sin(math.pi * n / 10)) for n in range(20)))
    return (sound.linear_to_ulaw(wave_400_hz.tobytes()) * (size // 20 + 1))[:size]


async def fetch(url: str) -> bytes:
    """The file behind `audio_url`. Raises Unplayable."""
    try:
        async with aiohttp.request("GET", url, timeout=aiohttp.ClientTimeout(total=FETCH_LIMIT_S)) as response:
            if response.status != 200:
                raise Unplayable("file_not_found", f"{response.status} for {url}")
            return await response.content.read(MAX_FILE_BYTES)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unplayable("file_not_found", repr(error)) from error
