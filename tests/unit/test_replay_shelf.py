"""Finding a call's chronicle by the beginning of its name, and saying why there is none."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from support.shelf import Shelf, call_pages
from telnyx_actors.actors import journal
from telnyx_actors.core_version import core_version
from telnyx_actors.replay.shelf import NoChronicle, find
from telnyx_actors.wire.chronicle import encode_page

PAGES = call_pages()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.mark.parametrize("wanted", ["c663fb", "c663fb21", "v3:ab", "v3:abc"])
def test_a_call_is_found_by_the_beginning_of_its_names(shelf: Shelf, wanted: str) -> None:
    shelf.put("c663fb21", PAGES, "v3:abc")
    shelf.put("7b4d4841", PAGES, "v3:xyz")
    found = find(shelf.data_dir, wanted)
    assert (found.ref, found.call_control_id, found.complaint) == ("c663fb21", "v3:abc", "")
    [part] = found.parts
    assert (part.end, part.missing, part.beginning.core) == (None, False, core_version())
    assert len(part.steps) > 50


def test_a_whole_name_wins_over_one_that_begins_with_it(shelf: Shelf) -> None:
    shelf.put("ab", PAGES)
    shelf.put("abc", PAGES)
    assert find(shelf.data_dir, "ab").ref == "ab"


def test_a_name_that_several_calls_begin_with_lists_them(shelf: Shelf) -> None:
    shelf.put("abc1", PAGES)
    shelf.put("abc2", PAGES, "v3:two")
    with pytest.raises(NoChronicle, match="2 llamadas") as caught:
        find(shelf.data_dir, "abc")
    assert "abc1" in str(caught.value)
    assert "v3:two" in str(caught.value)


@pytest.mark.parametrize("wanted", ["zzz", ""])
def test_a_call_that_is_not_there_shows_those_that_are(shelf: Shelf, wanted: str) -> None:
    shelf.put("abc1", PAGES)
    with pytest.raises(NoChronicle, match="abc1"):
        find(shelf.data_dir, wanted)


def test_where_none_is_kept_the_setting_is_named(shelf: Shelf) -> None:
    with pytest.raises(NoChronicle, match="KEEP_REPLAY"):
        find(shelf.data_dir, "abc")


def test_a_folder_without_a_journal_is_named_and_left_without_one(tmp_path: Path) -> None:
    with pytest.raises(NoChronicle, match="DATA_DIR"):
        find(tmp_path, "abc")
    assert list(tmp_path.iterdir()) == []


def test_a_journal_of_before_chronicles_is_said_to_be_one(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / journal.FILE)) as db:
        db.execute("CREATE TABLE entries (id INTEGER PRIMARY KEY, ref, kind, wall, data)")
    with pytest.raises(NoChronicle, match="versión"):
        find(tmp_path, "abc")


def test_a_file_that_is_no_journal_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / journal.FILE).write_bytes(b"no database" * 500)
    with pytest.raises(NoChronicle, match="dañado"):
        find(tmp_path, "abc")


def test_a_journal_that_is_being_written_is_read(shelf: Shelf) -> None:
    shelf.put("abc", PAGES[:2])
    with closing(sqlite3.connect(shelf.data_dir / journal.FILE, isolation_level=None)) as engine:
        engine.execute("PRAGMA journal_mode = WAL")
        engine.execute("BEGIN IMMEDIATE")
        engine.execute("DELETE FROM chronicles")
        assert len(find(shelf.data_dir, "abc").parts) == 1
        engine.execute("ROLLBACK")


def test_a_damaged_page_ends_what_can_be_read(shelf: Shelf) -> None:
    shelf.put("abc", [*PAGES[:3], encode_page(PAGES[3])[:-20], *PAGES[4:]])
    found = find(shelf.data_dir, "abc")
    [part] = found.parts
    whole = find_whole(shelf)
    assert (part.missing, 0 < len(part.steps) < whole) == (True, True)
    assert "dañada" in found.complaint


def find_whole(shelf: Shelf) -> int:
    shelf.put("whole", PAGES)
    return len(find(shelf.data_dir, "whole").parts[0].steps)


def test_a_page_that_another_version_wrote_names_both(shelf: Shelf) -> None:
    cover, *_ = call_pages("0123456789ab")
    unknown = zlib.compress(msgspec.msgpack.encode(("steps", 0, [(0.0, "PigeonArrived", {}, [], None, "")], None)))
    shelf.put("abc", [cover, unknown])
    complaint = find(shelf.data_dir, "abc").complaint
    assert all(word in complaint for word in ("0123456789ab", core_version(), "PigeonArrived"))


def test_a_call_of_which_nothing_can_be_read_has_no_parts(shelf: Shelf) -> None:
    shelf.put("abc", [b"?", b"??"])
    found = find(shelf.data_dir, "abc")
    assert (found.parts, "dañada" in found.complaint) == ([], True)


def test_two_processes_make_two_parts(shelf: Shelf) -> None:
    shelf.put("abc", [*PAGES, *PAGES])
    assert [len(part.steps) for part in find(shelf.data_dir, "abc").parts] == [find_whole(shelf)] * 2
