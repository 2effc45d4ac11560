"""What acceptance tests share: the checklist's ``.env``, a caller in a hurry, and what a command printed."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from measure.calls import CallFigures, ModeFigures
from measure.report import blanks
from support.checklist import printed
from support.engine import CALLER, PATIENT
from telnyx_actors.standins.caller import CallerScript, HangUp, InterruptAfter, Say, Step, WaitForAgent
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.world import World

COMMAND_LIMIT_S: Final = 30.0
WISH: Final = "Hola, quisiera una cita para mi perro."
PRICE: Final = "¿Cuánto cuesta la consulta?"
ANSWERS: Final = (("cita", "Con gusto, mañana."), ("cuesta", "Sesenta mil pesos."))
"""Short, because tests listen to them in real time."""

UNHURRIED: Final = {**PATIENT, "MAX_FRONT_LAG_MS": "10000"}
"""The machine that runs the tests may be busy with others."""


def checklist_env(world: World) -> dict[str, str]:
    """The ``.env`` of the validation checklist, name for name; then where the stand-ins are."""
    env = world.env
    return {
        "DEEPGRAM_API_KEY": env["DEEPGRAM_API_KEY"],
        "TELNYX_API_KEY": env["TELNYX_API_KEY"],
        "CLAUDE_API_KEY": env["ANTHROPIC_API_KEY"],
        "ELEVENLABS_API_KEY": env["ELEVENLABS_API_KEY"],
        "AWS_ACCESS_KEY_ID": env["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": env["AWS_SECRET_ACCESS_KEY"],
        "AWS_REGION": env["AWS_REGION"],
        "AWS_BUCKET_NAME": env["S3_BUCKET"],
        "S3_BUCKET_FOLDER": "audios",
        "TELNYX_CONNECTION_ID": env["TELNYX_CONNECTION_ID"],
        "TELNYX_PHONE_NUMBER": env["TELNYX_PHONE_NUMBER"],
        "USE_MEDIA_STREAMS": "true",
        "TELNYX_TRANSCRIPTION_ENGINE": "deepgram",
        "TELNYX_TRANSCRIPTION_LANG": "es",
        **{name: url for name, url in env.items() if name.endswith(("_URL", "_URL_S3"))},
    }


def hurried(words: str, *more: str) -> CallerScript:
    """A caller who speaks fast, does not hear the greeting out, listens to each answer, and hangs up."""
    steps: list[Step] = [InterruptAfter(0.6, words), WaitForAgent(silent_ms=500)]
    for text in more:
        steps += [Say(text), WaitForAgent(silent_ms=500)]
    return CallerScript((*steps, HangUp()), voice=CALLER)


def orders(record: CarrierCall) -> list[str]:
    """What the carrier was asked to do in a call."""
    return [str(event.data["action"]) for event in record.events_of("command")]


def assert_blanks_filled(box: str, mode: str, record: CarrierCall) -> None:
    """The lines printed at the box stand in the report of ``make measure``, with figures for blanks."""
    responses_s = [response.seconds for response in record.response_times() if response.seconds is not None]
    report = blanks([ModeFigures(mode, [CallFigures(responses_s)] * 3)], is_real=False)
    for line in printed(box).splitlines():
        assert re.search(re.escape(line).replace("__", r"\d+\.\d\d"), report), (line, report)


def as_powershell_writes(**fields: str) -> str:
    """What ``@{…} | ConvertTo-Json`` makes."""
    return json.dumps(fields, indent=2)


def run(command: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command as typed; its output is text."""
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=COMMAND_LIMIT_S, check=False
    )
