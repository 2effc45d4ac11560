"""What a call used and what that costs; and how calls end, by whose doing."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest

from telnyx_actors.actors.tally import BUCKETS_S, SAMPLES_MAX, Sample, Tally
from telnyx_actors.actors.usage import METERED, Meter, Usage
from telnyx_actors.config import Prices
from telnyx_actors.core.endings import OTHER, REASONS, Fault, fault_of, found_over
from telnyx_actors.core.turn import Latency, TurnEnd, TurnKind, TurnRecord, TurnTimes

PRICES = Prices(
    telnyx_minute=0.01,
    telnyx_stt_minute=0.03,
    deepgram_minute=0.02,
    claude_input_mtok=1.0,
    claude_cached_mtok=0.1,
    claude_output_mtok=5.0,
    elevenlabs_kchar=0.2,
)


def turn(attempts: int, *tokens: int, is_heard: bool = True) -> TurnRecord:
    times = TurnTimes(first_clause=1.0, first_sent=2.0 if is_heard else None)
    return TurnRecord(1, TurnKind.REPLY, "", "", "", TurnEnd.COMPLETED, attempts, times, None, *tokens)


def test_a_reply_that_was_heard_wastes_nothing() -> None:
    usage = Usage()
    usage.turn_over(turn(1, 100, 20, 400))
    assert (usage.requests, usage.requests_wasted, usage.tokens_wasted) == (1, 0, 0)
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (100, 20, 400)


def test_a_reply_that_was_dropped_is_wasted_with_all_its_tokens() -> None:
    usage = Usage()
    usage.turn_over(turn(1, 100, 20, 400, is_heard=False))
    assert (usage.requests_wasted, usage.tokens_wasted) == (1, 520)


def test_a_cancelled_request_is_taken_to_have_had_the_prompt_of_the_others() -> None:
    usage = Usage()
    usage.turn_over(turn(3, 100, 20, 400))
    assert (usage.requests, usage.requests_wasted) == (3, 2)
    assert (usage.input_tokens, usage.tokens_wasted) == (100 + 2 * 500, 1000)
    usage.turn_over(turn(1, is_heard=False))  # cancelled, and the model told nothing
    assert usage.tokens_wasted == 1500


def test_a_turn_that_asked_nothing_uses_nothing() -> None:
    usage = Usage()
    usage.turn_over(turn(0))
    assert usage == Usage()


def test_a_meter_adds_up_what_begins_and_ends_more_than_once() -> None:
    meter = Meter()
    for now, is_running in ((1.0, False), (10.0, True), (12.0, True), (15.0, False), (20.0, True), (21.0, False)):
        meter.runs(is_running, now)
    assert meter.total_s == 6.0


def test_a_call_costs_what_its_vendors_bill() -> None:
    usage = Usage(answered_s=120, hearing_s=60, characters=500, input_tokens=10_000, cached_tokens=50_000)
    usage.output_tokens, usage.transcribed_s = 2_000, 90
    cost = usage.cost(PRICES)
    assert cost == pytest.approx({"telnyx": 0.02 + 0.045, "deepgram": 0.02, "claude": 0.025, "elevenlabs": 0.1})
    assert sum(usage.cost(Prices()).values()) == 0


def test_the_end_of_a_call_is_counted_with_whose_doing_it_was() -> None:
    tally = Tally()
    tally.ended("user_busy", Usage(requests=2), {"claude": 0.5})
    tally.ended("user_busy", Usage(requests=3), {"claude": 0.25})
    tally.ended("failure", Usage(), {})
    sums = tally.read()
    assert sums["ended", "user_busy", "caller"] == 2
    assert sums["ended", "failure", "provider"] == 1
    assert (sums["usage", "requests"], sums["cost", "claude"]) == (5, 0.75)
    assert {labels[1] for labels in sums if labels[0] == "usage"} == set(METERED)


def test_no_carrier_can_invent_reasons_without_end() -> None:
    tally = Tally()
    for number in range(1000):
        tally.ended(f"cause {number}", Usage(), {})
    assert [labels for labels in tally.read() if labels[0] == "ended"] == [("ended", OTHER, Fault.NONE)]


def test_a_call_that_was_found_over_is_our_fault_only_where_our_death_cut_it_off() -> None:
    faults = [
        fault_of(found_over(is_answered=is_answered, is_orphan=is_orphan))
        for is_answered in (True, False)
        for is_orphan in (True, False)
    ]
    assert faults == [Fault.OURS, Fault.NONE, Fault.NONE, Fault.NONE]


def test_every_fault_has_its_reasons() -> None:
    assert {fault_of(reason) for reason in REASONS} == set(Fault)


def test_response_times_are_kept_by_part_as_histogram_and_sample() -> None:
    tally = Tally()
    for number, response in enumerate((0.4, 0.9, 20.0)):
        tally.answered(Sample(float(number), "abc", number, Latency(0.1, 0.2, 0.05, 0.0, response)))
    whole = tally.histograms()["response"]
    assert dict(zip((*BUCKETS_S, float("inf")), whole.cumulative, strict=True))[0.5] == 1
    assert whole.cumulative[-3:] == (2, 2, 3)
    assert whole.total_s == pytest.approx(21.3)
    assert tally.histograms()["thinking"].cumulative[2] == 3
    assert [sample.turn for sample in tally.samples(1.0)] == [1, 2]


def test_only_the_latest_samples_are_kept_and_come_back_as_they_were() -> None:
    tally = Tally()
    samples = [
        Sample(0.1 * number, f"{number:032x}", number, Latency(0.1, 0.2, 0.05, 0.0, 0.3 + number))
        for number in range(SAMPLES_MAX + 3)
    ]
    for sample in samples[:SAMPLES_MAX]:
        tally.answered(sample)
    assert tally.samples(0.0) == samples[:SAMPLES_MAX]
    for sample in samples[SAMPLES_MAX:]:
        tally.answered(sample)
    assert tally.samples(0.0) == samples[3:]
    assert tally.samples(samples[-2].at) == samples[-2:]


def test_ten_thousand_samples_take_no_memory_that_was_not_taken_at_the_start() -> None:
    tally = Tally()
    sample = Sample(0.0, "abc", 1, Latency(0.1, 0.2, 0.05, 0.0, 0.5))
    tally.answered(sample)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(10_000):
            tally.answered(replace(sample, at=float(number)))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 10_000  # a byte a sample


def test_a_name_from_elsewhere_is_cut_in_a_sample() -> None:
    tally = Tally()
    tally.answered(Sample(0.0, "ñ" * 20, 1, Latency(0.1, 0.2, 0.05, 0.0, 0.5)))
    tally.answered(Sample(0.0, "a" * 31 + "ñ", 1, Latency(0.1, 0.2, 0.05, 0.0, 0.5)))
    assert [sample.ref for sample in tally.samples(0.0)] == ["ñ" * 16, "a" * 31 + "�"]
