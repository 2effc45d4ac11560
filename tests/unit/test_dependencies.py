"""What is imported is asked for in setup.cfg: what happens to be installed here may be missing elsewhere."""

from __future__ import annotations

import ast
import configparser
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORLD = ("standins", "demo")


def asked_for(extra: str = "") -> set[str]:
    """The distributions that setup.cfg names, and all that those bring along."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = setup["options"]["install_requires"]
    if extra:
        lines += setup["options.extras_require"][extra]
    found: set[str] = set()
    waiting = [name for line in lines.splitlines() if (name := distribution(line))]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += brought_by(name)
    return found


def distribution(requirement: str) -> str:
    """``uvloop`` for "uvloop>=0.22; platform_system != 'Windows'", as distributions are compared."""
    match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""


def brought_by(name: str) -> list[str]:
    try:
        required = metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # for another platform
        return []
    return [distribution(each) for each in required if "extra ==" not in each]


def imported(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module.split(".")[0]


def is_of_the_world(path: Path) -> bool:
    return path.relative_to(ROOT / "telnyx_actors").parts[0] in WORLD


@pytest.mark.parametrize("extra", ["", "standins"], ids=["engine", "world"])
def test_everything_imported_is_asked_for(extra: str) -> None:
    owners = metadata.packages_distributions()
    known, optional = asked_for(extra), {"moto", "audioop", "colorama"}  # taken where they are there
    paths = [path for path in (ROOT / "telnyx_actors").rglob("*.py") if is_of_the_world(path) is bool(extra)]
    missing = {
        f"{path.relative_to(ROOT)}: {module}"
        for path, module in imported(paths)
        if module not in sys.stdlib_module_names | optional | {"telnyx_actors"}
        and not known.intersection(distribution(owner) for owner in owners.get(module, ()))
    }
    assert not missing, "\n".join(sorted(missing))


def test_what_nobody_asked_for_would_be_found() -> None:
    assert "requests" in asked_for()
    assert "certifi" in asked_for()
    assert "aiohttp" not in asked_for()
    assert "aiohttp" in asked_for("standins")
    assert "hypothesis" not in asked_for("standins")
