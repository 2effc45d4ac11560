"""Where recordings and transcripts are kept without a bucket: a folder of this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.http import reason_of

PROVIDER: Final = "archive"
MAX_READ_BYTES: Final = 64 * 1024 * 1024
"""Into memory, all at once."""

T = TypeVar("T")


class FolderArchive:
    """An ``Archive`` under one folder: what is used when there is no bucket."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def put(self, key: str, source: Path | bytes, content_type: str) -> str:
        """Whole or not at all: a reader never sees half a file."""
        target = self._path(key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, partial = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    _write(source, file)
                Path(partial).replace(target)
            except BaseException:
                Path(partial).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise _disk_failure(error) from error
        return str(target)

    def get(self, key: str) -> bytes | None:
        size_bytes = self.size_bytes(key)
        if size_bytes is not None and size_bytes > MAX_READ_BYTES:
            raise ProviderError(PROVIDER, Failure.PROTOCOL, f"{key} is larger than {MAX_READ_BYTES} bytes")
        return _found(self._path(key).read_bytes)

    def size_bytes(self, key: str) -> int | None:
        path = self._path(key)
        return _found(lambda: path.stat().st_size)

    def read(self, key: str, first: int, last: int) -> bytes | None:
        path = self._path(key)

        def part() -> bytes:
            with path.open("rb") as file:
                file.seek(first)
                return file.read(last - first + 1)

        return _found(part)

    def url(self, key: str, expires_s: int) -> str:
        """A ``file:`` address; it does not expire, and only this machine can open it."""
        return self._path(key).as_uri()

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        # Checked as text, and the same everywhere: Windows also takes backslashes, drives and trailing dots.
        if any(not part or part.endswith(".") or set(part) & set('\\:*?"<>|\0') for part in parts):
            raise ProviderError(PROVIDER, Failure.REFUSED, f"not a usable key: {key!r}")
        path = self._root.joinpath(*parts)
        if not path.resolve().is_relative_to(self._root):
            raise ProviderError(PROVIDER, Failure.REFUSED, f"the key leads out of the archive: {key!r}")
        return path


def _found(look: Callable[[], T]) -> T | None:
    try:
        return look()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _disk_failure(error) from error


def _write(source: Path | bytes, file: BinaryIO) -> None:
    if isinstance(source, bytes):
        file.write(source)
        return
    with source.open("rb") as original:
        shutil.copyfileobj(original, file)


def _disk_failure(error: OSError) -> ProviderError:
    return ProviderError(PROVIDER, Failure.UNAVAILABLE, reason_of(str(error)))
