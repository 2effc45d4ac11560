"""The command line: run the engine until it is told to stop, check what it needs, or replay a call."""

from __future__ import annotations

import argparse
import json
import queue
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path
from types import FrameType
from typing import Final

from loguru import logger

from telnyx_actors import __version__, heap
from telnyx_actors.app import Engine
from telnyx_actors.clock import SystemClock
from telnyx_actors.config import Log, Settings, data_dir_in, load_settings, read_env
from telnyx_actors.console.client.render import Paint, has_colours
from telnyx_actors.errors import ConfigError
from telnyx_actors.log_output import Console
from telnyx_actors.logs import DEBUG, LogOutput, cleaner, setup_logs
from telnyx_actors.personas import load_persona
from telnyx_actors.preflight import as_json, preflight, self_check, table
from telnyx_actors.reload import Reloader
from telnyx_actors.replay.command import ReplayOptions, replay_call

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_CONFIG: Final = 2
LOOK_EVERY_S: Final = 0.2
"""Windows shows a signal to Python only between two waits."""
HANDOVER_WITHIN_S: Final = 60.0
PAUSE_WITHIN_S: Final = 8.0
PIPE_CHARS: Final = 1_000_000
"""What is not a terminal gets each finding on one line, for grep."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says. Returns the exit code."""
    heap.limit_holes()
    options = _parse(arguments)
    env_file = _env_file(options.env_file)
    if options.replay is not None:
        return _replay(options, env_file)
    try:
        settings = _settings(read_env(env_file))
        # The file is the running engine's: two that renew it would lose lines.
        log = replace(settings.log, file=None) if options.check else settings.log
        output = _open_log(log, settings)
    except ConfigError as error:
        return _complain(error, in_json=options.json)
    try:
        if options.check:
            return _check(settings, in_json=options.json)
        return _run(settings, env_file, output, hand_over=options.handover)
    except ConfigError as error:
        code = _complain(error, in_json=False)
        return EXIT_FAILED if options.handover else code  # the settings may be good, and the other process slow
    finally:
        output.close()


# --- running ----------------------------------------------------------------------------


class _Wish(Enum):
    STOP = auto()
    RELOAD = auto()


_SIGNALS: Final[Mapping[str, _Wish]] = {
    "SIGINT": _Wish.STOP,
    "SIGTERM": _Wish.STOP,
    "SIGBREAK": _Wish.STOP,  # Windows
    "SIGHUP": _Wish.RELOAD,  # everywhere else
}


def _run(settings: Settings, env_file: Path | None, output: LogOutput, *, hand_over: bool) -> int:
    for warning in settings.warnings:
        logger.warning("⚠️ {}", warning)
    if settings.telnyx.listens_along:  # nobody is to learn of it from a bill
        logger.info("👂 Telnyx transcribe además cada llamada, y lo cobra aparte (TELNYX_LISTENS_ALONG=false lo apaga)")
    wishes: queue.SimpleQueue[_Wish] = queue.SimpleQueue()  # what a signal may put into, whatever it interrupts
    engine = Engine(settings, lambda: wishes.put(_Wish.STOP), log=output, on_warm=heap.freeze)
    _on_signals(wishes.put)
    engine.start(wait_for_owner_s=HANDOVER_WITHIN_S if hand_over else 0.0)
    threading.Thread(target=self_check, args=(settings, engine.runtime.clock), name="preflight", daemon=True).start()
    is_handed_over = _serve(engine, wishes, Reloader(settings, env_file, engine.mode, output))
    if engine.has_failed:
        logger.critical("El motor falló y no pudo recuperarse")
        engine.stop()
        return EXIT_FAILED
    is_clean = is_handed_over or _drain(engine, wishes, settings.server.drain_s)
    # A part that did not end (a record that is being uploaded) is no failure of who was replaced: to be started
    # again would take the calls back.
    is_clean &= engine.stop() or is_handed_over
    logger.info("Servicio detenido")
    return EXIT_OK if is_clean else EXIT_FAILED


def _serve(engine: Engine, wishes: queue.SimpleQueue[_Wish], reloader: Reloader) -> bool:
    """Returns when it is time to stop: whether because another process has taken the calls."""
    trimmer = heap.Trimmer(engine.runtime.clock)
    while (wish := _next(wishes)) is not _Wish.STOP:
        if wish is _Wish.RELOAD:
            reloader.reload()
        if engine.is_wanted_by_successor:
            logger.info("Otro proceso toma el relevo: se le pasan las llamadas")
            engine.release_calls(PAUSE_WITHIN_S)
            return True
        trimmer.look()
    return False


def _drain(engine: Engine, wishes: queue.SimpleQueue[_Wish], within_s: float) -> bool:
    """False when calls had to be hung up. A second signal says that nobody wants to wait."""
    logger.info("Parada pedida: se espera hasta {} s a que terminen las llamadas", within_s)
    return engine.drain(within_s, lambda: not wishes.empty() and wishes.get() is _Wish.STOP)


