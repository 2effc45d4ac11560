"""Phrases: at hand once made, kept where they are worth it, and never a reason to fail."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from support.fakes import FakeArchive, refused
from telnyx_actors.actors import phrases as module
from telnyx_actors.actors.phrases import PhraseCache

AUDIO = b"\x7f" * 320


@pytest.fixture
def archive() -> FakeArchive:
    return FakeArchive()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "phrases"


def cache(folder: Path, archive: FakeArchive, identity: str = "voice") -> PhraseCache:
    return PhraseCache(folder, archive, "audios", identity)


def test_a_kept_phrase_is_at_hand_on_disk_and_in_the_archive(folder: Path, archive: FakeArchive) -> None:
    cache(folder, archive).keep("Hola", AUDIO)
    assert [file.read_bytes() for file in folder.iterdir()] == [AUDIO]
    assert list(archive.files.values()) == [AUDIO]
    assert next(iter(archive.files)).startswith("audios/frases/")


def test_another_process_finds_it_on_the_disk(folder: Path, archive: FakeArchive) -> None:
    cache(folder, archive).keep("Hola", AUDIO)
    successor = cache(folder, archive)
    assert successor.find("Hola") is None
    assert successor.load("Hola") == AUDIO
    assert successor.find("Hola") == AUDIO
    assert archive.asked == []


def test_another_machine_fetches_it_from_the_archive_once(tmp_path: Path, archive: FakeArchive) -> None:
    cache(tmp_path / "one", archive).keep("Hola", AUDIO)
    elsewhere = cache(tmp_path / "two", archive)
    assert elsewhere.load("Hola") is None
    assert elsewhere.fetch("Hola") == AUDIO
    assert elsewhere.fetch("Hola") == AUDIO
    assert len(archive.asked) == 1
    assert cache(tmp_path / "two", archive).load("Hola") == AUDIO


def test_a_phrase_that_a_caller_wanted_before_it_was_prepared_is_kept_all_the_same(
    folder: Path, archive: FakeArchive
) -> None:
    phrases = cache(folder, archive)
    phrases.remember("Hola", AUDIO)
    assert phrases.fetch("Hola") == AUDIO
    assert cache(folder, archive).load("Hola") == AUDIO
    assert list(archive.files.values()) == [AUDIO]


def test_whoever_waits_for_a_phrase_does_not_wait_for_the_archive(folder: Path, archive: FakeArchive) -> None:
    assert cache(folder, archive).load("Hola") is None
    assert archive.asked == []


def test_another_voice_is_another_phrase(folder: Path, archive: FakeArchive) -> None:
    cache(folder, archive, "Ana").keep("Hola", AUDIO)
    assert cache(folder, archive, "Berta").fetch("Hola") is None


def test_a_remembered_phrase_is_not_written_anywhere(folder: Path, archive: FakeArchive) -> None:
    phrases = cache(folder, archive)
    phrases.remember("Hola, Pedro", AUDIO)
    assert phrases.find("Hola, Pedro") == AUDIO
    assert not folder.exists()
    assert archive.files == {}


def test_what_was_not_said_for_longest_gives_way(
    folder: Path, archive: FakeArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PHRASES_MAX", 2)
    phrases = cache(folder, archive)
    for text in ("one", "two"):
        phrases.remember(text, AUDIO)
    assert phrases.find("one") == AUDIO
    phrases.remember("three", AUDIO)
    assert [phrases.find(text) for text in ("one", "two", "three")] == [AUDIO, None, AUDIO]


def test_a_full_disk_costs_the_copy_on_disk_only(
    folder: Path, archive: FakeArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    phrases = cache(folder, archive)
    phrases.keep("Hola", AUDIO)
    assert phrases.find("Hola") == AUDIO
    assert list(archive.files.values()) == [AUDIO]
    assert list(folder.iterdir()) == []
    assert cache(folder, archive).fetch("Hola") == AUDIO


def test_an_archive_that_fails_costs_the_copy_in_it_only(folder: Path, archive: FakeArchive) -> None:
    archive.error = refused()
    phrases = cache(folder, archive)
    assert phrases.fetch("Hola") is None
    phrases.keep("Hola", AUDIO)
    assert phrases.find("Hola") == AUDIO
    assert cache(folder, archive).load("Hola") == AUDIO


@pytest.mark.parametrize("place", ["disk", "archive"])
def test_an_empty_file_is_no_phrase(folder: Path, archive: FakeArchive, place: str) -> None:
    cache(folder, archive).keep("Hola", AUDIO)
    for file in folder.iterdir():
        if place == "disk":
            file.write_bytes(b"")
        else:
            file.unlink()
    if place == "archive":
        archive.files = dict.fromkeys(archive.files, b"")
        assert cache(folder, archive).fetch("Hola") is None
    else:
        assert cache(folder, archive).load("Hola") is None


def test_a_folder_that_cannot_be_read_is_no_reason_to_fail(tmp_path: Path, archive: FakeArchive) -> None:
    (tmp_path / "phrases").write_text("a file, where a folder should be", encoding="utf-8")
    phrases = cache(tmp_path / "phrases", archive)
    assert phrases.load("Hola") is None
    phrases.keep("Hola", AUDIO)
    assert phrases.find("Hola") == AUDIO


def test_two_threads_may_keep_the_same_phrase(folder: Path, archive: FakeArchive) -> None:
    phrases = cache(folder, archive)
    threads = [threading.Thread(target=phrases.keep, args=("Hola", AUDIO)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [file.read_bytes() for file in folder.iterdir()] == [AUDIO]
