"""A call whose stream did not come is held in webhook mode, and goes back to the stream when there is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from support.engine import House
from telnyx_actors import app
from telnyx_actors.actors.services import CallSettings
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, Wait, WaitForAgent

AGAIN_S = 4.0
ANSWERED = WaitForAgent(silent_ms=700)
QUESTION, NEXT = "¿Qué hora es?", "¿Y mañana?"


def impatient(*args: Any) -> CallSettings:
    settings = CALL_SETTINGS(*args)
    return replace(settings, rules=replace(settings.rules, stream_again_s=AGAIN_S))


CALL_SETTINGS = app.call_settings


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with patch.object(app, "call_settings", impatient), House(tmp_path_factory.mktemp("engine")) as house:
        house.world.script_model([("hora", "Ya son las tres."), ("mañana", "A las ocho.")])
        yield house


def test_a_call_whose_socket_was_refused_is_back_on_the_stream_at_the_next_pause(house: House) -> None:
    house.world.fail("telnyx", Fault("refuse", match="media"))
    script = CallerScript((ANSWERED, Say(QUESTION), ANSWERED, Wait(AGAIN_S), Say(NEXT), ANSWERED, HangUp()))
    ended = house.ended(house.dial(script), within_s=40.0)
    assert ended.counts["carrier_hearing"] == 1
    assert (ended.said[-1], ended.turns("reply")[-1]["heard"]) == (NEXT, "A las ocho.")
    assert {"webhook_mode": 1, "stream_again": 1, "stream_mode": 1}.items() <= ended.counts.items()
    assert len(ended.carrier.events_of("stream.start")) == 1
    house.log.wait("El audio en directo falló")


def test_a_call_that_never_has_a_stream_has_a_record(house: House) -> None:
    house.world.fail("telnyx", Fault("refuse", times=-1, match="media"))
    try:
        ended = house.ended(house.dial(CallerScript((ANSWERED, Say(QUESTION), ANSWERED, HangUp()))))
    finally:
        house.world.heal()
    assert ended.said == [QUESTION]
    assert [turn["heard"] for turn in ended.turns("reply")] == ["Ya son las tres."]
    assert ended.recording is not None
    assert ended.recording.seconds > 3.0
