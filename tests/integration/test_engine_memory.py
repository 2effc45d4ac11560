"""What a call leaves behind in memory: nothing that waits for the garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.engine import House
from support.waiting import until
from telnyx_actors.actors.call import CallActor
from telnyx_actors.actors.memory import CallMemory
from telnyx_actors.actors.pump import Pump
from telnyx_actors.actors.session import CallSession
from telnyx_actors.front.media import MediaSocket
from telnyx_actors.front.websocket import WebSocket
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, WaitForAgent

OF_A_CALL = (CallActor, CallMemory, CallSession, MediaSocket, WebSocket, Pump)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """What goes now, goes because nobody holds it any more."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive() -> set[type]:
    return {type(each) for each in gc.get_objects() if isinstance(each, OF_A_CALL)}


@pytest.mark.usefixtures("uncollected")
def test_what_a_call_held_is_freed_as_it_ends(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        call = house.dial(CallerScript((WaitForAgent(silent_ms=300), Say("¿Qué hora es?"), WaitForAgent(), HangUp())))
        until(lambda: house.view(call).turns)
        assert alive() == set(OF_A_CALL)
        house.ended(call)
        until(lambda: not alive())
