"""Where the time goes between the caller's last word and the first of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from telnyx_actors.actors.calls import CallView
from telnyx_actors.actors.tally import PARTS
from telnyx_actors.console.desk import Desk, find_call
from telnyx_actors.console.protocol import Json
from telnyx_actors.core.turn import TurnRecord, TurnTimes

WINDOW_S: Final = 3600.0
SLOWEST_SHOWN: Final = 5
QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def latency(desk: Desk, name: str = "") -> Json:
    """Of the last hour by part; of one call, turn by turn."""
    if name:
        view = find_call(desk, name)
        return {"scope": view.plan.ref, "waterfall": waterfall(view)}
    samples = desk.services.tally.samples(desk.now() - WINDOW_S)
    slowest = sorted(samples, key=lambda sample: sample.latency.response, reverse=True)[:SLOWEST_SHOWN]
    sums = desk.services.tally.read()
    return {
        "scope": "engine",
        "window_s": round(desk.now() - samples[0].at) if samples else 0,
        "answers": len(samples),
        "parts": {part: distribution([getattr(each.latency, part) for each in samples]) for part in PARTS},
        "slowest": [
            {
                "call": sample.ref,
                "turn": sample.turn,
                **{part: _ms(getattr(sample.latency, part)) for part in PARTS},
                "seconds_ago": round(desk.now() - sample.at),
            }
            for sample in slowest
        ],
        "dead_air": [
            {"rung": labels[1], "cause": labels[2], "times": int(amount)}
            for labels, amount in sorted(sums.items())
            if labels[0] == "dead_air"
        ],
    }


def distribution(seconds: Sequence[float]) -> Json:
    """In milliseconds, by nearest rank; empty when there is nothing to tell."""
    ranked = sorted(seconds)
    if not ranked:
        return {}
    found = {name: _ms(ranked[min(int(len(ranked) * q), len(ranked) - 1)]) for name, q in QUANTILES.items()}
    return {**found, "max": _ms(ranked[-1])}


def waterfall(view: CallView) -> list[Json]:
    """The turns of a call that are over, each as a waterfall of spans from the caller's last word on."""
    return [_turn(record) for record in tuple(view.trail.turns)]


def _turn(record: TurnRecord) -> Json:
    return {
        "number": record.number,
        "kind": record.kind.value,
        "end": record.end.value,
        "attempts": record.attempts,
        "response_ms": None if record.latency is None else _ms(record.latency.response),
        "committed_ms": _since_voice(record.times, record.times.committed),
        "filler_ms": _since_voice(record.times, record.times.filler_sent),
        "spans": [
            {"part": part, "from_ms": _since_voice(record.times, start), "to_ms": _since_voice(record.times, end)}
            for part, start, end in _spans(record.times)
        ],
    }


def _spans(times: TurnTimes) -> Iterator[tuple[str, float, float]]:
    """As far as the turn came."""
    bounds = (
        ("hearing", times.voice_ended, times.transcribed),
        ("thinking", times.asked, times.first_clause),
        ("speaking", times.first_clause, times.first_speech),
        ("held", times.first_speech, times.first_sent),
    )
    if times.voice_ended is not None:
        for part, start, end in bounds:
            if start is not None and end is not None and end >= start:
                yield part, start, end


def _since_voice(times: TurnTimes, at: float | None) -> int | None:
    return None if at is None or times.voice_ended is None else _ms(at - times.voice_ended)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
