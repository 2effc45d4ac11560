"""The journal: durable in groups, patient with a disk that takes nothing, never in the way of a call."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.fakes import Mailbox
from support.stepping import StillRuntime, Unstarted, hand, step
from telnyx_actors.actors import journal as module
from telnyx_actors.actors.base import Birth
from telnyx_actors.actors.journal import (
    COMMIT_EVERY_S,
    ENDED_LATELY_S,
    KEEP_DAYS,
    PRUNE_EVERY_S,
    RETRY_S,
    ROWS_KEPT_S,
    JournalActor,
)
from telnyx_actors.actors.messages import CallsLeft, Chronicled, Journaled
from telnyx_actors.actors.rows import DialledRow
from telnyx_actors.core.chronicle import Step, Steps
from telnyx_actors.core.events import TranscriptFinal
from telnyx_actors.wire.chronicle import decode_page, encode_page

Open = Callable[[], JournalActor]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.sqlite3"


@pytest.fixture
def parent() -> Mailbox:
    return Mailbox()


@pytest.fixture
def journal_at(still: StillRuntime, unstarted: Unstarted[Any], parent: Any, path: Path) -> Open:
    def journal_at(restarts: int = 0) -> JournalActor:
        actor: JournalActor = unstarted(JournalActor(Birth("engine/journal", parent, still, restarts), path))
        return actor

    return journal_at


@pytest.fixture
def journal(journal_at: Open) -> JournalActor:
    return journal_at()


def note(number: int, kind: str = "words", ref: str = "ref", **data: object) -> Journaled:
    return Journaled(ref, kind, {"number": number, **data})


def begun(ref: str) -> Journaled:
    return Journaled(ref, "begun", {"direction": "outgoing", "number": "+57"})


def written(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as db:
        return [json.loads(data)["number"] for (data,) in db.execute("SELECT data FROM entries ORDER BY id")]


def commit(journal: JournalActor, still: StillRuntime, after_s: float = COMMIT_EVERY_S) -> None:
    still.manual.advance(after_s)
    step(journal)


# --- entries ------------------------------------------------------------------------


def test_entries_are_committed_together_within_a_moment(journal: JournalActor, still: StillRuntime, path: Path) -> None:
    hand(journal, note(1), note(2, nombre="Peña"))
    assert written(path) == []
    commit(journal, still)
    assert written(path) == [1, 2]
    hand(journal, note(3))
    commit(journal, still)
    assert written(path) == [1, 2, 3]


def test_what_waits_is_written_at_the_end(journal: JournalActor, path: Path) -> None:
    hand(journal, note(1))
    journal.teardown(None)
    assert written(path) == [1]


def test_old_entries_are_forgotten_also_by_an_engine_that_is_never_restarted(
    journal: JournalActor, still: StillRuntime, path: Path
) -> None:
    hand(journal, note(1))
    commit(journal, still)
    still.clock.advance(KEEP_DAYS * 86_400 - PRUNE_EVERY_S)  # type: ignore[attr-defined]  # it is a ManualClock
    hand(journal, note(2))
    commit(journal, still, PRUNE_EVERY_S)
    step(journal)
    assert written(path) == [2]


def kinds(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [kind for (kind,) in db.execute("SELECT kind FROM entries ORDER BY id")]


def test_of_a_call_that_has_ended_only_its_names_are_kept(
    journal: JournalActor, still: StillRuntime, path: Path
) -> None:
    identified = Journaled("over", "identified", {"call_control_id": "v3:over"})
    hand(journal, begun("over"), identified, note(1, ref="over"), note(2, "heard", "over"), note(3, ref="another"))
    commit(journal, still)
    assert len(kinds(path)) == 5
    hand(journal, Journaled("over", "ended", {"reason": "caller"}))
    commit(journal, still)
    assert kinds(path) == ["begun", "identified", "words", "ended"]


@pytest.mark.parametrize(
    "statement", [module.CALLS_OPEN, module.CALLS_ENDED, module.ROWS_DIALLED, module.FORGET_ENTRIES]
)
def test_a_start_does_not_read_through_what_the_week_has_brought(
    journal: JournalActor, path: Path, statement: str
) -> None:
    with closing(sqlite3.connect(path)) as db:
        plan = [detail for *_, detail in db.execute(f"EXPLAIN QUERY PLAN {statement}", ("",) * statement.count("?"))]
    assert plan
    assert all(step.startswith("SEARCH") or "INDEX calls_" in step for step in plan if "SUBQUERY" not in step)


def test_half_a_character_hinders_no_other_entry(journal: JournalActor, still: StillRuntime, path: Path) -> None:
    hand(journal, note(1), note(2, text="ho\ud83dla"), note(3))
    commit(journal, still)
    assert written(path) == [1, 2, 3]


# --- chronicles -----------------------------------------------------------------------


def page(first: int, text: str = "sí", ref: str = "ref") -> Chronicled:
    return Chronicled(ref, Steps(first, [Step(0.0, TranscriptFinal(text), (), None)]))


def pages(path: Path, ref: str = "ref") -> list[int]:
    with closing(sqlite3.connect(path)) as db:
        found = [decode_page(data) for (data,) in db.execute("SELECT page FROM chronicles WHERE ref = ?", (ref,))]
    return [each.first for each in found if isinstance(each, Steps)]


def test_pages_of_chronicles_are_committed_beside_the_entries(
    journal: JournalActor, still: StillRuntime, path: Path
) -> None:
    hand(journal, page(0))
    commit(journal, still)
    hand(journal, note(1), page(1), page(0, ref="other"))
    commit(journal, still)
    assert (written(path), pages(path), pages(path, "other")) == ([1], [0, 1], [0])


def test_a_page_that_cannot_be_written_hinders_nothing(
    journal: JournalActor, still: StillRuntime, path: Path, logged: list[str]
) -> None:
    hand(journal, page(0, "half a surrogate \ud800"), note(1), page(1))
    commit(journal, still)
    assert (written(path), pages(path)) == ([1], [1])
    assert len([line for line in logged if line.startswith("WARNING")]) == 1


def test_entries_are_written_though_there_is_no_room_for_pages(
    journal: JournalActor, still: StillRuntime, path: Path
) -> None:
    assert journal._db is not None
    journal._db.execute("DROP TABLE chronicles")
    hand(journal, page(0), note(1))
    commit(journal, still)
    assert written(path) == [1]
    commit(journal, still, RETRY_S)  # the file is opened anew, and has the table again
    assert pages(path) == [0]


def test_pages_that_wait_for_the_disk_have_a_limit_of_their_own(
    journal_at: Open, still: StillRuntime, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGES_WAITING_MAX", 3)
    path.parent.write_text("a file, where a folder should be", encoding="utf-8")
    journal = journal_at()
    hand(journal, note(1), *map(page, range(10)), note(2))
    commit(journal, still)
    path.parent.unlink()
    commit(journal, still, RETRY_S)
    assert (written(path), pages(path)) == ([1, 2], [7, 8, 9])


def test_chronicles_are_forgotten_as_entries_are(journal: JournalActor, still: StillRuntime, path: Path) -> None:
    hand(journal, page(0))
    commit(journal, still)
    still.clock.advance(KEEP_DAYS * 86_400 - PRUNE_EVERY_S)  # type: ignore[attr-defined]  # it is a ManualClock
    hand(journal, page(1))
    commit(journal, still, PRUNE_EVERY_S)
    step(journal)
    assert pages(path) == [1]


def test_the_oldest_chronicles_go_when_there_are_too_many(
    journal: JournalActor, still: StillRuntime, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(encode_page(page(0).page))
    monkeypatch.setattr(module, "CHRONICLES_MAX_BYTES", 3 * size)
    for number in range(5):
        hand(journal, page(number), note(number))
        commit(journal, still)
    commit(journal, still, PRUNE_EVERY_S)
    assert (pages(path), written(path)) == ([2, 3, 4], [0, 1, 2, 3, 4])


# --- a disk that takes nothing --------------------------------------------------------


@pytest.fixture
def full(journal: JournalActor, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The disk is full, for every connection, until the fixture is called."""
    is_full = True
    connect = sqlite3.connect

    def connect_full(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*args, **kwargs)
        if is_full:
            db.execute("PRAGMA max_page_count = 1")
        return db

    def free() -> None:
        nonlocal is_full
        is_full = False

    assert journal._db is not None
    journal._db.execute("PRAGMA max_page_count = 1")
    monkeypatch.setattr(sqlite3, "connect", connect_full)
    return free


