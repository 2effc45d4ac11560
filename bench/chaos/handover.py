"""``--handover``: a new process takes the calls over while the agent speaks in each of them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from bench.chaos.figures import figures, words
from bench.chaos.house import Daemon, until
from bench.chaos.scene import Outcome
from bench.chaos.talk import EXCHANGES, GREETED, LONG, USUAL, Exchange
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, WaitForAgent
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.phrasebook import HeardWord
from telnyx_actors.standins.telnyx_settings import MediaSettings, TelnyxSettings
from telnyx_actors.standins.world import WorldSettings

GAP_LIMIT_S: Final = 0.5
ENDED_WITHIN_S: Final = 90.0
APART_S: Final = 0.3
INTO_SPEECH_S: Final = 0.5
LONG_S: Final = 16.0
"""The answer is longer, as espeak says it."""

UNSAID_MAX: Final = 12
"""Of each call: the sentence in progress, with what was sent ahead of it."""
TALK: Final = (LONG, EXCHANGES[1])
TALKATIVE: Final = {"MAX_RESPONSE_LENGTH": "500"}
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

    What is timed is the longest hole in the speech that was in progress.
    """
    return _play(calls, Outcome("--handover", "speaking", recovery_limit_s=GAP_LIMIT_S), MediaSettings())


def handover_with_loss(calls: int) -> Outcome:
    """The same, by a carrier that drops what it has not played when the old process lets go of the call."""
    outcome = Outcome("--handover, carrier drops its audio", "speaking", unsaid_max=UNSAID_MAX, expects_answers=False)
    return _play(calls, outcome, MediaSettings(drops_audio_on_loss=True))


def _play(calls: int, outcome: Outcome, media: MediaSettings) -> Outcome:
    world = WorldSettings(s3=False, telnyx=TelnyxSettings(media=media))
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, Daemon(Path(folder), world, TALKATIVE) as house:
        placed = []
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
            hole_s = longest_hole_s(record, LONG, heard)
            outcome.calls.append(figures(record, heard, house.told(call), hole_s, TALK))
            outcome.complaints += house.differences(call)
    return outcome


def _is_speaking(record: CarrierCall) -> bool:
    """Whether the agent is in the middle of its long answer."""
    position = record.position()
    if len(record.utterances) != 1 or position is None:
        return False
    asked_s = record.utterances[0].speech[1] / 8000
    began_s = next((begin for begin, _ in record.agent_playing() if begin >= asked_s), None)
    return began_s is not None and began_s + INTO_SPEECH_S <= position / 8000 <= began_s + LONG_S


def longest_hole_s(record: CarrierCall, exchange: Exchange, heard: Sequence[HeardWord]) -> float | None:
    """How long nothing was played in the middle of an answer, at most."""
    first, last = words(exchange.answer)[0], exchange.keys[-1]
    begin_s = next((word.start_ms / 1000 for word in heard if first in words(word.text)), None)
    end_s = next((word.end_ms / 1000 for word in reversed(heard) if last in words(word.text)), None)
    if begin_s is None or end_s is None:
        return None
    within = [span for span in record.agent_playing() if span[1] > begin_s and span[0] < end_s]
    return max((start - end for (_, end), (start, _) in pairwise(within)), default=0.0)
