"""Where the time goes between the caller's last word and the first of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final, NamedTuple

from telnyx_actors.actors.calls import CallView
from telnyx_actors.actors.tally import PARTS
from telnyx_actors.console.desk import Desk, find_call
from telnyx_actors.console.protocol import Json
from telnyx_actors.core.turn import TurnRecord, TurnTimes

WINDOW_S: Final = 3600.0
SLOWEST_SHOWN: Final = 5
PERCENTILES: Final = (50, 90, 95, 99)


def latency(desk: Desk, name: str = "") -> Json:
    """Of the last hour by part; of one call, turn by turn."""
    if name:
        view = find_call(desk, name)
        return {"scope": view.plan.ref, "waterfall": waterfall(view)}
    samples = desk.services.tally.samples(desk.now() - WINDOW_S)
    slowest = sorted(samples, key=lambda sample: sample.latency.response, reverse=True)[:SLOWEST_SHOWN]
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
            {"rung": rung, "cause": cause, "times": times}
            for (rung, cause), times in desk.services.tally.counts("dead_air")
        ],
    }


def distribution(seconds: Sequence[float]) -> Json:
    """In milliseconds; empty when there is nothing to tell."""
    ranked = sorted(seconds)
    if not ranked:
        return {}
    return {**{f"p{percent}": percentile_ms(ranked, percent) for percent in PERCENTILES}, "max": _ms(ranked[-1])}


def percentile_ms(ranked: Sequence[float], percent: int) -> int:
    """The smallest that so many percent do not exceed (nearest rank), of seconds in order, which there have to be."""
    return _ms(ranked[max(ceil(percent * len(ranked) / 100), 1) - 1])


def waterfall(view: CallView) -> list[Json]:
    """The turns of a call that are over, each as a waterfall of spans from the caller's last word on."""
    return [
        {
            **outline(record),
            "spans": [
                {"part": span.part, "from_ms": span.from_ms, "to_ms": span.to_ms}
                for span in spans(record.times)
                if span.part in PARTS
            ],
        }
        for record in tuple(view.trail.turns)
    ]


def outline(record: TurnRecord) -> Json:
    """What a turn came to, and when."""
    return {
        "number": record.number,
        "kind": record.kind.value,
        "end": record.end.value,
        "attempts": record.attempts,
        "response_ms": None if record.latency is None else _ms(record.latency.response),
        "committed_ms": since_voice(record.times, record.times.committed),
        "filler_ms": since_voice(record.times, record.times.filler_sent),
    }


class Span(NamedTuple):
    """A part of a turn, from the caller's last word on. ``guessed_ms`` of it were work on speculation."""

    part: str
    from_ms: int
    to_ms: int
    guessed_ms: int


def spans(times: TurnTimes) -> Iterator[Span]:
    """As far as the turn came. What was worked on before it was the agent's was work on speculation."""
    bounds = (
        ("hearing", times.voice_ended, times.transcribed),
        ("thinking", times.asked, times.first_clause),
        ("speaking", times.first_clause, times.first_speech),
        ("held", times.first_speech, times.first_sent),
        ("carrier", times.first_sent, times.ended),
    )
    committed_ms = since_voice(times, times.committed)
    for part, start, end in bounds:
        from_ms, to_ms = since_voice(times, start), since_voice(times, end)
        if from_ms is None or to_ms is None or to_ms < from_ms:
            continue
        guessed_until_ms = to_ms if committed_ms is None else min(to_ms, committed_ms)
        is_guess = part in ("thinking", "speaking")
        yield Span(part, from_ms, to_ms, max(0, guessed_until_ms - from_ms) if is_guess else 0)


def since_voice(times: TurnTimes, at: float | None) -> int | None:
    """Milliseconds since the caller's last word; None where there was none."""
    return None if at is None or times.voice_ended is None else _ms(at - times.voice_ended)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
