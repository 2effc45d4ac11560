"""The page of metrics: what Prometheus reads there, figure by figure, and that each is documented."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from support.plans import PLAN
from support.stepping import StillRuntime
from telnyx_actors.actors.calls import CallView, LiveCalls
from telnyx_actors.actors.tally import BUCKETS_S, Sample, Tally
from telnyx_actors.actors.usage import Usage
from telnyx_actors.console.metrics import Metrics
from telnyx_actors.core.turn import Latency
from telnyx_actors.errors import Failure

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCS / "metrics.md").read_text(encoding="utf-8")
LATENCY = Latency(hearing=0.2, thinking=0.4, speaking=0.1, held=0.0, response=0.7)

Read = Callable[[], dict[str, Metric]]
Value = Callable[..., float]


@pytest.fixture
def calls() -> LiveCalls:
    return LiveCalls()


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def read(calls: LiveCalls, tally: Tally) -> Read:
    """The page, as Prometheus understands it."""
    metrics = Metrics(StillRuntime(), calls, tally)

    def read() -> dict[str, Metric]:
        page, kind = metrics.page()
        assert kind.startswith("text/plain")
        return {family.name: family for family in text_string_to_metric_families(page.decode())}

    return read


@pytest.fixture
def value(read: Read) -> Value:
    def value(name: str, **labels: str) -> float:
        found = [sample for family in read().values() for sample in family.samples if sample.name == name]
        [sample] = [sample for sample in found if matches(sample.labels, labels)]
        return float(sample.value)

    return value


def matches(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(name) == text for name, text in wanted.items())


def test_every_figure_of_ours_is_documented_with_its_labels(read: Read, tally: Tally) -> None:
    tally.count("event", "barge_in")
    for name, family in read().items():
        if not name.startswith("telnyx_actors_"):
            continue
        shown = name + "_total" if family.type == "counter" else name
        lines = [line for line in DOCUMENT.splitlines() if f"`{shown}`" in line]
        assert lines, f"{shown} is not in docs/metrics.md"
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert all(f"`{label}`" in "".join(lines) for label in labels), f"{shown}: {labels}"
        assert family.documentation.endswith(".")


def test_every_kind_of_failure_is_documented() -> None:
    [line] = [line for line in DOCUMENT.splitlines() if "| `telnyx_actors_vendor_failures_total` |" in line]
    assert {kind.value for kind in Failure} <= set(re.findall(r"`(\w+)`", line))


def test_calls_are_counted_by_their_state(calls: LiveCalls, value: Value) -> None:
    for ref, state in (("a", "live"), ("b", "live"), ("c", "ringing")):
        view = CallView(PLAN.__class__(ref, "outgoing", "+57"), "", 0.0, "")
        view.state = state
        calls.add(view)
    assert value("telnyx_actors_calls", state="live") == 2
    assert value("telnyx_actors_calls", state="ringing") == 1
    assert value("telnyx_actors_calls_begun_total") == 3


def test_where_there_is_no_call_each_state_says_so(read: Read) -> None:
    """What is not there cannot be subtracted from: the alarm of the spool does."""
    [line] = [line for line in DOCUMENT.splitlines() if "| `telnyx_actors_calls` |" in line]
    samples = read()["telnyx_actors_calls"].samples
    assert {sample.labels["state"] for sample in samples} == set(re.findall(r"`(\w+)`", line)[2:])
    assert all(sample.value == 0 for sample in samples)


def test_an_ended_call_leaves_its_reason_its_use_and_its_cost(tally: Tally, value: Value) -> None:
    assert value("telnyx_actors_calls_ended_total", reason="normal_clearing", fault="none") == 0
    tally.ended("normal_clearing", Usage(), {"telnyx": 0.25})
    tally.ended("normal_clearing", Usage(), {"telnyx": 0.5})
    tally.ended("something a carrier made up", Usage(), {})
    assert value("telnyx_actors_calls_ended_total", reason="normal_clearing", fault="none") == 2
    assert value("telnyx_actors_calls_ended_total", reason="other") == 1
    assert value("telnyx_actors_cost_total", vendor="telnyx") == 0.75


def test_how_callers_audio_came_is_counted_by_what_became_of_it(tally: Tally, value: Value) -> None:
    assert value("telnyx_actors_caller_frames_total", fate="lost") == 0
    assert value("telnyx_actors_caller_unheard_seconds_total") == 0
    tally.count("frames", "lost", by=3)
    tally.count("unheard", by=1.5)
    assert value("telnyx_actors_caller_frames_total", fate="lost") == 3
    assert value("telnyx_actors_caller_unheard_seconds_total") == 1.5


def test_answers_are_a_histogram_in_seconds_and_one_of_their_parts(tally: Tally, value: Value) -> None:
    tally.answered(Sample(0.0, "a", 1, LATENCY))
    tally.answered(Sample(0.0, "a", 2, Latency(0.2, 0.4, 0.1, 0.0, 99.0)))
    assert value("telnyx_actors_response_seconds_bucket", le="0.5") == 0
    assert value("telnyx_actors_response_seconds_bucket", le="0.7") == 1
    assert value("telnyx_actors_response_seconds_bucket", le=str(BUCKETS_S[-1])) == 1
    assert value("telnyx_actors_response_seconds_count") == 2
    assert value("telnyx_actors_response_seconds_sum") == pytest.approx(99.7)
    assert value("telnyx_actors_response_part_seconds_sum", part="thinking") == pytest.approx(0.8)


def test_series_that_alarms_are_made_of_begin_at_zero(read: Read) -> None:
    families = read()
    counted = ("caller_frames", "caller_unheard_seconds", "frames_dropped")
    for name in ("calls_ended", "conversation_events", "dead_air", "calls_refused", "vendor_failures", *counted):
        samples = families[f"telnyx_actors_{name}"].samples
        assert samples
        assert all(sample.value == 0 for sample in samples if sample.name.endswith("_total"))


def test_what_operators_are_told_to_watch_begins_at_zero(value: Value) -> None:
    operations = (DOCS / "operations.md").read_text(encoding="utf-8")
    watched = re.findall(r'`(?:telnyx_actors_\w+)?\{(\w+)="(\w+)"\}`', operations.partition("## What to watch")[2])
    kinds = {text for label, text in watched if label == "kind"}
    assert "give_up" in kinds
    for kind in kinds:
        assert value("telnyx_actors_conversation_events_total", kind=kind) == 0


def test_making_the_page_changes_nothing_on_it(read: Read, tally: Tally) -> None:
    tally.count("event", "barge_in")

    def ours() -> dict[str, list[object]]:
        return {name: list(family.samples) for name, family in read().items() if name.startswith("telnyx_actors_")}

    assert ours() == ours()
