"""The two processes of the demo: the vendors' stand-ins, and the engine as anyone would start it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import requests

import telnyx_actors
from telnyx_actors.config.settings import all_settings
from telnyx_actors.demo.script import Scenario
from telnyx_actors.standins.world import as_env_file
from telnyx_actors.standins.world_client import WorldClient

ROOT: Final = Path(telnyx_actors.__file__).parents[1]
READY_WITHIN_S: Final = 20.0
STOP_WITHIN_S: Final = 15.0
ANSWER_WITHIN_S: Final = 10.0
BUSY: Final = 503
LOG_LINES: Final = 16
_ERROR: Final = re.compile(r"\S+ \S+ (ERROR|CRITICAL) ")
STOP_SIGNAL: Final = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)
"""On Windows SIGTERM would end a process unasked; the console's break can be handled."""


class DemoError(Exception):
    """The demo cannot go on; the message says why, in words for whoever started it."""


class Child:
    """A process of ours, in a group of its own: a Ctrl-C reaches us alone, and we end it in good order."""

    def __init__(self, name: str, command: list[str], log: Path, *, is_asked: bool = False) -> None:
        """``is_asked``: what it prints will be read by ``first_line``, and is not thrown away."""
        self.name = name
        self.log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own modules
                [sys.executable, *command],
                cwd=ROOT,
                env=environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if is_asked else subprocess.DEVNULL,
                stderr=file,
                start_new_session=os.name == "posix",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )

    def first_line(self) -> str:
        """What it prints first; "" when it ended without a word."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode("utf-8").strip()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> int:
        """Ask it to end, and make it end if it does not. Returns its exit code."""
        if self.is_running:
            self._process.send_signal(STOP_SIGNAL)
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                pass  # asked in vain
            finally:
                self._process.kill()  # also when somebody presses Ctrl-C again; the dead do not mind
        if self._process.stdout is not None:
            self._process.stdout.close()
        return self._process.wait()

    def failure(self, what: str) -> DemoError:
        """An error that shows the first that went wrong by its log, or the end of it."""
        lines, errors = self.log.read_text(encoding="utf-8", errors="replace").splitlines(), errors_in(self.log)
        begin = lines.index(errors[0]) if errors else max(0, len(lines) - LOG_LINES)
        shown = [f"    {line}" for line in lines[begin : begin + LOG_LINES]]
        return DemoError("\n".join([f"{self.name} {what}. {self.log}:", *shown]))


def errors_in(log: Path) -> list[str]:
    """The lines of a log that tell of an error."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if _ERROR.match(line)]


class Stage:
    """Stand-ins and engine, running. Use it as a context manager: both end with it, however it ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine_exit: int | None = None
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    @property
    def data_dir(self) -> Path:
        return self.folder / "datos"

    def start(self, scenario: Scenario) -> WorldClient:
        """Returns when both are ready for a call. Raises DemoError."""
        try:
            # With what an earlier engine left, its record would be taken for that of this call.
            self.data_dir.mkdir(parents=True)
        except FileExistsError:
            raise DemoError(f"En {self.folder} ya hay una demostración.") from None
        command = ["-m", "telnyx_actors.standins", "--no-s3"]
        vendors = Child("Los proveedores", command, self.folder / "proveedores.log", is_asked=True)
        self._exit.callback(vendors.stop)
        name, _, url = vendors.first_line().partition("=")
        if name != "WORLD_URL":
            raise vendors.failure("no arrancaron")
        world = WorldClient(url)
        self._exit.callback(world.close)
        self._start_engine(world.env, scenario)
        return world

    def _start_engine(self, vendors: Mapping[str, str], scenario: Scenario) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        own = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "WEBHOOK_BASE_URL": self.url,
            "DATA_DIR": str(self.data_dir.resolve()),
            "SILENCE_TIMEOUT_MS": str(scenario.silence_timeout_ms),
            "DRAIN_SECONDS": "2",
        }
        env_file = self.folder / ".env"
        env_file.write_text(as_env_file({**vendors, **own}), encoding="utf-8")
        self._engine = Child("El motor", ["run.py", "--env-file", str(env_file.resolve())], self.engine_log)
        self._exit.callback(self.stop_engine)
        give_up_at = time.monotonic() + READY_WITHIN_S
        while (answer := self._ask("GET", "/ready")) is None or not answer.ok:
            if not self._engine.is_running:
                raise self._engine.failure("no arrancó")
            if time.monotonic() > give_up_at:
                raise self._engine.failure(f"no está listo después de {READY_WITHIN_S:.0f} s")
            time.sleep(0.05)

    @property
    def engine_log(self) -> Path:
        return self.folder / "motor.log"

    def stop_engine(self) -> int:
        """Its exit code. Done once; later calls only tell."""
        if self.engine_exit is None:
            self.engine_exit = self._engine.stop()
        return self.engine_exit

    def place_call(self, scenario: Scenario) -> str:
        """Have the engine dial. Returns the call_control_id; raises DemoError when it does not."""
        body = {"telefono": scenario.number, "nombre": scenario.name, "saludo": scenario.greeting}
        give_up_at = time.monotonic() + READY_WITHIN_S
        while True:
            answer = self._ask("POST", "/api/call/initiate", {**body, "contexto": scenario.context})
            is_busy = answer is not None and answer.status_code == BUSY  # a machine that is still getting warm
            if not is_busy or time.monotonic() > give_up_at:
                break
            time.sleep(0.5)
        if answer is None or not answer.ok:
            raise self.engine_failure("no hizo la llamada: " + (answer.text if answer is not None else "no contesta"))
        return str(answer.json()["call_control_id"])

    def engine_failure(self, what: str) -> DemoError:
        return self._engine.failure(what)

    def _ask(self, method: str, path: str, body: object = None) -> requests.Response | None:
        """The engine's answer; None while it gives none."""
        with requests.Session() as session:
            session.trust_env = False
            try:
                return session.request(method, self.url + path, json=body, timeout=ANSWER_WITHIN_S)
            except requests.RequestException:
                return None


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Our environment without the engine's settings, which would win over the .env file: no call may reach a real vendor."""
    settings = {name for setting in all_settings() for name in setting.names}
    kept = {name: value for name, value in ours.items() if name.upper() not in settings}
    return {**kept, "PYTHONUTF8": "1", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
