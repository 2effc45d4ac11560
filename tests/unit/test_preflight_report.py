"""What a preflight found, for people and for machines."""

from __future__ import annotations

import json

import pytest

from telnyx_actors.preflight.report import Finding, Outcome, Report, Status, as_json, failed, ok, table, warning

GOOD = Finding("claude_model", "Claude: clave y modelo", ok("claude-haiku-5-5"), 120)
DOUBTFUL = Finding("webhook_key", "Firma de los webhooks", warning("falta", "Cópiela del portal."), 0)
BAD = Finding("deepgram_key", "Deepgram: clave", failed("no autorizado (HTTP 401)", "Ponga otra clave."), 35)


@pytest.mark.parametrize(
    ("findings", "is_passed"), [((GOOD,), True), ((GOOD, DOUBTFUL), True), ((GOOD, BAD), False), ((), True)]
)
def test_only_a_failure_is_a_reason_not_to_pass(findings: tuple[Finding, ...], is_passed: bool) -> None:
    assert Report(findings).is_passed is is_passed


def test_the_table_says_what_how_and_what_to_do() -> None:
    lines = table(Report((GOOD, DOUBTFUL, BAD)), 200).splitlines()

    assert lines[0] == "OK     Claude: clave y modelo           claude-haiku-5-5 (120 ms)"
    assert lines[1].startswith("AVISO  Firma de los webhooks")
    assert lines[2].strip() == "→ Cópiela del portal."
    assert lines[3].startswith("FALLA  Deepgram: clave")
    assert lines[4].strip() == "→ Ponga otra clave."
    assert lines[-1] == "No está listo: 3 comprobaciones, 1 falla, 1 aviso."


@pytest.mark.parametrize("width", [1, 40, 80, 120])
def test_long_lines_are_broken_under_their_column_and_addresses_never(width: int) -> None:
    url = "https://un-dominio-bastante-largo.example.com/webhook/telnyx"
    outcome = failed(f"en {url} responde otro servicio", "Lleve esa dirección a este puerto, con la ruta entera.")
    text = table(Report((Finding("webhook_address", "WEBHOOK_BASE_URL", outcome, 5),)), width)

    assert url in text
    first, *rest = text.split("\n\n")[0].splitlines()
    assert first.startswith("FALLA  WEBHOOK_BASE_URL")
    assert all(line.startswith(" " * 40) for line in rest)
    assert all(len(line) <= max(width, 70) or url in line for line in rest)


def test_every_title_fits_its_column() -> None:
    long = Finding("x", "ElevenLabs: clave, voz y modelo", ok("detalle"), 1)
    assert table(Report((long,)), 200).startswith("OK     ElevenLabs: clave, voz y modelo  detalle")


def test_machines_get_json_with_names_that_stay() -> None:
    found = json.loads(as_json(Report((GOOD, BAD))))

    assert found["passed"] is False
    assert found["checks"][1] == {
        "name": "deepgram_key",
        "title": "Deepgram: clave",
        "status": "failed",
        "detail": "no autorizado (HTTP 401)",
        "action": "Ponga otra clave.",
        "ms": 35,
    }


def test_an_outcome_without_fault_has_nothing_to_do() -> None:
    assert ok("bien") == Outcome(Status.OK, "bien", "")
