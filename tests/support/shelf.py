"""A journal with calls in it, as an engine leaves it behind."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from support.simulation import Simulation
from telnyx_actors.actors import journal
from telnyx_actors.core import events as ev
from telnyx_actors.core.chronicle import Beginning, Page
from telnyx_actors.core.rules import Rules
from telnyx_actors.core_version import core_version
from telnyx_actors.wire.chronicle import encode_page

WALL = "2026-11-22T15:20:11+00:00"


def call_pages(core: str = "") -> list[Page]:
    """Somebody asks two things, and hangs up; some 100 steps on several pages."""
    sim = Simulation(Rules(transfer_number="+573001112233"))
    sim.connect(0.2)
    sim.says(5.0, 1.0, "Hola, me llamo Eustaquio", "y mi número es tres cero uno 555.")
    sim.says(12.0, 0.8, "¿Cuánto vale el hospedaje de Firulais?")
    sim.presses(18.0, "73")
    sim.at(24.0, ev.CallEnded("normal_clearing", "caller"))
    sim.run(30.0)
    return [with_core(page, core or core_version()) for page in sim.pages.written]


def with_core(page: Page, core: str) -> Page:
    return replace(page, core=core, wall=WALL) if isinstance(page, Beginning) else page


class Shelf:
    """A ``DATA_DIR``. What an engine has in its journal, written by hand."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        with closing(sqlite3.connect(data_dir / journal.FILE)) as db:
            db.executescript(journal.SCHEMA)

    def put(self, ref: str, pages: Iterable[Page | bytes], call_control_id: str = "") -> None:
        with closing(sqlite3.connect(self.data_dir / journal.FILE)) as db, db:
            names = json.dumps({"call_control_id": call_control_id})
            db.execute("INSERT INTO entries (ref, kind, wall, data) VALUES (?, 'identified', ?, ?)", (ref, WALL, names))
            for page in pages:
                data = page if isinstance(page, bytes) else encode_page(page)
                row = (ref, WALL, len(data), data)
                db.execute("INSERT INTO chronicles (ref, wall, size, page) VALUES (?, ?, ?, ?)", row)
