"""``python -m telnyx_actors.demo``: place the call, show it, check it. Exit code 0 only if it went as scripted."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import wave
from collections.abc import Sequence
from datetime import datetime
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import Final

import requests

from telnyx_actors.demo.check import check_all
from telnyx_actors.demo.evidence import Evidence
from telnyx_actors.demo.figures import measure
from telnyx_actors.demo.numbers import ms
from telnyx_actors.demo.processes import DemoError, Stage, errors_in
from telnyx_actors.demo.recording import examine
from telnyx_actors.demo.script import FULL, SHORT, Scenario, caller_script, model_lines
from telnyx_actors.demo.show import Show
from telnyx_actors.demo.story import Seen, tell
from telnyx_actors.demo.summary import show_checks, show_table, table
from telnyx_actors.demo.terminal import Terminal, open_terminal
from telnyx_actors.demo.watch import follow, wait_for_record
from telnyx_actors.personas.reading import parse_persona
from telnyx_actors.standins.world_client import WorldClient

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_INTERRUPTED: Final = 130
BUSY_S: Final = 0.06
"""Stand-ins that play their sounds so late are no telephone line: what then fails need not be the engine's fault."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    options = _parser().parse_args(arguments)
    terminal = open_terminal(sys.stdout)
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
    folder = options.folder or Path("var", "demo", f"{datetime.now().astimezone():%Y-%m-%d_%H-%M-%S}")
    try:
        return _run(SHORT if options.short else FULL, folder, terminal)
    except (DemoError, requests.RequestException, wave.Error, OSError) as error:
        terminal.row(("bad", f"  ✗ {error}"))
        terminal.row(("", f"  Registros: {_shown(folder)}"))
        return EXIT_FAILED
    except KeyboardInterrupt:
        terminal.row(("dim", "  Interrumpida; el motor y los proveedores han terminado."))
        return EXIT_INTERRUPTED


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(scenario: Scenario, folder: Path, terminal: Terminal) -> int:
    terminal.row()
    terminal.row(("bold", "  Una llamada contra proveedores de imitación, en esta máquina y sin claves"))
    terminal.row()
    with Stage(folder) as stage:
        terminal.live([("dim", "  ")], "arrancando los proveedores y el motor…", 2)
        world = stage.start(scenario)
        _introduce(stage, scenario, terminal)
        evidence = _hold_call(stage, world, scenario, terminal)
    return conclude(evidence, folder, terminal)


def _introduce(stage: Stage, scenario: Scenario, terminal: Terminal) -> None:
    for name, what in (
        ("proveedores", "Telnyx, Deepgram, Claude y ElevenLabs: un proceso, un servidor cada uno, con su protocolo"),
        ("motor", f"run.py --env-file {_shown(stage.folder / '.env')}, en {stage.url}"),
        ("llamada", f"POST /api/call/initiate: {scenario.name}, {scenario.number}"),
    ):
        terminal.text([("dim", f"  {name:<13}")], [("dim", what)], 15)
    terminal.row()


def _hold_call(stage: Stage, world: WorldClient, scenario: Scenario, terminal: Terminal) -> Evidence:
    """Place the call, show it while it runs, and gather what is left of it."""
    show = Show(terminal, scenario.name)
    show.legend()
    world.script_model(model_lines(scenario))
    world.expect(caller_script(scenario))
    call_id = stage.place_call(scenario)
    record = follow(world, call_id, stage.data_dir, scenario.limit_s, lambda seen: show.update(tell(seen)))
    transcript = wait_for_record(stage.data_dir)
    if transcript is None:
        raise stage.engine_failure("no dejó registro de la llamada")
    seen = Seen(record, world.agent_words(call_id), transcript.turns, is_over=True)
    show.update(tell(seen))
    return Evidence(
        scenario,
        seen,
        transcript,
        examine(transcript.folder / "call.wav", record),
        world.entries("claude"),
        _fillers(),
        stage.stop_engine(),
        errors_in(stage.engine_log),
    )


def conclude(evidence: Evidence, folder: Path, terminal: Terminal) -> int:
    """Show figures, checks and what is left of the call. Returns the exit code."""
    checks = check_all(evidence)
    terminal.row()
    show_table(terminal, table(evidence, measure(evidence)))
    terminal.row()
    show_checks(terminal, checks)
    terminal.row()
    names = (("Grabación", "call.wav", "llamada.wav"), ("Transcripción", "transcript.json", "transcripcion.json"))
    for what, archived, name in names:
        copy = shutil.copyfile(evidence.transcript.folder / archived, folder / name)
        terminal.row(("", f"  {what:<15}"), ("bold", _shown(copy)))
    failures = [check for check in checks if not check.is_ok]
    if failures:
        terminal.row(
            ("bad", f"  La llamada no fue como estaba escrita: fallan {len(failures)} de {len(checks)} comprobaciones.")
        )
        terminal.row(("", f"  Registros      {_shown(folder / 'motor.log')}, {_shown(folder / 'proveedores.log')}"))
        if evidence.record.max_tick_late_s > BUSY_S:
            late = ms(evidence.record.max_tick_late_s)
            terminal.row(
                ("", f"  La máquina estaba ocupada: el audio llegó a ir {late} tarde antes de llegar al motor.")
            )
    terminal.row()
    return EXIT_FAILED if failures else EXIT_OK


def _fillers() -> tuple[str, ...]:
    """What the agent may say by heart while a reply is late."""
    persona = resources.files("telnyx_actors.personas").joinpath("maria.toml").read_text(encoding="utf-8")
    return parse_persona(persona).lines.fillers


def _shown(path: Path) -> str:
    """A path as one would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m telnyx_actors.demo",
        description="Una llamada entera contra imitaciones locales de Telnyx, Deepgram, Claude y ElevenLabs: se ve "
        "mientras ocurre, se mide en el lado de quien llama y queda grabada. Sale con 0 si todo fue como estaba escrito.",
    )
    parser.add_argument("--short", action="store_true", help="una llamada de dos turnos, en vez de cinco")
    parser.add_argument(
        "--folder", type=Path, metavar="CARPETA", help="dónde queda todo (por omisión: var/demo/<fecha y hora>)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
