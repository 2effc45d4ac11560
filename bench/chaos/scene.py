"""Scenarios, played: calls are placed, each is struck at its moment, and what their callers heard is measured."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from loguru import logger

from bench.chaos.figures import CallFigures, figures
from bench.chaos.house import InProcess, small_disk, until
from bench.chaos.scenarios import JumpingClock, Moment, Scenario, matrix
from bench.chaos.talk import script
from telnyx_actors.actors.runtime import Runtime
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.telnyx_settings import TelnyxSettings
from telnyx_actors.standins.world import WorldSettings

CALL_LIMIT_S: Final = 60.0
EXCHANGES: Final = 2
INTO_SPEECH_S: Final = 0.6
INTO_SILENCE_S: Final = 0.4
INTO_ANSWER_S: Final = 0.7


@dataclass(slots=True)
class Outcome:
    """What a scenario did to its calls. ``complaints`` are about more than one call's conversation."""

    fault: str
    moment: str
    expects_answers: bool = True
    expects_words: bool = True
    says_once: bool = True
    recovery_limit_s: float | None = None
    dead_air_limit_s: float | None = 4.0
    calls: list[CallFigures] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    remark: str = ""  # a figure that has no column


def play(scenarios: Sequence[Scenario], calls: int) -> list[Outcome]:
    """In a house of their own: so many calls of each."""
    first = scenarios[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        if first.needs_small_disk and not stack.enter_context(small_disk(folder / "var")):
            return [Outcome(first.fault, f"{first.moment} (skipped: needs root)")]
        world = WorldSettings(s3=False, telnyx=TelnyxSettings(media=first.media))
        house = stack.enter_context(InProcess(folder, world, first.env, Runtime(JumpingClock())))
        for scenario in scenarios:
            if scenario.moment is Moment.BEFORE:
                scenario.strike(house, "")
        placed = [
            StruckCall(scenario, house, house.dial(script(EXCHANGES))) for scenario in scenarios for _ in range(calls)
        ]
        _watch(placed, house)
        return [_judge(one, [call for call in placed if call.scenario is one], house) for one in scenarios]


def play_named(names: Sequence[str], calls: int) -> list[Outcome]:
    """In another process: a scenario cannot travel there, its name can."""
    logger.remove()  # each house writes its own
    wanted = [scenario for scenario in matrix() if scenario.name in names]
    try:
        return play(wanted, calls)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what became of these scenarios
        traceback.print_exc()
        why = f"not played: {error!r}"
        return [Outcome(scenario.fault, scenario.moment, complaints=[why]) for scenario in wanted]


def play_drill(name: str, drill: Callable[[], Outcome]) -> list[Outcome]:
    """What has a script of its own. Whatever becomes of it, the others are played."""
    try:
        return [drill()]
    except Exception as error:  # noqa: BLE001 - as above
        traceback.print_exc()
        return [Outcome(name, "", complaints=[f"not played: {error!r}"])]


def _watch(placed: list[StruckCall], house: InProcess) -> None:
    """Strike and mend, until everybody has hung up and the engine is done with it."""
    deadline, mend_at = time.monotonic() + CALL_LIMIT_S, float("inf")
    while time.monotonic() < deadline:
        for call in placed:
            call.watch()
        struck = [call.struck_at + call.scenario.lasts_s for call in placed if call.struck_at is not None]
        if struck and mend_at == float("inf"):
            mend_at = min(struck)
        if time.monotonic() >= mend_at:
            _mend(placed, house)
            mend_at = deadline
        if all(call.is_over for call in placed):
            break
        time.sleep(0.005)
    _mend(placed, house)


def _mend(placed: list[StruckCall], house: InProcess) -> None:
    for call in placed:
        call.scenario.mend(house)


class StruckCall:
    """One call, what is to happen to it, and when that did. For one thread."""

    def __init__(self, scenario: Scenario, house: InProcess, call: str) -> None:
        self.scenario = scenario
        self.call = call
        self.struck_at: float | None = None
        self.back_at: float | None = None
        self._house = house
        self._killed: object = None

    @property
    def record(self) -> CarrierCall:
        return self._house.world.call(self.call)

    @property
    def is_over(self) -> bool:
        return self.record.ended_at is not None and not self._house.is_known(self.call)

    def watch(self) -> None:
        """Strike when the moment has come; then see when the part that was killed is back."""
        if self.scenario.moment is Moment.BEFORE:
            return
        if self.struck_at is None:
            if has_come(self.scenario.moment, self.record):
                self._killed, self.struck_at = self._part(), time.monotonic()
                self.scenario.strike(self._house, self.call)
        elif self.scenario.part is not None and self.back_at is None:
            part = self._part()
            if part is not None and part is not self._killed:
                self.back_at = time.monotonic()

    @property
    def recovery_s(self) -> float | None:
        return None if self.back_at is None or self.struck_at is None else self.back_at - self.struck_at

    def _part(self) -> object:
        part = self.scenario.part
        return None if part is None else self._house.runtime.stats.ref(self._house.path(self.call, part))


def _judge(scenario: Scenario, calls: list[StruckCall], house: InProcess) -> Outcome:
    outcome = Outcome(
        scenario.fault, scenario.moment, scenario.expects_answers, scenario.expects_words, scenario.says_once
    )
    if scenario.part is not None and scenario.moment is not Moment.ENDING:
        outcome.recovery_limit_s = 0.3 if scenario.part else 0.5
    complaints = outcome.complaints
    if not until(lambda: all(call.is_over for call in calls), 15.0):
        complaints.append("the engine still works on calls that are over")
    if house.has_failed:
        complaints.append("the engine came down")
    for call in calls:
        if call.struck_at is None and scenario.moment is not Moment.BEFORE:
            complaints.append("the moment never came")
        heard, told = house.world.agent_words(call.call), house.told(call.call)
        outcome.calls.append(figures(call.record, heard, told, call.recovery_s))
        complaints += [f"violation: {event.data}" for event in call.record.violations]
        if scenario.keeps_chronicle:
            complaints += house.differences(call.call)
        if not house.is_kept(call.call):
            complaints.append("the record of a call is neither archived nor in the spool")
    return outcome


def has_come(moment: Moment, record: CarrierCall) -> bool:
    """Whether a call is at this moment of its first question."""
    if moment is Moment.ENDING:
        return record.ended_at is not None
    position = record.position()
    if not record.utterances or position is None:
        return False
    now_s, (start, end) = position / 8000, record.utterances[0].speech
    if moment is Moment.LISTENING:
        return now_s >= start / 8000 + INTO_SPEECH_S
    if moment is Moment.THINKING:
        return now_s >= end / 8000 + INTO_SILENCE_S
    began_s = next((begin for begin, _ in record.agent_playing() if begin >= end / 8000), None)
    return began_s is not None and now_s >= began_s + INTO_ANSWER_S
