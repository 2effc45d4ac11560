"""Rows that their sender has named: what they have become, and who is to dial them."""

from __future__ import annotations

import pytest

from telnyx_actors.actors import rows as module
from telnyx_actors.actors.rows import DOUBT_S, DialledRow, DialledRows
from telnyx_actors.errors import CallRefused

NOW = 100.0
DIALLED = DialledRow("fila 7", "ref", "v3:7")


@pytest.fixture
def rows() -> DialledRows:
    rows = DialledRows()
    rows.recall()
    return rows


def test_a_row_is_dialled_once(rows: DialledRows) -> None:
    assert rows.claim("fila 7", NOW) is None
    with pytest.raises(CallRefused):
        rows.claim("fila 7", NOW)
    rows.settle("fila 7", DIALLED)
    assert rows.claim("fila 7", NOW) == DIALLED
    assert rows.claim("fila 8", NOW) is None


def test_a_row_that_was_not_dialled_may_be_sent_again(rows: DialledRows) -> None:
    assert rows.claim("fila 7", NOW) is None
    rows.settle("fila 7", None)
    assert rows.claim("fila 7", NOW) is None


def test_a_row_that_may_have_been_dialled_is_dialled_again_only_once_its_call_would_be_known(rows: DialledRows) -> None:
    assert rows.claim("fila 7", 100.0) is None
    rows.doubt("fila 7", 110.0)
    with pytest.raises(CallRefused, match="puede estar en curso") as refused:
        rows.claim("fila 7", 111.0)
    assert refused.value.retry_after_s == DOUBT_S - 1
    assert rows.claim("fila 7", 110.0 + DOUBT_S) is None
    with pytest.raises(CallRefused, match="se está marcando"):
        rows.claim("fila 7", 1e9)


def test_nothing_is_dialled_before_it_is_known_what_the_process_before_had_dialled() -> None:
    rows = DialledRows()
    with pytest.raises(CallRefused):
        rows.claim("fila 7", NOW)
    rows.recall([DIALLED])
    assert rows.claim("fila 7", NOW) == DIALLED


def test_what_is_remembered_has_a_limit(rows: DialledRows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_MAX", 2)
    for number in range(3):
        row = f"fila {number}"
        assert rows.claim(row, NOW) is None
        rows.settle(row, DialledRow(row, "ref", "v3"))
    assert rows.claim("fila 2", NOW) is not None
    assert rows.claim("fila 0", NOW) is None
