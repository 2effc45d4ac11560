"""The console against a whole engine: actors stuck, crashing and slow, found with it alone."""

from __future__ import annotations

import builtins
import re
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from support.console import Console
from support.engine import WITHIN_S, House
from support.waiting import until
from telnyx_actors.console.endpoint import FILE, find
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, Stay, WaitForAgent

GREETED = WaitForAgent(silent_ms=200)
SAID = "Mi perro se llama Toby."
ANSWER = "Qué lindo nombre, anotado."
OPERATOR = "Le habla un operador."
STUCK_S = 1.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine"), env={"LOG_TRANSCRIPTS": "false"}) as house:
        house.world.script_model([("Toby", ANSWER)])
        until((house.data_dir / FILE).exists)
        yield house


@pytest.fixture
def scene(house: House) -> Iterator[House]:
    with house.scene():
        yield house


@pytest.fixture
def console(house: House, capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(house.data_dir, capsys)


def live(scene: House, *more: Any) -> tuple[str, str]:
    """A call whose caller is being greeted, and stays: its id at the carrier, and ours."""
    call = scene.dial(CallerScript((*((GREETED, *more) if more else ()), Stay(30))))
    until(lambda: scene.world.call(call).agent_speech())
    return call, scene.view(call).plan.ref


# --- three faults, each found by one command ------------------------------------------------


def test_an_actor_stuck_in_a_vendors_call_is_named_with_its_place_in_the_code(scene: House, console: Console) -> None:
    scene.world.fail("telnyx", Fault("delay", after_ms=2500, match="POST /v2/calls"))
    placing = threading.Thread(target=scene.place, kwargs={"telefono": scene.new_number(), "nombre": "Ana"})
    placing.start()
    stats = scene.engine.runtime.stats
    until(lambda: any(each.busy_s(scene.engine.runtime.clock.now()) > STUCK_S for each in stats.under()))
    shown = console("tree")
    placing.join()
    (path,) = re.findall(r"ATASCADO engine/(\w{6})/carrier: lleva \d,\d s con Dial", shown)
    assert console.json("calls")["calls"][0]["id"] == path
    assert "telnyx_actors/actors/carrier.py" in shown
    assert "telnyx_actors/providers/telnyx.py" in shown


def test_a_crash_loop_is_told_from_its_first_crash_on(scene: House, console: Console, crashes: Any) -> None:
    crashes.expect("engine/*/speaker")
    call, ref = live(scene)
    path = f"engine/{ref}/speaker"
    for restarts in range(4):  # the fourth is one too many
        until(partial(_has_restarted, scene, path, restarts))
        scene.crash(call, "speaker")
    until(lambda: scene.engine.runtime.stats.get(path) is None)
    steps = console.json("why", ref[:6])["steps"]
    assert [step["name"] for step in steps if step["kind"] == "crash"] == [path] * 4
    assert steps[0]["kind"] == "crash"
    assert sum("speaker se cayó" in step["text"] for step in steps) == 4
    shown = console("why")
    assert shown.count(f"✗ engine/{ref[:6]}/speaker ActorCrashed: orden de la consola") == 4


def _has_restarted(scene: House, path: str, times: int) -> bool:
    stats = scene.engine.runtime.stats.get(path)
    return stats is not None and stats.restarts == times


def test_a_slow_model_shows_in_the_latency_of_the_part_that_is_slow(scene: House, console: Console) -> None:
    scene.world.fail("claude", Fault("delay", after_ms=3400, times=-1))
    _, ref = live(scene, Say(SAID))
    until(lambda: console.json("latency", ref)["waterfall"][1:])
    turn = console.json("latency", ref)["waterfall"][1]
    thinking = next(span for span in turn["spans"] if span["part"] == "thinking")
    assert thinking["to_ms"] - thinking["from_ms"] > 3300
    assert turn["filler_ms"] is not None
    shown = console("latency")
    assert re.search(r"pensar .* 3[4-9]\d\d ms\n", shown)
    assert re.search(r"muletilla +pensar +[1-9]", shown)
    assert "Note kind=filler" in console("why", ref)


# --- acting --------------------------------------------------------------------------------


def test_an_operator_has_something_said_and_hangs_up(scene: House, console: Console) -> None:
    call, ref = live(scene)
    console("say", ref[:6], OPERATOR)
    until(lambda: any(turn.heard == OPERATOR for turn in scene.view(call).trail.turns))
    assert console("hangup", ref[:6]) == ""
    assert (console.exit_code, "¿Colgar la llamada" in console.errors) == (1, True)
    assert console("hangup", ref[:6], "--yes") == f"Se cuelga la llamada {ref[:6]}.\n"
    ended = scene.ended(call)
    assert ended.transcript["end"]["reason"] == "operator"
    assert [turn["heard"] for turn in ended.turns("say")] == [OPERATOR]


def test_a_call_that_is_restarted_goes_on(scene: House, console: Console) -> None:
    call, ref = live(scene, Say(SAID), WaitForAgent(silent_ms=300), HangUp())
    assert console("restart", ref[:6]) == f"Se reinicia engine/{ref}.\n"
    assert ANSWER in scene.ended(call).heard


def test_a_trace_shows_messages_by_type_and_nothing_of_what_is_said(scene: House, console: Console) -> None:
    _, ref = live(scene, Say(SAID))
    shown = console("trace", ref[:6], "3")
    assert "FramesWaiting" in shown
    assert "VoiceConfirmed" in shown
    assert "Toby" not in shown


def test_new_calls_begin_in_the_mode_that_was_set(scene: House, console: Console) -> None:
    console("mode", "webhook")
    call, _ = live(scene)
    assert scene.world.call(call).events_of("stream.start") == []
    console("mode", "stream")
    call, _ = live(scene)
    assert scene.world.call(call).events_of("stream.start") != []


# --- what must not be seen -------------------------------------------------------------------


def test_no_screen_shows_a_secret_a_number_or_what_was_said(scene: House, console: Console) -> None:
    call, ref = live(scene, Say(SAID))
    until(lambda: scene.view(call).turns >= 2)
    view = scene.view(call)
    until(lambda: len(view.trail.turns) >= 2)
    hidden = [value for name, value in scene.world.env.items() if "KEY" in name and "PUBLIC" not in name]
    hidden += [view.secret, view.plan.number, "Toby", "lindo", find(scene.data_dir).token]
    for words in (["tree"], ["calls"], ["call", ref, "all"], ["why", ref], ["latency", ref], ["stacks"], ["settings"]):
        for shown in (console(*words), console(*words, "--json")):
            assert [secret for secret in hidden if secret in shown] == []


# --- the program ----------------------------------------------------------------------------


def test_where_there_is_no_engine_the_exit_code_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(tmp_path, capsys)
    assert console("tree") == ""
    assert (console.exit_code, "No hay ningún motor en marcha" in console.errors) == (2, True)


def test_what_cannot_be_done_is_said_where_errors_are_read(console: Console) -> None:
    assert console("tree", "nobody") == ""
    assert (console.exit_code, console.errors) == (1, "No hay ningún actor «nobody». Con «tree» se ven todos.\n")


def test_a_conversation_with_the_prompt(
    console: Console, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed: Iterator[Any] = iter(
        ["mode", "", 'say "', "calls --json", KeyboardInterrupt(), "tree nobody", "exit", "never reached"]
    )

    def read(_: str) -> Any:
        line = next(typed)
        if isinstance(line, BaseException):
            raise line
        return line

    monkeypatch.setattr(builtins, "input", read)
    shown = console()
    assert "los actores, su estado y su buzón" in shown
    assert "Las llamadas nuevas empiezan en modo stream." in shown
    assert '{"calls": [' in shown
    assert "No se entiende" in console.errors
    assert "No hay ningún actor «nobody»" in console.errors
    assert next(typed) == "never reached"


def test_every_figure_is_documented_and_every_documented_figure_is_there(house: House) -> None:
    page = requests.get(f"{house.url}/metrics", timeout=WITHIN_S).text
    exported = {name for name in re.findall(r"^# TYPE (\w+) ", page, re.MULTILINE) if name.startswith("telnyx_actors")}
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = "\n".join(line for line in text.splitlines() if line.startswith(("| `telnyx_actors_", "`telnyx_actors_")))
    documented = set(re.findall(r"`(telnyx_actors_\w+)`", rows))
    assert exported - documented == set()
    assert documented - exported == set()
