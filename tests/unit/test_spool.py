"""The spool: whole at any moment, shipped whole or not at all, and never in the way of itself."""

from __future__ import annotations

import io
import json
import os
import wave
from pathlib import Path

import pytest

from support.fakes import FakeArchive, refused
from telnyx_actors.actors.spool import Spool, idle_s, safe_name, ship
from telnyx_actors.core.audio import PCM16_BYTES
from telnyx_actors.errors import ProviderError

HEAD = {"id": "v3:abc/1", "encoding": "PCMA", "started": "2026-11-22T10:00:00.000-05:00"}
KEY = "audios/2026/11/22/v3_abc_1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "ref"


@pytest.fixture
def archive() -> FakeArchive:
    return FakeArchive()


def spooled(folder: Path, *, is_ended: bool = True) -> None:
    spool = Spool(folder)
    spool.open(HEAD)
    spool.append(b"\xd5" * 1600, b"\xff" * 800)
    spool.add_turn({"turn": 0, "said": "¿Aló?"})
    if is_ended:
        spool.end({"reason": "caller"})
    spool.close()


def test_a_record_is_shipped_whole_and_leaves_the_disk(folder: Path, archive: FakeArchive) -> None:
    spooled(folder)
    assert ship(folder, archive, "audios") == (f"fake://{KEY}/call.wav", f"fake://{KEY}/transcript.json")
    assert not folder.exists()
    transcript = json.loads(archive.files[f"{KEY}/transcript.json"])
    assert transcript == {"call": HEAD, "turns": [{"turn": 0, "said": "¿Aló?"}], "end": {"reason": "caller"}}
    with wave.open(io.BytesIO(archive.files[f"{KEY}/call.wav"])) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, PCM16_BYTES, 8000)
        assert wav.getnframes() == 1600


def test_what_a_dead_process_left_is_a_record_without_an_end(folder: Path, archive: FakeArchive) -> None:
    spooled(folder, is_ended=False)
    ship(folder, archive, "audios")
    assert json.loads(archive.files[f"{KEY}/transcript.json"])["end"] == {}


def test_audio_is_on_the_disk_as_soon_as_it_was_appended(folder: Path) -> None:
    spool = Spool(folder)
    spool.open(HEAD)
    spool.append(b"caller", b"us")
    assert ((folder / "caller.raw").read_bytes(), (folder / "agent.raw").read_bytes()) == (b"caller", b"us")
    spool.close()


def test_a_record_goes_on_where_it_was_after_a_crash(folder: Path) -> None:
    first = Spool(folder)
    first.open(HEAD)
    first.append(b"1234", b"12")
    first.close()
    second = Spool(folder)
    second.open({**HEAD, "id": "another"})
    assert second.sizes == (4, 2)
    second.append(b"56", b"")
    second.close()
    assert (folder / "caller.raw").read_bytes() == b"123456"
    assert json.loads((folder / "call.json").read_text(encoding="utf-8")) == HEAD


def test_a_line_cut_short_costs_that_turn_only(folder: Path, archive: FakeArchive) -> None:
    spooled(folder)
    with (folder / "turns.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"turn": 1, "sai\n5\n[1]\n{"turn": 2}\n')
    ship(folder, archive, "audios")
    turns = json.loads(archive.files[f"{KEY}/transcript.json"])["turns"]
    assert [turn["turn"] for turn in turns] == [0, 2]


def test_a_turn_has_whatever_characters_it_has(folder: Path, archive: FakeArchive) -> None:
    said = "uno\u2028dos\u2029tres\x85cuatro\x0bcinco\r\nseis"
    spooled(folder)
    Spool(folder).add_turn({"turn": 1, "said": said})
    ship(folder, archive, "audios")
    turns = json.loads(archive.files[f"{KEY}/transcript.json"])["turns"]
    assert [turn["said"] for turn in turns] == ["¿Aló?", said]


def test_an_archive_that_refuses_leaves_the_spool_as_it_was(folder: Path, archive: FakeArchive) -> None:
    spooled(folder)
    before = sorted(file.name for file in folder.iterdir())
    archive.error = refused()
    with pytest.raises(ProviderError):
        ship(folder, archive, "audios")
    assert sorted(file.name for file in folder.iterdir()) == before
    archive.error = None
    assert ship(folder, archive, "audios")


@pytest.mark.parametrize("head", ["", "null", "[]", "{}", '{"id": "x"}', '{"id": "x", "encoding": "MP3"}', '{"id'])
def test_a_folder_that_holds_no_record_says_so(folder: Path, archive: FakeArchive, head: str) -> None:
    spooled(folder)
    (folder / "call.json").write_text(head, encoding="utf-8")
    with pytest.raises(ValueError):
        ship(folder, archive, "audios")
    assert archive.files == {}
    assert (folder / "caller.raw").exists()


def test_a_disk_that_takes_only_a_part_is_full(folder: Path) -> None:
    spool = Spool(folder)
    spool.open(HEAD)
    assert spool._caller is not None
    spool._caller.close()
    spool._caller = AlmostFull()
    with pytest.raises(OSError, match="took only a part"):
        spool.append(b"1234", b"")
    spool.close()


class AlmostFull(io.BytesIO):
    """A file on a disk with room for one more byte."""

    def write(self, data: object) -> int:
        return 1


def test_whoever_ships_the_same_record_at_the_same_time_does_no_harm(folder: Path) -> None:
    class Twice(FakeArchive):
        """While the first is being uploaded, somebody else ships the whole record."""

        def put(self, key: str, source: Path | bytes, content_type: str) -> str:
            if not self.files:
                self.files["busy"] = b""
                ship(folder, self, "audios")
            return super().put(key, source, content_type)

    spooled(folder)
    other = FakeArchive()
    spooled(folder.with_name("other"))
    ship(folder.with_name("other"), other, "audios")
    twice = Twice()
    with pytest.raises(FileNotFoundError):  # what the first was reading is gone…
        ship(folder, twice, "audios")
    assert {key: twice.files[key] for key in other.files} == other.files  # …and safe
    assert not folder.exists()


def test_a_folder_is_idle_since_its_youngest_file_was_written(folder: Path) -> None:
    spooled(folder)
    for file in (*folder.iterdir(), folder):
        os.utime(file, (1000.0, 1000.0))
    os.utime(folder / "agent.raw", (1060.0, 1060.0))
    assert idle_s(folder, 1100.0) == 40.0


@pytest.mark.parametrize(
    ("name", "safe"),
    [("v3:a/b\\c", "v3_a_b_c"), ("..", "_"), ("a.b.", "a.b"), ("", "_"), ("ñ" * 5, "_"), ("x" * 300, "x" * 120)],
)
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe
