"""The call in figures, all but the tokens measured on the carrier's side."""

from __future__ import annotations

from dataclasses import dataclass

from telnyx_actors.demo.evidence import Evidence, Played, played
from telnyx_actors.demo.vendors import share_of
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.sound import TELEPHONE_RATE_HZ as RATE_HZ


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the model was billed for: all of it, and what nobody heard because the caller went on talking."""

    sent: int
    read: int
    wasted: int
    wasted_read: int
    requests: int
    wasted_requests: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds, in the order of the exchanges. ``serial_s``: what the vendors take one after the other."""

    responses_s: tuple[float, ...]
    serial_s: tuple[float, ...]
    barge_ins_s: tuple[float, ...]
    dead_air_s: float
    fillers: int
    bytes_after_clear: int
    tokens: Tokens


def measure(evidence: Evidence) -> Figures:
    exchanges = played(evidence)
    responses = tuple(each.response_s for each in exchanges if each.response_s is not None)
    waits = [end - start for start, end in evidence.record.dead_air()]
    return Figures(
        responses,
        tuple(share_of(each.exchange.reply).serial / 1000 for each in exchanges),
        tuple(barge.seconds for barge in evidence.record.barge_in_times() if barge.seconds is not None),
        max(waits, default=0.0),
        sum(passage.text.count(filler) for each in exchanges for passage in each.heard for filler in evidence.fillers),
        sum(bytes_after_clear(evidence.record, each) for each in exchanges),
        tokens(evidence),
    )


def bytes_after_clear(record: CarrierCall, each: Played) -> int:
    """Agent audio that was played between the clear of an interrupted reply and the end of the caller's turn."""
    if each.exchange.interrupted_after_s is None or each.next_starts_s is None:
        return 0
    clears = [event.at_s for event in record.events_of("clear") if event.at_s is not None]
    cleared = next((at for at in clears if at >= each.next_starts_s), None)
    if cleared is None:
        return 0
    speech_end = next((end for start, end in record.caller_speech() if start == each.next_starts_s), cleared)
    first, last = round(cleared * RATE_HZ), round(speech_end * RATE_HZ)
    return sum(
        max(0, min(last, segment.end) - max(first, segment.start))
        for playout in (record.stream, record.carrier)
        for segment in playout.segments
    )


def tokens(evidence: Evidence) -> Tokens:
    """By what the vendor sent: a request was in vain when no turn of the call ended with the words it answers."""
    asked = {
        entry["data"]["request_id"]: entry["data"]["text"]
        for entry in evidence.model_entries
        if entry["kind"] == "request"
    }
    over = [entry["data"] for entry in evidence.model_entries if entry["kind"] == "over"]
    said = [turn.said for turn in evidence.transcript.turns if turn.said]
    wasted = [data for data in over if not any(asked[data["request_id"]].endswith(text) for text in said)]
    return Tokens(
        sum(data["tokens_sent"] for data in over),
        sum(data["tokens_read"] for data in over),
        sum(data["tokens_sent"] for data in wasted),
        sum(data["tokens_read"] for data in wasted),
        len(over),
        len(wasted),
    )
