from __future__ import annotations

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
