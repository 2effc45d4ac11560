"""Telephone audio: mu-law and A-law at 8 kHz, one byte a sample."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

SAMPLE_RATE_HZ: Final = 8000
BYTES_PER_MS: Final = 8
FRAME_MS: Final = 20
FRAME_BYTES: Final = FRAME_MS * BYTES_PER_MS


class Encoding(StrEnum):
    """The two laws of the telephone network, by Telnyx's names."""

    PCMU = "PCMU"  # mu-law: the Americas, Japan
    PCMA = "PCMA"  # A-law: everywhere else

    @property
    def silence(self) -> int:
        """The byte of digital silence."""
        return 0xFF if self is Encoding.PCMU else 0xD5
