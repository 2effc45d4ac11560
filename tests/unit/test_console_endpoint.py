"""The file by which a console finds its engine: nobody else's, and never a reason to fail."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from telnyx_actors.console.endpoint import FILE, Endpoint, NotRunning, find, new_endpoint, publish, withdraw

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="on Windows the folder's access list says who may read")


def test_what_was_published_is_found(tmp_path: Path) -> None:
    endpoint = new_endpoint(4711)
    publish(tmp_path, endpoint)
    assert find(tmp_path) == endpoint
    assert (endpoint.port, endpoint.pid) == (4711, os.getpid())
    assert sorted(path.name for path in (tmp_path / FILE).parent.iterdir()) == [FILE.name]


def test_every_engine_has_a_token_of_its_own_and_shows_it_to_nobody() -> None:
    first, second = new_endpoint(1), new_endpoint(1)
    assert first.token != second.token
    assert len(first.token) >= 40
    assert first.token not in repr(first)


@POSIX
def test_only_its_owner_can_read_it_also_in_a_folder_that_was_open(tmp_path: Path) -> None:
    folder = (tmp_path / FILE).parent
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    publish(tmp_path, new_endpoint(1))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


@POSIX
def test_a_file_that_others_can_read_is_not_believed(tmp_path: Path) -> None:
    publish(tmp_path, new_endpoint(1))
    (tmp_path / FILE).chmod(0o644)
    with pytest.raises(NotRunning, match="otros usuarios"):
        find(tmp_path)


def test_where_no_engine_runs_the_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="DATA_DIR="):
        find(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "null", "{", '{"port": "x", "token": "t", "pid": 1}', "x" * 9000])
def test_a_file_that_is_not_ours_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    publish(tmp_path, new_endpoint(1))
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(NotRunning, match="no se entiende"):
        find(tmp_path)


def test_the_next_engine_takes_the_place_of_one_that_died(tmp_path: Path) -> None:
    publish(tmp_path, new_endpoint(1))
    second = new_endpoint(2)
    publish(tmp_path, second)
    assert find(tmp_path) == second


def test_an_engine_takes_back_its_own_file_only(tmp_path: Path) -> None:
    first, second = new_endpoint(1), new_endpoint(2)
    publish(tmp_path, second)
    withdraw(tmp_path, first)
    assert find(tmp_path) == second
    withdraw(tmp_path, second)
    withdraw(tmp_path, second)
    assert not (tmp_path / FILE).exists()


def test_nothing_but_where_and_how_stands_in_it(tmp_path: Path) -> None:
    publish(tmp_path, Endpoint(1, "t", 2))
    assert json.loads((tmp_path / FILE).read_text(encoding="utf-8")) == {"port": 1, "token": "t", "pid": 2}
