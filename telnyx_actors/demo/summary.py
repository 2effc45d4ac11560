"""What remains of the call when it is over: its figures beside what they are compared with, and the checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from telnyx_actors.demo.check import Check
from telnyx_actors.demo.evidence import Evidence
from telnyx_actors.demo.figures import Figures
from telnyx_actors.demo.numbers import ms
from telnyx_actors.demo.terminal import Terminal
from telnyx_actors.standins.percentile import percentile

LABEL_COLUMNS: Final = 26
VALUE_COLUMNS: Final = 16
CLAIM_COLUMNS: Final = 44

Row = tuple[str, str, str]
"""What, how much, and beside what."""


def table(evidence: Evidence, figures: Figures) -> list[Row]:
    """The rows of the table."""
    responses, serial = _ms(figures.responses_s), _ms(figures.serial_s)
    ratio = percentile(figures.responses_s, 50) / percentile(figures.serial_s, 50)
    compared = (
        f"un {abs(1 - ratio) * 100:.0f} % {'menos' if ratio < 1 else 'más'}"
        if figures.responses_s
        else "sin respuestas"
    )
    spent = figures.tokens
    rows = [
        (f"Turnos de {evidence.scenario.name}", str(len(evidence.scenario.exchanges)), "una respuesta a cada uno"),
        ("Respuesta, p50 / p95", responses, f"en serie serían {serial}: {compared}"),
        ("Silencio más largo", ms(figures.dead_air_s), "de espera por el agente"),
    ]
    if figures.barge_ins_s:
        barge_in = percentile(figures.barge_ins_s, 50)
        rows.append(("Callar al oír voz, p50", ms(barge_in), "del primer sonido de quien interrumpe"))
        rows.append(("Audio después de callar", f"{figures.bytes_after_clear} bytes", "de la frase interrumpida"))
    if figures.fillers:
        rows.append(("Muletillas", str(figures.fillers), "la respuesta tardó más de 1,2 s"))
    in_vain = f"más por adelantarse en vano ({spent.wasted_requests} de {spent.requests} peticiones)"
    return [
        *rows,
        ("Tokens de salida", str(spent.sent - spent.wasted), f"y {spent.wasted} {in_vain}"),
        ("Tokens de entrada", str(spent.read - spent.wasted_read), f"y {spent.wasted_read} más, por lo mismo"),
    ]


def _ms(values_s: Sequence[float]) -> str:
    return f"{percentile(values_s, 50) * 1000:.0f} / {ms(percentile(values_s, 95))}" if values_s else "—"


def show_table(terminal: Terminal, rows: Sequence[Row]) -> None:
    for what, value, beside in rows:
        head = [("", f"  {what:<{LABEL_COLUMNS}}"), ("bold", f"{value:<{VALUE_COLUMNS}}")]
        terminal.text(head, [("dim", beside)], 2 + LABEL_COLUMNS + VALUE_COLUMNS)


def show_checks(terminal: Terminal, checks: Sequence[Check]) -> None:
    for check in checks:
        sign = ("good", "  ✓ ") if check.is_ok else ("bad", "  ✗ ")
        head = [sign, ("" if check.is_ok else "bad", f"{check.claim:<{CLAIM_COLUMNS}}  ")]
        terminal.text(head, [("dim" if check.is_ok else "bad", check.detail)], 4 + CLAIM_COLUMNS + 2)
