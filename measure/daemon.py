"""The real daemon: ``run.py`` in a process of its own, a real ``.env`` file, its log read line by line."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil
import requests

from telnyx_actors.config.settings import all_settings

ROOT: Final = Path(__file__).parents[1]
START_LIMIT_S: Final = 20.0
STOP_LIMIT_S: Final = 15.0
STOP_SIGNAL: Final = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)
"""On Windows SIGTERM would end it unasked; the console's break can be handled."""
_LINE: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (\w+) +(.*)")
_TAG: Final = re.compile(r"\[CALL:([^\]]+)\]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log. ``at`` is the moment of reading it (``time.monotonic()``), ``call`` "" without a tag."""

    at: float
    text: str

    @property
    def level(self) -> str:
        match = _LINE.fullmatch(self.text)
        return match[2] if match else ""

    @property
    def stamp(self) -> str:
        match = _LINE.fullmatch(self.text)
        return match[1] if match else ""

    @property
    def call(self) -> str:
        match = _TAG.search(self.text)
        return match[1] if match else ""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Daemon:
    """Started by ``with``; its folder holds the ``.env`` and, by default, ``var``. For one thread."""

    def __init__(self, folder: Path, env: Mapping[str, str], process_env: Mapping[str, str] | None = None) -> None:
        """``env`` is what the ``.env`` says. ``PORT`` and ``WEBHOOK_BASE_URL`` are added where they are missing."""
        port = free_port()
        self.env = {"PORT": str(port), "WEBHOOK_BASE_URL": f"http://127.0.0.1:{port}", "HOST": "127.0.0.1", **env}
        self.port = int(self.env["PORT"])
        self.url = f"http://localhost:{self.port}"
        self.folder = folder
        self.http = requests.Session()
        self.http.trust_env = False
        self._process_env = process_env or {}
        self._lines: list[Line] = []
        self._is_over = False
        self._more = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    # --- life ---

    def start(self) -> Self:
        """Returns when the daemon listens. It may be started again once it has ended; its log begins anew."""
        self.write_env()
        self._lines, self._is_over = [], False
        known = {name for setting in all_settings() for name in setting.names}
        inherited = {name: value for name, value in os.environ.items() if name not in known}
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "run.py")],
            cwd=self.folder,
            env={**inherited, "PYTHONUTF8": "1", **self._process_env},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), name="daemon-log")
        self._reader.start()
        try:
            self.wait_line("Server listening on", timeout_s=START_LIMIT_S)
        except BaseException:
            self.stop()
            raise
        return self

    def wait_ready(self) -> Self:
        """Returns when a first call would find everything loaded: until then it listens, but answers late."""
        until = time.monotonic() + START_LIMIT_S
        while (answer := self.get("/ready")).status_code != 200:
            assert time.monotonic() < until, answer.text
            time.sleep(0.05)
        return self

    def stop(self) -> int:
        """Ask it to end, politely; returns its exit code. Does nothing the second time."""
        assert self._process is not None and self._reader is not None
        if self._process.poll() is None:
            self._process.send_signal(STOP_SIGNAL)
        try:
            code = self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._reader.join()
        self.http.close()
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def kill(self) -> None:
        """End it without a word."""
        assert self._process is not None
        self._process.kill()
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def write_env(self) -> None:
        text = "".join(f"{name}={value}\n" for name, value in self.env.items())
        (self.folder / ".env").write_text(text, encoding="utf-8")

    def memory_mb(self) -> float:
        """Resident memory of the process."""
        assert self._process is not None
        resident: int = psutil.Process(self._process.pid).memory_info().rss
        return resident / 1e6

    # --- its log ---

    def lines(self, *parts: str, call: str = "", after: float = 0.0) -> list[Line]:
        """The lines so far that contain every part, of one call if given, read after that moment."""
        with self._more:
            return [line for line in self._lines if self._fits(line, parts, call, after)]

    def wait_line(self, *parts: str, timeout_s: float = 10.0, call: str = "", after: float = 0.0) -> Line:
        """The first such line, waited for."""
        return self._wait(lambda: self.lines(*parts, call=call, after=after), f"the line {parts}", timeout_s)[0]

    def _wait(self, look: Callable[[], list[Line]], what: str, timeout_s: float) -> list[Line]:
        until = time.monotonic() + timeout_s
        with self._more:
            while not (found := look()):
                left_s = until - time.monotonic()
                if left_s <= 0 or self._is_over or not self._more.wait(left_s):
                    tail = "\n".join(line.text for line in self._lines[-30:])
                    raise AssertionError(f"{what} did not come in {timeout_s} s; the log ends:\n{tail}")
        return found

    @staticmethod
    def _fits(line: Line, parts: tuple[str, ...], call: str, after: float) -> bool:
        return line.at >= after and all(part in line.text for part in parts) and (not call or line.call == call)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr:
            for text in process.stderr:
                with self._more:
                    self._lines.append(Line(time.monotonic(), text.rstrip("\n")))
                    self._more.notify_all()
        with self._more:
            self._is_over = True
            self._more.notify_all()

    # --- its API ---

    def dial(self, telefono: str = "+573001234567", nombre: str = "TestUser", **more: str) -> str:
        """Place a call as the clinic's programs do. Returns its call_control_id."""
        body = {"telefono": telefono, "nombre": nombre, **more}
        response = self.http.post(f"{self.url}/api/call/initiate", json=body, timeout=10)
        assert response.status_code == 201, response.text
        call_control_id: str = response.json()["call_control_id"]
        return call_control_id

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.http.get(self.url + path, timeout=10, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.http.post(self.url + path, timeout=10, **options)

    def figure(self, name: str, **labels: str) -> float:
        """A figure of ``/metrics``, summed over the labels that are not given; 0 where it is not (yet) there."""
        given = [f'{key}="{value}"' for key, value in labels.items()]
        series = [line.rpartition(" ") for line in self.get("/metrics").text.splitlines()]
        found = [(each, value) for each, _, value in series if each.partition("{")[0] == name]
        return sum(float(value) for each, value in found if all(label in each for label in given))
