"""Where the chronicles of calls are found: the journal, read only, of an engine that runs or does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from telnyx_actors.actors.journal import FILE
from telnyx_actors.core.chronicle import Beginning, Page, Part, parts
from telnyx_actors.core_version import core_version
from telnyx_actors.errors import EngineError
from telnyx_actors.wire.chronicle import Unreadable, decode_page

CANDIDATES_MAX: Final = 10

_CALLS: Final = "SELECT ref, MIN(wall) FROM chronicles GROUP BY ref ORDER BY MIN(id)"
_NAMES: Final = """
SELECT ref, json_extract(data, '$.call_control_id') FROM entries
WHERE kind IN ('begun', 'identified') AND json_valid(data) ORDER BY id
"""
_PAGES: Final = "SELECT page FROM chronicles WHERE ref = ? ORDER BY id"


class NoChronicle(EngineError):
    """There is none to be read, for a reason that the message says."""


@dataclass(frozen=True, slots=True)
class Chronicle:
    """A call's. ``complaint`` says what of it could not be read, "" if nothing."""

    ref: str
    call_control_id: str
    parts: list[Part]
    complaint: str = ""

    @property
    def is_of_this_core(self) -> bool:
        return all(part.beginning.core == core_version() for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Call:
    ref: str
    wall: str
    call_control_id: str

    @property
    def names(self) -> tuple[str, str]:
        return self.ref, self.call_control_id


def find(data_dir: Path, wanted: str) -> Chronicle:
    """The call whose ref or call_control_id begins like this. Raises ``NoChronicle``."""
    path = data_dir / FILE
    if not path.is_file():
        raise NoChronicle(f"No hay ningún diario en {data_dir}; ¿es otro su DATA_DIR?")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            call = _the_one(list(_calls(db)), wanted)
            pages = [page for (page,) in db.execute(_PAGES, (call.ref,))]
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            raise NoChronicle(
                f"El diario {path} es de una versión que aún no guardaba llamadas para repetir"
            ) from error
        raise NoChronicle(f"El diario {path} no se puede abrir: {error}") from error
    except sqlite3.DatabaseError as error:
        raise NoChronicle(f"El diario {path} está dañado: {error}") from error
    return _read(call, pages)


def _calls(db: sqlite3.Connection) -> Iterator[_Call]:
    names = {ref: str(name) for ref, name in db.execute(_NAMES) if name}
    for ref, wall in db.execute(_CALLS):
        yield _Call(ref, wall, names.get(ref, ""))


def _the_one(calls: list[_Call], wanted: str) -> _Call:
    found = [call for call in calls if wanted and wanted in call.names]
    found = found or [call for call in calls if wanted and any(name.startswith(wanted) for name in call.names)]
    if len(found) == 1:
        return found[0]
    if not found:
        latest = calls[-CANDIDATES_MAX:]
        hint = "Las últimas:" if latest else "No hay ninguna guardada (¿KEEP_REPLAY=false?)"
        raise NoChronicle(_listed(f"Ninguna llamada guardada empieza por «{wanted}». {hint}", latest))
    raise NoChronicle(_listed(f"«{wanted}» es el comienzo de {len(found)} llamadas:", found[-CANDIDATES_MAX:]))


def _listed(heading: str, calls: list[_Call]) -> str:
    return "\n".join([heading, *(f"  {_local(call.wall)}  {call.ref}  {call.call_control_id}" for call in calls)])


def _local(wall: str) -> str:
    return f"{datetime.fromisoformat(wall).astimezone():%Y-%m-%d %H:%M:%S}"


def _read(call: _Call, raw: list[bytes]) -> Chronicle:
    complaint, writer = "", ""
    pages: list[Page | None] = []
    for data in raw:
        try:
            page = decode_page(data)
        except Unreadable as error:
            complaint = complaint or _complaint(writer, error)
            pages.append(None)
            continue
        pages.append(page)
        writer = page.core if isinstance(page, Beginning) else writer
    return Chronicle(call.ref, call.call_control_id, parts(pages), complaint)


def _complaint(writer: str, error: Unreadable) -> str:
    if writer in ("", core_version()):
        return f"Una página está dañada, o es de una versión que aquí no se entiende: {error}"
    return f"La escribió otra versión ({writer}; esta es {core_version()}), que aquí no se entiende: {error}"
