"""A journal that is broken when the daemon comes back, killed with calls in progress, and one that breaks under it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from bench.chaos.figures import figures
from bench.chaos.house import Daemon, until
from bench.chaos.scenarios import Moment
from bench.chaos.scene import Outcome, has_come
from bench.chaos.talk import script
from telnyx_actors.actors.journal import FILE
from telnyx_actors.standins.carrier_call import CarrierCall

EXCHANGES: Final = 2
ENDED_WITHIN_S: Final = 90.0
HEARD_AFTER_S: Final = 0.5
SAYS_SO: Final = "se aparta como"


def garbage(journal: Path) -> None:
    """Nothing in it is a database."""
    _merge(journal)
    journal.write_bytes(os.urandom(journal.stat().st_size))


def cut_off(journal: Path) -> None:
    """Its second half is gone."""
    _merge(journal)
    os.truncate(journal, journal.stat().st_size // 2)


def without_log(journal: Path) -> None:
    """What was not merged into it yet is gone, which in the first minutes is everything."""
    os.truncate(_log_of(journal), 0)


BREAKS: Final[dict[str, Callable[[Path], None]]] = {
    "journal is garbage": garbage,
    "journal is cut off": cut_off,
    "journal's WAL is empty": without_log,
}


def start_with(broken: str, calls: int) -> Outcome:
    """Kill the daemon while it speaks, break its journal, start it. The calls that are judged begin afterwards.

    Of those of before nothing is known but what the carrier keeps: that they are heard again is all they have to show.
    """
    outcome = Outcome(f"kill -9, {broken}", "speaking")
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, Daemon(Path(folder)) as house:
        journal = house.data_dir / FILE
        left = [house.dial(script(EXCHANGES)) for _ in range(calls)]
        if not until(lambda: all(has_come(Moment.SPEAKING, house.world.call(call)) for call in left)):
            outcome.complaints.append("the moment never came")
        house.kill()
        BREAKS[broken](journal)
        died_s = {call: house.world.call(call).duration_s for call in left}
        house.start()
        if not until(lambda: all(_is_heard_since(house.world.call(call), died_s[call]) for call in left)):
            outcome.complaints.append("a call in progress was not taken up")
        placed = [house.dial(script(EXCHANGES)) for _ in range(calls)]
        for call in placed:
            record = house.world.wait_ended(call, ENDED_WITHIN_S)
            outcome.calls.append(figures(record, house.world.agent_words(call), house.told(call)))
            outcome.complaints += house.differences(call)
        is_aside, is_said = bool(list(journal.parent.glob(f"{FILE}.corrupt-*"))), house.has_logged(SAYS_SO)
    if BREAKS[broken] is not without_log and not (is_aside and is_said):
        outcome.complaints.append("the journal was not set aside, or nobody said so")
    return outcome


def _is_heard_since(record: CarrierCall, moment_s: float) -> bool:
    return any(start > moment_s + HEARD_AFTER_S for start, _ in record.agent_speech(join_ms=0))


def _merge(journal: Path) -> None:
    """As SQLite does every now and then: into the file what only its log had."""
    with closing(sqlite3.connect(journal)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _log_of(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}-wal")
