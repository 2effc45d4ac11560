"""Where log lines go: a bounded queue and a thread that writes, so that nobody waits for a terminal or a disk.

A line that finds the queue full is lost and counted, and the count is written as soon as
there is room again. Figures and alternatives: docs/decisions.md, "Logging".
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from logging import LogRecord, makeLogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue
from typing import Final, Protocol, TextIO

QUEUED_LINES_MAX: Final = 10_000
FILE_MAX_BYTES: Final = 50 * 1024 * 1024
FILES_KEPT: Final = 10

Clean = Callable[[str, int], str]
"""Takes out of a line (with its level's number) what must not be read."""


class Output(Protocol):
    """Takes lines, one thread at a time. May block; may raise ``OSError`` or, once closed, ``ValueError``."""

    def write(self, line: str) -> None: ...

    def close(self) -> None: ...


class LineWriter:
    """Writes lines on a thread of its own. ``put`` never blocks, from any thread, also inside a signal handler."""

    def __init__(self, name: str, output: Output, clean: Clean) -> None:
        self._output = output
        self._clean = clean
        self._queue: SimpleQueue[tuple[str, int] | None] = SimpleQueue()
        self._lost = 0  # a race may miscount a line or two, which is cheaper than a lock
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, line: str, level: int) -> None:
        """Hand over one line, complete with its newline."""
        if self._queue.qsize() >= QUEUED_LINES_MAX:
            self._lost += 1
        else:
            self._queue.put((line, level))

    def close(self, timeout_s: float) -> bool:
        """Write what is queued and stop. False when the output did not take it all in time."""
        self._queue.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        for line, level in iter(self._queue.get, None):
            try:
                self._output.write(self._clean(line, level))
                if self._lost:
                    lost, self._lost = self._lost, 0
                    self._output.write(f"⚠️ {lost} líneas de registro perdidas: la salida no daba abasto\n")
            except (OSError, ValueError):  # disk full, pipe broken, stream closed: the next line may fare better
                self._lost += 1
        self._output.close()


class Console:
    """A terminal or a pipe, in UTF-8 whatever Windows calls its code page. Not ours to close."""

    def __init__(self, stream: TextIO) -> None:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        self._stream = stream

    def write(self, line: str) -> None:
        self._stream.write(line)
        self._stream.flush()

    def close(self) -> None:
        """Leave the stream to its owner."""


class RotatedFile(RotatingFileHandler):
    """A file that becomes ``<name>.1`` (``.2``…) when it is full; the oldest goes. Raises ``OSError``."""

    terminator = ""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(
            path, maxBytes=FILE_MAX_BYTES, backupCount=FILES_KEPT, encoding="utf-8", errors="backslashreplace"
        )

    def write(self, line: str) -> None:
        self.emit(makeLogRecord({"msg": line}))

    def handleError(self, record: LogRecord) -> None:  # noqa: N802  (logging's own name)
        # logging would print to stderr, which may be what is stuck; we count.
        raise  # noqa: PLE0704  (called by emit, inside its except clause)
