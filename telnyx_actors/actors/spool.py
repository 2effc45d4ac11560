"""A call's record on disk while the call runs: complete at any moment, whatever dies.

<spool>/<call>/call.json      who, when, how the audio is coded; written when audio starts
               caller.raw     the caller's audio, appended
               agent.raw      ours, as it was heard, appended
               turns.jsonl    one line a turn, appended
               end.json       how it ended; missing after a crash
"""

from __future__ import annotations

import contextlib
import errno
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.recording import render
from telnyx_actors.core.transcript import document
from telnyx_actors.providers.ports import Archive

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


class Spool:
    """The folder of one call. Raises ``OSError`` when the disk will not have it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._caller: BinaryIO | None = None
        self._agent: BinaryIO | None = None

    def open(self, head: Mapping[str, object]) -> None:
        """Begin, or go on after a crash: what is there stays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "call.json"
        if not path.exists():
            _write_json(path, head)
        self._caller = (self.folder / "caller.raw").open("ab", buffering=0)
        self._agent = (self.folder / "agent.raw").open("ab", buffering=0)

    def append(self, caller: bytes, agent: bytes) -> None:
        """Add audio, and hand it to the operating system: a dead process loses none of it."""
        assert self._caller is not None and self._agent is not None
        for file, audio in ((self._caller, caller), (self._agent, agent)):
            if file.write(audio) < len(audio):
                raise OSError(errno.ENOSPC, "the disk took only a part", str(self.folder))

    def add_turn(self, entry: Mapping[str, object]) -> None:
        with (self.folder / "turns.jsonl").open("a", encoding="utf-8") as file:
            # On a line of its own, also where a full disk has cut the one before it short.
            file.write(f"\n{json.dumps(entry, ensure_ascii=False)}\n")

    def end(self, end: Mapping[str, object]) -> None:
        """The call is over."""
        self.close()
        _write_json(self.folder / "end.json", end)

    def close(self) -> None:
        for file in (self._caller, self._agent):
            if file is not None:
                file.close()
        self._caller = self._agent = None

    @property
    def sizes(self) -> tuple[int, int]:
        """Bytes of the caller's and of our audio."""
        return _size(self.folder / "caller.raw"), _size(self.folder / "agent.raw")


def idle_s(folder: Path, now: float) -> float:
    """For how long nobody has written into a folder of the spool; ``now`` is unix time. Raises ``OSError``."""
    return now - max(file.stat().st_mtime for file in (folder, *folder.iterdir()))


def weight_bytes(folder: Path) -> int:
    """What a folder of the spool holds; what disappears meanwhile weighs nothing."""
    total = 0
    with contextlib.suppress(OSError):
        for file in folder.iterdir():
            with contextlib.suppress(OSError):
                total += file.stat().st_size
    return total


def is_unbegun(folder: Path) -> bool:
    """Whether its process died as it made it: it holds no more than the start of a head."""
    return folder.is_dir() and {file.name for file in folder.iterdir()} <= {"call.part"}


def ship(folder: Path, archive: Archive, archive_folder: str) -> tuple[str, ...]:
    """Make the record of a spooled call, put it into the archive, and remove the spool.

    Returns where the recording and the transcript are. Raises ``OSError`` or
    ``ProviderError``, or ``ValueError`` when the folder holds no record; the spool then
    stays. Doing it again does no harm, nor does somebody who does it at the same time.
    """
    head = _read_head(folder / "call.json")
    end = _read_json(folder / "end.json") if (folder / "end.json").exists() else {}
    turns = _read_lines(folder / "turns.jsonl")
    key = record_key(archive_folder, str(head.get("started", "")), str(head["id"]))
    text = json.dumps(document(head, turns, end), ensure_ascii=False, indent=2)
    with tempfile.TemporaryDirectory(dir=folder, prefix="wav-", ignore_cleanup_errors=True) as own:
        wav = Path(own) / "call.wav"
        _render(folder, wav, Encoding(str(head["encoding"])))
        places = (
            archive.put(f"{key}/call.wav", wav, "audio/wav"),
            archive.put(f"{key}/transcript.json", text.encode(), "application/json"),
        )
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    return places


def record_key(archive_folder: str, started: str, call_id: str) -> str:
    """Where the files of a call are in the archive; ``started`` is ISO 8601."""
    return f"{archive_folder}/{started[:10].replace('-', '/')}/{safe_name(call_id)}"


def _render(folder: Path, wav: Path, caller_encoding: Encoding) -> None:
    samples = max(_size(folder / "caller.raw"), _size(folder / "agent.raw"))
    with (
        (folder / "caller.raw").open("rb") as caller,
        (folder / "agent.raw").open("rb") as agent,
        wav.open("wb") as out,
    ):
        for block in render(caller.read, agent.read, samples=samples, caller_encoding=caller_encoding):
            out.write(block)


def safe_name(name: str) -> str:
    """A name that every file system and object store takes."""
    return _UNSAFE.sub("_", name)[:120].strip(".") or "_"


def _write_json(path: Path, data: Mapping[str, object]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    part.replace(path)


def _read_head(path: Path) -> dict[str, object]:
    head = _read_json(path)
    if not {"id", "encoding"} <= head.keys():
        raise ValueError(f"{path} is not the head of a record")
    return head


def _read_json(path: Path) -> dict[str, object]:
    data = json.loads(path.read_text(encoding="utf-8"))
    return data if isinstance(data, dict) else {}


def _read_lines(path: Path) -> list[dict[str, object]]:
    """What can be read: a line may be cut short by a crash, or by a full disk."""
    entries: list[dict[str, object]] = []
    if path.exists():
        # Not `splitlines`: for it, a line also ends at U+2028 and the like, which a word may have in it.
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    entries.append(entry)
    return entries


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
