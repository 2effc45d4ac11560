"""Sound as bytes: the two telephone laws, loudness, and a change of rate that does not hiss."""

from __future__ import annotations

import math
import warnings
from functools import cache
from typing import Final

with warnings.catch_warnings():  # 3.11 and 3.12 announce the removal; from 3.13 audioop-lts has the same name
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

TELEPHONE_RATE_HZ: Final = 8000
FRAME_BYTES: Final = 160
FRAME_MS: Final = 20
SILENCE_ULAW: Final = 0xFF
VOICE_RMS: Final = 350  # of 32768: speech is well above it, comfort noise (about 200) well below
AUDIBLE_RMS: Final = 100  # the faint begins and ends of words too, where there is no noise

_TAPS = 33


def linear_to_ulaw(linear: bytes) -> bytes:
    return audioop.lin2ulaw(linear, 2)


def ulaw_to_linear(ulaw: bytes) -> bytes:
    return audioop.ulaw2lin(ulaw, 2)


def ulaw_to_alaw(ulaw: bytes) -> bytes:
    return audioop.lin2alaw(audioop.ulaw2lin(ulaw, 2), 2)


def alaw_to_ulaw(alaw: bytes) -> bytes:
    return audioop.lin2ulaw(audioop.alaw2lin(alaw, 2), 2)


def linear_rms(linear: bytes) -> int:
    return audioop.rms(linear, 2)


def is_voice(ulaw: bytes) -> bool:
    """Whether a piece of mu-law is loud enough to be speech."""
    return audioop.rms(audioop.ulaw2lin(ulaw, 2), 2) >= VOICE_RMS


def amplify_to(linear: bytes, rms: int, peak_max: int = 30000) -> bytes:
    """The same sound at this loudness, or as near to it as the peaks allow."""
    loudest, mean = audioop.max(linear, 2), audioop.rms(linear, 2)
    if not mean:
        return linear
    return audioop.mul(linear, 2, min(rms / mean, peak_max / loudest))


def resample(linear: bytes, from_hz: int, to_hz: int) -> bytes:
    """Change the rate of 16-bit samples; what the lower rate cannot carry is filtered out first."""
    if from_hz == to_hz:
        return linear
    if to_hz < from_hz:
        linear = _low_pass(linear, 0.45 * to_hz / from_hz)
    return audioop.ratecv(linear, 2, 1, from_hz, to_hz, None)[0]


def _low_pass(linear: bytes, cutoff: float) -> bytes:
    """A windowed-sinc filter, one whole-buffer multiplication a tap: C speed without numpy. ``cutoff`` is a part of the rate."""
    middle = _TAPS // 2
    padded = bytes(2 * middle) + linear + bytes(2 * middle)
    filtered = bytes(len(linear))
    for tap, weight in enumerate(_sinc(cutoff)):
        filtered = audioop.add(filtered, audioop.mul(padded[2 * tap : 2 * tap + len(linear)], 2, weight), 2)
    return filtered


@cache
def _sinc(cutoff: float) -> tuple[float, ...]:
    middle = _TAPS // 2
    taps = []
    for index in range(_TAPS):
        distance = index - middle
        ideal = 2 * cutoff if distance == 0 else math.sin(2 * math.pi * cutoff * distance) / (math.pi * distance)
        taps.append(ideal * (0.54 + 0.46 * math.cos(math.pi * distance / (middle + 1))))
    return tuple(tap / sum(taps) for tap in taps)
