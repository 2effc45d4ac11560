"""Where log lines go: a bounded queue and a thread that writes, so that nobody waits for a terminal or a disk.

A line that finds the queue full is lost and counted, and the count is written as soon as
there is room again. Figures and alternatives: docs/decisions.md, "Logging".
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from logging import LogRecord, makeLogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue
from typing import Final, TextIO

QUEUED_LINES_MAX: Final = 10_000
FILE_MAX_BYTES: Final = 50 * 1024 * 1024
FILES_KEPT: Final = 10

Clean = Callable[[str, int], str]
"""Takes out of a line (with its level's number) what must not be read."""


class LineWriter:
    """Writes lines on a thread of its own. ``put`` never blocks, from any thread, also inside a signal handler."""

    def __init__(self, name: str, write: Callable[[str], None], clean: Clean) -> None:
        self._write = write
        self._clean = clean
        self._queue: SimpleQueue[tuple[str, int] | None] = SimpleQueue()
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, line: str, level: int) -> None:
        """Hand over one line, complete with its newline."""
        if self._queue.qsize() >= QUEUED_LINES_MAX:
            self._lost += 1  # a race may lose the count of one line, never the program
        else:
            self._queue.put((line, level))

    def close(self, timeout_s: float) -> bool:
        """Write what is queued and stop. False when the output did not take it all in time."""
        self._queue.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        for line, level in self._lines():
            try:
                self._write(self._clean(line, level))
            except (OSError, ValueError):  # disk full, pipe broken, stream closed: the next line may fare better
                self._lost += 1
            else:
                self._report_losses()

    def _lines(self) -> Iterator[tuple[str, int]]:
        return iter(self._queue.get, None)

    def _report_losses(self) -> None:
        if self._lost:
            lost, self._lost = self._lost, 0
            self.put(f"⚠️ {lost} líneas de registro perdidas: la salida no daba abasto\n", 30)


def stream_writer(stream: TextIO) -> Callable[[str], None]:
    """Write to a console or a pipe, in UTF-8 whatever Windows calls its code page."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")

    def write(line: str) -> None:
        stream.write(line)
        stream.flush()

    return write


class _RotatedFile(RotatingFileHandler):
    """Lets its errors out, to be counted, instead of printing them to a stderr that may be what failed."""

    terminator = ""

    def handleError(self, record: LogRecord) -> None:  # noqa: N802  (logging's own name)
        raise  # noqa: PLE0704  (called by emit, inside its except clause)


def file_writer(path: Path) -> Callable[[str], None]:
    """Write to a file that is renamed to ``<name>.1`` (``.2``…) when it is full; the oldest goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _RotatedFile(
        path, maxBytes=FILE_MAX_BYTES, backupCount=FILES_KEPT, encoding="utf-8", errors="backslashreplace"
    )

    def write(line: str) -> None:
        file.emit(makeLogRecord({"msg": line}))

    return write
