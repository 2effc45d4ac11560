from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from telnyx_actors.errors import ConfigError
from telnyx_actors.owner import Owner

HOLDER = """
import sys, time
from pathlib import Path
from telnyx_actors.owner import Owner
owner = Owner(Path(sys.argv[1]))
owner.take()
print("taken", flush=True)
time.sleep(60)
"""


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    first, second = Owner(tmp_path), Owner(tmp_path)
    first.take()

    with pytest.raises(ConfigError, match="otro proceso"):
        second.take()

    first.release()
    second.take()
    second.release()


def test_the_folder_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        owner = Owner(tmp_path)
        with pytest.raises(ConfigError):
            owner.take()
        holder.kill()
        holder.wait()

    owner.take()
    owner.release()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(ConfigError, match="DATA_DIR"):
        Owner(tmp_path / "file" / "var").take()


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are POSIX's")
def test_nobody_else_looks_into_the_folder_whoever_made_it(tmp_path: Path) -> None:
    before = tmp_path / "before"
    before.mkdir(mode=0o755)
    for folder in (before, tmp_path / "new"):
        owner = Owner(folder)
        owner.take()
        owner.release()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_damaged_lock_is_not_called_another_process(tmp_path: Path) -> None:
    (tmp_path / "owner.sqlite3").write_bytes(b"garbage" * 1000)

    with pytest.raises(ConfigError, match=r"owner\.sqlite3 está dañado.*[Bb]órrelo"):
        Owner(tmp_path).take()


def test_a_lock_that_cannot_be_written_is_not_called_another_process(tmp_path: Path) -> None:
    (tmp_path / "owner.sqlite3").mkdir()

    with pytest.raises(ConfigError, match="no se puede escribir"):
        Owner(tmp_path).take()
