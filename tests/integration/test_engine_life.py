"""The engine's own life: what it starts with, how it stops taking calls, and how it ends."""

from __future__ import annotations

import threading
from pathlib import Path

import pykka
import pytest
import requests

from support.engine import WITHIN_S, House
from support.waiting import until
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, Stay, WaitForAgent

GREETED = WaitForAgent(silent_ms=200)
TALK = CallerScript((GREETED, Say("¿Hora?"), WaitForAgent(silent_ms=0), HangUp()))
RETIRED = "claude-3-5-haiku-20241022"


def readiness(house: House) -> int:
    return requests.get(f"{house.url}/ready", timeout=WITHIN_S).status_code


def test_a_retired_model_is_warned_of_and_the_default_answers(tmp_path: Path) -> None:
    with House(tmp_path, env={"CLAUDE_MODEL": RETIRED}) as house:
        warning = house.log.wait(RETIRED)
        assert warning.level == "WARNING"
        assert "claude-haiku-5-5" in warning.text
        ended = house.ended(house.dial(TALK))
        assert len(ended.turns("reply")) == 1
        assert {request.body["model"] for request in house.asked("Ana")} == {"claude-haiku-5-5"}


def test_balancers_wait_until_a_first_call_would_not_and_calls_that_come_anyway_are_held(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        house.close_engine()
        house.world.fail("claude", Fault("delay", after_ms=1500, match="/v1/models"))
        house.open_engine()
        assert readiness(house) == 503
        call = house.dial(TALK)
        assert readiness(house) == 503
        until(lambda: readiness(house) == 200)
        assert house.ended(call).transcript["end"]["reason"] == "normal_clearing"


def test_an_engine_that_drains_finishes_its_calls_and_takes_no_others(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        until(lambda: readiness(house) == 200)
        call = house.dial(TALK)
        drained: list[bool] = []
        draining = threading.Thread(target=lambda: drained.append(house.engine.drain(WITHIN_S)))
        draining.start()
        until(lambda: readiness(house) == 503)
        refused = house.place(telefono=house.new_number(), nombre="Ana")
        assert (refused.status_code, refused.json()["error"]) == (503, "busy")
        rejected = house.world.wait_ended(house.ring(CallerScript()), WITHIN_S)
        assert (rejected.answered_at, rejected.hangup_cause) == (None, "user_busy")
        ended = house.ended(call)
        draining.join(WITHIN_S)
        assert drained == [True]
        assert ended.transcript["end"]["reason"] == "normal_clearing"


def test_calls_that_outlast_the_drain_are_hung_up_and_kept(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        call = house.dial(CallerScript((Stay(),)))
        until(lambda: house.world.call(call).events_of("mark"))
        assert not house.engine.drain(0.2)
        ended = house.ended(call)
        assert (ended.transcript["end"]["reason"], ended.carrier.hangup_source) == ("shutdown", "caller")
        assert ended.turns()[0]["end"] == "call_ended"


def test_an_engine_without_calls_drains_at_once_even_if_it_may_not_wait(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        assert house.engine.drain(0.0)


def test_an_engine_that_stops_in_the_middle_of_a_call_leaves_no_actor_and_keeps_the_record(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        call = house.dial(CallerScript((GREETED, Stay())))
        until(lambda: len(house.world.call(call).events_of("mark")) >= 2)
        assert house.engine.stop()
        assert pykka.ActorRegistry.get_all() == []
        (folder,) = (tmp_path / "spool").iterdir()
        assert (folder / "call.json").exists()
        assert (folder / "agent.raw").stat().st_size > 0
        with pytest.raises(requests.ConnectionError):
            readiness(house)
