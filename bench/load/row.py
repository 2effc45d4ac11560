"""A row of the table: what so many calls at a time were like, and what they took. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.load.crowd import Tally
from bench.load.engine import Sample, Usage
from bench.load.outside import Harvest, serial_ms
from telnyx_actors.standins.percentile import percentile

WORLD_LATE_MS_MAX: Final = 20.0
OTHERS_PERCENT_MAX: Final = 5.0
COUNTED: Final = {
    "fillers": "telnyx_actors_dead_air_total",
    "messages_dropped": "telnyx_actors_actor_dropped_total",
    "sends_refused": "telnyx_actors_front_sinks_full_total",
    "crashes": "telnyx_actors_actor_crashes_total",
}
"""Counters of the engine's own; what the window added to them is in the row."""


@dataclass(frozen=True, slots=True)
class Row:
    """Times in ms, ``nan`` where nothing was measured. What the names leave open, ``row`` says."""

    calls: int
    held: float
    dialled: int
    refused: int
    calls_ended: int
    calls_failed: int
    asked: int
    lost: int
    serial_ms: int
    response_p50_ms: float
    response_p95_ms: float
    response_max_ms: float
    spread_ms: tuple[float, float]
    barge_ins: int
    barge_in_p50_ms: float
    barge_in_p95_ms: float
    not_silenced: int
    underruns: int
    talked_over: int
    cpu_percent: float
    cpu_percent_per_call: float
    others_percent: float
    idle_rss_mb: float
    rss_mb: float
    rss_mb_per_call: float
    threads: int
    descriptors: int
    front_late_ms: float
    ack_p50_ms: float
    ack_p99_ms: float
    acks_refused: int
    frames_dropped: int
    counted: Mapping[str, int]
    start_s: float
    world_late_p99_ms: float
    world_late_max_ms: float
    world_cpu_percent: float

    @property
    def is_valid(self) -> bool:
        """Whether the figures are the engine's: the world was in time, and the core was the engine's own."""
        return self.world_late_p99_ms <= WORLD_LATE_MS_MAX and self.others_percent <= OTHERS_PERCENT_MAX

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "is_valid": self.is_valid}


def row(
    calls: int, start_s: float, idle: Sample, usage: Usage, tally: Tally, harvest: Harvest, counted: Mapping[str, int]
) -> Row:
    """``tally`` is of the window; ``idle`` of before the first call; ``calls`` were wanted at a time, ``held`` there were.

    ``spread_ms``: the 10th and the 90th percentile of the calls' own median responses. ``frames_dropped``: by the
    carrier, because nobody read them.
    """
    heard = harvest.heard
    held = max(tally.held, 1e-9)
    return Row(
        calls=calls,
        held=tally.held,
        dialled=tally.dialled,
        refused=tally.refused,
        calls_ended=heard.calls_ended,
        calls_failed=heard.calls_failed + tally.failed,
        asked=heard.asked,
        lost=heard.lost,
        serial_ms=serial_ms(),
        response_p50_ms=percentile(heard.response_ms, 50),
        response_p95_ms=percentile(heard.response_ms, 95),
        response_max_ms=percentile(heard.response_ms, 100),
        spread_ms=(percentile(heard.of_call_ms, 10), percentile(heard.of_call_ms, 90)),
        barge_ins=len(heard.barge_in_ms),
        barge_in_p50_ms=percentile(heard.barge_in_ms, 50),
        barge_in_p95_ms=percentile(heard.barge_in_ms, 95),
        not_silenced=heard.not_silenced,
        underruns=heard.underruns,
        talked_over=heard.talked_over,
        cpu_percent=usage.cpu_percent,
        cpu_percent_per_call=usage.cpu_percent / held,
        others_percent=usage.others_percent,
        idle_rss_mb=idle.rss_mb,
        rss_mb=usage.rss_mb,
        rss_mb_per_call=(usage.rss_mb - idle.rss_mb) / held,
        threads=usage.threads,
        descriptors=usage.descriptors,
        front_late_ms=usage.front_late_ms,
        ack_p50_ms=percentile(harvest.ack_ms, 50),
        ack_p99_ms=percentile(harvest.ack_ms, 99),
        acks_refused=harvest.acks_refused,
        frames_dropped=harvest.frames_dropped,
        counted=counted,
        start_s=start_s,
        world_late_p99_ms=percentile(harvest.world_late_ms, 99),
        world_late_max_ms=percentile(harvest.world_late_ms, 100),
        world_cpu_percent=harvest.world_cpu_percent,
    )
