"""The proxy of ``deploy/haproxy.cfg``, run as it is but for its addresses and its rights."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from measure.daemon import ROOT, free_port
from support.waiting import until

BINARY: Final = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
_CONFIG: Final = ROOT / "deploy" / "haproxy.cfg"
_OF_THE_MACHINE: Final = re.compile(r"^    (log /dev|user|group|chroot|stats socket).*\n", re.MULTILINE)


class HAProxy:
    """Listens on ``url`` inside ``with``; worker n is whoever listens on the n-th port."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._log = folder / "haproxy.log"
        self._config = folder / "haproxy.cfg"
        text = _OF_THE_MACHINE.sub("", _CONFIG.read_text(encoding="utf-8"))
        text, binds = re.subn(r"bind :443 .*", f"bind 127.0.0.1:{self._port}", text)
        assert binds == 1
        for number, port in enumerate(ports, start=1):
            text, servers = re.subn(rf"127\.0\.0\.1:300{number}\b", f"127.0.0.1:{port}", text)
            assert servers == 2, "each worker has a server of its own, and one among all"
        self._config.write_text(text, encoding="utf-8")

    def __enter__(self) -> Self:
        assert BINARY is not None
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen([BINARY, "-db", "-f", str(self._config)], stdout=log, stderr=log)
        until(lambda: self._process.poll() is not None or self._listens())
        assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0
