"""Spanish voices one can listen to, as a telephone carries them, with the time of every word."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from telnyx_actors.standins import espeak, sound
from telnyx_actors.standins.espeak import Espeak, WordStart


@dataclass(frozen=True, slots=True)
class Word:
    """One word as written, with its punctuation, and when it sounds (milliseconds from the first byte)."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Speech:
    """Mu-law at 8 kHz in whole frames of 160 bytes, from the first sound to the last, and its words in order."""

    audio: bytes
    words: tuple[Word, ...]

    @property
    def duration_ms(self) -> int:
        return len(self.audio) * 1000 // sound.TELEPHONE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Voice:
    """An espeak-ng voice with a speed (words a minute) and a pitch (0-99)."""

    name: str
    rate: int = 165
    pitch: int = 50


VOICES: Final = {
    "agente": Voice("es-419+f2", rate=175, pitch=58),
    "cliente": Voice("es-419+m3", rate=165, pitch=42),
    "clienta": Voice("es-419+f5", rate=160, pitch=30),
    "operadora": Voice("es-419+linda", rate=150, pitch=48),
    # For tests that have no time to listen.
    "agente deprisa": Voice("es-419+f2", rate=330, pitch=58),
    "cliente deprisa": Voice("es-419+m3", rate=310, pitch=42),
}

_LOUDNESS_RMS = 3000
_TRIM_MS = 10
_CACHED_MAX = 512

_espeak = Espeak()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Rendering:
    linear: bytes  # 16 bit, espeak's rate, trimmed
    words: tuple[Word, ...]


def synthesize(text: str, *, voice: str = "agente") -> bytes:
    """Mu-law of ``text`` in one of ``VOICES``, trimmed, in whole frames; empty if nothing sounds. Any thread."""
    return speak(text, voice=voice).audio


def speak(text: str, *, voice: str = "agente") -> Speech:
    """As ``synthesize``, with the time of every word. The same request gives the same samples."""
    rendering = _rendering(text, voice)
    return Speech(_telephone(rendering.linear), rendering.words)


def linear(text: str, *, voice: str = "agente", rate_hz: int = 16000) -> bytes:
    """16-bit little-endian mono samples of the same utterance at any rate."""
    return sound.resample(_rendering(text, voice).linear, espeak.SAMPLE_RATE_HZ, rate_hz)


def spread(text: str, audio: bytes) -> Speech:
    """Give a mu-law recording of known words the times they would have at an even pace."""
    tokens = text.split()
    letters = sum(map(len, tokens)) or 1
    whole_ms = len(audio) * 1000 // sound.TELEPHONE_RATE_HZ
    words, spoken = [], 0
    for token in tokens:
        start_ms, spoken = whole_ms * spoken // letters, spoken + len(token)
        words.append(Word(token, start_ms, whole_ms * spoken // letters))
    return Speech(_padded(audio), tuple(words))


@lru_cache(maxsize=_CACHED_MAX)
def _telephone(linear: bytes) -> bytes:
    return _padded(sound.linear_to_ulaw(sound.resample(linear, espeak.SAMPLE_RATE_HZ, sound.TELEPHONE_RATE_HZ)))


def _padded(ulaw: bytes) -> bytes:
    return ulaw + bytes([sound.SILENCE_ULAW]) * (-len(ulaw) % sound.FRAME_BYTES)


def _rendering(text: str, voice: str) -> _Rendering:
    # espeak-ng carries state from one utterance to the next and never says a thing twice alike: what makes
    # the same request give the same samples is the cache, so two threads must not both miss it.
    with _lock:
        return _render(text, voice)


@lru_cache(maxsize=_CACHED_MAX)
def _render(text: str, voice: str) -> _Rendering:
    chosen = VOICES[voice]
    samples, starts = _espeak.synthesize(text, chosen.name, rate=chosen.rate, pitch=chosen.pitch)
    samples = sound.amplify_to(samples, _LOUDNESS_RMS)
    first_ms, last_ms = _audible(samples)
    trimmed = samples[_offset(first_ms) : _offset(last_ms)]
    return _Rendering(trimmed, _words(text, starts, first_ms, last_ms))


def _offset(at_ms: int) -> int:
    return 2 * (espeak.SAMPLE_RATE_HZ * at_ms // 1000)


def _audible(samples: bytes) -> tuple[int, int]:
    """From where to where there is sound, in steps of 10 ms; (0, 0) in silence."""
    whole_ms = len(samples) // 2 * 1000 // espeak.SAMPLE_RATE_HZ
    loud = [
        at_ms
        for at_ms in range(0, whole_ms, _TRIM_MS)
        if sound.linear_rms(samples[_offset(at_ms) : _offset(at_ms + _TRIM_MS)]) >= sound.AUDIBLE_RMS
    ]
    return (loud[0], min(loud[-1] + _TRIM_MS, whole_ms)) if loud else (0, 0)


def _words(text: str, starts: Sequence[WordStart], first_ms: int, last_ms: int) -> tuple[Word, ...]:
    """The words of the text at the times espeak named; what it gave no time to belongs to the word before."""
    tokens = list(re.finditer(r"\S+", text))
    begins: dict[int, int] = {}
    for start in starts:
        token = next((i for i, found in enumerate(tokens) if found.end() > start.position), None)
        if token is not None:
            begins.setdefault(token, start.at_ms)
    timed = sorted(begins)
    words: list[Word] = []
    for order, token in enumerate(timed):
        following = timed[order + 1] if order + 1 < len(timed) else None
        begin = 0 if order == 0 else tokens[token].start()
        end = len(text) if following is None else tokens[following].start()
        start_ms = min(max(begins[token], first_ms), last_ms)
        end_ms = last_ms if following is None else min(max(begins[following], start_ms), last_ms)
        words.append(Word(" ".join(text[begin:end].split()), start_ms - first_ms, end_ms - first_ms))
    return tuple(words)
