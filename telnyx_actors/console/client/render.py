"""Text for terminals: aligned tables, colours where there are any, nothing that could steer them."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

_CODES: Final = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "dim": 2, "bold": 1}
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Cell(NamedTuple):
    """``style``: one of the colours, dim, bold, or "" for none."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours, or none where the output is no terminal."""

    is_on: bool = False

    def __call__(self, text: str, style: str) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.is_on and style else text


def has_colours() -> bool:
    """Whether standard output is a terminal whose owner wants them. Has Windows understand them."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return False
    if sys.platform == "win32":
        import colorama  # noqa: PLC0415  # installed on Windows only

        colorama.just_fix_windows_console()
    return True


def safe(value: object) -> str:
    """Text from elsewhere, without control characters: it may come from a vendor, or from a caller."""
    return _CONTROL.sub("·", str(value))


def named(word: str, names: Mapping[str, str]) -> str:
    """The operator's name for one of the engine's words; a word that is not known is shown as it is."""
    return names.get(word, word)


def width(text: str) -> int:
    """Columns on a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell | str]], paint: Paint, right: str = "") -> str:
    """Aligned columns under their heads. ``right`` has an "r" where a column is set to the right: ``"  rr"``."""
    cells = [
        [Cell(safe(cell.text), cell.style) if isinstance(cell, Cell) else Cell(safe(cell)) for cell in row]
        for row in rows
    ]
    columns = range(len(heads))
    widths = [max([width(heads[i]), *(width(row[i].text) for row in cells)]) for i in columns]
    places = right.ljust(len(heads))

    def line(row: Sequence[Cell]) -> str:
        padded = [_padded(row[i], widths[i], paint, to_the_right=places[i] == "r") for i in columns]
        return "  ".join(padded).rstrip()

    return "\n".join([line([Cell(head, "dim") for head in heads]), *map(line, cells)])


def _padded(cell: Cell, columns: int, paint: Paint, *, to_the_right: bool) -> str:
    space = " " * (columns - width(cell.text))
    text = paint(cell.text, cell.style)
    return space + text if to_the_right else text + space


def seconds(value: float | None) -> str:
    """A duration for people: ``0,3 s``, ``4 min 12 s``, ``2 h 05 min``."""
    if value is None:
        return "–"
    if value < 60:
        return f"{value:.1f} s".replace(".", ",")
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


def short_path(path: str) -> str:
    """A path whose calls have the beginning of their ids: that can be typed, and finds the same."""
    return "/".join(step[:6] if len(step) >= 32 else step for step in safe(path).split("/"))
