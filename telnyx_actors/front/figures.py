"""The front's counters as Prometheus families."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from telnyx_actors.front.server import FrontServer

_COUNTERS: Final = {
    "connections_total": "Connections accepted.",
    "webhooks_duplicate": "Webhooks delivered more than once, and ignored.",
    "streams_total": "Media sockets opened.",
    "media_frames_in": "Media frames received.",
    "messages_out": "Messages written to WebSockets.",
    "frames_garbage": "Frames that were not the protocol.",
    "frames_unknown": "Frames of an unknown kind.",
    "sinks_stalled": "Sockets closed because the peer had stopped reading.",
    "sinks_full": "Batches refused because a socket's buffer was full.",
    "sockets_half_open": "Sockets closed because the peer had stopped answering pings.",
    "sockets_flooding": "Sockets closed because the peer sent too many pings or fragments.",
    "replies_dropped": "Answers that came too late or for nobody.",
    "errors": "Exceptions of our own in the front.",
}
_LABELLED: Final = {
    "connections_refused": "Connections refused, by reason.",
    "access_denied": "Requests refused for want of a token, by reason.",
    "webhooks_rejected": "Webhooks refused, by reason.",
    "streams_refused": "Media sockets refused, by reason.",
}
_SEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "access_denied": (
        "bad_token",
        "foreign_host",
        "foreign_origin",
        "forwarded",
        "no_token",
        "not_loopback",
        "too_many_guesses",
    ),
    "webhooks_rejected": ("signature_mismatch",),
}
"""Reasons that begin at zero, as operators watch them: the first of a kind would be no increase to Prometheus."""


def front_figures(server: FrontServer) -> Iterator[Metric]:
    """Everything that the front counts. Any thread."""
    counters = server.counters
    yield GaugeMetricFamily(
        "telnyx_actors_front_lag_seconds", "How late the front's thread runs, at worst, lately.", server.lag_ms / 1000
    )
    yield GaugeMetricFamily("telnyx_actors_front_connections", "Connections open.", counters.connections_open)
    yield GaugeMetricFamily("telnyx_actors_front_streams", "Media sockets open.", counters.streams_open)
    for name, text in _COUNTERS.items():
        yield CounterMetricFamily(f"telnyx_actors_front_{name.removesuffix('_total')}", text, getattr(counters, name))
    for name, text in _LABELLED.items():
        family = CounterMetricFamily(f"telnyx_actors_front_{name}", text, labels=["reason"])
        found: Mapping[str, int] = getattr(counters, name)
        for reason in sorted({*_SEEDS.get(name, ()), *found}):
            family.add_metric([reason], found.get(reason, 0))
        yield family
    requests = CounterMetricFamily("telnyx_actors_http_requests", "Requests, by route.", labels=["route", "status"])
    for (route, status), count in sorted(counters.requests.items()):
        requests.add_metric([route, str(status)], count)
    yield requests
