"""An engine on loopback with the world around it: in this process, or as the daemon that it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

import requests
from loguru import logger

from bench.chaos.figures import Told
from bench.chaos.talk import PERSONA, model_script
from measure.daemon import free_port
from telnyx_actors.actors.runtime import Runtime
from telnyx_actors.app import Engine
from telnyx_actors.config import load_settings
from telnyx_actors.personas.reading import parse_persona
from telnyx_actors.replay.shelf import NoChronicle, find
from telnyx_actors.replay.verdict import judge
from telnyx_actors.standins.caller import CallerScript
from telnyx_actors.standins.world import World, WorldSettings

ROOT: Final = Path(__file__).parents[2]
WITHIN_S: Final = 30.0
LOG_TAIL_CHARS: Final = 2000
_NUMBERS = count(3_100_000_001)


class House(ABC):
    """The world and an engine's settings; ``with`` starts both. Subclasses know how the engine runs."""

    def __init__(self, folder: Path, world: WorldSettings | None = None, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.world = World(world or WorldSettings(s3=False))
        self.names: dict[str, str] = {}  # of a call, the name by which the model knows its caller
        self.data_dir = folder / "var"
        self._env = env or {}
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.world.start()
        try:
            self.world.script_model(model_script())
            self.world.set_webhook_url(f"{self.url}/webhook/telnyx")
            self.start()
            self._await_phrases()
        except BaseException:
            self.world.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            self.world.stop()

    @abstractmethod
    def start(self) -> None:
        """Start the engine; returns when it listens."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the engine."""

    @property
    def env(self) -> dict[str, str]:
        persona = self.folder / "persona.toml"
        persona.write_text(PERSONA, encoding="utf-8")
        return {
            **self.world.env,
            "WEBHOOK_BASE_URL": self.url,
            "HOST": "127.0.0.1",
            "PORT": str(self._port),
            "PERSONA_FILE": str(persona),
            "DATA_DIR": str(self.data_dir),
            **self._env,
        }

    def _await_phrases(self) -> None:
        lines = len(set(parse_persona(PERSONA).all_lines()))
        until(lambda: len(self.world.elevenlabs.syntheses) >= lines)

    def dial(self, script: CallerScript) -> str:
        """Have the engine call somebody who follows the script. Returns the call_control_id."""
        number = f"+57{next(_NUMBERS)}"
        self.world.expect(script, number)
        name = f"Cliente{number[-4:]}"
        body = {"telefono": number, "nombre": name}
        deadline = time.monotonic() + WITHIN_S
        while True:
            answer = requests.post(f"{self.url}/api/call/initiate", json=body, timeout=WITHIN_S)
            if answer.status_code != requests.codes.unavailable or time.monotonic() > deadline:
                break
            time.sleep(0.5)  # this machine is busy with other scenarios, and the engine has noticed
        answer.raise_for_status()
        call: str = answer.json()["call_control_id"]
        self.names[call] = name
        return call

    def asked(self, call: str) -> list[tuple[float, list[tuple[str, str]]]]:
        """What the model was asked in this call: when, and the messages as (role, text)."""
        name = self.names[call]
        return [
            (request.at, [(str(message["role"]), _text(message["content"])) for message in _messages(request.body)])
            for request in list(self.world.claude.requests)
            if name in json.dumps(request.body["system"], ensure_ascii=False)
        ]

    def told(self, call: str) -> Told:
        """What the model was told in this call."""
        requests = [messages for _, messages in self.asked(call)]
        caller = [text for messages in requests for role, text in messages if role == "user"]
        return Told(caller, [text for messages in requests[-1:] for role, text in messages if role == "assistant"])

    def record_folder(self, call: str) -> Path | None:
        """Where the archive keeps the call."""
        return next((self.data_dir / "archive").rglob(call.replace(":", "_")), None)

    def is_kept(self, call: str) -> bool:
        """Whether the call's record is in the archive, or waits for it on the disk."""
        waiting = (self.data_dir / "spool").glob("*/call.json")
        return self.record_folder(call) is not None or any(call in path.read_text(encoding="utf-8") for path in waiting)

    def has_logged(self, text: str) -> bool:
        return text in (self.folder / "engine.log").read_text(encoding="utf-8")

    def differences(self, call: str) -> list[str]:
        """What is decided otherwise when the call is held again from its chronicle: nothing, whatever was done to it."""
        try:
            verdict = judge(find(self.data_dir, call))
        except NoChronicle as error:
            return [f"it cannot be replayed: {error}"]
        count = len(verdict.differences)
        return [f"{count} of {verdict.steps} decisions are others when it is replayed"] if count else []


class InProcess(House):
    """An engine whose actors can be reached. ``runtime`` may bring a clock of its own."""

    def __init__(
        self,
        folder: Path,
        world: WorldSettings | None = None,
        env: Mapping[str, str] | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        super().__init__(folder, world, env)
        self.runtime = runtime or Runtime()
        self.has_failed = False

    def start(self) -> None:
        self._log = logger.add(self.folder / "engine.log", level="DEBUG", encoding="utf-8")
        self._engine = Engine(load_settings(self.env), self._failed, self.runtime)
        self._engine.start()

    def stop(self) -> None:
        self._engine.stop()
        logger.remove(self._log)

    def path(self, call: str, part: str) -> str:
        """Of the call's actor, or of a part of it."""
        view = self._engine.calls.find(call)
        if view is None:
            return ""
        return f"engine/{view.plan.ref}/{part}" if part else f"engine/{view.plan.ref}"

    def is_known(self, call: str) -> bool:
        """Whether the engine still works on this call."""
        return self._engine.calls.find(call) is not None

    def _failed(self) -> None:
        self.has_failed = True


class Daemon(House):
    """``run.py`` in a process of its own, that can be killed, and replaced."""

    program: tuple[str, ...] = ("run.py",)
    process: subprocess.Popen[bytes]
    started_at: float

    def start(self) -> None:
        self._launch()
        self._await_ready()

    def replace(self) -> int:
        """Start the next version beside this one, which takes its calls over. Returns the exit code of the old one."""
        old = self.process
        self._launch("--handover")
        code = old.wait(2 * WITHIN_S)
        self._await_ready()
        return code

    def _launch(self, *arguments: str) -> None:
        env = {**os.environ, **self.env, "LOG_LEVEL": "DEBUG"}
        self.started_at = time.monotonic()
        with (self.folder / "engine.log").open("ab") as log:
            command = [sys.executable, *self.program, *arguments]
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)  # noqa: S603 - our own

    def kill(self) -> None:
        """As the kernel would, when memory runs out."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(WITHIN_S)

    def _await_ready(self) -> None:
        if not until(lambda: self._is_ready() or self.process.poll() is not None) or self.process.poll() is not None:
            log = (self.folder / "engine.log").read_text(encoding="utf-8")
            raise RuntimeError(f"the daemon did not start: …{log[-LOG_TAIL_CHARS:]}")

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/ready", timeout=1.0).ok
        except requests.RequestException:
            return False


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Make the folder a disk that can be filled; False where that is not allowed (it takes root, and Linux)."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    try:
        is_mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0  # noqa: S603 - our own words
    except OSError:
        is_mounted = False
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)  # noqa: S603, S607 - as above


def until(condition: Callable[[], object], within_s: float = WITHIN_S) -> bool:
    """Whether it became true in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _messages(body: Mapping[str, object]) -> list[dict[str, Any]]:
    messages = body["messages"]
    assert isinstance(messages, list)
    return messages


def _text(content: object) -> str:
    blocks = content if isinstance(content, list) else [{"text": content}]
    return " ".join(str(block["text"]) for block in blocks)
