"""The engine's figures for Prometheus, by its conventions. Collected by reading, never by asking an actor.

What each means, and which matter: docs/metrics.md, which a test holds against this page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from telnyx_actors import __version__
from telnyx_actors.actors.calls import LiveCalls
from telnyx_actors.actors.runtime import Runtime
from telnyx_actors.actors.tally import Tally
from telnyx_actors.console.call_metrics import call_figures

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_COUNTED: Final = {
    "handled": "Messages handled.",
    "restarts": "Actors started again.",
    "crashes": "Actors that ended by an error.",
    "dropped": "Messages lost to a full inbox or to the end of an actor.",
    "unexpected": "Messages of a type that their actor does not know.",
    "undelivered": "Messages for a child that was not there.",
}


class Metrics(Collector):
    """One per process. ``more`` gives the figures of what is not an actor, such as the front."""

    def __init__(
        self, runtime: Runtime, calls: LiveCalls, tally: Tally, more: Callable[[], Iterable[Metric]] = tuple
    ) -> None:
        self._runtime = runtime
        self._calls = calls
        self._tally = tally
        self._more = more
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)  # memory, CPU, descriptors; only where there is /proc

    def page(self) -> tuple[bytes, str]:
        """The page and its content type. Any thread."""
        return generate_latest(self._registry), CONTENT_TYPE

    def collect(self) -> Iterator[Metric]:
        """Called for each page."""
        build = GaugeMetricFamily("telnyx_actors_build_info", "The version that runs.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        yield from call_figures(self._calls, self._tally, self._runtime.stats.vendor_failures())
        yield from self._counted()
        yield from self._living()
        yield from self._more()

    def _counted(self) -> Iterator[Metric]:
        """Sums over the living and the dead, by class of actor."""
        totals = sorted(self._runtime.stats.totals_by_kind().items())
        for name, text in _COUNTED.items():
            family = CounterMetricFamily(f"telnyx_actors_actor_{name}", text, labels=["actor"])
            for kind, figures in totals:
                family.add_metric([kind], getattr(figures, name))
            yield family

    def _living(self) -> Iterator[Metric]:
        """The worst of the living, by class of actor."""
        now = self._runtime.clock.now()
        actors = self._runtime.stats.under()
        count = Counter(stats.kind for stats in actors)
        yield _by_actor("actors", "Living actors.", count)
        measures: dict[str, tuple[str, list[tuple[str, float]]]] = {
            "inbox_waiting": (
                "Messages that wait in the fullest inbox.",
                [(stats.kind, stats.control_depth + stats.data_depth) for stats in actors],
            ),
            "inbox_high_water": (
                "The most that ever waited in one inbox.",
                [(stats.kind, stats.high_water) for stats in actors],
            ),
            "inbox_oldest_seconds": (
                "For how long the oldest message has waited.",
                [(stats.kind, stats.oldest_s(now)) for stats in actors],
            ),
            "actor_busy_seconds": (
                "For how long the busiest actor has been with one message.",
                [(stats.kind, stats.busy_s(now)) for stats in actors],
            ),
        }
        for name, (text, found) in measures.items():
            worst: dict[str, float] = {}
            for kind, value in found:
                worst[kind] = max(worst.get(kind, 0.0), value)
            yield _by_actor(name, text, worst)


def _by_actor(name: str, text: str, values: dict[str, float] | Counter[str]) -> Metric:
    family = GaugeMetricFamily(f"telnyx_actors_{name}", text, labels=["actor"])
    for kind, value in sorted(values.items()):
        family.add_metric([kind], value)
    return family
