"""``run.py`` before the engine: a Python that has none of the packages, and a reload that comes too early."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BARE = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def test_without_the_packages_two_lines_say_what_to_type() -> None:
    # -S: without what is installed, as /usr/bin/python3 is.
    command = [sys.executable, "-S", str(ROOT / "run.py"), "--check"]
    answer = subprocess.run(
        command, env=BARE, capture_output=True, text=True, encoding="utf-8", timeout=30, check=False
    )
    assert (answer.returncode, answer.stdout) == (2, "")
    what, remedy = answer.stderr.splitlines()
    assert what.startswith("Falta el paquete ") and sys.executable in what
    assert remedy.endswith("python run.py --check") and ".venv" in remedy


def test_a_module_of_our_own_that_is_missing_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text((ROOT / "run.py").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "telnyx_actors").mkdir()
    (tmp_path / "telnyx_actors" / "__init__.py").touch()
    command = [sys.executable, "-S", str(tmp_path / "run.py")]
    answer = subprocess.run(
        command, env=BARE, capture_output=True, text=True, encoding="utf-8", timeout=30, check=False
    )
    assert answer.returncode == 1
    assert "No module named 'telnyx_actors.heap'" in answer.stderr


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_reload_before_the_engine_has_been_read_ends_nothing(tmp_path: Path) -> None:
    hang_up = "import os, signal\nos.kill(os.getpid(), signal.SIGHUP)\n"
    survived = "raise ModuleNotFoundError(name='loguru')\n"
    (tmp_path / "loguru.py").write_text(hang_up + survived, encoding="utf-8")  # one of the first to be read
    env = BARE | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, str(ROOT / "run.py"), "--check"]
    answer = subprocess.run(command, env=env, capture_output=True, timeout=30, check=False)
    assert (answer.returncode, answer.stdout) == (2, b"")
    assert answer.stderr.startswith(b"Falta el paquete loguru")


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_who_says_python_says_which(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert not re.search(r"(?<![/\\])python run\.py", text) or ".venv/bin/activate" in text
