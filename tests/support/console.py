"""The console as a test holds it: from the inside, over registries filled by hand, and from the outside."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pykka
import pytest
from pykka._envelope import Envelope

from support.manual_time import ManualClock, ManualTimer
from support.plans import FakeWorld
from telnyx_actors.actors.calls import CallView
from telnyx_actors.actors.inbox import Inbox, Overflow
from telnyx_actors.actors.messages import CallPlan
from telnyx_actors.actors.runtime import Runtime
from telnyx_actors.actors.stats import Stats
from telnyx_actors.config import load_settings
from telnyx_actors.console.client import shell
from telnyx_actors.console.commands import perform
from telnyx_actors.console.desk import Desk
from telnyx_actors.console.protocol import Json, Request
from telnyx_actors.core.turn import Latency, TurnEnd, TurnKind, TurnRecord, TurnTimes

SECRET = "sk-no-debe-verse-nunca"
NUMBER = "+573001234567"
ENV = {
    "WEBHOOK_BASE_URL": "https://engine.test",
    "TELNYX_API_KEY": SECRET,
    "TELNYX_CONNECTION_ID": "1494404757140276705",
    "TELNYX_PHONE_NUMBER": "+576015550100",
    "DEEPGRAM_API_KEY": SECRET,
    "ANTHROPIC_API_KEY": SECRET,
    "ELEVENLABS_API_KEY": SECRET,
    "API_TOKEN": SECRET,
    "AWS_ACCESS_KEY_ID": SECRET,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_REGION": "us-east-1",
    "S3_BUCKET": "bucket",
    "USE_MEDIA_STREAMS": "true",
}


@dataclass
class FakeLog:
    level: str = "INFO"

    def set_level(self, level: str) -> None:
        self.level = level


class FakeRef:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def tell(self, message: object) -> None:
        self.told.append(message)


class GoneRef(FakeRef):
    def tell(self, message: object) -> None:
        raise pykka.ActorDeadError


@dataclass
class Bench:
    """The desk, and hands to change what stands on it."""

    desk: Desk
    clock: ManualClock
    log: FakeLog
    supervisor: FakeRef = field(default_factory=FakeRef)

    def actor(self, path: str, kind: str = "Puppet", ref: FakeRef | None = None, **fields: Any) -> Stats:
        """An actor that just started. ``waiting`` messages came now."""
        waiting = fields.pop("waiting", 0)
        inbox = Inbox(1000, Overflow.DROP_OLDEST, self.clock.now)
        for _ in range(waiting):
            inbox.put(Envelope("message"))
        stats = Stats(path, kind, inbox, self.clock.now(), **fields)
        taking_messages: Any = ref or FakeRef()
        self.desk.runtime.stats.enter(stats, taking_messages)
        return stats

    def call(self, ref: str, call_control_id: str = "", **fields: Any) -> CallView:
        plan = CallPlan(ref, "outgoing", NUMBER, nombre="Ana")
        view = CallView(plan, SECRET, self.clock.now(), "2026-01-01T00:00:00-05:00")
        view.call_control_id = call_control_id
        for name, value in fields.items():
            setattr(view, name, value)
        self.desk.services.calls.add(view)
        return view

    def do(self, command: str, *arguments: str, sure: bool = True) -> Any:
        """The result of a command. Raises ``CommandError``."""
        answer: Json = perform(self.desk, Request(1, command, arguments, sure))
        return answer["result"]


class Console:
    """Runs commands as an operator would, and reads what is shown."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._options = ["--data-dir", str(data_dir)]
        self._capsys = capsys
        self.exit_code = 0
        self.errors = ""

    def __call__(self, *words: str) -> str:
        """What is printed."""
        self._capsys.readouterr()
        self.exit_code = shell.main([*words, *self._options])
        printed = self._capsys.readouterr()
        self.errors = printed.err
        return printed.out

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))


def bench(data_dir: Path, **env: str) -> Bench:
    clock = ManualClock(1000.0)
    world, log = FakeWorld(data_dir), FakeLog()
    settings = load_settings({**ENV, "DATA_DIR": str(data_dir), **env})
    services = replace(world.services, settings=replace(world.services.settings, shows_words=settings.log.transcripts))
    made = Bench(Desk(Runtime(clock, ManualTimer(clock)), services, settings, lambda: 3.0, log), clock, log)
    taking_messages: Any = made.supervisor
    world.services.supervisor.ref = taking_messages
    return made


def answered_turn(number: int = 1, *, thinking: float = 0.4, end: TurnEnd = TurnEnd.COMPLETED) -> TurnRecord:
    """A turn whose response took ``thinking`` and 0.4 s; the caller stopped speaking at 10.0."""
    asked, clause = 10.2, 10.2 + thinking
    times = TurnTimes(
        voice_ended=10.0,
        transcribed=10.2,
        asked=asked,
        first_clause=clause,
        first_speech=clause + 0.1,
        committed=10.25,
        first_sent=clause + 0.2,
    )
    latency = Latency(0.2, thinking, 0.1, 0.1, thinking + 0.4)
    return TurnRecord(
        number,
        TurnKind.REPLY,
        "mi perro se llama Toby",
        "Qué lindo nombre",
        "Qué lindo",
        end,
        2,
        times,
        latency,
        50,
        9,
        900,
    )
