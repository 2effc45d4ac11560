"""Telephone audio: mu-law and A-law at 8 kHz, one byte a sample."""

from __future__ import annotations

import warnings
from enum import StrEnum
from typing import Final

with warnings.catch_warnings():
    # Python 3.11 and 3.12 warn that 3.13 has no audioop; there it comes from the audioop-lts package.
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

SAMPLE_RATE_HZ: Final = 8000
BYTES_PER_MS: Final = 8
FRAME_MS: Final = 20
FRAME_BYTES: Final = FRAME_MS * BYTES_PER_MS
PCM16_BYTES: Final = 2  # of one sample, signed, in the machine's byte order


class Encoding(StrEnum):
    """The two laws of the telephone network, by Telnyx's names."""

    PCMU = "PCMU"  # mu-law: the Americas, Japan
    PCMA = "PCMA"  # A-law: everywhere else

    @property
    def silence(self) -> int:
        """The byte of digital silence."""
        return 0xFF if self is Encoding.PCMU else 0xD5


def silence(encoding: Encoding, samples: int) -> bytes:
    """So many samples of nothing; none when ``samples`` is negative."""
    return bytes((encoding.silence,)) * samples


def to_pcm16(encoding: Encoding, audio: bytes) -> bytes:
    """16-bit linear samples of ``audio``: twice as many bytes."""
    if encoding is Encoding.PCMU:
        return audioop.ulaw2lin(audio, PCM16_BYTES)
    return audioop.alaw2lin(audio, PCM16_BYTES)


def from_pcm16(encoding: Encoding, pcm: bytes) -> bytes:
    """``pcm`` (16-bit, a whole number of samples) as one byte a sample."""
    if encoding is Encoding.PCMU:
        return audioop.lin2ulaw(pcm, PCM16_BYTES)
    return audioop.lin2alaw(pcm, PCM16_BYTES)


def loudness(pcm: bytes) -> int:
    """The root mean square of 16-bit samples: 0 to 32768. Speech on the phone is some 500 to 8000."""
    return audioop.rms(pcm, PCM16_BYTES)


def stereo(left_pcm: bytes, right_pcm: bytes) -> bytes:
    """Two channels of equal length, interleaved."""
    left = audioop.tostereo(left_pcm, PCM16_BYTES, 1, 0)
    return audioop.add(left, audioop.tostereo(right_pcm, PCM16_BYTES, 0, 1), PCM16_BYTES)
