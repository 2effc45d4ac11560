from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from telnyx_actors.demo.processes import Child, environment, errors_in, free_port
from telnyx_actors.demo.script import FULL, SHORT, Scenario, caller_script, model_lines, spoken_by_caller
from telnyx_actors.demo.turns import Turn, read_transcript, turns_so_far
from telnyx_actors.standins.caller import HangUp, InterruptAfter, Say, Wait, WaitForAgent
from telnyx_actors.standins.claude_script import reply_to, rules_of

SCENARIOS = pytest.mark.parametrize("scenario", [FULL, SHORT], ids=["full", "short"])


# --- the script ---


@SCENARIOS
def test_the_caller_says_what_is_written_in_that_order(scenario: Scenario) -> None:
    steps = caller_script(scenario).steps
    texts = [step.text for step in steps if isinstance(step, Say | InterruptAfter)]
    assert texts == [spoken.text for spoken in spoken_by_caller(scenario)]
    assert isinstance(steps[0], WaitForAgent)
    assert isinstance(steps[-1], HangUp)


@SCENARIOS
def test_the_model_answers_each_turn_with_its_own_reply(scenario: Scenario) -> None:
    rules = rules_of(model_lines(scenario))
    for exchange in scenario.exchanges:
        assert reply_to([{"role": "user", "content": exchange.said}], rules).text == exchange.reply


def test_the_demo_has_turns_an_interruption_a_murmur_a_pause_and_a_silence() -> None:
    exchanges = FULL.exchanges
    assert len(exchanges) >= 4
    assert any(exchange.interrupted_after_s for exchange in exchanges)
    assert any(exchange.murmur for exchange in exchanges)
    assert any(len(exchange.says) > 1 for exchange in exchanges)
    assert any(exchange.is_silence_next for exchange in exchanges)


def test_an_interruption_begins_inside_the_reply_before_and_nothing_is_waited_for() -> None:
    steps = caller_script(FULL).steps
    at = next(index for index, step in enumerate(steps) if isinstance(step, InterruptAfter))
    assert isinstance(steps[at - 1], Say)
    assert steps[at] == InterruptAfter(2.6, "No, el baño no. ¿Va en ayunas?")
    assert Wait(0.7) in steps


# --- the engine's record ---

ENTRY = {
    "turn": 1,
    "kind": "reply",
    "said": "Hola.",
    "generated": "Buenas.",
    "heard": "Buenas.",
    "end": "completed",
    "attempts": 1,
    "times_ms": {"first_sent": 1000, "ended": 2000},
    "latency_ms": {},
    "tokens": {"input": 1, "output": 1, "cached": 0},
}


def test_turns_are_read_while_the_call_runs_but_for_the_one_being_written(tmp_path: Path) -> None:
    assert turns_so_far(tmp_path) == ()
    path = tmp_path / "spool" / "ref" / "turns.jsonl"
    path.parent.mkdir(parents=True)
    line = json.dumps(ENTRY, ensure_ascii=False)
    path.write_text(f"{line}\n\n{line}\n{line[:40]}", encoding="utf-8")
    assert [turn.said for turn in turns_so_far(tmp_path)] == ["Hola.", "Hola."]


def test_the_finished_record_is_found_wherever_the_archive_put_it(tmp_path: Path) -> None:
    assert read_transcript(tmp_path) is None
    folder = tmp_path / "archive" / "audios" / "2026" / "11" / "22" / "v3_1"
    folder.mkdir(parents=True)
    document = {"call": {}, "turns": [ENTRY], "end": {"reason": "normal_clearing"}}
    (folder / "transcript.json").write_text(json.dumps(document), encoding="utf-8")
    transcript = read_transcript(tmp_path)
    assert transcript is not None
    assert (transcript.folder, transcript.turns[0].heard) == (folder, "Buenas.")


def test_a_turn_covers_what_was_heard_from_its_filler_to_its_end() -> None:
    turn = Turn(1, "reply", "", "", "", "completed", {"filler_sent": 1000, "first_sent": 2000, "ended": 3000})
    assert [turn.covers(at) for at in (0.7, 1.0, 2.5, 3.1, 3.3)] == [False, True, True, True, False]
    assert not Turn(1, "reply", "", "", "", "failed").covers(0.0)


# --- the processes ---


def test_no_setting_of_ours_reaches_the_engine_but_by_its_env_file() -> None:
    ours = {
        "ANTHROPIC_API_KEY": "real",
        "CLAUDE_API_KEY": "real",
        "PERSONA_FILE": "x",
        "PATH": "/bin",
        "RUST_LOG": "debug",
    }
    assert environment(ours) == {"PATH": "/bin", "PYTHONUTF8": "1", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def test_free_ports_are_free_and_differ() -> None:
    assert len({free_port() for _ in range(5)}) > 1


def test_a_child_tells_its_first_line_and_its_exit_code(tmp_path: Path) -> None:
    child = Child(
        "El niño", ["-c", "print('hola', flush=True); import time; time.sleep(60)"], tmp_path / "l", is_asked=True
    )
    assert child.first_line() == "hola"
    assert child.is_running
    assert child.stop() != 0
    assert not child.is_running


def test_a_child_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    child = Child("El niño", ["-c", "raise SystemExit('no hay micrófono')"], tmp_path / "l", is_asked=True)
    assert child.first_line() == ""
    child.stop()
    assert re.search(r"El niño no arrancó.*\n +no hay micrófono", str(child.failure("no arrancó")))


def test_only_errors_count_as_errors_of_the_log(tmp_path: Path) -> None:
    lines = [
        "2026-11-22 13:07:03.140 INFO     🔊 no hubo ningún ERROR aquí",
        "2026-11-22 13:07:03.141 ERROR    CallActor se cayó",
        "    Traceback (most recent call last):",
        "2026-11-22 13:07:03.142 CRITICAL 💥 El hilo x ha muerto",
        "2026-11-22 13:07:03.143 WARNING  reinicio 1",
    ]
    log = tmp_path / "motor.log"
    log.write_text("\n".join(lines), encoding="utf-8")
    assert errors_in(log) == [lines[1], lines[3]]


def test_of_a_child_that_logged_an_error_the_first_one_is_shown(tmp_path: Path) -> None:
    script = (
        "import sys; [print(f'2026-11-22 13:07:03 {w}', file=sys.stderr) for w in ('INFO  a', 'ERROR b', 'INFO  c')]"
    )
    child = Child("El niño", ["-c", script], tmp_path / "l", is_asked=True)
    child.first_line()
    child.stop()
    shown = str(child.failure("falló")).splitlines()[1:]
    assert [line.split()[-1] for line in shown] == ["b", "c"]


def test_a_filler_lasts_from_its_first_sound_to_that_of_the_reply() -> None:
    times = {"filler_sent": 1000, "first_sent": 2200, "ended": 3000}
    assert Turn(1, "reply", "", "", "", "completed", times).filled_s == 1.2
    assert Turn(1, "reply", "", "", "", "completed", {"first_sent": 2200}).filled_s == 0.0
