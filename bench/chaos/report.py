"""The table, what it has to show, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Final

from bench.chaos.scene import Outcome
from telnyx_actors.standins.percentile import percentile

HEADINGS: Final = (
    "fault",
    "moment",
    "calls",
    "turns answered",
    "words lost",
    "doubled",
    "unsaid",
    "dead air s",
    "recovery p50 s",
    "p95 s",
    "",
)


def complaints(outcome: Outcome) -> list[str]:
    """What the outcome should not show."""
    found = list(dict.fromkeys(outcome.complaints))
    for call in outcome.calls:
        if call.trouble:
            found.append(f"call lost ({call.trouble})")
        if call.words_lost and outcome.expects_words:
            found.append(f"words lost: {' '.join(call.words_lost)}")
        if call.doubled and outcome.says_once:
            found.append(f"said twice: {' '.join(call.doubled)}")
        if call.unsaid:
            found.append(f"never said, and believed heard: {' '.join(call.unsaid)}")
        if outcome.dead_air_limit_s is not None and call.dead_air_s > outcome.dead_air_limit_s:
            found.append(f"{call.dead_air_s:.1f} s of dead air")
        if call.answered < call.turns and outcome.expects_answers:
            found.append(f"{call.turns - call.answered} of {call.turns} turns not answered")
    recoveries = [call.recovery_s for call in outcome.calls if call.recovery_s is not None]
    slowest = percentile(recoveries, 95)
    if outcome.recovery_limit_s is not None and slowest > outcome.recovery_limit_s:
        found.append(f"back at work only after {slowest * 1000:.0f} ms")
    return found


def row(outcome: Outcome) -> tuple[str, ...]:
    calls = outcome.calls
    recoveries = [call.recovery_s for call in calls if call.recovery_s is not None]
    return (
        outcome.fault,
        outcome.moment,
        str(len(calls)),
        f"{sum(call.answered for call in calls)}/{sum(call.turns for call in calls)}",
        str(sum(len(call.words_lost) for call in calls)),
        str(sum(len(call.doubled) for call in calls)),
        str(sum(len(call.unsaid) for call in calls)),
        f"{max((call.dead_air_s for call in calls), default=0.0):.2f}",
        _seconds(percentile(recoveries, 50)),
        _seconds(percentile(recoveries, 95)),
        " ".join(filter(None, ("✗" if complaints(outcome) else "", outcome.remark))),
    )


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Lines of Markdown."""
    yield "| " + " | ".join(HEADINGS) + " |"
    yield "|---|---|" + "--:|" * (len(HEADINGS) - 3) + "---|"
    for outcome in outcomes:
        yield "| " + " | ".join(row(outcome)) + " |"


def write(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Everything that was measured, as JSON."""
    found = [{**asdict(outcome), "found": complaints(outcome)} for outcome in outcomes]
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


def _seconds(value: float) -> str:
    return "–" if isnan(value) else f"{value:.2f}"
