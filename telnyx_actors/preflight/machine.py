"""The machine and the files: disk, clock, persona."""

from __future__ import annotations

import shutil
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from telnyx_actors.clock import Clock
from telnyx_actors.config import Settings
from telnyx_actors.errors import ConfigError
from telnyx_actors.personas import load_persona
from telnyx_actors.preflight.check import Check
from telnyx_actors.preflight.report import Outcome, failed, ok, warning
from telnyx_actors.providers.reach import fetch
from telnyx_actors.wire.telnyx_webhook import SIGNATURE_TOLERANCE_S

SKEW_WARNING_S: Final = 30.0
FREE_MIN_BYTES: Final = 200 * 1024**2
FREE_WARNING_BYTES: Final = 2 * 1024**3
RECORDING_BYTES_PER_HOUR: Final = 2 * 2 * 8000 * 3600
"""Two sides, 16 bits, 8 kHz."""


def machine_checks(settings: Settings, tls: ssl.SSLContext, clock: Clock) -> Iterator[Check]:
    folder = settings.archive.data_dir
    yield Check("disk", "Disco (DATA_DIR)", lambda: look_at_disk(folder), "")
    yield Check(
        "clock",
        "Reloj",
        lambda: look_at_clock(settings.telnyx.api_url, tls, clock),
        "Hace falta llegar a TELNYX_API_URL para comparar la hora.",
        settings.telnyx.api_url,
    )


def file_checks(settings: Settings) -> Iterator[Check]:
    yield Check("persona", "Persona", lambda: look_at_persona(settings.call.persona_file), "")
    yield Check("webhook_key", "Firma de los webhooks", lambda: look_at_key(settings.telnyx.public_key), "")


def look_at_disk(folder: Path) -> Outcome:
    action = f"Deje que el motor escriba en {folder.resolve()}, o ponga otra carpeta en DATA_DIR."
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return failed(f"no se puede escribir en {folder} ({error.strerror or error})", action)
    return judge_free(free)


def judge_free(free_bytes: int) -> Outcome:
    hours = free_bytes // RECORDING_BYTES_PER_HOUR
    detail = f"{free_bytes / 1024**3:.1f} GiB libres, unas {hours} horas de llamadas grabadas"
    action = "Haga sitio, o ponga en DATA_DIR una carpeta de otro disco."
    if free_bytes < FREE_MIN_BYTES:
        return failed(detail, action)
    return warning(detail, action) if free_bytes < FREE_WARNING_BYTES else ok(detail)


def look_at_clock(url: str, tls: ssl.SSLContext, clock: Clock) -> Outcome:
    """Against the carrier's own clock, which is what its signatures are dated by. Raises ``ProviderError``."""
    before = clock.wall()
    date = fetch(url, tls).date
    after = clock.wall()
    if date is None:
        return warning("Telnyx no dijo la hora", "Compruebe que esta máquina sincroniza su reloj (NTP).")
    here = before + (after - before) / 2
    return judge_skew((here - date).total_seconds())


def judge_skew(skew_s: float) -> Outcome:
    """``skew_s`` is positive where our clock is ahead."""
    which = "adelantado" if skew_s > 0 else "atrasado"
    action = "Sincronice el reloj de esta máquina (NTP): los webhooks se firman con la hora."
    if abs(skew_s) > SIGNATURE_TOLERANCE_S:
        return failed(f"{which} {abs(skew_s):.0f} s: los webhooks se rechazarán", action)
    if abs(skew_s) > SKEW_WARNING_S:
        return warning(f"{which} {abs(skew_s):.0f} s (se toleran {SIGNATURE_TOLERANCE_S})", action)
    return ok(f"en hora, a {abs(skew_s):.0f} s de la de Telnyx")


def look_at_persona(path: Path | None) -> Outcome:
    try:
        persona = load_persona(path)
    except ConfigError as error:
        return failed("; ".join(error.problems), "Corrija el archivo, o quite PERSONA_FILE para usar la incluida.")
    who = f"{persona.name}, {persona.business}"
    if persona.retired:
        return warning(f"{who}; ya no se usa: {', '.join(persona.retired)}", "Quite esas claves del archivo.")
    return ok(who + ("" if path is not None else " (la incluida)"))


def look_at_key(public_key: str | None) -> Outcome:
    if public_key is not None:
        return ok("se verifican con TELNYX_PUBLIC_KEY")
    return warning(
        "sin TELNYX_PUBLIC_KEY se rechazan las llamadas entrantes",
        "Cópiela de portal.telnyx.com (API Keys, Public Key). Las salientes no la necesitan.",
    )
