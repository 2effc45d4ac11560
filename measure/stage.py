"""The stand-ins in a process of their own, and daemons that talk to them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from measure.daemon import ROOT, Daemon
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, Step, WaitForAgent
from telnyx_actors.standins.world_client import WorldClient

SENTENCES = (
    "Hola, quisiera una cita para mi perro.",
    "¿Cuánto cuesta la consulta?",
    "¿A qué hora abren los sábados?",
    "Muchas gracias, hasta luego.",
)
PATIENCE = {"DRAIN_SECONDS": "1", "MAX_FRONT_LAG_MS": "10000"}
"""A machine that is busy with something else must not end a measurement by refusing calls."""
GREETING = "Clínica La Wanda, buenos días."


def caller(sentences: tuple[str, ...] = SENTENCES) -> CallerScript:
    """Says a sentence, hears the answer out, says the next one, and hangs up."""
    steps: list[Step] = [WaitForAgent(silent_ms=700)]
    for sentence in sentences:
        steps += [Say(sentence), WaitForAgent(silent_ms=900)]
    return CallerScript((*steps, HangUp()))


@contextmanager
def stand_ins() -> Iterator[WorldClient]:
    """Telnyx with its callers, Deepgram, Claude, ElevenLabs, in a process of their own."""
    with ExitStack() as on_close:
        process = subprocess.Popen(
            [sys.executable, "-m", "telnyx_actors.standins", "--no-s3"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        on_close.callback(process.wait)
        on_close.callback(process.terminate)
        assert process.stdout is not None
        on_close.callback(process.stdout.close)
        name, _, url = process.stdout.readline().strip().partition("=")
        if name != "WORLD_URL":
            raise RuntimeError("the stand-ins did not start")
        world = WorldClient(url)
        on_close.callback(world.close)
        yield world


@contextmanager
def engine(world: WorldClient, **settings: str) -> Iterator[Daemon]:
    """A daemon for these stand-ins, in a folder of its own that goes with it."""
    with (
        tempfile.TemporaryDirectory(prefix="measure-") as folder,
        Daemon(Path(folder), {**world.env, **PATIENCE, **settings}) as daemon,
    ):
        yield daemon
