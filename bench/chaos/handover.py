"""``--handover``: a new process takes the calls over while the agent speaks in each of them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from bench.chaos.figures import figures, silences, words
from bench.chaos.house import Daemon, until
from bench.chaos.scene import Outcome
from bench.chaos.talk import EXCHANGES, GREETED, LONG, USUAL, Exchange
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, WaitForAgent
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.percentile import percentile
from telnyx_actors.standins.phrasebook import HeardWord
from telnyx_actors.standins.telnyx_settings import MediaSettings, TelnyxSettings
from telnyx_actors.standins.world import WorldSettings

GAP_LIMIT_S: Final = 0.5
ENDED_WITHIN_S: Final = 90.0
APART_S: Final = 0.2
INTO_SPEECH_S: Final = 0.5
LONG_S: Final = 25.0
"""The answer is longer, as espeak says it."""

TALK: Final = (LONG, EXCHANGES[1])
TALKATIVE: Final = {"MAX_RESPONSE_LENGTH": "600"}
SCRIPT: Final = CallerScript(
    (
        GREETED,
        Say(LONG.question),
        WaitForAgent(silent_ms=4000, timeout_s=60.0, required=False),
        Say(EXCHANGES[1].question),
        USUAL,
        HangUp(),
    )
)


def handover(calls: int) -> Outcome:
    """Replace the daemon once the agent speaks in all of the calls, and for longer than the old process waits for a pause.

    What is timed is the longest hole inside a sentence. Between two of them the one process lets go and the other begins.
    """
    return _play(calls, Outcome("--handover", "speaking", recovery_limit_s=GAP_LIMIT_S), MediaSettings())


def handover_played_on(calls: int) -> Outcome:
    """The same, by a carrier that plays on when the old process lets go of the call."""
    outcome = Outcome("--handover, carrier plays on", "speaking", recovery_limit_s=GAP_LIMIT_S)
    return _play(calls, outcome, MediaSettings(drops_audio_on_loss=False))


def _play(calls: int, outcome: Outcome, media: MediaSettings) -> Outcome:
    world = WorldSettings(s3=False, telnyx=TelnyxSettings(media=media))
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, Daemon(Path(folder), world, TALKATIVE) as house:
        placed, pauses_s = [], []
        for _ in range(calls):
            placed.append(house.dial(SCRIPT))
            time.sleep(APART_S)
        if not until(lambda: all(_is_speaking(house.world.call(call)) for call in placed)):
            outcome.complaints.append("the moment never came")
        code = house.replace()
        if not all(_is_speaking(house.world.call(call)) for call in placed):
            outcome.complaints.append("the answer was over before the new process had the calls")
        if code != 0:
            outcome.complaints.append(f"the old process ended with {code}")
        for call in placed:
            record = house.world.wait_ended(call, ENDED_WITHIN_S)
            heard = house.world.agent_words(call)
            within_s, between_s = holes_s(record, LONG, heard)
            pauses_s.append(max(between_s, default=0.0))
            outcome.calls.append(figures(record, heard, house.told(call), max(within_s, default=None), TALK))
            outcome.complaints += house.differences(call)
        outcome.remark = f"between sentences p50 {percentile(pauses_s, 50):.2f}, max {max(pauses_s):.2f} s"
    return outcome


def _is_speaking(record: CarrierCall) -> bool:
    """Whether the agent is in the middle of its long answer."""
    position = record.position()
    if len(record.utterances) != 1 or position is None:
        return False
    asked_s = record.utterances[0].speech[1] / 8000
    began_s = next((begin for begin, _ in record.agent_playing() if begin >= asked_s), None)
    return began_s is not None and began_s + INTO_SPEECH_S <= position / 8000 <= began_s + LONG_S


def holes_s(record: CarrierCall, exchange: Exchange, heard: Sequence[HeardWord]) -> tuple[list[float], list[float]]:
    """How long nothing was played in the middle of an answer: inside its sentences, and between two of them."""
    spoken = [(word.start_ms / 1000, words(word.text)) for word in heard]
    first, last = words(exchange.answer)[0], exchange.keys[-1]
    begin = next((n for n, (_, said) in enumerate(spoken) if first in said), len(spoken))
    end = next((n for n, (_, said) in enumerate(spoken) if last in said), -1)
    playing = record.agent_playing()
    within: list[float] = []
    between: list[float] = []
    for (since_s, said), (until_s, _) in pairwise(spoken[begin : end + 1]):
        hole_s = max(silences(playing, since_s, until_s))
        (between if set(said) & set(exchange.keys) else within).append(hole_s)
    return within, between
