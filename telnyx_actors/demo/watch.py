"""Follows the call while it runs: asks the carrier and reads the engine's record, some times a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from telnyx_actors.demo.processes import DemoError
from telnyx_actors.demo.story import Seen
from telnyx_actors.demo.turns import Transcript, read_transcript, turns_so_far
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.world_client import WorldClient

EVERY_S: Final = 0.2
RECORD_WITHIN_S: Final = 10.0


def follow(
    world: WorldClient, call_id: str, data_dir: Path, limit_s: float, show: Callable[[Seen], None]
) -> CarrierCall:
    """Show the call until it is over. Returns its record. Raises DemoError when it does not end in time."""
    give_up_at = time.monotonic() + limit_s
    while True:
        record = world.call(call_id)
        if record.state == "hangup":
            return record  # from now on the engine moves its files, and on Windows a reader would be in its way
        # In this order: a turn is written before anything of the next one is played.
        show(Seen(record, world.agent_words(call_id), turns_so_far(data_dir)))
        if time.monotonic() > give_up_at:
            raise DemoError(f"La llamada no terminó en {limit_s:.0f} s.")
        time.sleep(EVERY_S)


def wait_for_record(data_dir: Path) -> Transcript | None:
    """The record of the call, which the engine writes when it is over; None when it does not come."""
    give_up_at = time.monotonic() + RECORD_WITHIN_S
    while (transcript := read_transcript(data_dir)) is None and time.monotonic() < give_up_at:
        time.sleep(EVERY_S)
    return transcript
