"""The engine's own account of a call: its turns, as they stand in the record that it writes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn that is over. Times count from the beginning of the recording, which is the beginning of the audio."""

    turn: int
    kind: str
    said: str
    generated: str
    heard: str
    end: str
    times_ms: Mapping[str, int] = field(default_factory=dict)
    latency_ms: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_interrupted(self) -> bool:
        return self.end == "interrupted"

    @property
    def filled_s(self) -> float:
        """How long a filler was heard before the reply."""
        times = self.times_ms
        return (
            (times["first_sent"] - times["filler_sent"]) / 1000
            if {"first_sent", "filler_sent"} <= times.keys()
            else 0.0
        )

    def covers(self, at_s: float, tolerance_s: float = 0.15) -> bool:
        """Whether what was heard at that moment belongs to this turn."""
        begins = [self.times_ms[name] for name in ("filler_sent", "first_sent") if name in self.times_ms]
        end_ms = self.times_ms.get("ended", 0)
        return bool(begins) and min(begins) / 1000 - tolerance_s <= at_s <= end_ms / 1000 + tolerance_s


@dataclass(frozen=True, slots=True)
class Transcript:
    """The finished record. ``folder`` holds it, and the recording beside it."""

    folder: Path
    turns: tuple[Turn, ...]
    end: Mapping[str, Any]


def turns_so_far(data_dir: Path) -> tuple[Turn, ...]:
    """The turns of the one call in progress, as far as they are written."""
    turns: list[Turn] = []
    for path in (data_dir / "spool").glob("*/turns.jsonl"):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            break  # archived in this very moment
        for line in lines:
            with contextlib.suppress(msgspec.DecodeError):  # an empty line, or one that is being written
                turns.append(msgspec.json.decode(line, type=Turn))
    return tuple(turns)


def read_transcript(data_dir: Path) -> Transcript | None:
    """The archived record of the one call; None while there is none."""
    for path in (data_dir / "archive").glob("**/transcript.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        return Transcript(path.parent, msgspec.convert(tuple(document["turns"]), tuple[Turn, ...]), document["end"])
    return None
