"""The time that an answer took, as a bar: hearing, thinking, speaking, and of each the vendor's part and ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from telnyx_actors.demo.terminal import Piece
from telnyx_actors.demo.turns import Turn
from telnyx_actors.demo.vendors import Share

VENDOR, ENGINE, SAVED, SERIAL = "█", "░", "·", "│"
BAR_MS: Final = 1200


@dataclass(frozen=True, slots=True)
class Part:
    """Milliseconds of an answer, the vendor's and the engine's own."""

    style: str
    name: str
    vendor: int
    engine: int


def parts_of(turn: Turn, share: Share, response_ms: int) -> list[Part]:
    """An answer as the caller waited for it.

    Thinking and speaking are the engine's own measure. Hearing is all the rest: from the
    caller's last sound to the words, and the way of the sound to the engine and back.
    """
    thinking, speaking = turn.latency_ms["thinking"], turn.latency_ms["speaking"]
    hearing = max(0, response_ms - thinking - speaking - turn.latency_ms["held"])
    measured = (("hearing", "oír", hearing), ("thinking", "pensar", thinking), ("speaking", "hablar", speaking))
    found = []
    for style, name, whole in measured:
        vendor = min(getattr(share, style), whole)
        found.append(Part(style, name, vendor, whole - vendor))
    return found


def figures(parts: list[Part]) -> list[Piece]:
    """The same in numbers, in the colours of the bar."""
    return [(part.style, f"  {part.name} {part.vendor + part.engine}") for part in parts]


def draw(parts: list[Part], share: Share, response_ms: int, cells: int) -> list[Piece]:
    """The parts one after the other, then what was saved of the serial sum, which is marked."""
    strip: list[Piece] = [("", " ")] * cells
    at_ms = 0
    stretches = [
        (part.style, sign, ms) for part in parts for sign, ms in ((VENDOR, part.vendor), (ENGINE, part.engine))
    ]
    held_ms = response_ms - sum(ms for _, _, ms in stretches)
    for style, sign, ms in (*stretches, ("dim", ENGINE, held_ms), ("dim", SAVED, share.serial - response_ms)):
        for cell in range(_cell(at_ms, cells), _cell(at_ms + ms, cells)):
            strip[cell] = (style, sign)
        at_ms += max(0, ms)
    strip[min(cells - 1, _cell(share.serial, cells))] = ("bold", SERIAL)
    return strip


def _cell(at_ms: int, cells: int) -> int:
    return min(cells, round(at_ms * cells / BAR_MS))
