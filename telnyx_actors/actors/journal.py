"""The actor that remembers what happened, durably: SQLite, written behind everybody's back.

Entries are committed in groups, so that a call never waits for the disk. What a crash of
the process can cost is the last group; a crash of this actor alone costs what it had in hand.

Two tables: ``entries``, by which calls are taken up after a crash, and ``chronicles``, by which
they are looked into (``run.py --replay``). The second may lose pages; the first must not lose
anything for its sake. Of a call that has ended, no more than its names stay in the first, and a
start reads none of those: however much the week brought, the calls left are found at once.
"""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.actors.messages import CallsLeft, Chronicled, Journaled
from telnyx_actors.actors.rows import DialledRow
from telnyx_actors.core.saved import SavedCall, fold
from telnyx_actors.wire.chronicle import Unwritable, encode_page

FILE: Final = "journal.sqlite3"
"""In the engine's ``DATA_DIR``."""
COMMIT_EVERY_S: Final = 0.02
"""What a killed process has forgotten at most. A commit costs some 20 µs: it is not synced to the disk."""
RETRY_S: Final = 2.0
PRUNE_EVERY_S: Final = 6 * 3600.0
KEEP_DAYS: Final = 7
ENDED_LATELY_S: Final = 600.0
"""How long the carrier may go on telling of a call that has ended."""
ROWS_KEPT_S: Final = 86_400.0
"""How long a batch may be sent again without dialling anybody twice."""
WAITING_MAX: Final = 50_000
"""Entries kept while the disk takes none: a hundred calls for some ten minutes."""
PAGES_WAITING_MAX: Final = 5_000
"""The same for pages of chronicles: a hundred calls for a minute or two, and some ten megabytes."""
CHRONICLES_MAX_BYTES: Final = 1024**3
"""Beyond it the oldest ones go: it lasts for some thousand hours of calls."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    ref TEXT NOT NULL,
    kind TEXT NOT NULL,
    wall TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_of_call ON entries (ref, id);
CREATE INDEX IF NOT EXISTS entries_by_age ON entries (wall);
CREATE INDEX IF NOT EXISTS calls_begun ON entries (ref) WHERE kind = 'begun';
CREATE INDEX IF NOT EXISTS calls_ended ON entries (ref, wall) WHERE kind = 'ended';
CREATE INDEX IF NOT EXISTS calls_named ON entries (wall) WHERE kind = 'row';
CREATE TRIGGER IF NOT EXISTS forget_what_an_ended_call_needed AFTER INSERT ON entries WHEN NEW.kind = 'ended' BEGIN
    DELETE FROM entries WHERE ref = NEW.ref AND kind NOT IN ('begun', 'row', 'identified', 'ended');
END;
CREATE TABLE IF NOT EXISTS chronicles (
    id INTEGER PRIMARY KEY,
    ref TEXT NOT NULL,
    wall TEXT NOT NULL,
    size INTEGER NOT NULL,
    page BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS chronicle_of_call ON chronicles (ref, id);
CREATE INDEX IF NOT EXISTS chronicles_by_age ON chronicles (wall, size);
"""

_INSERT_ENTRY: Final = "INSERT INTO entries (ref, kind, wall, data) VALUES (?, ?, ?, ?)"
_INSERT_PAGE: Final = "INSERT INTO chronicles (ref, wall, size, page) VALUES (?, ?, ?, ?)"
CALLS_OPEN: Final = """
SELECT DISTINCT ref FROM entries AS beginning
WHERE kind = 'begun' AND NOT EXISTS (SELECT 1 FROM entries WHERE ref = beginning.ref AND kind = 'ended')
"""
CALLS_ENDED: Final = "SELECT ref FROM entries WHERE kind = 'ended' AND wall > ?"
ROWS_DIALLED: Final = """
SELECT json_extract(named.data, '$.id'), named.ref, json_extract(identified.data, '$.call_control_id')
FROM entries AS named JOIN entries AS identified ON identified.ref = named.ref AND identified.kind = 'identified'
WHERE named.kind = 'row' AND named.wall > ? AND json_valid(named.data) AND json_valid(identified.data)
"""
FORGET_ENTRIES: Final = "DELETE FROM entries WHERE wall < ?"
_FORGET_TOO_MUCH: Final = """
DELETE FROM chronicles WHERE wall <= (
    SELECT MAX(wall) FROM (SELECT wall, SUM(size) OVER (ORDER BY wall DESC) AS bytes FROM chronicles) WHERE bytes > ?
)
"""


_Row: TypeAlias = tuple[str | int | bytes, ...]


class _CommitDue:
    pass


class _PruneDue:
    pass


