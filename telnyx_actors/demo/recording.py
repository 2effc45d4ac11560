"""The recording against what the carrier carried: both sides, to the sample."""

from __future__ import annotations

import sys
import wave
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from operator import mul
from pathlib import Path
from typing import Final, TypeAlias

from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.sound import TELEPHONE_RATE_HZ as RATE_HZ
from telnyx_actors.standins.sound import ulaw_to_linear

Samples: TypeAlias = "array[int]"

AUDIBLE_PEAK: Final = 600
"""Of 32768: what a human on the telephone notices."""
SEARCH: Final = RATE_HZ // 4
PROBE: Final = RATE_HZ // 20
SHORTEST: Final = RATE_HZ // 10
"""What is shorter than this is no utterance: the tail of one that a clear cut."""
EDGE: Final = RATE_HZ // 20
WINDOW: Final = RATE_HZ // 100


@dataclass(frozen=True, slots=True)
class Match:
    """A stretch of sound found in the recording: how late it is there, and how alike (1: the same)."""

    start_s: float
    offset_ms: float
    likeness: float


@dataclass(frozen=True, slots=True)
class Side:
    """One channel. ``extra_s``: seconds of audible sound in it that belong to nothing that was carried."""

    matches: tuple[Match, ...]
    extra_s: float

    @property
    def likeness(self) -> float:
        return min((match.likeness for match in self.matches), default=0.0)

    @property
    def offset_ms(self) -> float:
        return max((abs(match.offset_ms) for match in self.matches), default=0.0)


@dataclass(frozen=True, slots=True)
class Recording:
    """The WAV file, held against the carrier's record of the same call."""

    length_s: float
    caller: Side
    agent: Side


def examine(path: Path, record: CarrierCall) -> Recording:
    """Raises ``wave.Error`` or ``OSError`` for what is no recording of a telephone call in stereo."""
    left, right = read_stereo(path)
    spoken = [(utterance.start, utterance.audio) for utterance in record.utterances]
    segments = [*record.stream.segments, *record.carrier.segments]
    played = [(segment.start, bytes(segment.audio)) for segment in segments]
    # A hang-up cuts what is being said.
    caller, agent = ([(start, ulaw[: max(0, record.length - start)]) for start, ulaw in p] for p in (spoken, played))
    return Recording(len(left) / RATE_HZ, side(left, caller), side(right, agent))


def read_stereo(path: Path) -> tuple[Samples, Samples]:
    """Left and right."""
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (2, 2, RATE_HZ):
                raise wave.Error(f"{path}: no es una grabación estéreo de 16 bits a 8 kHz")
            samples = array("h", file.readframes(file.getnframes()))
    except EOFError as error:
        raise wave.Error(f"{path}: está cortada") from error
    if sys.byteorder == "big":
        samples.byteswap()
    return samples[::2], samples[1::2]


def side(channel: Samples, pieces: Iterable[tuple[int, bytes]]) -> Side:
    """Find every piece (mu-law, from its sample on) in a channel, near where it should be."""
    rest = channel[:]
    matches = []
    for start, ulaw in pieces:
        samples = array("h", ulaw_to_linear(ulaw))
        if len(samples) < SHORTEST:
            continue
        found = _find(channel, samples, start)
        likeness = _likeness(channel[found : found + len(samples)], samples)
        matches.append(Match(start / RATE_HZ, (found - start) * 1000 / RATE_HZ, likeness))
        # Where a clear cut it, the two clocks may differ by the way that the clear had to go.
        end = found + len(samples) + EDGE
        rest[found:end] = array("h", bytes(2 * len(rest[found:end])))
    return Side(tuple(matches), _audible_s(rest))


def _find(channel: Samples, samples: Samples, start: int) -> int:
    """Where the piece begins in the channel, by its loudest moment; ``start`` if that is nowhere near."""
    loudest = max(range(len(samples)), key=lambda index: abs(samples[index]))
    probe_at = max(0, min(loudest - PROBE // 2, len(samples) - PROBE))
    probe = samples[probe_at : probe_at + PROBE].tobytes()
    first = max(0, start + probe_at - SEARCH)
    near = channel[first : start + probe_at + PROBE + SEARCH].tobytes()
    at = near.find(probe)
    while at % 2 and at >= 0:  # between two samples: chance
        at = near.find(probe, at + 1)
    return max(0, first + at // 2 - probe_at) if at >= 0 else start


def _likeness(one: Samples, other: Samples) -> float:
    """Their correlation: 1 when they are the same, 0 when they have nothing in common."""
    energy = sum(map(mul, one, one)) * sum(map(mul, other, other))
    return sum(map(mul, one, other)) / sqrt(energy) if energy else 0.0


def _audible_s(samples: Samples) -> float:
    windows = range(0, len(samples), WINDOW)
    return sum(max(map(abs, samples[at : at + WINDOW])) > AUDIBLE_PEAK for at in windows) * WINDOW / RATE_HZ
