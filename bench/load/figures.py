"""What calls were like for their callers, from the carrier's records alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from telnyx_actors.standins.carrier_call import BargeIn, Interval, Response
from telnyx_actors.standins.percentile import percentile

ANSWER_LIMIT_S = 4.0
"""A caller who has waited this long was not answered."""


class Record(Protocol):
    """The part of ``CarrierCall`` that the figures are made of. Times are seconds of the call's media clock."""

    media_at: float | None
    answered_at: float | None
    ended_at: float | None
    script_error: str

    @property
    def duration_s(self) -> float: ...
    def caller_speech(self) -> list[Interval]: ...
    def agent_playing(self, *, join_ms: int = 0) -> list[Interval]: ...
    def response_times(self) -> list[Response]: ...
    def barge_in_times(self) -> list[BargeIn]: ...
    def underruns(self) -> list[Interval]: ...


@dataclass(slots=True)
class Heard:
    """All calls of a window together. Times in ms."""

    asked: int = 0
    response_ms: list[float] = field(default_factory=list)
    barge_in_ms: list[float] = field(default_factory=list)
    not_silenced: int = 0
    underruns: int = 0
    talked_over: int = 0
    calls: int = 0
    calls_ended: int = 0
    calls_failed: int = 0
    of_call_ms: list[float] = field(default_factory=list)
    """The median response of each call: how evenly the load was borne."""

    @property
    def lost(self) -> int:
        return self.asked - len(self.response_ms)

    def add(self, record: Record, since: float, until: float) -> None:
        """Take in what happened to a call in the window (``time.monotonic()``); read at least a few seconds after it."""
        if record.media_at is None or record.media_at >= until:
            return
        begin_s, end_s = since - record.media_at, until - record.media_at
        if record.ended_at is not None and record.ended_at < since:
            return
        self.calls += 1
        if record.ended_at is not None and record.ended_at <= until:
            self.calls_ended += 1
            self.calls_failed += bool(record.script_error)
        own = [response for response in record.response_times() if begin_s <= response.caller_end_s < end_s]
        answered = [
            response.seconds * 1000
            for response in own
            if response.seconds is not None and response.seconds <= ANSWER_LIMIT_S
        ]
        self.asked += len(own)
        self.response_ms += answered
        if answered:
            self.of_call_ms.append(percentile(answered, 50))
        for barge_in in record.barge_in_times():
            if begin_s <= barge_in.caller_start_s < end_s:
                if barge_in.seconds is None:
                    self.not_silenced += 1
                else:
                    self.barge_in_ms.append(barge_in.seconds * 1000)
        self.underruns += sum(begin_s <= start < end_s for start, _ in record.underruns())
        self.talked_over += talked_over(
            [span for span in record.caller_speech() if begin_s <= span[0] < end_s], record.agent_playing(join_ms=60)
        )


def talked_over(caller: Iterable[Interval], agent: Sequence[Interval]) -> int:
    """How often the agent began to speak into a sentence of the caller's."""
    return sum(begin < start < end for begin, end in caller for start, _ in agent)
