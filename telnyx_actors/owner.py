"""Whose folder it is: one engine at a time works in a ``DATA_DIR``.

Two would take each other's calls and records for left behind. The lock is SQLite's own, held
by an open transaction: it works alike on Windows and Linux, and dies with the process.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from telnyx_actors.errors import ConfigError

FILE: Final = "owner.sqlite3"


class Owner:
    """Holds a folder from ``take`` to ``release``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._wish = folder / "owner.wanted"
        self._db: sqlite3.Connection | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether another process waits for the folder."""
        return self._wish.exists()

    def take(self, wait_s: float = 0.0) -> None:
        """Raises ``ConfigError`` when another process has it, for longer than ``wait_s``, or it cannot be written.

        The owner is told (``is_wanted``) that it is being waited for.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(OSError):  # it is somebody else's, who has let us in, or its disk knows no permissions
                self._folder.chmod(0o700)  # recordings and transcripts are in it
            if wait_s:
                self._wish.touch()
            db = sqlite3.connect(self._folder / FILE, timeout=wait_s, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError((f"DATA_DIR: no se puede escribir en {self._folder} ({error})",)) from error
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            db.close()
            raise ConfigError((f"DATA_DIR: {self._why_not(error)}",)) from error
        finally:
            if wait_s:
                self._wish.unlink(missing_ok=True)
        self._wish.unlink(missing_ok=True)  # one that a process left which died waiting
        self._db = db

    def _why_not(self, error: sqlite3.Error) -> str:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return f"otro proceso trabaja ya en {self._folder}. Deténgalo, o use otra carpeta."
        if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return f"{self._folder / FILE} está dañado ({error}). Bórrelo: no guarda nada."
        return f"no se puede escribir en {self._folder} ({error})"

    def release(self) -> None:
        """Any number of times."""
        if self._db is not None:
            self._db.close()
            self._db = None
