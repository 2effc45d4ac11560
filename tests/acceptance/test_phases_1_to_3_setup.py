"""Phases 1 to 3: what is needed, the settings, the code. For Rust and Visual Studio, their equivalents in Python."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
import venv
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import telnyx_actors
from measure.daemon import free_port
from support.checklist import ROOT, commands, printed
from support.stage import checklist_env, run
from telnyx_actors.config import load_settings, read_env
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.world import World, as_env_file

PACKAGE = ROOT / "telnyx_actors"


@pytest.fixture(scope="module")
def package() -> ConfigParser:
    """What the package says of itself."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, to be compiled."""
    folder = tmp_path_factory.mktemp("code")
    shutil.copytree(PACKAGE, folder / "telnyx_actors", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "run.py", folder)
    return folder


def python(box: str) -> list[str]:
    """The command printed at a box, for the Python that runs the tests."""
    (command,) = commands(box, 0)
    assert command[0] == "python"
    return [sys.executable, *command[1:]]


# --- 1: what is needed ---


def test_1_1_the_script_is_for_powershell_5_1() -> None:
    script = (ROOT / "build-and-test.ps1").read_bytes()
    assert script.isascii()  # 5.1 takes a file without a mark for the local code page
    assert not re.search(rb"\?\?|&& |\|\| | \? .* : ", script)  # operators of PowerShell 7


def test_1_2_nothing_has_to_be_compiled(package: ConfigParser) -> None:
    assert "ext_modules" not in package["options"]
    suffixes = {file.suffix for file in PACKAGE.rglob("*") if file.is_file() and "__pycache__" not in file.parts}
    assert suffixes <= {".py", ".toml", ".typed", ".html", ".js", ".css", ".svg", ".ico", ".png", ".ulaw"}


def test_1_3_this_python_is_new_enough(package: ConfigParser) -> None:
    assert package["options"]["python_requires"] == ">=3.11"
    assert sys.version_info >= (3, 11)


def test_1_4_an_environment_is_made_without_an_installer(tmp_path: Path) -> None:
    venv.create(tmp_path / ".venv", with_pip=False)
    found = [*(tmp_path / ".venv").glob("*/python*")]
    assert found


def test_1_5_python_brings_what_the_engine_needs_of_it() -> None:
    answer = run([sys.executable, "-c", "import ctypes, sqlite3, ssl, zoneinfo; print('ok')"], ROOT)
    assert (answer.stdout.strip(), answer.stderr) == ("ok", "")


def test_1_6_every_dependency_is_a_package_of_the_registry(package: ConfigParser) -> None:
    for line in package["options"]["install_requires"].split("\n"):
        if line and not line.startswith("#"):
            assert Requirement(line).url is None, line


def test_1_7_the_engine_tells_its_version_in_any_folder(tmp_path: Path) -> None:
    answer = run([sys.executable, str(ROOT / "run.py"), "--version"], tmp_path)
    assert (answer.returncode, answer.stdout) == (0, f"telnyx_actors {telnyx_actors.__version__}\n")


def test_1_8_python_and_pip_tell_their_versions() -> None:
    version, pip = commands("1.8", 0)
    assert version == ["python", "--version"] and pip == ["python", "-m", "pip", "--version"]
    assert run([sys.executable, "--version"], ROOT).stdout.startswith("Python 3.")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone: there is nothing to clone from")
def test_1_9_a_clone_has_what_one_begins_with(tmp_path: Path) -> None:
    answer = run(["git", "clone", "--quiet", "--depth", "1", ROOT.as_uri(), "engine"], tmp_path)
    assert answer.returncode == 0, answer.stderr
    names = {file.name for file in (tmp_path / "engine").iterdir()}
    assert {"run.py", ".env.example", "build-and-test.ps1", "README.md", "Makefile"} <= names


# --- 2: the settings ---


