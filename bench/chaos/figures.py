"""What a call was like for its caller: figures of the carrier's record, and of nothing of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.chaos.talk import EXCHANGES, Exchange
from telnyx_actors.standins.carrier_call import CarrierCall, Interval
from telnyx_actors.standins.phrasebook import HeardWord


@dataclass(frozen=True, slots=True)
class Told:
    """What the model was told in a call: all that the caller said, and at last what was heard of the agent."""

    caller: Sequence[str]
    agent: Sequence[str]


@dataclass(frozen=True, slots=True)
class CallFigures:
    """``doubled`` sentences were heard to their ends twice: one that was broken off is begun again.

    ``unsaid`` are words of the agent's that the model was told were heard, and that never came out of the line.
    ``recovery_s`` is what the scenario calls recovered; None where that never came, or means nothing.
    """

    trouble: str  # "" for a call that ended as its caller wanted
    turns: int
    answered: int
    words_lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unsaid: tuple[str, ...]
    dead_air_s: float
    recovery_s: float | None


def figures(
    record: CarrierCall,
    heard: Sequence[HeardWord],
    told: Told,
    recovery_s: float | None = None,
    talk: Sequence[Exchange] = EXCHANGES,
) -> CallFigures:
    """Of a call that is over. ``heard``: the agent's words; ``talk``: what the caller's script asks."""
    speech = record.caller_speech()
    exchanges = talk[: len(speech)]
    limits = [*(start for start, _ in speech[1:]), record.duration_s]
    answered = [
        _is_answered(exchange, heard, end, limit)
        for exchange, (_, end), limit in zip(exchanges, speech, limits, strict=True)
    ]
    if recovery_s is None and exchanges:
        recovery_s = _waited_s(exchanges[0], heard, speech[0][1])
    return CallFigures(
        trouble_of(record),
        len(exchanges),
        sum(answered),
        words_lost(record, told),
        tuple(key for exchange in exchanges for key in exchange.keys if _count(key, heard) > 1),
        unsaid(heard, told),
        dead_air_s(record, answered),
        recovery_s,
    )


def words_lost(record: CarrierCall, told: Told) -> tuple[str, ...]:
    """The caller's, of which the model was not told."""
    understood = set(words(" ".join(told.caller)))
    return tuple(word for said in record.utterances for word in words(said.text) if word not in understood)


def unsaid(heard: Sequence[HeardWord], told: Told) -> tuple[str, ...]:
    """The agent's, of which the model was told that they were heard."""
    audible = {bare for word in heard for bare in words(word.text)}
    return tuple(word for text in told.agent for word in words(text) if word not in audible)


def trouble_of(record: CarrierCall) -> str:
    """Why the call did not end as its caller wanted; "" if it did."""
    if record.script_error:
        return record.script_error
    is_done = bool(record.outcomes) and record.outcomes[-1].step.startswith("HangUp")
    return "" if is_done else f"ended by {record.hangup_source or 'nobody'}: {record.hangup_cause}"


def dead_air_s(record: CarrierCall, answered: Sequence[bool]) -> float:
    """The longest silence while the agent owed something: the greeting, or the answer, or the rest of it."""
    speech, agent = record.caller_speech(), record.agent_speech(join_ms=0)
    begins = [0.0, *(end for _, end in speech)]
    limits = [*(start for start, _ in speech), record.duration_s]
    longest = 0.0
    for begin, limit, is_paid in zip(begins, limits, [True, *answered], strict=True):
        quiet = silences(agent, begin, limit)
        owed = quiet[:-1] if is_paid and len(quiet) > 1 else quiet
        longest = max([longest, *owed])
    return longest


def silences(agent: Sequence[Interval], begin: float, limit: float) -> list[float]:
    """Before, between and, last of all, after what could be heard between two moments."""
    found, quiet_since = [], begin
    for start, end in agent:
        if end > begin and start < limit:
            found.append(max(start - quiet_since, 0.0))
            quiet_since = max(quiet_since, end)
    return [*found, max(limit - quiet_since, 0.0)]


def words(text: str) -> list[str]:
    """Bare, in small letters."""
    return [bare for word in text.split() if (bare := word.strip(".,;:¿?¡!…—-").lower())]


def _count(key: str, heard: Sequence[HeardWord]) -> int:
    return sum(key in words(word.text) for word in heard)


def _is_answered(exchange: Exchange, heard: Sequence[HeardWord], end_s: float, limit_s: float) -> bool:
    within = [word for word in heard if end_s * 1000 <= word.start_ms < limit_s * 1000]
    return all(_count(key, within) for key in exchange.keys)


def _waited_s(exchange: Exchange, heard: Sequence[HeardWord], end_s: float) -> float | None:
    """From the end of the question to the answer's first word."""
    first = words(exchange.answer)[0]
    at = next((word.start_ms / 1000 for word in heard if first in words(word.text)), None)
    return None if at is None else max(at - end_s, 0.0)
