"""The house rules hold, and each rule can tell when it does not."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import telnyx_actors
from support.tidy import RULES, Module, Rule

ROOT = Path(__file__).parents[1]
FOLDERS = ("telnyx_actors", "tests", "bench", "measure")


def python_files() -> list[Path]:
    found = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    return sorted(file for file in found if not {"__pycache__", ".venv"} & set(file.parts))


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return [Module(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in python_files()]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_holds(rule: Rule, modules: list[Module]) -> None:
    complaints = [complaint for module in modules for complaint in rule.check(module)]
    assert not complaints, "\n" + "\n".join(complaints)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_breach_of_the_rule_is_found(rule: Rule) -> None:
    assert list(rule.check(rule.breach))


def test_no_two_test_files_have_the_same_name() -> None:
    names = Counter(file.name for file in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def test_folders_of_tests_are_no_packages() -> None:
    assert [*(ROOT / "tests").rglob("__init__.py")] == []


def test_the_changelog_knows_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\]", changelog, re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert telnyx_actors.__version__ == "0.1.0" or telnyx_actors.__version__ in headings


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{document.name}: {target}"
        for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert broken == []


def test_the_powershell_script_is_ascii_because_version_5_1_reads_it_so() -> None:
    assert (ROOT / "build-and-test.ps1").read_bytes().isascii()
