"""A transcriber that falls mute while the caller speaks: how long until that is found, and what it costs."""

from __future__ import annotations

import random
import tempfile
import time
from functools import partial
from math import inf
from pathlib import Path
from typing import Final

from bench.chaos.figures import figures
from bench.chaos.house import InProcess, until
from bench.chaos.scene import Outcome
from bench.chaos.talk import EXCHANGES, GREETED, PATIENT, Exchange
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, Wait
from telnyx_actors.standins.percentile import percentile

STORY: Final = Exchange(
    "Buenas tardes, llamo porque mi perro no quiere comer desde el lunes pasado, ayer por la noche empezó a toser, "
    "hoy ya no se levantó de su cama, mi hermana dice que se tragó una media, y quisiera saber cuánto cuesta la consulta",
    "cuesta",
    EXCHANGES[0].answer,
    EXCHANGES[0].keys,
)
"""A dozen seconds, in which words are due a dozen times."""

FOUND_WITHIN_S: Final = 1.2
"""Words are due once a second: who falls mute just behind one is late a second later, and found a piece of audio or two after that."""

APART_S: Final = 2.0
INTO_SPEECH_S: Final = 2.0
ENDED_WITHIN_S: Final = 60.0


def mute_in_speech(calls: int) -> Outcome:
    """Each call's connection at a random moment of its story; a call before them shows how regularly words come."""
    outcome = Outcome("deepgram: mute in a long story", "listening")
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, InProcess(Path(folder)) as house:
        house.world.wait_ended(house.dial(_teller(0.0)), ENDED_WITHIN_S)
        first = house.world.deepgram.streams_asked + 1
        placed = []
        for number in range(calls):
            placed.append(house.dial(_teller(number * APART_S)))
            until(partial(_has_asked, house, first + number))
        chance = random.Random(0)
        for stream, call in enumerate(placed, first):
            until(partial(_speaks, house, call))
            time.sleep(INTO_SPEECH_S + chance.random())
            house.world.fail("deepgram", Fault("stall", match=f"stream {stream};"))
        for call in placed:
            record = house.world.wait_ended(call, ENDED_WITHIN_S)
            outcome.calls.append(figures(record, house.world.agent_words(call), house.told(call), talk=(STORY,)))
            outcome.complaints += house.differences(call)
        _judge(house, calls, outcome)
    return outcome


def _has_asked(house: InProcess, streams: int) -> bool:
    return house.world.deepgram.streams_asked == streams


def _speaks(house: InProcess, call: str) -> bool:
    return bool(house.world.call(call).utterances)


def _teller(wait_s: float) -> CallerScript:
    return CallerScript((GREETED, Wait(wait_s), Say(STORY.question), PATIENT, HangUp()))


def _judge(house: InProcess, calls: int, outcome: Outcome) -> None:
    """Found is a connection when it is given up. One at a time is mute: the next to be closed is that one."""
    entries = house.world.entries("deepgram")
    muted = [entry.at for entry in entries if entry.kind == "fault"]
    closed = [entry.at for entry in entries if entry.kind == "closed"]
    found_s = [min((at - since for at in closed if at >= since), default=inf) for since in muted]
    slowest = max(found_s, default=inf)
    outcome.remark = f"found after p50 {percentile(found_s, 50):.2f}, max {slowest:.2f} s"
    if len(muted) != calls:
        outcome.complaints.append(f"{len(muted)} of {calls} fell mute")
    if slowest > FOUND_WITHIN_S:
        outcome.complaints.append(f"a mute connection was found only after {slowest:.2f} s")
