"""All the checks there are, and the few that an engine makes of itself."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final

from loguru import logger

from telnyx_actors.clock import Clock
from telnyx_actors.config import Settings
from telnyx_actors.preflight.address import address_checks, listen
from telnyx_actors.preflight.check import Check, run_checks
from telnyx_actors.preflight.machine import file_checks, machine_checks
from telnyx_actors.preflight.report import Report, Status, failed
from telnyx_actors.preflight.vendors import vendor_checks
from telnyx_actors.providers.http import tls_context

LIMIT_S: Final = 20.0
"""For one check. They run side by side, so it is the limit of them all, too."""


def preflight(settings: Settings, clock: Clock, limit_s: float = LIMIT_S) -> Report:
    """Try everything. Blocks for ``limit_s`` at most. Nothing of it needs the engine, nor disturbs one that runs."""
    tls = tls_context()
    with ExitStack() as on_close:
        checks = [*vendor_checks(settings, tls, clock.wall().date(), on_close)]
        try:
            checks += address_checks(settings, tls, listen(settings, on_close))
        except OSError as error:
            checks.append(_cannot_listen(settings, error))
        checks += [*machine_checks(settings, tls, clock), *file_checks(settings)]
        return run_checks(checks, clock, limit_s)


def self_check(settings: Settings, clock: Clock, limit_s: float = LIMIT_S) -> None:
    """The short version, for an engine that has just started: what nobody else would notice. Findings go to the log.

    Blocks for ``limit_s`` at most.
    """
    tls = tls_context()
    checks = [*address_checks(settings, tls, nonce=""), *machine_checks(settings, tls, clock)]
    for finding in run_checks(checks, clock, limit_s).findings:
        outcome = finding.outcome
        if outcome.status is Status.OK:
            logger.debug("🩺 {}: {}", finding.title, outcome.detail)
        else:
            logger.warning("⚠️ {}: {}. {}", finding.title, outcome.detail, outcome.action)


def _cannot_listen(settings: Settings, error: OSError) -> Check:
    server = settings.server
    outcome = failed(
        f"no se puede escuchar en {server.host}:{server.port} ({error.strerror or error})", "Cambie HOST o PORT."
    )
    return Check("webhook_address", "WEBHOOK_BASE_URL", lambda: outcome, "")
