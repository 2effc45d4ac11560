"""Rows as tables and as a picture. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bench.load.plot import Line, Panel, svg
from bench.load.row import Row

Cells = Mapping[str, Callable[[Row], str]]

HEARD: Final[Cells] = {
    "calls": lambda row: f"{row.calls}" if abs(row.held - row.calls) < 1 else f"{row.calls} ({row.held:.0f} held)",
    "response p50 / p95 / max, ms": lambda row: (
        f"{row.response_p50_ms:.0f} / {row.response_p95_ms:.0f} / {row.response_max_ms:.0f}"
    ),
    "vendors alone, ms": lambda row: f"{row.serial_ms}",
    "barge-in p50 / p95, ms": lambda row: f"{row.barge_in_p50_ms:.0f} / {row.barge_in_p95_ms:.0f}",
    "underruns": lambda row: str(row.underruns),
    "talked over": lambda row: str(row.talked_over),
    "turns lost": lambda row: f"{row.lost} of {row.asked}",
    "calls failed": lambda row: f"{row.calls_failed} of {row.calls_ended}",
}
"""What the callers heard."""

TOOK: Final[Cells] = {
    "calls": lambda row: f"{row.calls}",
    "CPU, % of a core": lambda row: f"{row.cpu_percent:.1f}",
    "a call": lambda row: f"{row.cpu_percent_per_call:.2f}",
    "RSS, MB": lambda row: f"{row.rss_mb:.0f}",
    "a call above idle": lambda row: f"{row.rss_mb_per_call:.2f}",
    "threads": lambda row: str(row.threads),
    "front late (worst), ms": lambda row: f"{row.front_late_ms:.0f}",
    "ack p99, ms": lambda row: f"{row.ack_p99_ms:.0f}",
    "others on its core, %": lambda row: f"{row.others_percent:.1f}",
    "world late p99, ms": lambda row: f"{row.world_late_p99_ms:.1f}",
    "world CPU, %": lambda row: f"{row.world_cpu_percent:.0f}",
    "valid": lambda row: "yes" if row.is_valid else "NO",
}
"""What it took to serve them, and whether that can be believed."""


def as_markdown(rows: Sequence[Row]) -> str:
    return f"{_table(HEARD, rows)}\n\n{_table(TOOK, rows)}"


def _table(cells: Cells, rows: Sequence[Row]) -> str:
    lines = ["| " + " | ".join(cells) + " |", "| " + " | ".join("---" for _ in cells) + " |"]
    lines += ["| " + " | ".join(cell(row) for cell in cells.values()) + " |" for row in rows]
    return "\n".join(lines)


def as_svg(rows: Sequence[Row]) -> str:
    def points(value: Callable[[Row], float]) -> list[tuple[float, float]]:
        return [(row.calls, value(row)) for row in rows]

    latency = (
        Line("response p95", "#b45309", points(lambda row: row.response_p95_ms)),
        Line("response p50", "#0f766e", points(lambda row: row.response_p50_ms)),
        Line("vendors alone", "#6b7280", points(lambda row: row.serial_ms), dashed=True),
        Line("barge-in p95", "#7c3aed", points(lambda row: row.barge_in_p95_ms)),
    )
    cpu = (
        Line("of the core", "#0f766e", points(lambda row: row.cpu_percent)),
        Line("0.8 % a call", "#6b7280", points(lambda row: row.calls * 0.8), dashed=True),
    )
    return svg(
        [Panel("Latency, ms, by calls at a time", latency), Panel("CPU, % of one core, by calls at a time", cpu)]
    )