def _next(wishes: queue.SimpleQueue[_Wish]) -> _Wish | None:
    try:
        return wishes.get(timeout=LOOK_EVERY_S)
    except queue.Empty:
        return None


def _on_signals(wish: Callable[[_Wish], None]) -> None:
    """Have the process's signals understood, as many as its platform has."""

    def on_signal(number: int, _frame: FrameType | None) -> None:
        wish(_SIGNALS[signal.Signals(number).name])

    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), on_signal)


# --- checking ---------------------------------------------------------------------------


def _check(settings: Settings, *, in_json: bool) -> int:
    report = preflight(settings, SystemClock())
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_CHARS
    text = as_json(report) if in_json else table(report, width)
    Console(sys.stdout).write(cleaner(settings.secrets())(text, DEBUG) + "\n")
    return EXIT_OK if report.is_passed else EXIT_FAILED


# --- replaying --------------------------------------------------------------------------


def _replay(options: argparse.Namespace, env_file: Path | None) -> int:
    """Needs no key and no engine, only the folder that one has worked in."""
    try:
        data_dir = data_dir_in(read_env(env_file))
    except ConfigError as error:
        return _complain(error, in_json=options.json)
    wanted = ReplayOptions(options.replay, data_dir, options.json, options.as_test, options.mask)
    return replay_call(wanted, Console(sys.stdout), Paint(has_colours()))


# --- starting ---------------------------------------------------------------------------


def _settings(env: Mapping[str, str]) -> Settings:
    """Raises ``ConfigError`` with the persona's problems beside those of the variables."""
    problems: list[str] = []
    settings = persona = None
    try:
        settings = load_settings(env)
    except ConfigError as error:
        problems += error.problems
    persona_file = env.get("PERSONA_FILE", "").strip()
    try:
        persona = load_persona(Path(persona_file) if persona_file else None)
    except ConfigError as error:
        problems += error.problems
    if settings is None or persona is None:
        raise ConfigError(tuple(problems))
    retired = [f"PERSONA_FILE: la clave {key} ya no se usa; se puede quitar" for key in persona.retired]
    return replace(settings, warnings=(*settings.warnings, *retired))


def _open_log(log: Log, settings: Settings) -> LogOutput:
    try:
        return setup_logs(log, settings.secrets())
    except OSError as error:
        raise ConfigError((f"LOG_FILE: no se puede escribir en {log.file} ({error.strerror or error})",)) from error


def _env_file(wanted: Path | None) -> Path | None:
    """The file asked for; else ``.env`` where there is one."""
    default = Path(".env")
    return wanted if wanted is not None else default if default.exists() else None


def _complain(error: ConfigError, *, in_json: bool) -> int:
    if in_json:
        text = json.dumps({"passed": False, "problems": error.problems}, ensure_ascii=False, indent=2)
        Console(sys.stdout).write(text + "\n")
        return EXIT_CONFIG
    lines = ["La configuración no sirve:", "", *(f"  • {problem}" for problem in error.problems)]
    lines += ["", "Todas las variables, con su significado: .env.example"]
    Console(sys.stderr).write("\n".join(lines) + "\n")
    return EXIT_CONFIG


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="Motor de telefonía: Telnyx lleva la llamada, Deepgram escucha, Claude responde, ElevenLabs habla.",
        epilog="La configuración son variables de entorno; .env.example las explica todas. "
        "Códigos de salida: 0 bien, 1 algo falló, 2 la configuración no sirve. Con --replay: 0 todo se decide igual, "
        "1 algo se decide de otro modo, 2 no hay tal llamada, 3 no se puede juzgar (dañada, o de otra versión).",
    )
    parser.add_argument("--env-file", type=Path, metavar="ARCHIVO", help="variables de entorno (por omisión: .env)")
    parser.add_argument(
        "--check", action="store_true", help="probar claves, modelos, número y direcciones, decir qué falla, y terminar"
    )
    parser.add_argument("--json", action="store_true", help="con --check o --replay: el resultado en JSON")
    parser.add_argument(
        "--replay",
        metavar="LLAMADA",
        help="repetir una llamada guardada (comienzo de su id): cada suceso, decisión y plazo, y si hoy se decide igual",
    )
    parser.add_argument(
        "--as-test",
        type=Path,
        nargs="?",
        const=Path(),
        metavar="ARCHIVO",
        help="con --replay: escribir un test de regresión de la llamada",
    )
    parser.add_argument("--mask", action="store_true", help="con --as-test: otras palabras en lugar de las dichas")
    parser.add_argument(
        "--handover",
        action="store_true",
        help="relevar al proceso que está en marcha: recibe sus llamadas en curso, y aquel termina",
    )
    parser.add_argument("--version", action="version", version=f"telnyx_actors {__version__}")
    options = parser.parse_args(arguments)
    if options.json and not options.check and options.replay is None:
        parser.error("--json va con --check o --replay")
    if options.as_test is not None and options.replay is None:
        parser.error("--as-test va con --replay")
    if options.mask and options.as_test is None:
        parser.error("--mask va con --as-test")
    return options
