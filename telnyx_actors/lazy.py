"""Vendors whose SDKs take long to import (1.6 s and 0.5 s): opened when first needed, or warmed.

A daemon that has just died has calls waiting for it; what it says first is on disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from telnyx_actors.providers.ports import Archive, LanguageModel, ModelRequest, ReplyStream

T = TypeVar("T")


class Lazy(Generic[T]):
    """Made once, by whoever comes first; the others wait. Thread-safe."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: T | None = None
        self._lock = threading.Lock()

    def get(self) -> T:
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = self._make()
        return self._made


class LazyModel:
    """A ``LanguageModel``."""

    def __init__(self, name: str, model: Lazy[LanguageModel]) -> None:
        self.name = name
        self._model = model

    def stream(self, request: ModelRequest) -> ReplyStream:
        return self._model.get().stream(request)

    def warm(self) -> None:
        self._model.get().warm()


class LazyArchive:
    """An ``Archive``."""

    def __init__(self, archive: Lazy[Archive]) -> None:
        self._archive = archive

    def put(self, key: str, source: Path | bytes, content_type: str) -> str:
        return self._archive.get().put(key, source, content_type)

    def get(self, key: str) -> bytes | None:
        return self._archive.get().get(key)

    def size_bytes(self, key: str) -> int | None:
        return self._archive.get().size_bytes(key)

    def read(self, key: str, first: int, last: int) -> bytes | None:
        return self._archive.get().read(key, first, last)

    def url(self, key: str, expires_s: int) -> str:
        return self._archive.get().url(key, expires_s)
