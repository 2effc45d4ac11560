"""The written record of a call: what was said and heard, when, and how long each part took.

    {"call": {…}, "turns": [{…}, …], "end": {…}}

Times are milliseconds from the beginning of the recording, so that they can be found in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TypeAlias

from telnyx_actors.core.turn import TurnRecord

Json: TypeAlias = dict[str, object]


def turn_entry(record: TurnRecord, origin_s: float) -> Json:
    """One turn. Moments that did not happen are left out."""
    latency = asdict(record.latency) if record.latency is not None else {}
    times = {name: _ms(at - origin_s) for name, at in asdict(record.times).items() if at is not None}
    return {
        "turn": record.number,
        "kind": record.kind.value,
        "said": record.said,
        "generated": record.generated,
        "heard": record.heard,
        "end": record.end.value,
        "attempts": record.attempts,
        "times_ms": times,
        "latency_ms": {part: _ms(seconds) for part, seconds in latency.items()},
        "tokens": {"input": record.input_tokens, "output": record.output_tokens, "cached": record.cached_tokens},
    }


def document(call: Mapping[str, object], turns: Sequence[Mapping[str, object]], end: Mapping[str, object]) -> Json:
    """The whole record. ``end`` is empty for a call whose end nobody witnessed."""
    return {"call": dict(call), "turns": [dict(turn) for turn in turns], "end": dict(end)}


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