BIG = "x" * 20_000  # more than fits into what the file has already


def test_nothing_is_lost_while_the_disk_is_full(
    journal: JournalActor, still: StillRuntime, path: Path, full: Callable[[], None], logged: list[str]
) -> None:
    hand(journal, note(1, text=BIG))
    commit(journal, still)
    hand(journal, note(2, text=BIG))
    commit(journal, still, RETRY_S)
    assert written(path) == []
    assert len([line for line in logged if line.startswith("ERROR")]) == 1
    full()
    commit(journal, still, RETRY_S)
    assert written(path) == [1, 2]
    hand(journal, note(3))
    commit(journal, still)
    assert written(path) == [1, 2, 3]


def test_what_waits_for_the_disk_has_a_limit(
    journal_at: Open, still: StillRuntime, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    path.parent.write_text("a file, where a folder should be", encoding="utf-8")
    journal = journal_at()
    hand(journal, *map(note, range(10)))
    commit(journal, still)
    path.parent.unlink()
    commit(journal, still, RETRY_S)
    assert written(path) == [7, 8, 9]


def test_a_folder_that_cannot_be_had_is_no_reason_not_to_start(
    journal_at: Open, still: StillRuntime, path: Path, logged: list[str]
) -> None:
    path.parent.write_text("a file, where a folder should be", encoding="utf-8")
    journal = journal_at()
    hand(journal, note(1))
    commit(journal, still)
    assert len([line for line in logged if line.startswith("ERROR")]) == 1
    path.parent.unlink()
    commit(journal, still, RETRY_S)
    assert written(path) == [1]


def test_an_end_without_a_disk_says_what_is_lost(
    journal: JournalActor, full: Callable[[], None], logged: list[str]
) -> None:
    hand(journal, note(1, text=BIG))
    journal.teardown(None)
    assert any("1 anotaciones" in line for line in logged)


# --- a file that cannot be read -----------------------------------------------------------


def test_a_file_that_is_no_journal_is_set_aside(journal_at: Open, still: StillRuntime, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1000)
    journal = journal_at()
    hand(journal, note(1))
    commit(journal, still)
    assert written(path) == [1]
    (aside,) = path.parent.glob("*.corrupt-*")
    assert aside.read_bytes().startswith(b"not a database")


def test_a_file_that_is_cut_off_is_set_aside(
    journal_at: Open, still: StillRuntime, path: Path, parent: Mailbox
) -> None:
    first = journal_at()
    hand(first, begun("open"), *(note(number, text=BIG) for number in range(20)))
    first.teardown(None)
    os.truncate(path, path.stat().st_size // 2)
    journal = journal_at()
    hand(journal, note(1))
    commit(journal, still)
    assert (written(path), left(parent)) == ([1], [])
    assert len(list(path.parent.glob("*.corrupt-*"))) == 1


def test_a_file_that_is_damaged_under_us_is_set_aside_and_what_comes_is_written(
    journal: JournalActor, still: StillRuntime, path: Path, logged: list[str]
) -> None:
    hand(journal, page(0))
    commit(journal, still)
    assert journal._db is not None
    (number,) = journal._db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'chronicle_of_call'").fetchone()
    journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    journal._db.execute("PRAGMA shrink_memory")  # what it remembers of the pages would hide the damage
    with path.open("r+b") as file:
        file.seek((number - 1) * 4096)
        file.write(b"\xab" * 4096)
    hand(journal, page(1))
    commit(journal, still)
    assert [line for line in logged if "se aparta como" in line]
    commit(journal, still, RETRY_S)
    assert pages(path) == [1]


def test_a_journal_that_is_locked_is_waited_for_and_not_set_aside(
    journal: JournalActor, still: StillRuntime, path: Path
) -> None:
    assert journal._db is not None
    journal._db.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        hand(journal, note(1))
        commit(journal, still)
        other.execute("ROLLBACK")
    commit(journal, still, RETRY_S)
    assert written(path) == [1]
    assert list(path.parent.glob("*.corrupt-*")) == []


# --- calls left ---------------------------------------------------------------------------


def left(parent: Mailbox) -> list[str]:
    return [call.ref for message in parent.told.all if isinstance(message, CallsLeft) for call in message.calls]


def test_the_calls_that_nobody_saw_end_are_told(
    journal: JournalActor, journal_at: Open, still: StillRuntime, parent: Mailbox
) -> None:
    hand(journal, begun("ended"), begun("open"), note(0, "ended", "ended"), note(1, ref="never begun"))
    journal.teardown(None)
    assert left(parent) == []
    journal_at()
    assert left(parent) == ["open"]


def test_the_calls_that_ended_lately_are_told_too(
    journal: JournalActor, journal_at: Open, still: StillRuntime, parent: Mailbox
) -> None:
    hand(journal, begun("long ago"), note(0, "ended", "long ago"))
    still.manual.advance(ENDED_LATELY_S)
    hand(journal, begun("lately"), note(0, "ended", "lately"), begun("open"))
    journal.teardown(None)
    journal_at()
    assert [message.over for message in parent.told.all if isinstance(message, CallsLeft)] == [set(), {"lately"}]


def test_the_rows_of_a_day_that_were_dialled_are_told(
    journal: JournalActor, journal_at: Open, still: StillRuntime, parent: Mailbox, path: Path
) -> None:
    def row(ref: str) -> list[Journaled]:
        return [begun(ref), Journaled(ref, "row", {"id": f"fila {ref}"})]

    def identified(ref: str) -> Journaled:
        return Journaled(ref, "identified", {"call_control_id": f"v3:{ref}"})

    hand(journal, *row("old"), identified("old"), note(0, "ended", "old"))
    still.manual.advance(ROWS_KEPT_S)
    hand(journal, *row("over"), identified("over"), note(0, "ended", "over"), *row("open"), identified("open"))
    hand(journal, *row("damaged"), identified("damaged"))
    commit(journal, still)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE entries SET data = '{' WHERE ref = 'damaged' AND kind = 'row'")
    hand(journal, *row("never dialled"), begun("without a row"), identified("without a row"))
    journal.teardown(None)
    journal_at()
    told = [each for message in parent.told.all if isinstance(message, CallsLeft) for each in message.rows]
    assert sorted(told) == [DialledRow(f"fila {ref}", ref, f"v3:{ref}") for ref in ("open", "over")]


def test_a_journal_that_crashed_tells_of_no_call_since_they_are_all_alive(
    journal: JournalActor, journal_at: Callable[[int], JournalActor], parent: Mailbox
) -> None:
    hand(journal, begun("open"))
    journal.teardown(RuntimeError("crash"))
    journal_at(1)
    assert left(parent) == []


def test_a_call_that_cannot_be_understood_hinders_no_other(
    journal: JournalActor, journal_at: Open, parent: Mailbox, path: Path
) -> None:
    hand(journal, begun("good"), begun("bad"))
    journal.teardown(None)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE entries SET data = '[]' WHERE ref = 'bad'")
        db.commit()
    journal_at()
    assert left(parent) == ["good"]
