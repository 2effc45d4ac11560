"""The caller's sound on its way to the application: framed, numbered, and damaged as asked."""

from __future__ import annotations

import array
import base64
import random

from telnyx_actors.standins.audibility import SILENCE, from_ulaw
from telnyx_actors.standins.sound import FRAME_MS, linear_to_ulaw
from telnyx_actors.standins.telnyx_settings import LineSettings

TICKS_PER_MS = 8


def comfort_noise(random_: random.Random) -> bytes:
    """20 ms of what an idle line sounds like: about -40 dB, below anything one would notice."""
    return linear_to_ulaw(array.array("h", (random_.randint(-320, 320) for _ in SILENCE)).tobytes())


class Line:
    """Numbers the frames of one stream, then loses, doubles, swaps and holds back some of them."""

    def __init__(self, settings: LineSettings, stream_id: str, number: str) -> None:
        self._settings = settings
        self._random = random.Random(f"{settings.seed}/{number}")
        self._noise = [comfort_noise(self._random) for _ in range(16)] if settings.comfort_noise else [SILENCE]
        self._stream_id = stream_id
        self._sequence = 1
        self._chunk = settings.first_chunk
        self._timestamp = settings.first_timestamp
        self._started = False
        self._swapped: list[str] = []  # waits for its successor to overtake it
        self._held: list[str] = []  # waits for the jitter to end
        self._hold = 0

    def next_sequence(self) -> int:
        """The number of the next frame of any kind. `start` is 1; media begin a little later."""
        number, self._sequence = self._sequence, self._sequence + 1
        return number

    def frames(self, sound: bytes) -> list[str]:
        """What leaves in this 20 ms, as JSON texts: usually one, sometimes none or several."""
        if not self._started:
            self._started = True
            self._sequence += self._settings.sequence_gap
        settings = self._settings
        out = [self._text(self._random.choice(self._noise) if sound == SILENCE else sound)]
        if self._happens(settings.loss):
            out = []
        elif self._happens(settings.duplicate):
            out *= 2
        if self._swapped:
            out, self._swapped = out + self._swapped, []
        elif self._happens(settings.reorder):
            out, self._swapped = [], out
        if self._hold == 0 and self._happens(settings.jitter):
            self._hold = self._random.randint(1, settings.max_held)
        self._held += out
        if self._hold > 0:
            self._hold -= 1
            return []
        out, self._held = self._held, []
        return out

    def _happens(self, rate: float) -> bool:
        return rate > 0 and self._random.random() < rate

    def _text(self, sound: bytes) -> str:
        chunk, stamp, sequence = self._chunk, self._timestamp, self.next_sequence()
        self._chunk += 1
        self._timestamp += FRAME_MS * (TICKS_PER_MS if self._settings.timestamp_unit == "ticks" else 1)
        payload = base64.b64encode(from_ulaw(sound, self._settings.law)).decode()
        return (
            f'{{"event":"media","sequence_number":"{sequence}","stream_id":"{self._stream_id}","media":'
            f'{{"track":"inbound","chunk":"{chunk}","timestamp":"{stamp}","payload":"{payload}"}}}}'
        )
