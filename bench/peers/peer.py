"""A peer as it is started for a measurement, in as many processes as it is to have."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil
import requests

from bench.load.engine import SETTLE_S, Sample, core_cpu_s
from bench.peers.environment import HERE, python
from bench.peers.switchboard import Switchboard
from measure.daemon import free_port

BOT: Final = HERE / "bots" / "pipecat_telnyx.py"
START_LIMIT_S: Final = 60.0
LOOK_EVERY_S: Final = 0.05


class Peer:
    """Bots that listen: a ``Subject``."""

    def __init__(self, switchboard: Switchboard, pids: Sequence[int], cores: tuple[int, ...], start_s: float) -> None:
        self.url = switchboard.url
        self.start_s = start_s
        self._processes = [psutil.Process(pid) for pid in pids]
        self._cores = cores

    @property
    def pid(self) -> int:
        return self._processes[0].pid

    def figure(self, name: str) -> float:
        return 0.0

    def sample(self) -> Sample:
        used = [process.cpu_times() for process in self._processes]
        return Sample(
            time.monotonic(),
            sum(each.user + each.system for each in used),
            core_cpu_s(self._cores),
            sum(process.memory_info().rss for process in self._processes) / 1e6,
            sum(process.num_threads() for process in self._processes),
            sum(process.num_fds() for process in self._processes),
            float("nan"),
        )


@contextmanager
def peer(world_env: dict[str, str], cores: tuple[int, ...], configuration: str, processes: int) -> Iterator[Peer]:
    """The bot in this configuration, for this world; all of its processes share these cores."""
    with TemporaryDirectory(prefix="peer-", ignore_cleanup_errors=True) as folder:
        ports = [free_port() for _ in range(processes)]
        began = time.monotonic()
        bots = [_start(Path(folder), port, configuration, world_env, cores) for port in ports]
        switchboard = Switchboard(world_env, [f"ws://127.0.0.1:{port}/ws" for port in ports])
        switchboard.start()
        try:
            for bot, port in zip(bots, ports, strict=True):
                _wait_until_it_listens(bot, port)
            start_s = time.monotonic() - began
            time.sleep(SETTLE_S)
            yield Peer(switchboard, [bot.pid for bot in bots], cores, start_s)
        finally:
            switchboard.stop()
            for bot in bots:
                bot.kill()
            for bot in bots:
                bot.wait()


def _start(
    folder: Path, port: int, configuration: str, world_env: Mapping[str, str], cores: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    """As its documents say: the development runner, for Telnyx."""
    address = ("--host", "127.0.0.1", "--port", str(port), "--proxy", f"127.0.0.1:{port}")
    command = [str(python()), str(BOT), "--transport", "telnyx", *address, "--configuration", configuration]
    ours = os.sched_getaffinity(0) if cores else set()
    if cores:
        os.sched_setaffinity(0, cores)  # inherited, so that it sizes its pools of threads for what it has
    try:
        with (folder / f"{port}.log").open("wb") as log:
            return subprocess.Popen(command, env={**os.environ, **world_env}, stdout=log, stderr=log, cwd=folder)
    finally:
        if cores:
            os.sched_setaffinity(0, ours)


def _wait_until_it_listens(bot: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_LIMIT_S
    while True:
        try:
            requests.post(f"http://127.0.0.1:{port}/", timeout=5).raise_for_status()
        except requests.RequestException as error:
            if bot.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the bot does not start: try {BOT} by hand") from error
            time.sleep(LOOK_EVERY_S)
        else:
            return
