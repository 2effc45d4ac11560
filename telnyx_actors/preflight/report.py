"""What a preflight found, as values, as a table for people and as JSON for machines. Pure."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TITLE_CHARS: Final = 31
DETAIL_CHARS_MIN: Final = 30
"""In a narrower window than that needs, the terminal breaks the lines."""


class Status(StrEnum):
    """How a check went. A warning is no reason not to start."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


WORDS: Final = {Status.OK: "OK", Status.WARNING: "AVISO", Status.FAILED: "FALLA"}
_MARGIN: Final = "  "
_STATUS_CHARS: Final = max(map(len, WORDS.values()))
_DETAIL_AT: Final = _STATUS_CHARS + TITLE_CHARS + 2 * len(_MARGIN)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found, in Spanish, and what to do about it; nothing to do when all is well."""

    status: Status
    detail: str
    action: str = ""


def ok(detail: str) -> Outcome:
    return Outcome(Status.OK, detail)


def warning(detail: str, action: str) -> Outcome:
    return Outcome(Status.WARNING, detail, action)


def failed(detail: str, action: str) -> Outcome:
    return Outcome(Status.FAILED, detail, action)


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check. ``name`` is for machines and never changes; ``took_ms`` is how long it took."""

    name: str
    title: str
    outcome: Outcome
    took_ms: int


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, in the order in which they are shown."""

    findings: tuple[Finding, ...]

    @property
    def is_passed(self) -> bool:
        return self.count(Status.FAILED) == 0

    def count(self, status: Status) -> int:
        return sum(finding.outcome.status is status for finding in self.findings)


def table(report: Report, width: int) -> str:
    """For people: a line for each finding, what to do below those that need it, and a sum. No colours, no frames."""
    lines = [line for finding in report.findings for line in _rows(finding, width)]
    return "\n".join([*lines, "", _sum(report)])


def as_json(report: Report) -> str:
    """For machines: ``{"passed", "checks": [{"name", "title", "status", "detail", "action", "ms"}]}``."""
    checks = [
        {
            "name": finding.name,
            "title": finding.title,
            "status": finding.outcome.status.value,
            "detail": finding.outcome.detail,
            "action": finding.outcome.action,
            "ms": finding.took_ms,
        }
        for finding in report.findings
    ]
    return json.dumps({"passed": report.is_passed, "checks": checks}, ensure_ascii=False, indent=2)


def _rows(finding: Finding, width: int) -> list[str]:
    outcome = finding.outcome
    head = f"{WORDS[outcome.status]:<{_STATUS_CHARS}}{_MARGIN}{finding.title:<{TITLE_CHARS}}{_MARGIN}"
    rows = _wrap(f"{outcome.detail} ({finding.took_ms} ms)", width, head, " " * _DETAIL_AT)
    if outcome.action:
        rows += _wrap(outcome.action, width, " " * _DETAIL_AT + "→ ", " " * (_DETAIL_AT + 2))
    return rows


def _wrap(text: str, width: int, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, _DETAIL_AT + DETAIL_CHARS_MIN),
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,  # addresses are to be copied
        break_on_hyphens=False,
    )


def _sum(report: Report) -> str:
    failures, warnings = report.count(Status.FAILED), report.count(Status.WARNING)
    passed = "Todo en orden" if report.is_passed else "No está listo"
    sums = (_count(len(report.findings), "comprobación", "comprobaciones"), _count(failures, "falla", "fallas"))
    return f"{passed}: {', '.join(sums)}, {_count(warnings, 'aviso', 'avisos')}."


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
