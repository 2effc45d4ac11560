"""Where log lines go: a bounded queue and a thread that writes, so that nobody waits for a terminal or a disk.

A line that finds the queue full is lost and counted, and the count is written as soon as
there is room again. Figures and alternatives: docs/decisions.md, "Logging".
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Final, Protocol, TextIO

QUEUED_LINES_MAX: Final = 10_000
FILE_MAX_BYTES: Final = 50 * 1024 * 1024
FILES_KEPT: Final = 10
RENEW_AGAIN_BYTES: Final = 1024 * 1024
"""How much more goes into a full file that could not be renewed, before that is tried again."""

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


class RotatedFile:
    """A file that becomes ``<name>.1`` (``.2``…) when it is full; the oldest goes. Raises ``OSError``."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._limit_bytes = FILE_MAX_BYTES
        self._open()

    def write(self, line: str) -> None:
        data = line.encode("utf-8", "backslashreplace")
        if self._size_bytes + len(data) > self._limit_bytes:
            self._renew()
        elif self._file.closed:  # it could not be opened again
            self._open()
        self._file.write(data)
        self._size_bytes += len(data)

    def close(self) -> None:
        self._file.close()

    def _open(self) -> None:
        self._path.touch(mode=0o600)  # what callers say is in it
        self._file = self._path.open("ab", buffering=0)
        self._size_bytes = self._file.tell()

    def _renew(self) -> None:
        self._file.close()
        try:
            _set_aside(self._path)
            self._limit_bytes = FILE_MAX_BYTES
        except OSError:  # on Windows, while somebody reads it: a file that is too long does less harm than none
            self._limit_bytes = self._size_bytes + RENEW_AGAIN_BYTES
        self._open()


def _set_aside(path: Path) -> None:
    """Move the files on, as far as the first gap only: tried again and again, it pushes none out at the end."""
    names = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, FILES_KEPT + 1))]
    gap = next((number for number, name in enumerate(names) if not name.exists()), FILES_KEPT)
    for number in range(gap, 0, -1):
        names[number - 1].replace(names[number])
