"""What the documents name exists: files, settings, commands, figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from telnyx_actors.config.settings import all_settings

ROOT = Path(__file__).parents[2]
TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SCRIPTS = sorted(file for file in (ROOT / "deploy").iterdir() if file.suffix not in (".yml", ".json"))
FOLDERS = ("telnyx_actors", "tests", "bench", "measure", "deploy", "docs")
PACKAGES = ("actors", "config", "console", "core", "front", "preflight", "providers", "standins", "wire")
FOREIGN_NAMES = {
    "PATH",  # of systems and shells
    "MALLOC_ARENA_MAX",
    "GLIBC_TUNABLES",
    "PYTHONUTF8",
    "PYTHONDONTWRITEBYTECODE",
    "PIP_NO_CACHE_DIR",
    "PIP_DISABLE_PIP_VERSION_CHECK",
    "SERVICE_AUTO_START",
    "AF_INET",
    "AF_INET6",
    "AF_UNIX",
    "FORCE_COLOR",
    "NO_COLOR",
    "DEPTH",  # of the tests
    "WORLD_URL",  # of the stand-ins
}


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def code_in(document: Path) -> Iterator[str]:
    """What stands between backticks, in lines and in blocks."""
    text = text_of(document)
    if document.suffix != ".md":
        yield text
        return
    yield from re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^ *```\w*\n.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL))


def documents_with(pattern: str) -> list[tuple[str, str]]:
    """(document, what was found) for each match of the pattern's group in code."""
    return sorted(
        {
            (document.name, found)
            for document in [*TEXTS, *SCRIPTS]
            for code in code_in(document)
            for found in re.findall(pattern, code)
        }
    )


@pytest.mark.parametrize("folder", [*FOLDERS, *PACKAGES])
def test_files_that_are_named_exist(folder: str) -> None:
    base = ROOT / "telnyx_actors" if folder in PACKAGES else ROOT
    missing = [
        (document, name)
        for document, name in documents_with(rf"(?<![\w./-])({folder}/[\w./*@-]+)")
        if not [*base.glob(name.rstrip("./"))] and not [*ROOT.glob(name.rstrip("./"))] and "__pycache__" not in name
    ]
    assert missing == []


def test_settings_that_are_named_exist() -> None:
    known = {name for setting in all_settings() for name in setting.names} | FOREIGN_NAMES
    named = documents_with(r"(?<![\w$-])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![\w*])")
    assert [found for found in named if found[1] not in known] == []


def test_tasks_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z ]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    known = {name for line in targets for name in line.split()}
    assert [found for found in documents_with(r"\bmake ([a-z]+)") if found[1] not in known] == []


def test_tasks_of_the_powershell_script_exist() -> None:
    tasks = re.search(r"ValidateSet\((.*?)\)", text_of(ROOT / "build-and-test.ps1"))
    assert tasks is not None
    assert [found for found in documents_with(r"-Task (\w+)") if f"'{found[1]}'" not in tasks[1]] == []


def test_options_of_the_engine_exist() -> None:
    source = text_of(ROOT / "telnyx_actors" / "main.py")
    named = {
        (name, option)
        for name, line in documents_with(r"run\.py( [^\n`&|;]*)")
        for option in re.findall(r"--[\w-]+", line)
    }
    assert [
        found for found in sorted(named) if f'"{found[1]}"' not in source and found[1] not in ("--help", "--version")
    ] == []


def test_modules_that_are_run_exist() -> None:
    missing = [
        (document, name)
        for document, name in documents_with(r"python -m ((?:telnyx_actors|measure|bench)[\w.]*)")
        if not (ROOT / name.replace(".", "/")).with_suffix(".py").exists()
        and not (ROOT / name.replace(".", "/") / "__main__.py").exists()
    ]
    assert missing == []


def test_figures_that_are_named_exist() -> None:
    files = [*(ROOT / "telnyx_actors" / "console").glob("*.py"), *(ROOT / "telnyx_actors" / "front").glob("*.py")]
    source = "".join(map(text_of, files))

    def is_known(name: str) -> bool:
        stem = re.sub(r"_(total|bucket)$", "", name).removeprefix("telnyx_actors_")
        return any(part in source for part in (stem, stem.removeprefix("actor_"), stem.removeprefix("front_")))

    assert [found for found in documents_with(r"(telnyx_actors_[a-z_]+)") if not is_known(found[1])] == []
