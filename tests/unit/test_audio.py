"""Telephone audio to linear samples and back."""

from __future__ import annotations

import pytest

from telnyx_actors.core.audio import (
    Encoding,
    from_pcm16,
    loudness,
    silence,
    stereo,
    to_pcm16,
)


@pytest.mark.parametrize("encoding", list(Encoding))
def test_every_byte_survives_the_way_there_and_back(encoding: Encoding) -> None:
    audio = bytes(range(256))

    again = from_pcm16(encoding, to_pcm16(encoding, audio))

    # Mu-law has a positive and a negative zero, which sound the same.
    assert [(was, now) for was, now in zip(audio, again, strict=True) if was != now] == (
        [(0x7F, 0xFF)] if encoding is Encoding.PCMU else []
    )


@pytest.mark.parametrize("encoding", list(Encoding))
def test_silence_is_silent(encoding: Encoding) -> None:
    pcm = to_pcm16(encoding, silence(encoding, 160))

    assert len(pcm) == 320
    assert loudness(pcm) <= 8  # A-law has no zero, only plus and minus 8


def test_so_much_less_than_nothing_is_nothing() -> None:
    assert silence(Encoding.PCMU, -5) == b""


def test_two_sides_become_left_and_right() -> None:
    assert stereo(b"\x01\x00\x02\x00", b"\x03\x00\x04\x00") == b"\x01\x00\x03\x00\x02\x00\x04\x00"


def test_nothing_is_not_loud() -> None:
    assert loudness(b"") == 0
