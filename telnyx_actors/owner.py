"""Whose folder it is: one engine at a time works in a ``DATA_DIR``.

Two would take each other's calls and records for left behind. The lock is SQLite's own, held
by an open transaction: it works alike on Windows and Linux, and dies with the process.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from telnyx_actors.errors import ConfigError


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
            self._folder.mkdir(parents=True, exist_ok=True)
            if wait_s:
                self._wish.touch()
            db = sqlite3.connect(
                self._folder / "owner.sqlite3", timeout=wait_s, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise ConfigError((f"DATA_DIR: no se puede escribir en {self._folder} ({error})",)) from error
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            db.close()
            taken = f"DATA_DIR: otro proceso trabaja ya en {self._folder}. Deténgalo, o use otra carpeta."
            raise ConfigError((taken,)) from error
        finally:
            if wait_s:
                self._wish.unlink(missing_ok=True)
        self._wish.unlink(missing_ok=True)  # one that a process left which died waiting
        self._db = db

    def release(self) -> None:
        """Any number of times."""
        if self._db is not None:
            self._db.close()
            self._db = None
