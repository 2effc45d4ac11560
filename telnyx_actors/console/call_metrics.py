"""What became of calls, what they waited for and what they used, as Prometheus families."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from telnyx_actors.actors.calls import LiveCalls
from telnyx_actors.actors.tally import BUCKETS_S, PARTS, Histogram, Tally
from telnyx_actors.core.endings import REASONS, fault_of
from telnyx_actors.core.ladder import CAUSES, RUNGS
from telnyx_actors.core.state import Phase
from telnyx_actors.errors import Failure

_BOUNDS: Final = (*map(str, BUCKETS_S), "+Inf")


class _Sum(NamedTuple):
    """A family of the tally: its name here, what it is, and what its labels are called."""

    name: str
    text: str
    labels: tuple[str, ...]


_SUMS: Final = {
    "ended": _Sum("calls_ended", "Calls that ended, by reason and by whose fault.", ("reason", "fault")),
    "event": _Sum("conversation_events", "What happened in conversations, by kind.", ("kind",)),
    "dead_air": _Sum("dead_air", "Silences of ours that had to be filled, by rung and cause.", ("rung", "cause")),
    "refused": _Sum("calls_refused", "Calls that there was no room for, by direction.", ("direction",)),
    "dropped": _Sum(
        "frames_dropped", "Frames of 20 ms that an actor fell 10 s behind of, by what they were for.", ("lane",)
    ),
    "frames": _Sum("caller_frames", "Frames of 20 ms of ended calls' callers, by what became of them.", ("fate",)),
    "unheard": _Sum(
        "caller_unheard_seconds", "Voice of ended calls' callers that no transcriber was there to hear.", ()
    ),
    "cost": _Sum("cost", "What ended calls cost, by vendor, in the currency of the prices.", ("vendor",)),
}
"""The families of the tally that are counters as they are; "usage" makes several."""

_STATES: Final = ("dialling", *(phase.value for phase in Phase))
_VENDORS: Final = ("telnyx", "deepgram", "claude", "elevenlabs", "archive")
_SEEDS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "ended": tuple((reason, fault_of(reason).value) for reason in REASONS),
    "event": tuple(
        (kind,) for kind in ("apology", "give_up", "webhook_mode", "reserve_hearing", "carrier_hearing", "no_webhook")
    ),
    "dead_air": tuple(product(RUNGS, CAUSES)),
    "refused": (("incoming",), ("outgoing",)),
    "dropped": (("hearing",), ("recording",)),
    "frames": (("heard",), ("late",), ("lost",)),
    "unheard": ((),),
}
"""Series that begin at zero: the first of a kind would be no increase to Prometheus otherwise, and raise no alarm."""

_USED: Final = {
    "answered_s": ("answered_seconds", "Time that ended calls were answered."),
    "hearing_s": ("hearing_seconds", "Time that Deepgram listened to ended calls."),
    "transcribed_s": (
        "transcribed_seconds",
        "Time that Telnyx transcribed ended calls, beside Deepgram or instead of it.",
    ),
    "characters": ("spoken_characters", "Characters given to the voice in ended calls, without lines known by heart."),
    "requests": ("model_requests", "Questions to the model in ended calls."),
    "requests_wasted": ("model_requests_wasted", "Questions to the model whose answer nobody heard."),
    "tokens_wasted": ("model_tokens_wasted", "Tokens of answers that nobody heard; of cancelled ones, estimated."),
}
_TOKENS: Final = {"input_tokens": "input", "cached_tokens": "cached", "output_tokens": "output"}


def call_figures(calls: LiveCalls, tally: Tally, failures: Mapping[tuple[str, str], int]) -> Iterator[Metric]:
    """Everything about calls. Any thread. ``failures`` are the vendors', by (vendor, kind)."""
    states = GaugeMetricFamily("telnyx_actors_calls", "Calls in progress, by state.", labels=["state"])
    count = Counter(view.state for view in calls.all())
    for state in _STATES:
        states.add_metric([state], count[state])
    yield states
    yield CounterMetricFamily("telnyx_actors_calls_begun", "Calls begun.", calls.total)
    yield from _sums(tally.read())
    yield from _response(tally.histograms())
    failed = CounterMetricFamily(
        "telnyx_actors_vendor_failures", "Failures of vendors that calls lived through.", labels=["vendor", "kind"]
    )
    kinds = [kind.value for kind in Failure]
    for labels in sorted({*product(_VENDORS, kinds), *failures}):
        failed.add_metric(labels, failures.get(labels, 0))
    yield failed
    gauges = tally.gauges()
    yield GaugeMetricFamily(
        "telnyx_actors_spool_calls", "Calls whose record is in the spool.", gauges.get("spool_calls", 0)
    )
    yield GaugeMetricFamily("telnyx_actors_spool_bytes", "What the spool holds.", gauges.get("spool_bytes", 0))


def _sums(sums: Mapping[tuple[str, ...], float]) -> Iterator[Metric]:
    for family, (name, text, labels) in _SUMS.items():
        metric = CounterMetricFamily(f"telnyx_actors_{name}", text, labels=labels)
        known = {key[1:] for key in sums if key[0] == family}
        for values in sorted({*_SEEDS.get(family, ()), *known}):
            metric.add_metric(values, sums.get((family, *values), 0))
        yield metric
    for figure, (name, text) in _USED.items():
        yield CounterMetricFamily(f"telnyx_actors_{name}", text, sums.get(("usage", figure), 0))
    tokens = CounterMetricFamily("telnyx_actors_model_tokens", "Tokens of the model in ended calls.", labels=["kind"])
    for figure, kind in _TOKENS.items():
        tokens.add_metric([kind], sums.get(("usage", figure), 0))
    yield tokens


def _response(histograms: Mapping[str, Histogram]) -> Iterator[Metric]:
    whole = HistogramMetricFamily(
        "telnyx_actors_response_seconds", "From the end of the caller's words to the first audio of the answer."
    )
    parts = HistogramMetricFamily(
        "telnyx_actors_response_part_seconds", "The same, by the part that took the time.", labels=["part"]
    )
    for part in PARTS:
        found = histograms[part]
        buckets = list(zip(_BOUNDS, found.cumulative, strict=True))
        if part == "response":
            whole.add_metric([], buckets, found.total_s)
        else:
            parts.add_metric([part], buckets, found.total_s)
    yield whole
    yield parts
