"""One thing to be tried, what its failure means, and how many of them are tried at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from loguru import logger

from telnyx_actors.clock import Clock
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.preflight.report import Finding, Outcome, Report, failed

KINDS: Final = {
    Failure.AUTH: "no autorizado",
    Failure.PAYMENT: "sin saldo",
    Failure.REFUSED: "petición rechazada",
    Failure.RATE_LIMIT: "demasiadas peticiones",
    Failure.CAPACITY: "sin sitio para una más",
    Failure.UNAVAILABLE: "no disponible",
    Failure.TIMEOUT: "sin respuesta a tiempo",
    Failure.PROTOCOL: "respuesta que no se entiende",
    Failure.GONE: "ya no existe",
}


@dataclass(frozen=True, slots=True)
class Check:
    """``look`` may block, and may raise ``ProviderError``: then ``action`` says what to do about it.

    ``vendor_url``: where a vendor is who can be out of reach, or out of order, for reasons that are not in the settings.
    """

    name: str
    title: str
    look: Callable[[], Outcome]
    action: str
    vendor_url: str = ""

    def blame(self, error: ProviderError) -> Outcome:
        """What a failure means here."""
        return failed(in_words(error), self._advice(error))

    def _advice(self, error: ProviderError) -> str:
        if not self.vendor_url:
            return self.action
        if error.kind is Failure.PAYMENT:
            return "Recargue la cuenta."
        if error.kind in (Failure.RATE_LIMIT, Failure.CAPACITY):
            return "La cuenta está al límite de lo que puede hacer a la vez: pruebe más tarde, o suba el límite."
        if error.kind not in (Failure.UNAVAILABLE, Failure.TIMEOUT):
            return self.action
        if error.status is not None:
            return "El proveedor tiene problemas ahora: pruebe más tarde."
        return f"No se llega a {self.vendor_url}: revise la red, el DNS y el cortafuegos de esta máquina."


def in_words(error: ProviderError) -> str:
    """A vendor's failure for the table."""
    status = f" (HTTP {error.status})" if error.status is not None else ""
    return f"{KINDS[error.kind]}{status}: {error.message}"


def run_checks(checks: Iterable[Check], clock: Clock, limit_s: float) -> Report:
    """All at once. One that takes longer than ``limit_s`` has failed; its thread is left behind."""
    running = [(check, _start(check, clock)) for check in checks]
    deadline = clock.now() + limit_s
    findings = []
    for check, future in running:
        try:
            outcome, took_s = future.result(max(deadline - clock.now(), 0.0))
        except TimeoutError:
            outcome, took_s = failed("no terminó a tiempo", check.action), limit_s
        findings.append(Finding(check.name, check.title, outcome, round(took_s * 1000)))
    return Report(tuple(findings))


def _start(check: Check, clock: Clock) -> Future[tuple[Outcome, float]]:
    future: Future[tuple[Outcome, float]] = Future()

    def work() -> None:
        begun = clock.now()
        future.set_result((_outcome(check), clock.now() - begun))

    # A daemon: somebody who never answers must not keep the process from ending.
    threading.Thread(target=work, name=f"preflight-{check.name}", daemon=True).start()
    return future


def _outcome(check: Check) -> Outcome:
    try:
        return check.look()
    except ProviderError as error:
        return check.blame(error)
    except Exception as error:  # noqa: BLE001 - whatever breaks a check is what the check has found
        logger.opt(exception=error).debug("preflight {}", check.name)
        return failed(f"{type(error).__name__}: {error}", check.action)
