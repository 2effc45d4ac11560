"""The checklist's blanks, filled in: figures to the text that is written there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from measure.calls import ModeFigures

REPLACED_WEBHOOK_S = 11.0
"""The replaced service took 8 to 14 s a turn in webhook mode, by its own figures; the middle of that."""


def blanks(modes: Sequence[ModeFigures], *, is_real: bool) -> str:
    """The whole report, in Spanish, in the order of the checklist."""
    return "\n".join(_lines(modes, is_real))


def _lines(modes: Sequence[ModeFigures], is_real: bool) -> Iterator[str]:
    yield "CUENTA REAL" if is_real else "Proveedores simulados, a sus retardos habituales"
    for mode in modes:
        yield ""
        for number, call in enumerate(mode.calls, start=1):
            trouble = f"   ({call.problem})" if call.problem else ""
            yield f"Test {number} {mode.name}: {_s(call.response_s)} segundos{trouble}"
        yield f"Promedio {mode.name}: {_s(mode.response_s)} segundos"
    yield ""
    for mode in modes:
        yield f"Transcription Accuracy ({mode.name}): {mode.accuracy:.1%} (tasa de error por palabra {1 - mode.accuracy:.1%})"
        yield f"Success Rate ({mode.name}): {mode.success_rate:.0%} de {len(mode.calls)} llamadas"
    yield ""
    yield "Performance Real:" if is_real else "Performance:"
    for mode in modes:
        yield f"- Latencia {mode.name}: {_s(mode.response_s)} segundos"
    yield from _improvement(modes)


def _improvement(modes: Sequence[ModeFigures]) -> Iterator[str]:
    latency = {mode.name: mode.response_s for mode in modes}
    stream, webhook = latency.get("WebSocket"), latency.get("Webhook")
    if stream:
        gain = 1 - stream / REPLACED_WEBHOOK_S
        yield f"- Mejora: {gain:.0%} frente al modo webhook del servicio anterior (8–14 s; objetivo >70%)"
    if stream and webhook:
        yield f"- Mejora: {1 - stream / webhook:.0%} frente al modo webhook de este motor"


def _s(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds else "—"
