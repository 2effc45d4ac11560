"""The console as a program: one command, or a prompt with history and completion."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from telnyx_actors.config import data_dir_in, read_env
from telnyx_actors.console.client import call_screens, screens
from telnyx_actors.console.client.completion import use_readline
from telnyx_actors.console.client.link import Link, LinkLost, NeedsConfirmation
from telnyx_actors.console.client.render import Paint, has_colours, safe
from telnyx_actors.console.endpoint import FILE, NotRunning
from telnyx_actors.console.protocol import Json
from telnyx_actors.errors import ConfigError, EngineError
from telnyx_actors.log_output import Console

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_NOT_RUNNING: Final = 2

Screen = Callable[[Json, Paint], Iterator[str]]
SCREENS: Final[Mapping[str, Screen]] = {
    "help": screens.help_,
    "tree": screens.tree,
    "mail": screens.mail,
    "stacks": screens.stacks,
    "settings": screens.settings,
    "calls": call_screens.calls,
    "call": call_screens.call,
    "why": call_screens.why,
    "latency": call_screens.latency,
}
WORDS: Final = (*SCREENS, *screens.REMARKS, "trace", "exit")


class Shell:
    """Attached to one engine; attaches again when that has been restarted."""

    def __init__(self, data_dir: Path, out: Console, paint: Paint, confirm: Callable[[str], bool]) -> None:
        """``confirm`` asks the operator."""
        self._data_dir = data_dir
        self._out = out
        self._paint = paint
        self._confirm = confirm
        self._link: Link | None = None

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def run(self, words: Sequence[str], *, as_json: bool) -> int:
        """One command, from its words to the exit code."""
        try:
            if words[0] == "trace":
                return self._trace(words[1:], as_json=as_json)
            return self._command(words, as_json=as_json)
        except NotRunning as error:
            return self._complain(error, EXIT_NOT_RUNNING)
        except EngineError as error:
            if isinstance(error, LinkLost):
                self.close()
            return self._complain(error, EXIT_FAILED)

    def names(self, kind: str) -> Sequence[str]:
        """Those to complete with; none while there is no engine."""
        try:
            found: Sequence[str] = self._attached().request("names")[kind]
        except EngineError:
            self.close()
            return ()
        return found

    def _command(self, words: Sequence[str], *, as_json: bool) -> int:
        name, *arguments = words
        try:
            answer = self._attached().request(name, *arguments)
        except NeedsConfirmation as question:
            if not self._confirm(str(question)):
                return EXIT_FAILED
            answer = self._attached().request(name, *arguments, sure=True)
        if as_json:
            self._out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        elif name in SCREENS:
            self._show(SCREENS[name](answer, self._paint))
        else:
            self._out.write(safe(screens.REMARKS[name](answer)) + "\n")
        return EXIT_OK

    def _trace(self, arguments: Sequence[str], *, as_json: bool) -> int:
        """``trace <path> [seconds]``; without them, until Ctrl-C."""
        path, for_s = _trace_arguments(arguments)
        try:
            for part in self._attached().follow("trace", *path, for_s=for_s):
                if as_json:
                    self._out.write(json.dumps(part, ensure_ascii=False) + "\n")
                else:
                    self._show(screens.trace_part(part, self._paint))
        except KeyboardInterrupt:
            self._out.write("\n")
        finally:
            self.close()  # whatever was on its way is of no interest any more
        return EXIT_OK

    def _attached(self) -> Link:
        if self._link is None:
            self._link = Link.open(self._data_dir)
        return self._link

    def _show(self, lines: Iterator[str]) -> None:
        for line in lines:
            self._out.write(line + "\n")

    def _complain(self, error: EngineError, code: int) -> int:
        print(safe(error), file=sys.stderr)
        return code


def _trace_arguments(arguments: Sequence[str]) -> tuple[Sequence[str], float | None]:
    if len(arguments) == 2 and arguments[1].isdecimal():
        return arguments[:1], float(arguments[1])
    return arguments, None


# --- the program --------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 not done, 2 there is no engine."""
    options = _parse(arguments)
    try:
        data_dir = options.data_dir or _data_dir(options.env_file)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_NOT_RUNNING
    confirm = _always if options.yes else _ask_operator
    shell = Shell(data_dir, Console(sys.stdout), Paint(has_colours()), confirm)
    try:
        if options.words:
            return shell.run(options.words, as_json=options.json)
        return _converse(shell, data_dir, as_json=options.json)
    finally:
        shell.close()


def _converse(shell: Shell, data_dir: Path, *, as_json: bool) -> int:
    """The prompt, until ``exit`` or the end of the input."""
    code = shell.run(["help"], as_json=as_json)
    if code == EXIT_NOT_RUNNING:
        return code
    remember = use_readline((data_dir / FILE).with_name("history"), WORDS, shell.names)
    while True:
        try:
            words = shlex.split(input("telnyx> "))
        except EOFError:
            break
        except KeyboardInterrupt:
            print()
            continue
        except ValueError as error:  # a quotation mark that is not closed
            print(f"No se entiende: {error}", file=sys.stderr)
            continue
        if words[:1] in (["exit"], ["quit"]):
            break
        in_json = as_json or "--json" in words
        words = [word for word in words if word != "--json"]
        if words:
            shell.run(words, as_json=in_json)
    remember()
    return EXIT_OK


def _always(_: str) -> bool:
    return True


def _ask_operator(question: str) -> bool:
    if not sys.stdin.isatty():
        print(f"{safe(question)} Para hacerlo sin preguntar: --yes", file=sys.stderr)
        return False
    return input(f"{safe(question)} [s/N] ").strip().lower() in ("s", "sí", "si")


def _data_dir(env_file: Path | None) -> Path:
    """Where the engine works, by the same variables that it reads. Raises ``ConfigError``."""
    default = Path(".env")
    return data_dir_in(read_env(env_file or (default if default.exists() else None)))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m telnyx_actors.console",
        description="La consola de un motor en marcha. Sin orden, pregunta; «help» dice qué órdenes hay.",
        epilog="Códigos de salida: 0 hecho, 1 no se pudo, 2 no hay motor.",
    )
    parser.add_argument("words", nargs="*", metavar="ORDEN", help="una orden y sus argumentos")
    parser.add_argument("--json", action="store_true", help="respuestas en JSON, para programas")
    parser.add_argument("--yes", action="store_true", help="no preguntar antes de lo que no tiene vuelta")
    parser.add_argument("--data-dir", type=Path, metavar="CARPETA", help="la DATA_DIR del motor")
    parser.add_argument("--env-file", type=Path, metavar="ARCHIVO", help="de dónde tomar DATA_DIR (por omisión: .env)")
    return parser.parse_args(arguments)
