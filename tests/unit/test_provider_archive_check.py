"""An archive is believed when it gives back what it was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.archive_check import check_archive
from telnyx_actors.providers.folder import FolderArchive
from telnyx_actors.providers.http import tls_context


class Forgetful(FolderArchive):
    """Takes everything and keeps nothing."""

    def get(self, key: str) -> bytes | None:
        return None


def test_a_folder_that_can_be_written_passes_and_says_where(tmp_path: Path) -> None:
    place = check_archive(FolderArchive(tmp_path), "audios", tls_context())

    assert Path(place).is_relative_to(tmp_path)


def test_checks_leave_one_small_file_behind_however_many_there_were(tmp_path: Path) -> None:
    for _ in range(3):
        check_archive(FolderArchive(tmp_path), "audios", tls_context())

    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert file.stat().st_size < 100


def test_an_archive_that_forgets_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(ProviderError) as caught:
        check_archive(Forgetful(tmp_path), "audios", tls_context())
    assert caught.value.kind is Failure.PROTOCOL


def test_an_archive_that_cannot_say_what_is_missing_is_found_out(tmp_path: Path) -> None:
    class Speechless(FolderArchive):
        def size_bytes(self, key: str) -> int | None:
            if (size_bytes := super().size_bytes(key)) is None:
                raise ProviderError("archive", Failure.AUTH, "Forbidden", status=403)
            return size_bytes

    with pytest.raises(ProviderError, match="Forbidden"):
        check_archive(Speechless(tmp_path), "audios", tls_context())


def test_a_folder_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "audios").write_text("un archivo donde iba la carpeta", encoding="utf-8")
    with pytest.raises(ProviderError):
        check_archive(FolderArchive(tmp_path), "audios", tls_context())
