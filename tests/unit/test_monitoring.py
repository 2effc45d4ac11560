"""Alarms and dashboard: understood by Prometheus, made of figures that there are, and each explained."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCUMENT = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
ALERTS = (DEPLOY / "alerts.yml").read_text(encoding="utf-8")
PROMTOOL = shutil.which("promtool")
WITHIN_S = 30

with_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (Debian: apt install prometheus)"
)


def promtool(*arguments: str) -> str:
    """What it says; it has to be content."""
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def queries(panel: dict[str, Any]) -> Iterator[str]:
    yield from (target["expr"] for target in panel.get("targets", ()))


def dashboard_queries() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    return [query for panel in dashboard["panels"] for query in queries(panel)]


def figures_in(text: str) -> set[str]:
    """Recorded ones have colons, and are not the engine's."""
    found = re.findall(r"(?<![\w:])telnyx_actors_\w+(?!\w*:)", text)
    return {re.sub(r"_bucket$", "", name) for name in found} - set(re.findall(r"name: (telnyx_actors_\w+)", text))


@with_promtool
def test_the_rules_are_understood() -> None:
    assert "SUCCESS" in promtool("check", "rules", str(DEPLOY / "alerts.yml"))


@with_promtool
def test_the_rules_alarm_in_bad_hours_and_not_in_good_ones() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(DEPLOY / "alerts.test.yml"))


@with_promtool
def test_every_query_of_the_dashboard_is_understood(tmp_path: Path) -> None:
    found = [query.replace("$__rate_interval", "5m").replace("$instance", ".*") for query in dashboard_queries()]
    assert len(found) > 30
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(found)]
    file = tmp_path / "dashboard.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")  # JSON is YAML
    assert f"{len(found)} rules found" in promtool("check", "rules", str(file))


def test_alarms_and_dashboard_use_documented_figures_only() -> None:
    documented = figures_in(DOCUMENT)
    assert figures_in(ALERTS) - documented == set()
    assert figures_in("\n".join(dashboard_queries())) - documented == set()


def test_every_alarm_says_what_to_do_first() -> None:
    alarms = set(re.findall(r"alert: (\w+)", ALERTS))
    explained = set(re.findall(r"`(TelnyxActors\w+)`", DOCUMENT.partition("## Alarms")[2]))
    assert alarms == explained