def test_2_1_the_env_of_the_checklist_is_accepted_whole(world: World, tmp_path: Path) -> None:
    names = re.findall(r"^(\w+)=", printed("2.1"), re.MULTILINE)
    values = {"WEBHOOK_BASE_URL": "https://tu-dominio.com", **checklist_env(world)}
    env_file = tmp_path / ".env"
    env_file.write_text("".join(f"{name}={values[name]}\n" for name in names), encoding="utf-8")
    settings = load_settings(read_env(env_file, {}))
    assert [warning.split(":")[0] for warning in settings.warnings] == ["TELNYX_PUBLIC_KEY"]  # for incoming calls
    assert settings.archive.bucket == values["AWS_BUCKET_NAME"]
    assert settings.claude.api_key.reveal() == values["CLAUDE_API_KEY"]


def check(world: World, folder: Path) -> tuple[int, str]:
    """The exit code of the command printed at 2.2, and its row about Deepgram."""
    port = free_port()
    address = {"PORT": str(port), "HOST": "127.0.0.1", "WEBHOOK_BASE_URL": f"http://127.0.0.1:{port}"}
    (folder / ".env").write_text(as_env_file({**checklist_env(world), **address}), encoding="utf-8")
    assert python("2.2")[1:] == ["run.py", "--check"]
    answer = run([sys.executable, str(ROOT / "run.py"), "--check"], folder)
    return answer.returncode, next(line for line in answer.stdout.splitlines() if "Deepgram" in line)


def test_2_2_the_key_of_deepgram_is_tried(world: World, tmp_path: Path) -> None:
    code, row = check(world, tmp_path)
    assert code == 0 and row.startswith("OK"), row
    world.fail("deepgram", Fault("refuse", status=401, times=-1))
    code, row = check(world, tmp_path)
    world.heal("deepgram")
    assert code == 1 and row.startswith("FALLA"), row


# --- 3: the code ---


def test_3_1_the_code_compiles(code: Path) -> None:
    assert run(python("3.1"), code).returncode == 0


def test_3_2_compiling_prints_no_error(code: Path) -> None:
    answer = run([*python("3.1"), "-f"], code)
    assert (answer.stdout, answer.stderr) == ("", "")


def test_3_3_nor_does_it_warn(code: Path) -> None:
    answer = run([sys.executable, "-W", "error", *python("3.1")[1:], "-f"], code)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_3_4_the_package_can_be_installed(package: ConfigParser) -> None:
    assert python("3.4")[1:] == ["-m", "pip", "install", "-e", "."]
    assert package["metadata"]["version"] == "attr: telnyx_actors.__version__"
    assert package["options.packages.find"]["include"] == "telnyx_actors*"


def test_3_5_every_dependency_is_there_in_a_version_that_fits(package: ConfigParser) -> None:
    wrong = []
    for line in package["options"]["install_requires"].split("\n"):
        if not line or line.startswith("#"):
            continue
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate():
            version = importlib.metadata.version(needed.name)
            if version not in needed.specifier:
                wrong.append(f"{needed}: {version} is installed")
    assert wrong == []


def test_3_6_the_program_explains_itself() -> None:
    answer = run([sys.executable, "run.py", "--help"], ROOT)
    assert answer.returncode == 0
    assert "--env-file" in answer.stdout and "--check" in answer.stdout


def test_3_7_an_optimized_build_is_made(code: Path) -> None:
    assert run(python("3.7"), code).returncode == 0


def test_3_8_without_errors(code: Path) -> None:
    answer = run([*python("3.7"), "-f"], code)
    assert (answer.stdout, answer.stderr) == ("", "")


def test_3_9_it_lies_beside_the_code_and_runs(code: Path) -> None:
    run(python("3.7"), code)
    sources = len([*(code / "telnyx_actors").rglob("*.py")])
    assert len([*(code / "telnyx_actors").rglob("*.opt-1.pyc")]) == sources
    answer = run([sys.executable, "-O", "run.py", "--version"], code)
    assert (answer.returncode, answer.stderr) == (0, "")
