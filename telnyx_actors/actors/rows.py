"""Rows of batches that their sender has named: each is dialled once, whatever becomes of the process or of the answer."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from typing import Final, NamedTuple

from telnyx_actors.errors import CallRefused

ROWS_MAX: Final = 100_000
"""The oldest are forgotten first."""
RETRY_S: Final = 1
DOUBT_S: Final = 120.0
"""Of a row of which nobody has said whether it was dialled. By then its call is heard of and hung up, or never was."""


class DialledRow(NamedTuple):
    """``row`` is the sender's own name for it, ``ref`` ours for the call."""

    row: str
    ref: str
    call_control_id: str


class DialledRows:
    """Of a day. Any thread."""

    def __init__(self) -> None:
        self._rows: dict[str, DialledRow | float] = {}  # until when it is not to be dialled: for ever while it is being
        self._is_recalled = False
        self._lock = threading.Lock()

    def recall(self, dialled: Iterable[DialledRow] = ()) -> None:
        """What the processes before had dialled, or nothing, where their journal is lost."""
        with self._lock:
            self._is_recalled = True
            for each in dialled:
                self._rows.setdefault(each.row, each)

    def claim(self, row: str, now: float) -> DialledRow | None:
        """What the row has become; None where whoever asks is to dial it. Raises ``CallRefused`` while that is not known."""
        with self._lock:
            if not self._is_recalled:
                raise CallRefused("El servicio arranca: aún no se sabe qué filas se marcaron.", RETRY_S)
            known = self._rows.get(row, now)
            if isinstance(known, DialledRow):
                return known
            if known > now:
                raise _unsettled(known - now)
            if len(self._rows) >= ROWS_MAX:
                del self._rows[next(iter(self._rows))]
            self._rows[row] = math.inf
            return None

    def settle(self, row: str, dialled: DialledRow | None) -> None:
        """How dialling it went; None: not at all."""
        with self._lock:
            if dialled is None:
                self._rows.pop(row, None)
            else:
                self._rows[row] = dialled

    def doubt(self, row: str, now: float) -> None:
        """It may have been dialled."""
        with self._lock:
            self._rows[row] = now + DOUBT_S


def _unsettled(for_s: float) -> CallRefused:
    if math.isinf(for_s):
        return CallRefused("La fila se está marcando.", RETRY_S)
    unsaid = "Telnyx no dijo si marcó la fila; la llamada puede estar en curso."
    return CallRefused(unsaid, math.ceil(for_s))
