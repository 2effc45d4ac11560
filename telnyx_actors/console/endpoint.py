"""Where the console of a running engine is reached: a file that only the engine's own user can read.

On POSIX the permissions of folder and file say so. On Windows the folder's: since 3.11.10
and 3.12.4, Python gives a folder of mode 0700 to its owner alone there too.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from telnyx_actors.errors import EngineError

FILE: Final = Path("console", "endpoint.json")
FILE_MAX_BYTES: Final = 4096
HOST: Final = "127.0.0.1"


class NotRunning(EngineError):
    """There is no engine to attach to; the text says what was looked for."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who holds the token may do everything that the console can."""

    port: int
    token: str = field(repr=False)
    pid: int


def new_endpoint(port: int) -> Endpoint:
    return Endpoint(port, secrets.token_urlsafe(32), os.getpid())


def publish(data_dir: Path, endpoint: Endpoint) -> None:
    """Write the file. Nobody else can read it at any moment. Raises ``OSError``."""
    path = data_dir / FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    part = path.with_name(f"{FILE.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(endpoint), file)
    part.replace(path)


def withdraw(data_dir: Path, endpoint: Endpoint) -> None:
    """Remove the file, unless it is another engine's by now."""
    with contextlib.suppress(NotRunning, OSError):
        if find(data_dir) == endpoint:
            (data_dir / FILE).unlink()


def find(data_dir: Path) -> Endpoint:
    """Read the file. Raises ``NotRunning``, with the reason in words."""
    path = data_dir / FILE
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise NotRunning(f"No hay ningún motor en marcha con DATA_DIR={data_dir} ({error.strerror}: {path})") from None
    if sys.platform != "win32" and mode & 0o077:
        raise NotRunning(f"{path}: otros usuarios pueden leerlo; no se usa. Reinicie el motor.")
    try:
        found = json.loads(raw[:FILE_MAX_BYTES])
        return Endpoint(int(found["port"]), str(found["token"]), int(found["pid"]))
    except (ValueError, KeyError, TypeError):
        raise NotRunning(f"{path}: no se entiende; ¿lo escribió otra versión?") from None
