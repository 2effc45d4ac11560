"""A curve as SVG, without a library for it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final
from xml.sax.saxutils import escape

WIDTH: Final = 720
HEIGHT: Final = 280
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 36, 40
GRID_MB: Final = 50
TICKS_MAX: Final = 10

_HEAD: Final = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">
<style>text {{ font: 12px system-ui, sans-serif; fill: #1f2937 }} .title {{ font-size: 14px }}</style>
<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>"""


def memory_svg(samples: Sequence[tuple[float, float]], title: str, expected_mb: tuple[int, int] = (100, 200)) -> str:
    """``samples``: (seconds, MB). The range that is expected is shaded."""
    end_min = max(samples[-1][0] / 60, 0.1)
    top_mb = ceil(max(expected_mb[1], *(mb for _, mb in samples)) / GRID_MB) * GRID_MB

    def x(minute: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * minute / end_min

    def y(mb: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * mb / top_mb

    def parts() -> Iterator[str]:
        low, high = expected_mb
        yield _HEAD
        yield f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>'
        yield f'<rect x="{LEFT}" y="{y(high):.1f}" width="{x(end_min) - LEFT:.1f}" height="{y(low) - y(high):.1f}" fill="#ecfdf5"/>'
        for mb in range(0, top_mb + 1, GRID_MB):
            yield f'<path d="M{LEFT} {y(mb):.1f}H{WIDTH - RIGHT}" stroke="#d1d5db"/>'
            yield f'<text x="{LEFT - 8}" y="{y(mb) + 4:.1f}" text-anchor="end">{mb} MB</text>'
        for minute in range(0, int(end_min) + 1, max(1, ceil(end_min / TICKS_MAX))):
            yield f'<text x="{x(minute):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{minute} min</text>'
        points = " ".join(f"{x(at / 60):.1f},{y(mb):.1f}" for at, mb in samples)
        yield f'<polyline points="{points}" fill="none" stroke="#0f766e" stroke-width="2"/>'
        yield "</svg>\n"

    return "\n".join(parts())
