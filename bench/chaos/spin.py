"""The code of one call spins for five seconds: how much later the audio of the others leaves."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Final, cast

from bench.chaos.figures import figures, trouble_of
from bench.chaos.house import Daemon
from bench.chaos.scene import Outcome
from bench.chaos.spinning import BLOCKS, COMPUTES, SAYS_SO, SPINS_S
from bench.chaos.talk import GREETED, LONG, PATIENT, model_script
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, Wait, WaitForAgent
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.percentile import percentile

MOVED_MAX_MS: Final = 20.0
APART_S: Final = 0.3
ENDED_WITHIN_S: Final = 60.0
LEAD_MS: Final = 400
DUE_AT_MS: Final = 300
"""Audio is topped up once three quarters of the lead are left. A short lead: ten messages a second in each call."""

TALKATIVE: Final = {"MAX_RESPONSE_LENGTH": "600", "AUDIO_LEAD_MS": str(LEAD_MS)}
LISTENER: Final = CallerScript(
    (GREETED, Say(LONG.question), WaitForAgent(silent_ms=1500, timeout_s=60.0, required=False), HangUp())
)
BEFORE_S: Final = 4.0
UNDER_WAY_S: Final = 0.5
QUESTIONS: Final = {COMPUTES: "¿Me computa la cuenta?", BLOCKS: "¿Me bloquea la cuenta?"}
ANSWER: Final = "La cuenta ya está."


class SpinningDaemon(Daemon):
    program = ("-m", "bench.chaos.spinning")


def spin(calls: int, word: str, fault: str) -> Outcome:
    """While the agent speaks in all calls but one, that one's own code does not come back for five seconds."""
    outcome = Outcome(fault, "speaking")
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, SpinningDaemon(Path(folder), env=TALKATIVE) as house:
        house.world.script_model([(word, ANSWER), *model_script()])
        listeners = []
        for _ in range(calls - 1):
            listeners.append(house.dial(LISTENER))
            time.sleep(APART_S)
        spinner = house.dial(CallerScript((GREETED, Wait(BEFORE_S + 2.0), Say(QUESTIONS[word]), PATIENT, HangUp())))
        ended = [house.world.wait_ended(call, ENDED_WITHIN_S) for call in (*listeners, spinner)]
        for call, record in zip(listeners, ended, strict=False):
            told = house.told(call)
            outcome.calls.append(figures(record, house.world.agent_words(call), told, talk=(LONG,)))
            outcome.complaints += house.differences(call)
        if trouble := trouble_of(ended[-1]):
            outcome.complaints.append(f"the call that spins was lost ({trouble})")
        if not house.has_logged(SAYS_SO):
            outcome.complaints.append("nothing spun")
    _judge(ended[:-1], ended[-1], outcome)
    return outcome


def _judge(listeners: list[CarrierCall], spinner: CarrierCall, outcome: Outcome) -> None:
    assert spinner.media_at is not None
    began = spinner.media_at + spinner.utterances[0].speech[1] / 8000
    before = _p99_ms(listeners, began - BEFORE_S, began)
    during = _p99_ms(listeners, began + UNDER_WAY_S, began + SPINS_S)
    outcome.remark = f"late p99 {before:.0f} ▶ {during:.0f} ms"
    if not during - before <= MOVED_MAX_MS:
        outcome.complaints.append(f"the audio of the others left {during - before:.0f} ms later (p99)")
    holes = sum(len(record.underruns()) for record in listeners)
    if holes:
        outcome.complaints.append(f"{holes} holes in the speech of the others")


def _p99_ms(records: list[CarrierCall], since: float, until: float) -> float:
    return percentile([late for record in records for late in lateness_ms(record, since, until)], 99)


def lateness_ms(record: CarrierCall, since: float, until: float) -> list[float]:
    """Of each message of audio that came between two moments: how long after its due time, by what still waited then.

    What comes when nothing waits begins an answer, or ends a hole, which is counted as such.
    """
    queued = [cast(float, event.data["queued_ms"]) for event in record.events_of("media") if since <= event.at < until]
    return [max(DUE_AT_MS - ms, 0.0) for ms in queued if ms > 0]
