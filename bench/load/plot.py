"""Latency and CPU against the number of calls, as SVG and without a library for it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final
from xml.sax.saxutils import escape

WIDTH: Final = 760
PANEL: Final = 230
LEFT, RIGHT, TOP, GAP = 64, 130, 36, 56
STEPS: Final = 4

_HEAD: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>text {{ font: 12px system-ui, sans-serif; fill: #1f2937 }} .title {{ font-size: 14px; font-weight: 600 }}</style>
<rect width="{width}" height="{height}" fill="white"/>"""


@dataclass(frozen=True, slots=True)
class Line:
    """``points``: (calls, value); values that are not finite are left out."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    lines: Sequence[Line]


def svg(panels: Sequence[Panel]) -> str:
    """One panel under the other, with the same calls along the bottom."""
    height = TOP + len(panels) * (PANEL + GAP)
    right = max((x for panel in panels for line in panel.lines for x, _ in line.points), default=1.0)
    parts = [_HEAD.format(width=WIDTH, height=height)]
    for index, panel in enumerate(panels):
        parts += _panel(panel, TOP + index * (PANEL + GAP), right)
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel, top: float, right: float) -> Iterator[str]:
    found = [y for line in panel.lines for _, y in line.points if isfinite(y)]
    step = _step(max(found, default=1.0))
    ceiling = step * STEPS

    def x(calls: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * calls / right

    def y(value: float) -> float:
        return top + PANEL * (1 - value / ceiling)

    yield f'<text class="title" x="{LEFT}" y="{top - 12:.0f}">{escape(panel.title)}</text>'
    for mark in range(STEPS + 1):
        at = y(mark * step)
        yield f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#e5e7eb"/>'
        yield f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{mark * step:g}</text>'
    for calls in sorted({point for line in panel.lines for point, _ in line.points}):
        yield f'<text x="{x(calls):.1f}" y="{top + PANEL + 18:.0f}" text-anchor="middle">{calls:g}</text>'
    for line in panel.lines:
        yield from _line(line, [(x(calls), y(value)) for calls, value in line.points if isfinite(value)])


def _line(line: Line, places: Sequence[tuple[float, float]]) -> Iterator[str]:
    if not places:
        return
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    points = " ".join(f"{left:.1f},{top:.1f}" for left, top in places)
    yield f'<polyline points="{points}" fill="none" stroke="{line.colour}" stroke-width="2"{dash}/>'
    if not line.dashed:
        yield from (f'<circle cx="{left:.1f}" cy="{top:.1f}" r="3" fill="{line.colour}"/>' for left, top in places)
    left, top = places[-1]
    yield f'<text x="{left + 8:.1f}" y="{top + 4:.1f}" style="fill:{line.colour}">{escape(line.name)}</text>'


def _step(highest: float) -> float:
    """A round distance between lines, so that ``STEPS`` of them reach the highest value."""
    for power in range(-3, 9):
        for digit in (1, 2, 2.5, 5):
            if digit * 10.0**power * STEPS >= highest:
                return digit * 10.0**power
    return highest / STEPS
