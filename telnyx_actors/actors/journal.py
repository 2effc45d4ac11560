"""The actor that remembers what happened, durably: SQLite, written behind everybody's back.

Entries are committed in groups, so that a call never waits for the disk. What a crash of
the process can cost is the last group; a crash of this actor alone costs what it had in hand.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.actors.messages import CallsLeft, Journaled
from telnyx_actors.core.saved import SavedCall, fold

COMMIT_EVERY_S: Final = 0.1
KEEP_DAYS: Final = 7

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    ref TEXT NOT NULL,
    kind TEXT NOT NULL,
    wall TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_of_call ON entries (ref, id);
"""


class _CommitDue:
    pass


class JournalActor(EngineActor):
    """One file for all calls. A journal that cannot be read is set aside, never a reason not to start."""

    inbox_max = 20_000

    def __init__(self, birth: Birth, path: Path) -> None:
        super().__init__(birth)
        self._path = path
        self._waiting: list[tuple[str, str, str, str]] = []

    def setup(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            aside = self._path.with_name(f"{self._path.name}.corrupt-{self.clock.wall():%Y%m%dT%H%M%S}")
            self.log.warning("el diario {} no se puede leer ({}); se aparta como {}", self._path, error, aside.name)
            self._path.replace(aside)
            self._db = self._open()

        left = tuple(self._calls_left())
        if left and self._birth.parent is not None:
            tell(self._birth.parent, CallsLeft(left))

    def handle(self, message: object) -> None:
        match message:
            case Journaled():
                self._add(message)
            case _CommitDue():
                self._commit()
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        self._commit()
        self._db.close()

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last group, never the file
            db.executescript(_SCHEMA)
            oldest = self.clock.wall() - timedelta(days=KEEP_DAYS)
            db.execute("DELETE FROM entries WHERE wall < ?", (oldest.isoformat(),))
        except sqlite3.DatabaseError:
            db.close()
            raise
        return db

    def _calls_left(self) -> Iterator[SavedCall]:
        """Calls whose end was not witnessed, by this process or another. A call that cannot be read is left alone."""
        refs = self._db.execute(
            "SELECT ref FROM entries GROUP BY ref HAVING SUM(kind = 'begun') > 0 AND SUM(kind = 'ended') = 0"
        ).fetchall()
        for (ref,) in refs:
            rows = self._db.execute("SELECT kind, wall, data FROM entries WHERE ref = ? ORDER BY id", (ref,))
            try:
                call = fold(ref, [(kind, wall, json.loads(data)) for kind, wall, data in rows])
            except (ValueError, AttributeError) as error:
                self.log.warning("la llamada {} del diario no se entiende: {}", ref, error)
                continue
            if call is not None:
                yield call

    def _add(self, entry: Journaled) -> None:
        data = json.dumps(entry.data, ensure_ascii=False)
        if not self._waiting:
            self.send_later(COMMIT_EVERY_S, _CommitDue())
        self._waiting.append((entry.ref, entry.kind, self.clock.wall().isoformat(), data))

    def _commit(self) -> None:
        entries, self._waiting = self._waiting, []
        if not entries:
            return
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO entries (ref, kind, wall, data) VALUES (?, ?, ?, ?)", entries)
