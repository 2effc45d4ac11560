"""Rows of several subjects side by side, and what follows from them. Pure, but for its file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.load.row import Row

Json = dict[str, Any]
LATER: Final = 1.15
"""A core carries as many calls as leave the 95th percentile within this factor of one call's median."""
RATIOS: Final = {
    "response p50": "response_p50_ms",
    "response p95": "response_p95_ms",
    "barge-in p50": "barge_in_p50_ms",
    "CPU a call": "cpu_percent_per_call",
    "memory": "rss_mb",
}
COLUMNS: Final[Mapping[str, Callable[[Json], str]]] = {
    "response p50 / p95, ms": lambda row: f"{row['response_p50_ms']:.0f} / {row['response_p95_ms']:.0f}",
    "over the vendors' sum, ms": lambda row: f"{row['response_p50_ms'] - row['serial_ms']:.0f}",
    "barge-in p50 / p95, ms": lambda row: f"{row['barge_in_p50_ms']:.0f} / {row['barge_in_p95_ms']:.0f}",
    "underruns a minute of call": lambda row: f"{row['underruns'] / max(row['held'] * row['seconds'] / 60, 1e-9):.1f}",
    "turns lost": lambda row: f"{row['lost']} of {row['asked']}",
    "CPU % a call": lambda row: f"{row['cpu_percent_per_call']:.1f}",
    "CPU %": lambda row: f"{row['cpu_percent']:.0f}",
    "RSS MB": lambda row: f"{row['rss_mb']:.0f}",
    "world late p99, ms": lambda row: f"{row['world_late_p99_ms']:.1f}" + ("" if row["is_valid"] else " NOT VALID"),
}


@dataclass(frozen=True, slots=True)
class Key:
    """Which row."""

    subject: str
    calls: int


@dataclass(slots=True)
class Figures:
    """What was measured so far, and with which versions of the peer."""

    versions: dict[str, str]
    rows: dict[Key, Json] = field(default_factory=dict)

    @classmethod
    def load(cls, file: Path, versions: dict[str, str]) -> Figures:
        """The file's, if they are of the same versions."""
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if known.get("versions") != versions:
            return cls(versions)
        return cls(versions, {Key(row["subject"], row["calls"]): row for row in known["rows"]})

    def add(self, key: Key, row: Row, seconds: float) -> None:
        self.rows[key] = {"subject": key.subject, "seconds": seconds, **row.as_json()}

    def save(self, file: Path) -> None:
        content = {"versions": self.versions, "rows": list(self.rows.values())}
        file.write_text(json.dumps(content, indent=1), encoding="utf-8")

    def of(self, subject: str) -> dict[int, Json]:
        """By the number of calls, fewest first."""
        return {key.calls: row for key, row in sorted(self.rows.items(), key=_by_calls) if key.subject == subject}

    @property
    def subjects(self) -> list[str]:
        return list(dict.fromkeys(key.subject for key in self.rows))


def _by_calls(item: tuple[Key, Json]) -> int:
    return item[0].calls


def carried(rows: Mapping[int, Json]) -> int | None:
    """The most calls up to which the p95 stays near one call's median; None without a row of one call."""
    if 1 not in rows:
        return None
    limit_ms = LATER * rows[1]["response_p50_ms"]
    most = 0
    for calls, row in rows.items():
        if row["response_p95_ms"] > limit_ms or row["lost"] > row["asked"] // 100:
            break
        most = calls
    return most


def report(figures: Figures) -> str:
    """Markdown: every row, then the ratios of the engine to each peer at the same number of calls."""
    lines = [_line("calls", "subject", *COLUMNS), _line(*["---"] * (len(COLUMNS) + 2))]
    for key, row in sorted(figures.rows.items(), key=_by_calls):
        lines.append(_line(str(key.calls), key.subject, *(cell(row) for cell in COLUMNS.values())))
    lines += ["", _line("engine to", "at calls", *RATIOS), _line(*["---"] * (len(RATIOS) + 2))]
    ours = figures.of("engine")
    for subject in figures.subjects:
        for calls, theirs in figures.of(subject).items() if subject != "engine" else ():
            if calls in ours:
                ratios = (f"{ours[calls][name] / theirs[name]:.2f}" for name in RATIOS.values())
                lines.append(_line(subject, str(calls), *ratios))
    lines += ["", _line("subject", f"calls a core, p95 within {LATER} × the p50 of one"), _line("---", "---")]
    lines += [_line(subject, str(carried(figures.of(subject)))) for subject in figures.subjects]
    return "\n".join([*lines, "", ", ".join(f"{name} {version}" for name, version in figures.versions.items())])


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
