"""Phases 7 and 8: documents, structure, and what a deployment needs. What people do has its line in operations.md."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from measure.daemon import Daemon
from support.checklist import ROOT, boxes, printed

DOCS = ROOT / "docs"
OPERATIONS = DOCS / "operations.md"


def read(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


# --- 7: documents and structure ---


def test_7_1_the_documents_are_there() -> None:
    names = {"WEBSOCKET-MIGRATION", "TESTING-WEBSOCKET", "QUICK-START-TESTING", "MIGRATION-SUMMARY"}
    assert names <= {file.stem for file in DOCS.glob("*.md")}


def test_7_2_the_migration_is_described() -> None:
    text = read("docs/WEBSOCKET-MIGRATION.md")
    assert "/stream/media" in text and "USE_MEDIA_STREAMS" in text


def test_7_3_the_tests_are_described() -> None:
    assert "python run.py --check" in read("docs/TESTING-WEBSOCKET.md")


def test_7_4_the_quick_start_is_quick() -> None:
    text = read("docs/QUICK-START-TESTING.md")
    assert "python run.py" in text and len(text.splitlines()) < 80


def test_7_5_the_summary_names_what_changed() -> None:
    text = read("docs/MIGRATION-SUMMARY.md")
    assert "cargo run" in text and "python run.py" in text


def test_7_6_the_script_has_a_task_for_each_part() -> None:
    tasks = re.search(r"ValidateSet\((.*?)\)", read("build-and-test.ps1"))
    assert tasks is not None
    assert {"'test'", "'accept'", "'run'", "'check'", "'measure'"} <= set(tasks[1].split(", "))


def test_7_7_the_structure_is_described() -> None:
    assert "```mermaid" in read("docs/architecture.md")


def test_7_8_the_deepgram_client_is_there() -> None:
    assert "class " in read("telnyx_actors/providers/deepgram.py")


def test_7_9_the_media_stream_handler_is_there() -> None:
    assert "class MediaRoute" in read("telnyx_actors/front/media.py")


def test_7_10_the_service_lists_the_media_route(plain: Daemon) -> None:
    answer = plain.get("/").json()
    assert answer["status"] == "running"
    assert any("/stream/media" in endpoint for endpoint in answer["endpoints"])


def test_7_11_the_routes_use_the_handler() -> None:
    assert "telnyx_actors.front.media" in imports_of("telnyx_actors/front/routes.py")


def test_7_12_the_engine_uses_the_client() -> None:
    assert "telnyx_actors.providers.deepgram" in imports_of("telnyx_actors/vendors.py")


def imports_of(file: str) -> set[str]:
    return {node.module or "" for node in ast.walk(ast.parse(read(file))) if isinstance(node, ast.ImportFrom)}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone: it has no history")
def test_7_13_the_history_can_be_read() -> None:
    assert git("log", "--oneline").splitlines()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone: it has no history")
def test_7_14_the_history_has_the_media_stream() -> None:
    assert git("log", "--oneline", "--", "telnyx_actors/front/media.py").splitlines()


def git(*arguments: str) -> str:
    answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return answer.stdout


# --- 8: before a deployment ---


@pytest.fixture(scope="module")
def plain(start_daemon: Callable[..., Daemon]) -> Daemon:
    return start_daemon()


def test_8_2_the_changes_are_told() -> None:
    assert "MIGRATION-SUMMARY.md" in read("docs/validation-checklist.md")
    assert "## [Unreleased]" in read("CHANGELOG.md")


def test_8_3_the_way_back_is_one_setting() -> None:
    assert printed("8.3").startswith("USE_MEDIA_STREAMS=false")
    assert "USE_MEDIA_STREAMS=false" in OPERATIONS.read_text(encoding="utf-8")


def test_8_4_webhook_mode_is_tested_like_stream_mode() -> None:
    assert {"5.4", "5.5"} <= set(boxes_with_a_test())


def test_8_5_what_a_deployment_needs_is_there() -> None:
    names = {file.name for file in (ROOT / "deploy").iterdir()}
    assert {"telnyx-actors@.service", "Dockerfile", "Caddyfile", "nginx.conf", "install-windows-service.ps1"} <= names


# --- the list itself ---


def boxes_with_a_test() -> list[str]:
    """The numbers in the names of all acceptance tests."""
    found = []
    for file in Path(__file__).parent.glob("test_*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        found += [match[1].replace("_", ".") for name in names if (match := re.match(r"test_(\d+(?:_\d+)+)_", name))]
    return found


def boxes_of_people() -> list[str]:
    """The numbers of the boxes that operations.md takes up, each in a row of its own."""
    return re.findall(r"^\| (\d+\.[\d.]*\d) \|", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_box_has_its_test_or_its_line_in_operations() -> None:
    assert sorted([*boxes_with_a_test(), *boxes_of_people()]) == sorted(boxes())


def test_the_boxes_are_numbered_in_order() -> None:
    numbers = [tuple(map(int, box.split("."))) for box in boxes()]
    assert numbers == sorted(set(numbers))
