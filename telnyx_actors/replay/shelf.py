"""Where the chronicles of calls are found: the journal, read only, of an engine that runs or does not."""

from __future__ import annotations

import json
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
_NAMES: Final = "SELECT ref, data FROM entries WHERE kind IN ('begun', 'identified') ORDER BY id"
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
    except (sqlite3.DatabaseError, ValueError) as error:
        raise NoChronicle(f"El diario {path} está dañado: {error}") from error
    return _read(call, pages)


def _calls(db: sqlite3.Connection) -> Iterator[_Call]:
    names: dict[str, str] = {}
    for ref, data in db.execute(_NAMES):
        names[ref] = str(json.loads(data).get("call_control_id") or names.get(ref, ""))
    for ref, wall in db.execute(_CALLS):
        yield _Call(ref, wall, names.get(ref, ""))


def _the_one(calls: list[_Call], wanted: str) -> _Call:
    named = [call for call in calls if wanted in (call.ref, call.call_control_id)]
    found = named or [call for call in calls if wanted and wanted_by(wanted, call.ref, call.call_control_id)]
    if len(found) == 1:
        return found[0]
    if not found:
        latest = calls[-CANDIDATES_MAX:]
        hint = "Las últimas:" if latest else "No hay ninguna guardada (¿KEEP_REPLAY=false?)"
        raise NoChronicle(_listed(f"Ninguna llamada guardada empieza por «{wanted}». {hint}", latest))
    raise NoChronicle(_listed(f"«{wanted}» es el comienzo de {len(found)} llamadas:", found[-CANDIDATES_MAX:]))


def wanted_by(prefix: str, *names: str) -> bool:
    return any(name.startswith(prefix) for name in names)


def _listed(heading: str, calls: list[_Call]) -> str:
    return "\n".join([heading, *(f"  {_local(call.wall)}  {call.ref}  {call.call_control_id}" for call in calls)])


def _local(wall: str) -> str:
    return f"{datetime.fromisoformat(wall).astimezone():%Y-%m-%d %H:%M:%S}"


def _read(call: _Call, raw: list[bytes]) -> Chronicle:
    complaint, core = "", ""
    pages: list[Page | None] = []
    for data in raw:
        try:
            page = decode_page(data)
        except Unreadable as error:
            pages.append(None)
            complaint = complaint or (
                f"Grabada con otra versión del núcleo ({core}; esta es {core_version()}), que esta no entiende: {error}"
                if core not in ("", core_version())
                else f"La grabación está dañada o es de otra versión: {error}"
            )
            continue
        pages.append(page)
        core = page.core if isinstance(page, Beginning) else core
    return Chronicle(call.ref, call.call_control_id, parts(pages), complaint)
