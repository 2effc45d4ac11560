"""What is imported is asked for in setup.cfg by name: what comes with something else may stop coming."""

from __future__ import annotations

import ast
import configparser
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"telnyx_actors", "support", "measure", "bench"}
WORLD = ("telnyx_actors/standins", "telnyx_actors/demo")
OPTIONAL = {
    "moto",  # the stand-ins do without
    "audioop",  # of the standard library until 3.12
}
ELSEWHERE = {"colorama": "colorama"}  # on Windows, by module and distribution


def asked_for(*extras: str) -> set[str]:
    """The distributions that setup.cfg names: the engine's, and those of the extras."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = setup["options"]["install_requires"]
    for extra in extras:
        lines += setup["options.extras_require"][extra]
    return {name for line in lines.splitlines() if (name := distribution(line))}


def distribution(requirement: str) -> str:
    """``uvloop`` for "uvloop>=0.22; platform_system != 'Windows'", as distributions are compared."""
    match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""


def files(part: str) -> list[Path]:
    """``engine``, ``world`` (the stand-ins and the demo) or ``tests`` (and what measures)."""
    if part == "tests":
        return [path for folder in ("tests", "measure") for path in (ROOT / folder).rglob("*.py")]
    paths = (ROOT / "telnyx_actors").rglob("*.py")
    return [path for path in paths if path.relative_to(ROOT).as_posix().startswith(WORLD) is (part == "world")]


def imported(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module.split(".")[0]


@cache
def modules_of_distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def missing(part: str, known: set[str]) -> set[str]:
    owners = modules_of_distributions()
    passed = sys.stdlib_module_names | OPTIONAL | OURS
    return {
        f"{path.relative_to(ROOT)}: {module}"
        for path, module in imported(files(part))
        if module not in passed
        and not known.intersection(map(distribution, owners.get(module, [ELSEWHERE.get(module, "")])))
    }


@pytest.mark.parametrize(
    ("part", "extras"), [("engine", ()), ("world", ("standins",)), ("tests", ("standins", "test"))]
)
def test_everything_imported_is_asked_for_by_name(part: str, extras: tuple[str, ...]) -> None:
    assert missing(part, asked_for(*extras)) == set()


@pytest.mark.parametrize("name", ["certifi", "httpcore2", "msgspec", "colorama"])
def test_what_nobody_asked_for_would_be_found(name: str) -> None:
    assert {line.rpartition(": ")[2] for line in missing("engine", asked_for() - {name})} == {name}


def test_for_each_library_of_the_engine_it_is_written_why() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    libraries = text.partition("## Libraries")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \|", libraries, re.MULTILINE)
    told = {name for row in rows for name in map(distribution, row.split(","))}
    assert asked_for() - told == set()
