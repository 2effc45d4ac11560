"""What a human on the telephone can hear, in mu-law."""

from __future__ import annotations

import array
import io
import sys
import wave
from typing import Final, Literal

from telnyx_actors.standins import sound

Law = Literal["PCMU", "PCMA"]

BYTES_PER_MS: Final = 8
SILENCE: Final = bytes([sound.SILENCE_ULAW]) * sound.FRAME_BYTES
# Above this peak (about -35 dB) a human notices; line noise and comfort noise stay below.
_AUDIBLE_PEAK: Final = 600
_LEVELS: Final = array.array("h", sound.ulaw_to_linear(bytes(range(256))))
_IS_AUDIBLE: Final = bytes(abs(level) > _AUDIBLE_PEAK for level in _LEVELS)


def from_ulaw(audio: bytes, law: Law) -> bytes:
    """mu-law as the wire wants it."""
    return audio if law == "PCMU" else sound.ulaw_to_alaw(audio)


def to_ulaw(audio: bytes, law: Law) -> bytes:
    """What came over the wire, as mu-law."""
    return audio if law == "PCMU" else sound.alaw_to_ulaw(audio)


def is_audible(ulaw: bytes) -> bool:
    """Whether a human would notice anything in it."""
    return 1 in ulaw.translate(_IS_AUDIBLE)


def audible_spans(ulaw: bytes, *, window_ms: int = 10, join_ms: int = 300) -> list[tuple[int, int]]:
    """Where sound can be noticed, as byte ranges; pauses up to ``join_ms`` belong to the sound around them."""
    flags, window, join = ulaw.translate(_IS_AUDIBLE), window_ms * BYTES_PER_MS, join_ms * BYTES_PER_MS
    spans: list[tuple[int, int]] = []
    start = flags.find(1)
    while start >= 0:
        start -= start % window
        end = min(start + window, len(flags))
        if spans and start - spans[-1][1] <= join:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        start = flags.find(1, end)
    return spans


def wav(*channels: bytes) -> bytes:
    """A 16-bit WAV file of mu-law channels, the shorter ones filled with silence."""
    size = max(map(len, channels), default=0)
    frames = array.array("h", bytes(2 * size * len(channels)))
    for index, channel in enumerate(channels):
        frames[index :: len(channels)] = array.array("h", sound.ulaw_to_linear(channel.ljust(size, SILENCE[:1])))
    if sys.byteorder == "big":
        frames.byteswap()
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(max(len(channels), 1))
        file.setsampwidth(2)
        file.setframerate(sound.TELEPHONE_RATE_HZ)
        file.writeframes(frames.tobytes())
    return out.getvalue()
