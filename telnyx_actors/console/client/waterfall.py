"""Turns as bars: where the time between the caller's last word and the first of ours went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from telnyx_actors.console.client.render import Cell, Paint, milliseconds, named, table
from telnyx_actors.console.protocol import Json

BAR_COLUMNS: Final = 40
PARTS: Final = {"hearing": "oír", "thinking": "pensar", "speaking": "hablar", "held": "retenido"}
_SHAPES: Final = {"hearing": "░", "thinking": "▒", "speaking": "▓", "held": "·"}

KINDS: Final = {
    "greeting": "saludo",
    "reply": "respuesta",
    "prompt": "pregunta",
    "say": "operador",
    "recovery": "reanudación",
    "goodbye": "despedida",
}
ENDS: Final = {
    "completed": "completo",
    "interrupted": "interrumpido",
    "failed": "fallido",
    "call_ended": "acabó la llamada",
}


def waterfall(turns: Sequence[Json], paint: Paint) -> Iterator[str]:
    """A line a turn, all on the same scale; those that answered nothing have no bar."""
    if not turns:
        yield "Ningún turno ha terminado."
        return
    scale_ms = max((turn["response_ms"] or 0 for turn in turns), default=0)
    rows: list[list[Cell | str]] = [
        [
            str(turn["number"]),
            named(turn["kind"], KINDS),
            Cell(named(turn["end"], ENDS), "red" if turn["end"] == "failed" else ""),
            Cell(_bar(turn, scale_ms)),
            milliseconds(turn["response_ms"]),
            *(milliseconds(_part_ms(turn, part)) for part in PARTS),
            milliseconds(turn["filler_ms"]),
            str(turn["attempts"]),
        ]
        for turn in turns
    ]
    heads = ("turno", "tipo", "fin", "", "respuesta", *PARTS.values(), "muletilla", "preguntas")
    yield table(heads, rows, paint, "r   rrrrrrr")
    yield paint("  ".join(f"{_SHAPES[part]} {name}" for part, name in PARTS.items()), "dim")


def _bar(turn: Json, scale_ms: int) -> str:
    """One character for a fortieth of the longest response."""
    if not turn["response_ms"] or not scale_ms:
        return ""
    columns = max(1, round(turn["response_ms"] / scale_ms * BAR_COLUMNS))
    moments_ms = [(column + 0.5) / BAR_COLUMNS * scale_ms for column in range(columns)]
    return "".join(_shape(turn, at_ms) for at_ms in moments_ms)


def _shape(turn: Json, at_ms: float) -> str:
    under = [span["part"] for span in turn["spans"] if span["from_ms"] <= at_ms < span["to_ms"]]
    return _SHAPES[under[-1]] if under else " "


def _part_ms(turn: Json, part: str) -> int | None:
    found = [span["to_ms"] - span["from_ms"] for span in turn["spans"] if span["part"] == part]
    return found[0] if found else None
