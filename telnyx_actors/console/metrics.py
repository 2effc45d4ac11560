"""The engine's figures for Prometheus. Collected by reading, never by asking an actor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from telnyx_actors.actors.calls import LiveCalls
from telnyx_actors.actors.stats import StatsRegistry
from telnyx_actors.actors.tally import BUCKETS_S, Tally

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_ACTOR_FIGURES: Final = {
    "handled": "Messages handled by actors.",
    "restarts": "Actors started again.",
    "crashes": "Actors that ended by an error.",
    "dropped": "Messages lost to a full inbox or to the end of an actor.",
    "unexpected": "Messages of a type that their actor does not know.",
    "undelivered": "Messages for a child that was not there.",
}


class Metrics(Collector):
    """One per process. ``more`` gives the figures of what is not an actor, such as the front."""

    def __init__(
        self, stats: StatsRegistry, calls: LiveCalls, tally: Tally, more: Callable[[], Iterable[Metric]]
    ) -> None:
        self._stats = stats
        self._calls = calls
        self._tally = tally
        self._more = more
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def page(self) -> tuple[bytes, str]:
        """The page and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE

    def collect(self) -> Iterator[Metric]:
        """Called for each page."""
        yield from self._call_figures()
        totals = asdict(self._stats.totals())
        for name, text in _ACTOR_FIGURES.items():
            yield CounterMetricFamily(f"telnyx_actors_actor_{name}", text, totals[name])
        living = GaugeMetricFamily("telnyx_actors_actors", "Living actors, by class.", labels=["actor"])
        for kind, count in sorted(Counter(stats.kind for stats in self._stats.under()).items()):
            living.add_metric([kind], count)
        yield living
        yield from self._more()

    def _call_figures(self) -> Iterator[Metric]:
        states = GaugeMetricFamily("telnyx_actors_calls", "Calls in progress, by state.", labels=["state"])
        for state, count in sorted(Counter(view.state for view in self._calls.all()).items()):
            states.add_metric([state], count)
        yield states
        yield CounterMetricFamily("telnyx_actors_calls_begun", "Calls begun.", self._calls.total)
        ended = CounterMetricFamily("telnyx_actors_calls_ended", "Calls ended, by reason.", labels=["reason", "fault"])
        notes = CounterMetricFamily(
            "telnyx_actors_conversation_events", "What happened in conversations, by kind.", labels=["kind"]
        )
        for (family, *labels), amount in sorted(self._tally.read().items()):
            if family in ("ended", "event"):
                (ended if family == "ended" else notes).add_metric(labels, amount)
        yield ended
        yield notes
        histogram = HistogramMetricFamily(
            "telnyx_actors_response_seconds", "From the end of the caller's words to the first audio of the answer."
        )
        response = self._tally.histograms()["response"]
        bounds = [*map(str, BUCKETS_S), "+Inf"]
        histogram.add_metric([], list(zip(bounds, response.cumulative, strict=True)), response.total_s)
        yield histogram