class JournalActor(EngineActor):
    """One file for all calls.

    A journal that cannot be read is set aside, one that cannot be written is tried again:
    neither is a reason not to start, or to end a call.
    """

    inbox_max = 20_000

    def __init__(self, birth: Birth, path: Path) -> None:
        super().__init__(birth)
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._waiting: deque[_Row] = deque(maxlen=WAITING_MAX)
        self._pages: deque[_Row] = deque(maxlen=PAGES_WAITING_MAX)
        self._is_failing = False
        self._must_recall = self.stats.restarts == 0  # what is open now belongs to calls that are alive

    def setup(self) -> None:
        self._connect()
        self.send_later(PRUNE_EVERY_S, _PruneDue())

    def handle(self, message: object) -> None:
        match message:
            case Journaled():
                self._add(message)
            case Chronicled():
                self._add_page(message)
            case _CommitDue():
                self._write()
                if self._has_work:
                    self.send_later(RETRY_S, _CommitDue())
            case _PruneDue():
                self._prune()
                self.send_later(PRUNE_EVERY_S, _PruneDue())
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        self._write()
        if self._waiting:
            self.log.error("{} anotaciones del diario se pierden", len(self._waiting))
        self._close()

    # --- entries --------------------------------------------------------------------

    def _add(self, entry: Journaled) -> None:
        # Half a character, which others' JSON may bring, cannot be written; it must not keep the rest from being.
        data = json.dumps(entry.data, ensure_ascii=False).encode(errors="replace").decode()
        self._see_to_commit()
        self._waiting.append((entry.ref, entry.kind, self.clock.wall().isoformat(), data))

    def _add_page(self, message: Chronicled) -> None:
        try:
            page = encode_page(message.page)
        except Unwritable as error:
            self.log.warning("una página de la crónica de {} no se puede guardar: {}", message.ref, error)
            return
        self._see_to_commit()
        self._pages.append((message.ref, self.clock.wall().isoformat(), len(page), page))

    @property
    def _has_work(self) -> bool:
        """Something waits, so a commit is due."""
        return bool(self._waiting or self._pages)

    def _see_to_commit(self) -> None:
        """Before something is added."""
        if not self._has_work:
            self.send_later(COMMIT_EVERY_S, _CommitDue())

    def _write(self) -> None:
        """Commit what waits; it goes on waiting when that fails."""
        if self._has_work and self._db is None:
            self._connect()
        if not self._has_work or self._db is None:
            return
        try:
            _commit(self._db, _INSERT_ENTRY, self._waiting)
            _commit(self._db, _INSERT_PAGE, self._pages)  # by itself, because a disk may have room for the other only
        except sqlite3.Error as error:
            self._failed(error)
            if _is_damage(error):
                self._replace_file(error)
            return
        if self._is_failing:
            self._is_failing = False
            self.log.info("el diario {} se escribe de nuevo", self._path)

    def _prune(self) -> None:
        try:
            if self._db is not None:
                _forget_old(self._db, self.clock.wall())
                self._db.execute(_FORGET_TOO_MUCH, (CHRONICLES_MAX_BYTES,))
        except sqlite3.Error as error:
            self._failed(error)

    # --- the file -------------------------------------------------------------------

    def _connect(self) -> None:
        """Open the file and tell of the calls left in it. Without it, ``_db`` stays None."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._open()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._set_aside(error)
                self._open()
        except (OSError, sqlite3.Error) as error:
            self._failed(error)

    def _open(self) -> None:
        db = sqlite3.connect(self._path, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA cache_size = -256")  # KiB: what is written is not read again before the next start
            db.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last group, never the file
            db.executescript(SCHEMA)
            _forget_old(db, self.clock.wall())
            left = self._recall(db) if self._must_recall else None
        except sqlite3.Error:
            db.close()
            raise
        self._db, self._must_recall = db, False
        if left is not None and self._birth.parent is not None:
            tell(self._birth.parent, left)

    def _replace_file(self, error: sqlite3.Error) -> None:
        """Go on in a new file: in this one nothing can be written any more, however often it is tried."""
        try:
            self._set_aside(error)
        except OSError as refusal:  # as on Windows, while somebody else reads it
            self.log.warning("el diario {} no se puede apartar: {}", self._path, refusal)

    def _set_aside(self, error: sqlite3.Error) -> None:
        aside = self._path.with_name(f"{self._path.name}.corrupt-{self.clock.wall():%Y%m%dT%H%M%S}")
        self.log.warning("el diario {} no se puede leer ({}); se aparta como {}", self._path, error, aside.name)
        self._path.replace(aside)

    def _failed(self, error: Exception) -> None:
        """Say so once; the next write begins with opening the file."""
        if not self._is_failing:
            self._is_failing = True
            self.log.opt(exception=error).error("no se puede escribir el diario {}; se intenta de nuevo", self._path)
        self._close()

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _recall(self, db: sqlite3.Connection) -> CallsLeft:
        since = (self.clock.wall() - timedelta(seconds=ENDED_LATELY_S)).isoformat()
        over = db.execute(CALLS_ENDED, (since,))
        a_day_ago = (self.clock.wall() - timedelta(seconds=ROWS_KEPT_S)).isoformat()
        rows = tuple(DialledRow(*each) for each in db.execute(ROWS_DIALLED, (a_day_ago,)))
        return CallsLeft(tuple(self._calls_left(db)), frozenset(ref for (ref,) in over), rows)

    def _calls_left(self, db: sqlite3.Connection) -> Iterator[SavedCall]:
        """Calls whose end was not witnessed, by this process or another. A call that cannot be read is left alone."""
        for (ref,) in db.execute(CALLS_OPEN).fetchall():
            rows = db.execute("SELECT kind, wall, data FROM entries WHERE ref = ? ORDER BY id", (ref,))
            try:
                call = fold(ref, [(kind, wall, json.loads(data)) for kind, wall, data in rows])
            except (ValueError, AttributeError) as error:
                self.log.warning("la llamada {} del diario no se entiende: {}", ref, error)
                continue
            if call is not None:
                yield call


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken. Full, locked, forbidden are other types, and may pass."""
    return type(error) is sqlite3.DatabaseError


def _commit(db: sqlite3.Connection, statement: str, rows: deque[_Row]) -> None:
    """Write the rows, all or none, and empty their queue."""
    if rows:
        with db:
            db.execute("BEGIN")
            db.executemany(statement, rows)
        rows.clear()


def _forget_old(db: sqlite3.Connection, now: datetime) -> None:
    oldest = (now - timedelta(days=KEEP_DAYS)).isoformat()
    db.execute(FORGET_ENTRIES, (oldest,))
    db.execute("DELETE FROM chronicles WHERE wall < ?", (oldest,))
