"""The same figures on a real account: a person answers the phone, and says what the screen shows."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from measure.calls import CallFigures, heard_by
from measure.daemon import Daemon
from measure.stage import SENTENCES

TALK_LIMIT_S: Final = 600.0
READABLE_LOG: Final = {"LOG_LEVEL": "INFO", "LOG_FORMAT": "text", "LOG_TRANSCRIPTS": "true", "LOG_FILE": ""}
"""The figures are read from it."""
_RESPONSE: Final = re.compile(r"respuesta (\d+) ms")


@contextmanager
def live_engine(env_file: Path, **settings: str) -> Iterator[Daemon]:
    """The engine with real keys, beside one that may be running. What it keeps stays in the folder that is printed."""
    values = {name: text for name, text in dotenv_values(env_file, interpolate=False).items() if text}
    folder = Path(tempfile.mkdtemp(prefix="measure-real-"))
    print(f"Carpeta de esta medida (diario y, sin S3, grabaciones): {folder}")
    daemon = Daemon(folder, {**values, **READABLE_LOG, "DATA_DIR": "var", **settings})
    if "API_TOKEN" in values:
        daemon.http.headers["Authorization"] = f"Bearer {values['API_TOKEN']}"
    try:
        with daemon:
            yield daemon.wait_ready()
    finally:
        (folder / ".env").unlink(missing_ok=True)  # the keys are in it


def live_call(daemon: Daemon, to: str, number: int) -> CallFigures | None:
    """One real call, or None where the person at the keyboard does not want it. It costs money."""
    print(
        f"\nLlamada {number} a {to}. Cuando conteste, diga una frase, escuche la respuesta, diga la siguiente; luego cuelgue:"
    )
    for sentence in SENTENCES:
        print(f"    «{sentence}»")
    if input("¿Llamar ahora? Es una llamada de verdad, y se paga [s/N]: ").strip().lower() not in ("s", "si", "sí"):
        return None
    call_control_id = daemon.dial(to, "Medida")
    daemon.wait_line("Llamada finalizada", call=call_control_id, timeout_s=TALK_LIMIT_S)
    turns = [_RESPONSE.search(line.text) for line in daemon.lines("⏱️", call=call_control_id)]
    errors = [line.text for line in daemon.lines(call=call_control_id) if line.level in ("ERROR", "CRITICAL")]
    problem = errors[0] if errors else "" if turns else "ningún turno tuvo respuesta"
    responses_s = [int(turn[1]) / 1000 for turn in turns if turn]
    return CallFigures(responses_s, " ".join(SENTENCES), heard_by(daemon, call_control_id), problem)
