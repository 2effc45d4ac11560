"""``kill -9`` of the daemon while calls are in progress, and its restart at once."""

from __future__ import annotations

import json
import random
import tempfile
import time
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.chaos.figures import CallFigures, dead_air_s, trouble_of, unsaid, words, words_lost
from bench.chaos.house import Daemon
from bench.chaos.scenarios import NOT_BESIDE_US
from bench.chaos.scene import Outcome
from bench.chaos.talk import EXCHANGES, script
from telnyx_actors.standins.carrier_call import CarrierCall

AUDIBLE_WITHIN_S: Final = 3.0
ENDED_WITHIN_S: Final = 90.0
APART_S: Final = 0.8
EARLIEST_S: Final = 0.5
LATEST_S: Final = 8.0
RECORD_TOLERANCE_S: Final = 0.5


def kill_minus_9(calls: int, seed: int) -> Outcome:
    """Kill it at a random moment; calls begin one after the other, so each is struck at another moment of its own.

    Telnyx listens along, and keeps what it has heard until somebody is there to be told. A sentence of which
    the end was heard here is answered by then, and is not asked about again for one small word.
    """
    return _kill(Outcome("kill -9", f"random, seed {seed}", expects_answers=False), calls, seed)


def kill_unheard(calls: int, seed: int) -> Outcome:
    """The same where Telnyx does not listen: nobody hears what is said while nobody is there."""
    fault = "kill -9, Telnyx does not listen along"
    outcome = Outcome(fault, f"random, seed {seed}", expects_answers=False, expects_words=False)
    return _kill(outcome, calls, seed, NOT_BESIDE_US)


def _kill(outcome: Outcome, calls: int, seed: int, env: Mapping[str, str] | None = None) -> Outcome:
    outcome.recovery_limit_s, outcome.dead_air_limit_s = AUDIBLE_WITHIN_S, None
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, Daemon(Path(folder), env=env) as house:
        placed = []
        for _ in range(calls):
            placed.append(house.dial(script(len(EXCHANGES), patient=len(EXCHANGES))))
            time.sleep(APART_S)
        time.sleep(random.Random(seed).uniform(EARLIEST_S, LATEST_S))
        killed_at = time.monotonic()
        house.kill()
        house.start()
        for call in placed:
            _judge(house, call, killed_at, outcome)
    return outcome


def _judge(house: Daemon, call: str, killed_at: float, outcome: Outcome) -> None:
    record = house.world.wait_ended(call, ENDED_WITHIN_S)
    heard = house.world.agent_words(call)
    audible_s = audible_after_s(record, house.started_at)
    doubled = tuple(
        key for exchange in EXCHANGES for key in exchange.keys if sum(key in words(word.text) for word in heard) > 1
    )
    answers = [all(any(key in words(word.text) for word in heard) for key in one.keys) for one in EXCHANGES]
    told = house.told(call)
    lost, never_said = words_lost(record, told), unsaid(heard, told)
    silence_s = dead_air_s(record, [True] * len(record.caller_speech()))
    outcome.calls.append(
        CallFigures(trouble_of(record), len(EXCHANGES), sum(answers), lost, doubled, never_said, silence_s, audible_s)
    )
    if audible_s is None:
        outcome.complaints.append("the agent was not heard again")
    _judge_history(house, call, killed_at, outcome)
    _judge_record(house, call, outcome)
    outcome.complaints += house.differences(call)


def audible_after_s(record: CarrierCall, at: float) -> float | None:
    """How long after a moment the agent could be heard."""
    assert record.media_at is not None
    since_s = at - record.media_at
    return next((start - since_s for start, _ in record.agent_speech(join_ms=0) if start >= since_s), None)


def _judge_history(house: Daemon, call: str, killed_at: float, outcome: Outcome) -> None:
    """The first request of the new process tells the model what was heard before the old one died."""
    record = house.world.call(call)
    assert record.media_at is not None
    until_ms = (killed_at - record.media_at) * 1000 - 1000  # what was heard in the last second may be lost
    known = {word for heard in house.world.agent_words(call) if heard.end_ms < until_ms for word in words(heard.text)}
    requests = [messages for at, messages in house.asked(call) if at > house.started_at]
    if not requests:
        return
    told = set(words(" ".join(text for role, text in requests[0] if role == "assistant")))
    forgotten = [key for exchange in EXCHANGES for key in exchange.keys if key in known and key not in told]
    if forgotten:
        outcome.complaints.append(f"the model was not told what was heard: {' '.join(forgotten)}")


def _judge_record(house: Daemon, call: str, outcome: Outcome) -> None:
    """The recording goes on as if nobody had died, and the transcript says when somebody had."""
    deadline = time.monotonic() + 20.0
    while (folder := house.record_folder(call)) is None or not (folder / "transcript.json").exists():
        if time.monotonic() > deadline:
            outcome.complaints.append("no record in the archive")
            return
        time.sleep(0.05)
    with wave.open(str(folder / "call.wav")) as file:
        recorded_s = file.getnframes() / file.getframerate()
    lasted_s = house.world.call(call).duration_s
    if abs(recorded_s - lasted_s) > RECORD_TOLERANCE_S:
        outcome.complaints.append(f"{recorded_s:.1f} s recorded of a call of {lasted_s:.1f} s")
    transcript = json.loads((folder / "transcript.json").read_text(encoding="utf-8"))
    if "recovery" not in {turn["kind"] for turn in transcript["turns"]}:
        outcome.complaints.append("the transcript does not mark the gap")
