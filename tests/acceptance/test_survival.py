"""Calls that outlive their process: killed, or replaced by a new version."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from measure.daemon import ROOT, Daemon
from support.stage import UNHURRIED
from support.waiting import until
from telnyx_actors.core.chronicle import End
from telnyx_actors.replay.shelf import find
from telnyx_actors.replay.verdict import EXIT_SAME, judge
from telnyx_actors.standins.caller import Answer, CallerScript, HangUp, Say, Wait, WaitForAgent
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.telnyx_settings import WebhookChaos
from telnyx_actors.standins.world import World

QUESTION = "¿Cuánto cuesta la consulta?"
AFTERWARDS = "¿Y atienden el domingo?"

AT_ONCE = Answer(after_s=0.05)


def a_caller_who_waits(seconds: float) -> CallerScript:
    """Between two questions, until the engine is back: what is said to nobody is heard by nobody."""
    return CallerScript(
        (
            WaitForAgent(silent_ms=500),
            Say(QUESTION),
            WaitForAgent(silent_ms=800),
            Wait(seconds),
            Say(AFTERWARDS),
            WaitForAgent(silent_ms=800),
            HangUp(),
        ),
        answer=AT_ONCE,
    )


class Successor:
    """``run.py --handover`` beside a running daemon, in its folder."""

    def __init__(self, daemon: Daemon) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "run.py"), "--handover"],
            cwd=daemon.folder,
            env={name: value for name, value in os.environ.items() if name not in daemon.env},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(15)


def model_heard(world: World, before: str, text: str) -> bool:
    """Whether a request to the model ended with ``text`` and told it what was said ``before`` the change, word by word."""
    for request in world.claude.requests:
        messages: Any = request.body["messages"]
        said = words(" ".join(message["content"] for message in messages if message["role"] == "user"))
        if said.endswith(words(text)) and words(before) in said:
            return True
    return False


def words(text: str) -> str:
    """Without punctuation: where a transcriber puts it depends on where it is asked to finish."""
    return " ".join(re.findall(r"\w+", text.lower()))


def assert_went_on(world: World, call: CarrierCall) -> None:
    assert not call.script_error
    assert len(call.caller_speech()) == 2
    assert all(response.agent_start_s is not None for response in call.response_times())
    assert model_heard(world, QUESTION, AFTERWARDS), [r.body["messages"] for r in world.claude.requests]


def assert_replays(daemon: Daemon, call: CarrierCall, first_end: End | None) -> None:
    """Both processes' parts of the call are decided as they were."""
    verdict = judge(find(daemon.folder / "var", call.call_control_id))
    assert [part.end for part, _ in verdict.parts] == [first_end, End.OVER]
    assert all(len(steps) > 5 for _, steps in verdict.parts)
    assert (verdict.exit_code, verdict.differences) == (EXIT_SAME, [])


def test_calls_go_on_with_their_history_in_a_process_that_replaces_the_first(world: World, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, {**world.env, **UNHURRIED})
    with daemon:
        daemon.wait_ready()
        for number in ("+573001110001", "+573001110002"):
            world.expect(a_caller_who_waits(5.0), number)  # longer than a busy machine takes to hand over
        ids = [daemon.dial(number, saludo="Hola.") for number in ("+573001110001", "+573001110002")]
        for call_control_id in ids:
            daemon.wait_line("Transcripción recibida", call=call_control_id, timeout_s=20)
        successor = Successor(daemon)
        try:
            daemon.wait_line("Servicio detenido", timeout_s=30)
            calls = [world.wait_ended(call_control_id, timeout_s=40) for call_control_id in ids]
        finally:
            code = successor.stop()

    assert daemon.stop() == 0
    assert code == 0
    for call in calls:
        assert_went_on(world, call)
        assert_replays(daemon, call, End.RELEASED)


def test_a_call_goes_on_with_its_history_after_its_process_was_killed(world: World, tmp_path: Path) -> None:
    world.expect(a_caller_who_waits(6.0), "+573001110003")
    first = Daemon(tmp_path, {**world.env, **UNHURRIED}).start()
    try:
        first.wait_ready()
        call_control_id = first.dial("+573001110003", saludo="Hola.")
        first.wait_line("Audio reproducido", call=call_control_id, timeout_s=20)
        first.wait_line("Claude respuesta generada", call=call_control_id, timeout_s=20)
    finally:
        first.kill()

    with Daemon(tmp_path, first.env) as second:
        second.wait_line("Retomando una llamada", call=call_control_id, timeout_s=10)
        call = world.wait_ended(call_control_id, timeout_s=40)
        second.wait_line("Registro guardado", call=call_control_id, timeout_s=10)

    assert_went_on(world, call)
    assert_replays(first, call, None)


def is_in_journal(daemon: Daemon, call_control_id: str) -> bool:
    """Whether a process that dies now leaves the call's name to the next one."""
    files = (daemon.folder / "var").glob("journal.sqlite3*")
    return any(call_control_id.encode() in file.read_bytes() for file in files)


def test_who_picked_up_while_no_process_was_there_is_greeted_by_the_next(world: World, tmp_path: Path) -> None:
    world.expect(CallerScript((WaitForAgent(silent_ms=500), HangUp()), answer=Answer(after_s=1.0)), "+573001110004")
    world.misbehave(WebhookChaos(match="call.answered", missing=1.0))
    first = Daemon(tmp_path, {**world.env, **UNHURRIED}).start()
    try:
        call_control_id = first.dial("+573001110004", saludo="Hola.")
        until(lambda: is_in_journal(first, call_control_id))
    finally:
        first.kill()
    until(lambda: world.call(call_control_id).answered_at)
    with Daemon(tmp_path, first.env) as second:
        call = world.wait_ended(call_control_id, timeout_s=20)
        second.wait_line("Registro guardado", call=call_control_id)
        assert not second.lines("Telnyx no aceptó")
    world.heal()
    assert (call.script_error, call.hangup_source) == ("", "callee")
