"""Phase 6.1 to 6.3: every step in the log, three calls at once, and a memory that stays where it is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from measure.daemon import Daemon
from support.checklist import commands
from support.engine import CALLER
from support.stage import WISH, as_powershell_writes, hurried
from telnyx_actors.standins.caller import CallerScript, HangUp, InterruptAfter, WaitForAgent
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.world import World

# --- 6.1: every step of a turn ---


@pytest.fixture(scope="module")
def talkative(start_daemon: Callable[..., Daemon], world: World) -> Daemon:
    """A daemon at DEBUG, and one call on its log. ``.env`` says INFO; the shell's word counts."""
    daemon = start_daemon({"RUST_LOG": "debug"}, LOG_LEVEL="INFO").wait_ready()
    world.expect(hurried(WISH))
    call_control_id = daemon.dial()
    world.wait_ended(call_control_id, 30)
    daemon.wait_line("Registro guardado", call=call_control_id)
    return daemon


def test_6_1_1_rust_log_is_still_understood(talkative: Daemon) -> None:
    assert talkative.env["LOG_LEVEL"] == "INFO"
    assert talkative.is_alive


def test_6_1_2_details_appear(talkative: Daemon) -> None:
    assert len([line for line in talkative.lines() if line.level == "DEBUG"]) > 20


def test_6_1_3_each_step_of_a_turn_can_be_followed(talkative: Daemon) -> None:
    steps = (
        ("VoiceStarted(",),
        ("VoiceStopped(",),
        ("→", "FinalizeTranscript()"),
        ("📝", "Transcripción recibida"),
        ("→", "AskModel(turn=1"),
        ("ReplyStarted(turn=1",),
        ("ReplyClause(turn=1",),
        ("→", "Synthesize(", "Con gusto"),
        ("SpeechFinished(",),
        ("💬", "Con gusto"),
        ("🔊", "Audio reproducido"),
        ("⏱️", "Turno 1"),
        ("TurnRecord(number=1",),
        ("CallEnded(",),
    )
    at = 0.0
    for step in steps:
        at = talkative.wait_line(*step, timeout_s=0.1, after=at).at  # in this order


def test_no_secret_is_in_the_most_talkative_log(talkative: Daemon) -> None:
    secrets = [value for name, value in talkative.env.items() if name.endswith(("_API_KEY", "_ACCESS_KEY"))]
    assert [line.text for line in talkative.lines() if any(secret in line.text for secret in secrets)] == []


# --- 6.2: three calls at once ---

WORDS = {
    "+5730001234561": "Quisiera una cita.",
    "+5730001234562": "¿Cuánto cuesta?",
    "+5730001234563": "Buenas tardes.",
}


@pytest.fixture(scope="module")
def daemon(start_daemon: Callable[..., Daemon]) -> Daemon:
    return start_daemon().wait_ready()


def script(words: str) -> CallerScript:
    return CallerScript((InterruptAfter(0.4, words), WaitForAgent(silent_ms=300), HangUp()), voice=CALLER)


@pytest.fixture(scope="module")
def calls(daemon: Daemon, world: World) -> dict[str, CarrierCall]:
    """The three calls, by number, each placed by a ``curl`` of its own, as the box prints it."""
    running = []
    for index, (telefono, words) in enumerate(WORDS.items(), start=1):
        world.expect(script(words), telefono)
        (command,) = commands("6.2.1", daemon.port, as_powershell_writes(nombre=f"Test{index}", telefono=telefono))
        running.append(subprocess.Popen([*command, "--silent", "--fail"], stdout=subprocess.PIPE, encoding="utf-8"))
    answers = [json.loads(process.communicate(timeout=20)[0]) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    records = [world.wait_ended(answer["call_control_id"], 30) for answer in answers]
    for record in records:
        daemon.wait_line("Registro guardado", call=record.call_control_id)
    return {record.to: record for record in records}


def test_6_2_1_three_calls_are_placed_at_once(calls: dict[str, CarrierCall]) -> None:
    assert calls.keys() == WORDS.keys()
    times = [(record.media_at, record.ended_at) for record in calls.values()]
    assert max(begin or 0 for begin, _ in times) < min(end or 0 for _, end in times)  # all three were live together


def test_6_2_2_all_are_held_without_an_error(daemon: Daemon, calls: dict[str, CarrierCall]) -> None:
    assert [record.script_error for record in calls.values()] == ["", "", ""]
    assert [line.text for line in daemon.lines() if line.level in ("ERROR", "CRITICAL")] == []


def test_6_2_3_the_log_does_not_mix_them(daemon: Daemon, calls: dict[str, CarrierCall]) -> None:
    for telefono, record in calls.items():
        heard = [line.text for line in daemon.lines("📝", call=record.call_control_id)]
        assert heard and all(line.split("'")[1] in WORDS[telefono] for line in heard)
    untagged = [line.text for line in daemon.lines() if line.at > min_at(daemon) and not line.call]
    assert untagged == []


def min_at(daemon: Daemon) -> float:
    """When the first call began, in the log."""
    return daemon.lines("Llamada iniciada")[0].at


def test_6_2_4_each_has_its_own_id(daemon: Daemon, calls: dict[str, CarrierCall]) -> None:
    ids = {record.call_control_id for record in calls.values()}
    assert len(ids) == 3
    assert {line.call for line in daemon.lines("Llamada iniciada")} >= ids


# --- 6.3: memory, in short; ten minutes of it: `make memory` ---


@pytest.fixture(scope="module")
def curve_mb(daemon: Daemon, world: World, calls: dict[str, CarrierCall]) -> list[float]:
    """Resident memory after the first calls, and after each further round of five."""
    curve = [daemon.memory_mb()]
    for _ in range(2):
        world.answer_with(CallerScript((WaitForAgent(speaking_ms=200), HangUp())))
        for call_control_id in [daemon.dial() for _ in range(5)]:
            world.wait_ended(call_control_id, 20)
            daemon.wait_line("Registro guardado", call=call_control_id)
        curve.append(daemon.memory_mb())
    return curve


def test_6_3_1_memory_can_be_watched_while_it_runs(curve_mb: list[float]) -> None:
    assert len(curve_mb) == 3


def test_6_3_2_memory_is_stable(curve_mb: list[float]) -> None:
    assert curve_mb[-1] - curve_mb[0] < 25


def test_6_3_3_it_does_not_grow_with_each_call(curve_mb: list[float]) -> None:
    assert curve_mb[2] - curve_mb[1] < 10  # what five calls may leave behind, at most, once all is warm


def test_6_3_4_it_stays_within_the_expected_range(curve_mb: list[float]) -> None:
    assert max(curve_mb) < 200


def test_what_a_call_leaves_is_its_record(daemon: Daemon, calls: dict[str, CarrierCall]) -> None:
    spool = Path(daemon.folder) / "var" / "spool"
    assert [folder.name for folder in spool.iterdir()] == []
