"""Phrases that are said in many calls: synthesized once, kept in memory, on disk and in the archive.

The key is the voice and the text, so another voice, model or wording is another phrase.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Final

from loguru import logger

from telnyx_actors.errors import ProviderError
from telnyx_actors.providers.ports import Archive

PHRASES_MAX: Final = 500
"""In memory: about 20 MB. A `saludo` with the caller's name in it is a phrase of its own."""


class PhraseCache:
    """Thread-safe. ``find`` reads memory only; ``load`` may block on disk and network."""

    def __init__(self, folder: Path, archive: Archive, archive_folder: str, identity: str) -> None:
        self._folder = folder
        self._archive = archive
        self._archive_folder = archive_folder
        self._identity = identity
        self._memory: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def find(self, text: str) -> bytes | None:
        """The phrase, if it is at hand."""
        with self._lock:
            return self._memory.get(text)

    def load(self, text: str) -> bytes | None:
        """The phrase from memory, disk or archive."""
        audio = self.find(text) or self._read(text) or self._fetch(text)
        if audio:
            self._remember(text, audio)
        return audio

    def keep(self, text: str, audio: bytes) -> None:
        """A phrase was made: keep it everywhere. What cannot be kept is made again next time."""
        self._remember(text, audio)
        try:
            self._write(text, audio)
        except OSError as error:
            logger.warning("no se pudo guardar una frase en {}: {}", self._folder, error)
        try:
            self._archive.put(self._key(text), audio, "audio/basic")
        except ProviderError as error:
            logger.warning("no se pudo archivar una frase: {}", error)

    def _remember(self, text: str, audio: bytes) -> None:
        with self._lock:
            self._memory[text] = audio
            while len(self._memory) > PHRASES_MAX:
                del self._memory[next(iter(self._memory))]

    def _read(self, text: str) -> bytes | None:
        try:
            return self._path(text).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("no se pudo leer una frase de {}: {}", self._folder, error)
            return None

    def _fetch(self, text: str) -> bytes | None:
        try:
            audio = self._archive.get(self._key(text))
            if audio:
                self._write(text, audio)
        except (ProviderError, OSError) as error:
            logger.warning("no se pudo traer una frase del archivo: {}", error)
            return None
        return audio

    def _write(self, text: str, audio: bytes) -> None:
        path = self._path(text)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{threading.get_ident()}.part")
        part.write_bytes(audio)
        part.replace(path)

    def _name(self, text: str) -> str:
        return hashlib.sha256(f"{self._identity}\n{text}".encode()).hexdigest()[:32] + ".ulaw"

    def _path(self, text: str) -> Path:
        return self._folder / self._name(text)

    def _key(self, text: str) -> str:
        return f"{self._archive_folder}/frases/{self._name(text)}"
