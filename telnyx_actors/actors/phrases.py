"""Phrases that are said by heart: synthesized once, and at hand from then on.

Those of the persona are kept on disk and in the archive too; a greeting written for one
caller only in memory. The key is the voice and the text, so another voice, model or wording
is another phrase.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from pathlib import Path
from typing import Final

from loguru import logger

from telnyx_actors.errors import ProviderError
from telnyx_actors.providers.ports import Archive

PHRASES_MAX: Final = 500
"""In memory: about 20 MB. What was not said for longest gives way, as a greeting for one caller soon does."""


class PhraseCache:
    """Thread-safe. ``find`` reads memory only, ``load`` the disk too; ``fetch`` and ``keep`` may wait for the network."""

    def __init__(self, folder: Path, archive: Archive, archive_folder: str, identity: str) -> None:
        self._folder = folder
        self._archive = archive
        self._archive_folder = archive_folder
        self._identity = identity
        self._memory: dict[str, bytes] = {}  # the one said last comes last
        self._lock = threading.Lock()

    def find(self, text: str) -> bytes | None:
        """The phrase, if it is at hand."""
        with self._lock:
            audio = self._memory.pop(text, None)
            if audio is not None:
                self._memory[text] = audio
            return audio

    def load(self, text: str) -> bytes | None:
        """The phrase from memory or disk: for somebody who waits."""
        audio = self.find(text) or self._read(text)
        if audio:
            self.remember(text, audio)
        return audio

    def fetch(self, text: str) -> bytes | None:
        """The phrase from wherever it is, the archive included."""
        audio = self.load(text)
        if audio is None and (audio := self._get(text)):
            self._write(text, audio)
            self.remember(text, audio)
        elif audio is not None and not self._path(text).exists():
            self.keep(text, audio)  # a caller wanted it before it was prepared
        return audio

    def remember(self, text: str, audio: bytes) -> None:
        """Have the phrase at hand, until there are too many."""
        with self._lock:
            self._memory.pop(text, None)
            self._memory[text] = audio
            while len(self._memory) > PHRASES_MAX:
                del self._memory[next(iter(self._memory))]

    def keep(self, text: str, audio: bytes) -> None:
        """A phrase was made: keep it everywhere. What cannot be kept is made again next time."""
        self.remember(text, audio)
        self._write(text, audio)
        try:
            self._archive.put(self._key(text), audio, "audio/basic")
        except ProviderError as error:
            logger.warning("no se pudo archivar una frase: {}", error)

    def _read(self, text: str) -> bytes | None:
        try:
            return self._path(text).read_bytes() or None
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("no se pudo leer una frase de {}: {}", self._folder, error)
            return None

    def _get(self, text: str) -> bytes | None:
        try:
            return self._archive.get(self._key(text)) or None
        except ProviderError as error:
            logger.warning("no se pudo traer una frase del archivo: {}", error)
            return None

    def _write(self, text: str, audio: bytes) -> None:
        """Whole or not at all: a reader never sees half a phrase."""
        path = self._path(text)
        part = path.with_suffix(f".{threading.get_ident()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(audio)
            part.replace(path)
        except OSError as error:
            logger.warning("no se pudo guardar una frase en {}: {}", self._folder, error)
            with contextlib.suppress(OSError):  # a full disk must not be filled further
                part.unlink(missing_ok=True)

    def _name(self, text: str) -> str:
        return hashlib.sha256(f"{self._identity}\n{text}".encode()).hexdigest()[:32] + ".ulaw"

    def _path(self, text: str) -> Path:
        return self._folder / self._name(text)

    def _key(self, text: str) -> str:
        return f"{self._archive_folder}/frases/{self._name(text)}"
