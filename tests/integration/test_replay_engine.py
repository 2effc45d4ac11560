"""Calls of a whole engine, replayed by the command: whatever became of them, they are decided as they were."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.engine import House
from support.waiting import until
from telnyx_actors.main import main
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, Stay, WaitForAgent

GREETED = WaitForAgent(silent_ms=200)
TALK = CallerScript(
    (GREETED, Say("¿Hora?"), WaitForAgent(silent_ms=0), Say("Vale."), WaitForAgent(silent_ms=0), HangUp())
)

Replay = Callable[[str], tuple[int, Any]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine")) as house:
        yield house


@pytest.fixture
def replay(house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Replay:
    """``run.py --replay <call> --json`` beside the running engine."""
    monkeypatch.setenv("DATA_DIR", str(house.data_dir))

    def replay(call: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = main(["--replay", call, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return replay


def whole(replay: Replay, call: str) -> list[dict[str, Any]]:
    """All steps of a call that is over, once its last page is written: decided as they were."""
    until(lambda: replay(call)[1].get("parts", [{}])[-1].get("end") == "over")
    code, found = replay(call)
    assert (code, found["differences"], found["complaint"]) == (0, 0, "")
    return [step for part in found["parts"] for step in part["steps"]]


def test_a_call_is_decided_as_it_was(house: House, replay: Replay) -> None:
    call = house.dial(TALK)
    ended = house.ended(call)
    steps = whole(replay, call[:12])
    finals = [step["event"]["text"] for step in steps if step["event"]["type"] == "TranscriptFinal"]
    turns = [action["record"] for step in steps for action in step["actions"] if action["type"] == "EndTurn"]
    assert "¿Hora?" in finals
    assert [turn["heard"] for turn in turns if turn["heard"]] == ended.heard
    assert steps[-1]["deadline"] is None


def test_a_call_whose_actor_died_is_one_part(house: House, replay: Replay, crashes: Any) -> None:
    call = house.dial(TALK)
    until(lambda: house.world.call(call).utterances)
    crashes.expect(f"engine/{house.view(call).plan.ref}")
    house.crash(call)
    house.ended(call)
    assert len(whole(replay, call)) > 20
    assert len(replay(call)[1]["parts"]) == 1


def test_a_call_in_progress_can_be_looked_into(house: House, replay: Replay) -> None:
    call = house.dial(CallerScript((GREETED, Stay())))
    until(lambda: "EndTurn" in str(replay(call)))  # the caller has been greeted, and nothing else is due soon
    code, found = replay(call)
    assert (code, found["parts"][0]["end"]) == (0, None)
    house.hang_up(call)
    until(lambda: not len(house.engine.calls))


def test_the_test_that_is_made_of_a_call_passes(
    house: House, replay: Replay, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = house.dial(TALK)
    house.ended(call)
    whole(replay, call)
    path = tmp_path / "test_it.py"
    assert main(["--replay", call, "--as-test", str(path), "--mask"]) == 0
    assert capsys.readouterr().out.count("\n") == 1  # masking has changed nothing
    assert pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(path)]) == 0
