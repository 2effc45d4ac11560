"""A terminal: colours where they are wanted, words that fit, and a last line that changes while somebody speaks."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TextIO

WIDTH_MAX: Final = 110
WIDTH_UNKNOWN: Final = 100

STYLES: Final = {
    "": "",
    "bold": "1",
    "dim": "2",
    "unheard": "2;9",
    "agent": "1;36",
    "caller": "1;33",
    "good": "32",
    "bad": "1;31",
    "hearing": "34",
    "thinking": "35",
    "speaking": "36",
}

Piece = tuple[str, str]
"""A style of ``STYLES`` and a text."""


class Terminal:
    """Writes to ``stream``. ``is_live``: there is a screen on which a line can be written over."""

    def __init__(self, stream: TextIO, *, has_color: bool, is_live: bool, width: int) -> None:
        self._stream = stream
        self._is_live = is_live
        self._shown = ""
        self.has_color = has_color
        self.width = width

    def row(self, *pieces: Piece) -> None:
        """One line, as it is; without pieces, an empty one."""
        self._erase()
        self._stream.write(self._painted(pieces).rstrip() + "\n")
        self._stream.flush()

    def text(self, head: Iterable[Piece], pieces: Iterable[Piece], indent: int) -> None:
        """Words after a head of ``indent`` columns, as many lines of them as it takes."""
        first: list[Piece] = list(head)
        for row in wrapped(pieces, self.width - indent):
            self.row(*first, *row)
            first = [("", " " * indent)]

    def live(self, head: Iterable[Piece], text: str, indent: int) -> None:
        """Show what is being said: the end of it, until the next line is written. Nothing where there is no screen."""
        if not self._is_live:
            return
        room = self.width - indent - 1
        shown = self._painted([*head, ("", text if len(text) <= room else "…" + text[1 - room :])])
        if shown != self._shown:
            self._erase()
            self._stream.write(shown)
            self._stream.flush()
            self._shown = shown

    def _erase(self) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._shown = ""

    def _painted(self, pieces: Iterable[Piece]) -> str:
        if not self.has_color:
            return "".join(text for _, text in pieces)
        return "".join(f"\x1b[{STYLES[style]}m{text}\x1b[0m" if STYLES[style] else text for style, text in pieces)


def wrapped(pieces: Iterable[Piece], width: int) -> Iterator[list[Piece]]:
    """The words of the pieces in rows of at most ``width`` columns; a longer word gets a row of its own."""
    row: list[Piece] = []
    used = 0
    for style, text in pieces:
        for word in text.split():
            if used and used + 1 + len(word) > width:
                yield row
                row, used = [], 0
            if row and row[-1][0] == style:
                row[-1] = (style, f"{row[-1][1]} {word}")
            else:
                row += [("", " "), (style, word)] if row else [(style, word)]
            used += len(word) + (1 if used else 0)
    if row:
        yield row


def open_terminal(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Terminal:
    """What this stream can do. NO_COLOR (https://no-color.org) and FORCE_COLOR are respected."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")  # a console of another encoding must not end the demo
    is_screen = stream.isatty() and environment.get("TERM") != "dumb" and _understands_escapes()
    has_color = (is_screen or bool(environment.get("FORCE_COLOR"))) and not environment.get("NO_COLOR")
    columns = shutil.get_terminal_size((WIDTH_UNKNOWN, 24)).columns if stream.isatty() else WIDTH_UNKNOWN
    return Terminal(stream, has_color=has_color, is_live=is_screen, width=min(columns, WIDTH_MAX))


def _understands_escapes() -> bool:
    """Windows consoles do when asked; all others do."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - there is no such console elsewhere

        kernel = ctypes.windll.kernel32
        handle, mode = kernel.GetStdHandle(-11), ctypes.c_uint32()
        return bool(kernel.GetConsoleMode(handle, ctypes.byref(mode)) and kernel.SetConsoleMode(handle, mode.value | 4))
    return True
