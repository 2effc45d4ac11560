"""espeak-ng through ctypes: text to samples, and when each word begins."""

from __future__ import annotations

import ctypes
import importlib
import threading
from dataclasses import dataclass
from typing import Final

SAMPLE_RATE_HZ: Final = 22050

_SYNCHRONOUS = 2
_CHARS_UTF8 = 1
_EVENT_END_OF_LIST, _EVENT_WORD = 0, 1
_PARAMETER_RATE, _PARAMETER_PITCH = 1, 3


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class WordStart:
    """A word begins: where in the text (characters, from 0) and when in the sound."""

    position: int
    at_ms: int


class Espeak:
    """The library, which has one global state: every call holds the lock. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library: ctypes.CDLL | None = None
        self._samples: list[bytes] = []
        self._words: list[WordStart] = []
        # The library keeps only the address: were this not referenced from here, the first call back would crash.
        self._callback = _Callback(self._on_samples)

    def synthesize(self, text: str, voice: str, *, rate: int, pitch: int) -> tuple[bytes, list[WordStart]]:
        """16-bit mono samples at 22050 Hz. ``rate`` is in words a minute, ``pitch`` 0-99. ValueError: no such voice."""
        with self._lock:
            library = self._loaded()
            if library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise ValueError(f"no hay voz {voice!r} en espeak-ng")
            library.espeak_SetParameter(_PARAMETER_RATE, rate, 0)
            library.espeak_SetParameter(_PARAMETER_PITCH, pitch, 0)
            self._samples, self._words = [], []
            encoded = text.encode() + b"\0"
            library.espeak_Synth(encoded, len(encoded), 0, 1, 0, _CHARS_UTF8, None, None)
            return b"".join(self._samples), self._words

    def _loaded(self) -> ctypes.CDLL:
        if self._library is None:
            wheel = importlib.import_module("espeakng_loader")
            library = ctypes.CDLL(wheel.get_library_path())
            if library.espeak_Initialize(_SYNCHRONOUS, 0, str(wheel.get_data_path()).encode(), 0) != SAMPLE_RATE_HZ:
                raise RuntimeError("espeak-ng no se pudo iniciar con las voces de espeakng-loader")
            library.espeak_SetSynthCallback(self._callback)
            self._library = library
        return self._library

    def _on_samples(self, samples: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if count > 0:  # the last call brings none
            self._samples.append(ctypes.string_at(samples, 2 * count))
        index = 0
        while events[index].type != _EVENT_END_OF_LIST:
            event = events[index]
            if event.type == _EVENT_WORD:
                self._words.append(WordStart(event.text_position - 1, event.audio_position))
            index += 1
        return 0
