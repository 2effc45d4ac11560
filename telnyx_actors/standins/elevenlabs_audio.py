"""What ElevenLabs generates: real speech in the format asked for, in uneven pieces, faster than it sounds."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from telnyx_actors.standins import sound, voices
from telnyx_actors.standins.voices import Speech

CHARACTERS_MAX: Final = 40_000

_PCM_RATES: Final = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
# Around a quarter of a second of mu-law, and never a whole number of telephone frames.
_PIECE_MS: Final = (237.125, 263.375, 211.625, 288.875)

Framing = Literal["chunked", "length", "eof"]


@dataclass(frozen=True, slots=True)
class ElevenLabsSettings:
    """``api_key`` and ``voices``: the only ones accepted; empty accepts any. ``voice``: which of ours speaks.

    ``speed``: how many times faster than it sounds speech is generated; below 1 it starves the listener.
    """

    api_key: str = ""
    voices: frozenset[str] = frozenset()
    voice: str = "agente"
    first_audio_ms: int = 120
    speed: float = 10.0
    framing: Framing = "chunked"
    concurrent_max: int = 30
    queue_ms: int = 50
    legacy_errors: bool = False
    snake_case_ids: bool = False  # contexts: context_id instead of contextId
    contexts_max: int = 5
    inactivity_timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """An ``output_format`` that can be made without an encoder."""

    name: str
    codec: str
    rate_hz: int

    @property
    def bytes_per_ms(self) -> float:
        return self.rate_hz * (2 if self.codec == "pcm" else 1) / 1000

    @property
    def content_type(self) -> str:
        return {"ulaw": "audio/basic", "alaw": "audio/x-alaw-basic", "pcm": "audio/pcm"}[self.codec]


@dataclass(slots=True)
class Synthesis:
    """Something that was spoken: the text, its sound (always mu-law, with words) and the bytes in the format sent."""

    at: float
    text: str
    voice_id: str
    model_id: str
    output_format: str
    speech: Speech
    audio: bytes
    bytes_sent: int = 0
    outcome: str = "open"  # complete, disconnected, or the fault's kind
    request: dict[str, object] = field(default_factory=dict)


def parse_format(name: str) -> OutputFormat | None:
    """None for what the vendor offers and this stand-in cannot make: mp3 and opus need an encoder."""
    if name in ("ulaw_8000", "alaw_8000"):
        return OutputFormat(name, name[:4], sound.TELEPHONE_RATE_HZ)
    found = re.fullmatch(r"pcm_(\d+)", name)
    if found and int(found[1]) in _PCM_RATES:
        return OutputFormat(name, "pcm", int(found[1]))
    return None


def render(text: str, voice: str, output: OutputFormat) -> tuple[Speech, bytes]:
    """The speech, and its bytes in the output format. Takes milliseconds of CPU."""
    speech = voices.speak(text, voice=voice)
    if output.codec == "ulaw":
        return speech, speech.audio
    if output.codec == "alaw":
        return speech, sound.ulaw_to_alaw(speech.audio)
    return speech, voices.linear(text, voice=voice, rate_hz=output.rate_hz)


def pieces(audio: bytes, output: OutputFormat, speed: float) -> Iterator[tuple[bytes, float]]:
    """The audio in uneven pieces, each with when it is generated: seconds after the first."""
    at = 0
    for piece_ms in itertools.cycle(_PIECE_MS):
        if at >= len(audio):
            return
        due_s = at / output.bytes_per_ms / 1000 / speed
        size = max(1, int(piece_ms * output.bytes_per_ms))
        yield audio[at : at + size], due_s
        at += size


def alignment(speech: Speech, from_ms: float, to_ms: float) -> tuple[list[str], list[int], list[int]]:
    """The characters that begin in this part of the sound, their starts (from its begin) and their durations, in ms."""
    characters: list[str] = []
    starts: list[int] = []
    durations: list[int] = []
    for word in speech.words:
        written = word.text + " "
        each_ms = (word.end_ms - word.start_ms) / len(written)
        for n, character in enumerate(written):
            start_ms = word.start_ms + n * each_ms
            if from_ms <= start_ms < to_ms:
                characters.append(character)
                starts.append(round(start_ms - from_ms))
                durations.append(round(each_ms))
    return characters, starts, durations
