"""Lines of the story on a terminal, each answer with the time that it took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from telnyx_actors.demo import bar
from telnyx_actors.demo.script import AGENT
from telnyx_actors.demo.story import Line
from telnyx_actors.demo.terminal import Piece, Terminal
from telnyx_actors.demo.turns import Turn
from telnyx_actors.demo.vendors import serial_terms, share_of

BAR_CELLS_MAX: Final = 36
BAR_CELLS_MIN: Final = 8
FIGURES_COLUMNS: Final = 44


class Show:
    """Shows every line once, when it is final, and the one that is being said meanwhile."""

    def __init__(self, terminal: Terminal, caller: str) -> None:
        self._terminal = terminal
        self._names = {"agent": AGENT, "caller": caller}
        self._name_columns = max(map(len, self._names.values()))
        self._indent = 2 + 5 + 2 + self._name_columns + 3
        self._told = 0

    def legend(self) -> None:
        """What the bars mean."""
        signs = (
            f"{bar.VENDOR} del proveedor   {bar.ENGINE} del motor y de la red   {bar.SERIAL} los proveedores en serie"
        )
        self._terminal.row(("dim", f"  Cada respuesta:   {signs}"))
        self._terminal.text([("", "  ")], [("dim", f"En serie: {serial_terms()}")], 2)
        self._terminal.row()

    def update(self, lines: Sequence[Line]) -> None:
        """``lines`` are the whole story until now."""
        while self._told < len(lines) and lines[self._told].is_final:
            self._write(lines[self._told])
            self._told += 1
        if self._told < len(lines):
            line = lines[self._told]
            self._terminal.live(self._head(line), line.text, self._indent)

    def _head(self, line: Line) -> list[Piece]:
        minutes, seconds = divmod(int(line.at_s), 60)
        name = f"{self._names[line.speaker]:<{self._name_columns}}"
        return [("dim", f"  {minutes:02}:{seconds:02}  "), (line.speaker, name), ("", "   ")]

    def _write(self, line: Line) -> None:
        pieces: list[Piece] = [("", line.text)]
        if line.unheard:
            unheard = line.unheard if self._terminal.has_color else f"[no se oyó: {line.unheard}]"
            pieces.append(("unheard", unheard))
        if line.note:
            pieces.append(("dim", f"({line.note})"))
        self._terminal.text(self._head(line), pieces, self._indent)
        if line.turn is not None and line.turn.latency_ms and line.response_s is not None:
            self._write_latency(line.turn, round(line.response_s * 1000))

    def _write_latency(self, turn: Turn, response_ms: int) -> None:
        share = share_of(turn.generated)
        parts = bar.parts_of(turn, share, response_ms)
        cells = min(BAR_CELLS_MAX, max(BAR_CELLS_MIN, self._terminal.width - self._indent - FIGURES_COLUMNS))
        self._terminal.row(
            ("", " " * self._indent),
            *bar.draw(parts, share, response_ms, cells),
            ("bold", f" {response_ms:>4} ms"),
            *bar.figures(parts),
        )
