"""Everything that is known when the call is over, and what the exchanges of the script became in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telnyx_actors.demo.recording import Recording
from telnyx_actors.demo.script import Exchange, Scenario, Spoken, spoken_by_caller
from telnyx_actors.demo.story import Passage, Seen, passages
from telnyx_actors.demo.turns import Transcript
from telnyx_actors.standins.carrier_call import CarrierCall


@dataclass(frozen=True, slots=True)
class Evidence:
    """``model_entries``: what Claude's stand-in saw and did. ``fillers``: what may be said while a reply is late."""

    scenario: Scenario
    seen: Seen
    transcript: Transcript
    recording: Recording
    model_entries: Sequence[Mapping[str, Any]]
    fillers: Sequence[str]
    engine_exit: int
    engine_errors: Sequence[str]

    @property
    def record(self) -> CarrierCall:
        return self.seen.record


@dataclass(frozen=True, slots=True)
class Played:
    """One exchange as it happened. Times are of the carrier's clock; None where it did not come to that.

    ``heard`` is what the agent was heard to say from the end of this turn to the end of the
    caller's next one, in passages: one, or two around a murmur.
    """

    exchange: Exchange
    ended_s: float | None
    murmur_s: float | None
    next_starts_s: float | None
    heard: tuple[Passage, ...]

    @property
    def response_s(self) -> float | None:
        return self.heard[0].start_s - self.ended_s if self.heard and self.ended_s is not None else None


def played(evidence: Evidence) -> list[Played]:
    """The script's exchanges, one by one."""
    said = list(_said(evidence))
    agent = passages(evidence.seen)
    found = []
    for number, exchange in enumerate(evidence.scenario.exchanges):
        ended = next((end for spoken, _, end in said if spoken.exchange == number and spoken.is_last), None)
        murmur = next((start for spoken, start, _ in said if spoken.exchange == number and spoken.is_murmur), None)
        following = next((start for spoken, start, _ in said if spoken.exchange == number + 1), None)
        limit = following if following is not None else evidence.record.duration_s
        heard = [p for p in agent if ended is not None and ended <= p.start_s < limit]
        replies = [p for p in heard if p.turn is None or p.turn.kind != "prompt"]
        found.append(Played(exchange, ended, murmur, following, tuple(replies)))
    return found


def prompts(evidence: Evidence) -> list[Passage]:
    """Where the agent asked into a silence."""
    return [
        passage for passage in passages(evidence.seen) if passage.turn is not None and passage.turn.kind == "prompt"
    ]


def _said(evidence: Evidence) -> Iterator[tuple[Spoken, float, float]]:
    """What the caller said by the script, with when."""
    speech = evidence.record.caller_speech()
    for spoken, (start, end) in zip(spoken_by_caller(evidence.scenario), speech, strict=False):
        yield spoken, start, end
