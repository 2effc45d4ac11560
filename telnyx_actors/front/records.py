"""Files of archived calls, read beside the front's thread: an archive may be far away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Final

from loguru import logger

from telnyx_actors.actors.pump import Pump
from telnyx_actors.errors import ProviderError
from telnyx_actors.front.ports import Answer, FileReply
from telnyx_actors.providers.ports import Archive

READERS_MAX: Final = 4
KEPT_BYTES_MAX: Final = 32 * 1024 * 1024
"""Seventeen minutes of a call; what is longer is read again for each part."""


class Records:
    """Reads on threads of their own, a few at a time, and keeps the last file: a player asks for it in parts."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._lock = threading.Lock()
        self._readers = 0
        self._kept: tuple[str, bytes] = ("", b"")

    def fetch(self, key: str, reply: FileReply) -> None:
        """Any thread; returns at once."""
        with self._lock:
            kept_key, kept = self._kept
            has_room = self._readers < READERS_MAX
            self._readers += key != kept_key and has_room
        if key == kept_key:
            reply(kept)
        elif not has_room:
            reply(_failure(503, "busy", "Se están leyendo demasiadas grabaciones a la vez; intente de nuevo."))
        else:
            ended = self._ended(reply)
            Pump(self._read(key), lambda: None, self._deliver(key, reply), ended, "front/record").start()

    def _read(self, key: str) -> Iterator[bytes | None]:
        yield self._archive.get(key)

    def _deliver(self, key: str, reply: FileReply) -> Callable[[bytes | None], bool]:
        def deliver(file: bytes | None) -> bool:
            if file is None:
                reply(_failure(404, "not_found", "La grabación ya no está en el archivo."))
            else:
                with self._lock:
                    self._kept = (key, file) if len(file) <= KEPT_BYTES_MAX else self._kept
                reply(file)
            return True

        return deliver

    def _ended(self, reply: FileReply) -> Callable[[Exception | None], None]:
        def ended(error: Exception | None) -> None:
            with self._lock:
                self._readers -= 1
            if error is not None:
                kind = error.kind if isinstance(error, ProviderError) else type(error).__name__
                logger.warning("no se pudo leer una grabación del archivo: {}", kind)
                reply(_failure(502, "archive", f"El archivo no respondió ({kind})."))

        return ended


def _failure(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": code, "message": message})
