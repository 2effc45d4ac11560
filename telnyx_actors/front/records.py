"""Files of archived calls, read beside the front's thread: an archive may be far away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Final

from loguru import logger

from telnyx_actors.actors.pump import Pump
from telnyx_actors.errors import ProviderError
from telnyx_actors.front.byte_ranges import UnsatisfiableError, wanted_part
from telnyx_actors.front.ports import Answer, FilePart, FileReply, NoSuchPart, error_body
from telnyx_actors.providers.ports import Archive

READERS_MAX: Final = 4


class Records:
    """Reads the part that was asked for on a thread of its own, a few at a time.

    A recording may have half a gigabyte (four hours); of each there is a megabyte in memory at the most.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._readers = threading.BoundedSemaphore(READERS_MAX)

    def fetch(self, key: str, wanted: str | None, reply: FileReply) -> None:
        """``wanted``: as in the header ``Range``. Any thread; returns at once."""
        if not self._readers.acquire(blocking=False):
            busy = "Se están leyendo demasiadas grabaciones a la vez; intente de nuevo."
            reply(Answer(503, error_body("busy", busy)))
            return

        def deliver(file: FilePart | NoSuchPart | Answer) -> bool:
            reply(file)
            return True

        Pump(self._read(key, wanted), lambda: None, deliver, self._ended(reply), "front/record").start()

    def _read(self, key: str, wanted: str | None) -> Iterator[FilePart | NoSuchPart | Answer]:
        size_bytes = self._archive.size_bytes(key)
        if size_bytes is None:
            yield _MISSING
            return
        try:
            part = wanted_part(wanted, size_bytes)
        except UnsatisfiableError:
            yield NoSuchPart(size_bytes)
            return
        first, last = part or (0, size_bytes - 1)
        content = self._archive.read(key, first, last) if size_bytes else b""
        yield _MISSING if content is None else FilePart(content, first if part else None, size_bytes)

    def _ended(self, reply: FileReply) -> Callable[[Exception | None], None]:
        def ended(error: Exception | None) -> None:
            self._readers.release()
            if error is not None:
                kind = error.kind if isinstance(error, ProviderError) else type(error).__name__
                logger.warning("no se pudo leer una grabación del archivo: {}", kind)
                reply(Answer(502, error_body("archive", f"El archivo no respondió ({kind}).")))

        return ended


_MISSING: Final = Answer(404, error_body("not_found", "La grabación ya no está en el archivo."))
