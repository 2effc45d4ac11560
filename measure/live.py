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
_RESPONSE: Final = re.compile(r"respuesta (\d+) ms")


@contextmanager
def live_engine(env_file: Path, **settings: str) -> Iterator[Daemon]:
    """The engine with real keys. What it keeps on disk stays in the folder that is printed."""
    values = {name: text for name, text in dotenv_values(env_file, interpolate=False).items() if text}
    folder = Path(tempfile.mkdtemp(prefix="measure-real-"))
    print(f"Carpeta de esta medida (registro de llamadas, diario): {folder}")
    with Daemon(folder, {**values, **settings}) as daemon:
        yield daemon


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
    return CallFigures(
        responses_s=[int(turn[1]) / 1000 for turn in turns if turn],
        said=" ".join(SENTENCES),
        heard=heard_by(daemon, call_control_id),
        problem=errors[0] if errors else "" if turns else "nobody was answered",
    )
