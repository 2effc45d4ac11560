from __future__ import annotations

from pathlib import Path

import pytest

from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers import folder as folder_module
from telnyx_actors.providers.folder import FolderArchive

KEY = "audios/2026/11/22/v3-abc/llamada ñ.wav"


@pytest.fixture
def folder(tmp_path: Path) -> FolderArchive:
    return FolderArchive(tmp_path / "archive")


def test_what_is_put_can_be_got_and_opened(folder: FolderArchive, tmp_path: Path) -> None:
    where = folder.put(KEY, b"RIFF", "audio/wav")

    assert Path(where).read_bytes() == b"RIFF"
    assert folder.get(KEY) == b"RIFF"
    assert folder.url(KEY, 60) == (tmp_path / "archive" / KEY).as_uri()


def test_a_file_is_copied_and_stays_where_it_was(folder: FolderArchive, tmp_path: Path) -> None:
    source = tmp_path / "call.wav"
    source.write_bytes(bytes(600_000))

    folder.put(KEY, source, "audio/wav")

    assert folder.get(KEY) == bytes(600_000)
    assert source.exists()


def test_putting_again_replaces(folder: FolderArchive) -> None:
    folder.put(KEY, b"one", "audio/wav")
    folder.put(KEY, b"two", "audio/wav")

    assert folder.get(KEY) == b"two"


def test_a_key_that_was_never_put_has_nothing(folder: FolderArchive) -> None:
    assert folder.get(KEY) is None
    assert folder.get("a") is None


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(folder: FolderArchive, tmp_path: Path) -> None:
    where = Path(folder.put(KEY, b"old", "audio/wav"))

    with pytest.raises(ProviderError) as caught:
        folder.put(KEY, tmp_path / "no such file", "audio/wav")

    assert caught.value.kind is Failure.UNAVAILABLE
    assert [path.name for path in where.parent.iterdir()] == [where.name]
    assert folder.get(KEY) == b"old"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../outside",
        "a/../../outside",
        "a/./b",
        "a//b",
        "a/",
        "..",
        "C:/windows",
        "a\\..\\..\\b",
        "a/b:stream",
        "a\0b",
        "a/b.",
        "a/b*",
    ],
)
def test_no_key_leads_out_of_the_folder(folder: FolderArchive, key: str) -> None:
    for work in (
        lambda: folder.put(key, b"", "x"),
        lambda: folder.get(key),
        lambda: folder.size_bytes(key),
        lambda: folder.read(key, 0, 0),
        lambda: folder.url(key, 1),
    ):
        with pytest.raises(ProviderError) as caught:
            work()
        assert caught.value.kind is Failure.REFUSED


def test_a_link_does_not_lead_out_either(folder: FolderArchive, tmp_path: Path) -> None:
    folder.put("a/b", b"", "x")
    try:
        (tmp_path / "archive" / "out").symlink_to(tmp_path)
    except OSError:
        pytest.skip("links need a privilege here")

    with pytest.raises(ProviderError):
        folder.put("out/c", b"", "x")


def test_what_is_too_large_is_not_read_into_memory(folder: FolderArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put(KEY, b"12345", "audio/wav")
    monkeypatch.setattr(folder_module, "MAX_READ_BYTES", 4)

    with pytest.raises(ProviderError):
        folder.get(KEY)


def test_of_what_is_large_a_part_is_read(folder: FolderArchive) -> None:
    size_bytes = folder_module.MAX_READ_BYTES + 1
    with Path(folder.put(KEY, b"RIFF", "audio/wav")).open("r+b") as file:
        file.seek(size_bytes - 4)
        file.write(b"fine")  # what is between takes no room on the disk

    assert folder.size_bytes(KEY) == size_bytes
    assert folder.read(KEY, 0, 5) == b"RIFF\0\0"
    assert folder.read(KEY, size_bytes - 4, size_bytes - 1) == b"fine"


def test_a_key_that_was_never_put_has_no_size_and_no_parts(folder: FolderArchive) -> None:
    assert folder.size_bytes(KEY) is None
    assert folder.read(KEY, 0, 1) is None


def test_a_disk_that_fails_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(ProviderError) as caught:
        FolderArchive(tmp_path / "file").put(KEY, b"", "x")

    assert caught.value.kind is Failure.UNAVAILABLE
