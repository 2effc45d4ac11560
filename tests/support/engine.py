"""A whole engine in this process, and the world of stand-ins around it, on loopback.

    with House(tmp_path) as house:
        call = house.dial(CallerScript((WaitForAgent(silent_ms=300), Say("¿Qué hora es?"), HangUp())))
        ended = house.ended(call)
        assert ended.turns("reply")[0]["heard"] == "Son las tres."

Vendors answer at once and the lines known by heart are short, so that a call takes as long
as what is said in it. Tests that measure ask for the stand-ins' own latencies.
"""

from __future__ import annotations

import io
import json
import threading
import wave
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pykka
import requests
from loguru import logger

import telnyx_actors.providers.claude  # noqa: F401 - its SDK takes two seconds to import: not in the first call
from measure.daemon import free_port
from support.waiting import until
from support.watch import threads_left
from telnyx_actors.actors.calls import CallView
from telnyx_actors.app import Engine
from telnyx_actors.config import Settings, load_settings
from telnyx_actors.standins.caller import CallerScript
from telnyx_actors.standins.carrier_call import CarrierCall, Interval
from telnyx_actors.standins.claude import ClaudeSettings, MessageRequest
from telnyx_actors.standins.deepgram import DeepgramSettings
from telnyx_actors.standins.deepgram_v1 import V1Settings
from telnyx_actors.standins.deepgram_v2 import V2Settings
from telnyx_actors.standins.elevenlabs import ElevenLabsSettings
from telnyx_actors.standins.telnyx_settings import TelnyxSettings, WebhookSettings
from telnyx_actors.standins.world import World, WorldSettings

if TYPE_CHECKING:
    from loguru import Message

Json = dict[str, Any]
RATE_HZ: Final = 8000
WITHIN_S: Final = 20.0

AGENT: Final = "agente deprisa"
CALLER: Final = "cliente deprisa"

PERSONA: Final = """
name = "Lía"
business = "Prueba"
system_prompt = "Eres Lía. Hora: {hora}, fecha: {fecha}. Hablas con {nombre}. Motivo: {contexto}"

[greetings]
morning = "Buenos días."
afternoon = "Buenas tardes."
evening = "Buenas noches."

[goodbyes]
silence = "No hay nadie, adiós."
limit = "Se acaba el tiempo, adiós."
failure = "Hay un problema, adiós."

[lines]
fillers = ["Ya miro."]
silence_prompts = ["¿Sigue ahí?"]
quick_reply = "Ya voy."
apology = "Perdone la demora."
failure = "¿Cómo me dijo?"
recovery = "¿Me decía?"
transfer = "Le comunico."
"""

PATIENT: Final = {
    "DEAD_AIR_FILLER_MS": "3000",
    "DEAD_AIR_HEDGE_MS": "5000",
    "DEAD_AIR_APOLOGY_MS": "8000",
    "DEAD_AIR_GIVE_UP_MS": "20000",
}
"""A ladder that a busy machine does not climb where nothing is wrong."""

USUAL: Final = {
    "DEAD_AIR_FILLER_MS": "1200",
    "DEAD_AIR_HEDGE_MS": "2500",
    "DEAD_AIR_APOLOGY_MS": "4000",
    "DEAD_AIR_GIVE_UP_MS": "10000",
}
"""The ladder as it is, for tests that climb it."""

QUICK: Final = WorldSettings(
    s3=False,
    telnyx=TelnyxSettings(reply_delay_ms=0, webhooks=WebhookSettings(delay_ms=2), speak_delay_ms=20),
    deepgram=DeepgramSettings(
        v1=V1Settings(final_delay_ms=20, interim_delay_ms=20, interim_every_ms=300),
        v2=V2Settings(event_delay_ms=20),
    ),
    claude=ClaudeSettings(headers_ms=5, first_token_ms=40, token_ms=2),
    elevenlabs=ElevenLabsSettings(voice=AGENT, first_audio_ms=20, speed=30.0),
)
"""Vendors on their best day."""

REAL: Final = WorldSettings(s3=False, elevenlabs=ElevenLabsSettings(voice=AGENT))
"""Vendors as they are: the stand-ins' own latencies."""


PETS: Final = (
    *("perro", "gato", "loro", "burro", "conejo", "pato", "caballo"),
    *("pez", "ratón", "mono", "pollo", "toro", "búho", "león"),
)
"""What calls that run side by side are told apart by."""


def hurried(script: CallerScript) -> CallerScript:
    """Said by somebody who has no time."""
    return replace(script, voice=CALLER)


# --- what is left of a call ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recording:
    """A stereo WAV file, a side each: 16-bit little-endian samples at 8 kHz."""

    caller: bytes
    agent: bytes

    @property
    def seconds(self) -> float:
        return len(self.caller) / 2 / RATE_HZ


def recording_in(file: bytes) -> Recording:
    """Whatever is not the format that we promise fails here."""
    with wave.open(io.BytesIO(file)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, RATE_HZ)
        frames = wav.readframes(wav.getnframes())
    left = b"".join(frames[at : at + 2] for at in range(0, len(frames), 4))
    right = b"".join(frames[at : at + 2] for at in range(2, len(frames), 4))
    return Recording(left, right)


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that is over: what the carrier saw, and what we kept of it."""

    carrier: CarrierCall
    transcript: Json = field(repr=False)
    recording: Recording | None = field(repr=False)
    log: tuple[str, ...] = field(repr=False)

    def turns(self, *kinds: str) -> list[Json]:
        """The transcript's turns, of these kinds if any are given."""
        turns: list[Json] = self.transcript["turns"]
        return [turn for turn in turns if not kinds or turn["kind"] in kinds]

    @property
    def said(self) -> list[str]:
        """What was understood of the caller, turn by turn."""
        return [turn["said"] for turn in self.turns() if turn["said"]]

    @property
    def heard(self) -> list[str]:
        """What the caller heard of us, turn by turn."""
        return [turn["heard"] for turn in self.turns() if turn["heard"]]

    @property
    def counts(self) -> Mapping[str, int]:
        counts: Mapping[str, int] = self.transcript["end"]["counts"]
        return counts


def assert_as_long_as_the_call(ended: Ended) -> None:
    """To 50 ms, and by how much the machine made the carrier itself late."""
    assert ended.recording is not None
    off_s = abs(ended.recording.seconds - ended.carrier.duration_s)
    assert off_s <= 0.05 + ended.carrier.max_tick_late_s, f"{off_s * 1000:.0f} ms off"


def replies_after(ended: Ended) -> list[list[Interval]]:
    """For each thing the caller said, the stretches of agent audio that followed before the next."""
    speech, playing = ended.carrier.caller_speech(), ended.carrier.agent_speech(join_ms=600)
    ends = [*(start for start, _ in speech[1:]), ended.carrier.duration_s]
    return [
        [(start, stop) for start, stop in playing if end <= start < limit]
        for (_, end), limit in zip(speech, ends, strict=True)
    ]


def first_audio_s(ended: Ended) -> float:
    """From the stream's `start` to the first audio."""
    (started, *_), (audio, *_) = ended.carrier.events_of("stream.start"), ended.carrier.events_of("audio")
    return audio.at - started.at


# --- the log --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """``call`` is the id that the line was bound to, "" for a line of no call."""

    call: str
    level: str
    text: str


class LogBook:
    """Every line that the engine writes, down to DEBUG."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._changed = threading.Condition()

    def start(self) -> None:
        self._handler = logger.add(self._write, level="DEBUG", format="{message}", catch=False)

    def close(self) -> None:
        logger.remove(self._handler)

    def of(self, call: str) -> tuple[str, ...]:
        return tuple(line.text for line in list(self.lines) if line.call == call)

    def wait(self, text: str, within_s: float = WITHIN_S) -> Line:
        """The first line that contains ``text``, as soon as it is written."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._find(text), within_s)
        assert found is not None, f"nobody wrote «{text}»"
        return found

    def _find(self, text: str) -> Line | None:
        return next((line for line in self.lines if text in line.text), None)

    def _write(self, message: Message) -> None:
        record = message.record
        line = Line(str(record["extra"].get("call", "")), record["level"].name, record["message"])
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()


# --- the house --------------------------------------------------------------------

_NUMBERS = count(3_000_000_001)


class House:
    """World and engine. ``env`` adds to the engine's settings; ``adjust`` goes where no variable may."""

    def __init__(
        self,
        data_dir: Path,
        world: WorldSettings = QUICK,
        env: Mapping[str, str] | None = None,
        adjust: Callable[[Settings], Settings] = lambda settings: settings,
    ) -> None:
        self.data_dir = data_dir
        self.world = World(world)
        self.log = LogBook()
        self._env = env or {}
        self._adjust = adjust
        self._threads = set(threading.enumerate())
        self.crashed: list[str] = []  # by our order
        self.engine: Engine

    # --- life ---

    def __enter__(self) -> Self:
        self.log.start()
        self.world.start()
        try:
            self.open_engine()
        except BaseException:
            self.world.stop()
            self.log.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.close_engine()
        finally:
            self.world.stop()
            self.log.close()
        assert threads_left(self._threads) == []

    def settings(self, port: int) -> Settings:
        persona = self.data_dir / "persona.toml"
        persona.write_text(PERSONA, encoding="utf-8")
        own = {
            "WEBHOOK_BASE_URL": f"http://127.0.0.1:{port}",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "PERSONA_FILE": str(persona),
            "DATA_DIR": str(self.data_dir),
            **PATIENT,
            # The world shares our interpreter, and tests our machine: calls are not refused for that.
            "MAX_FRONT_LAG_MS": "10000",
            "MAX_MEMORY_MB": "1000000",
        }
        return self._adjust(load_settings({**self.world.env, **own, **self._env}))

    def open_engine(self) -> None:
        """Returns when it listens and has its lines at hand."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.engine = Engine(self.settings(port), lambda: None)
        self.engine.start()
        self.world.set_webhook_url(f"{self.url}/webhook/telnyx")

    def close_engine(self) -> None:
        """Every actor ends in order, calls in progress included."""
        self._judge()
        assert self.engine.stop(), "some actors did not end"
        assert pykka.ActorRegistry.get_all() == []

    @contextmanager
    def scene(self) -> Iterator[Self]:
        """A test's share of the house: it leaves no call, no trouble and no surprise behind."""
        yield self
        self.world.heal()
        for view in self.engine.calls.all():
            self.hang_up(view.name)
        until(lambda: not len(self.engine.calls))
        self._judge()

    def _judge(self) -> None:
        """No actor crashed that was not told to, and none got a message that it does not know."""
        stats = self.engine.runtime.stats
        crashes = [crash.path for crash in stats.crashes()]
        assert sorted(crashes) == sorted(self.crashed)
        assert stats.totals().unexpected == 0

    # --- calls ---

    def place(self, **request: str) -> requests.Response:
        """Ask the engine to dial."""
        return requests.post(f"{self.url}/api/call/initiate", json=request, timeout=WITHIN_S)

    def dial(self, script: CallerScript, **request: str) -> str:
        """Have the engine call somebody who follows the script. Returns the call_control_id."""
        number = request.setdefault("telefono", self.new_number())
        self.world.expect(hurried(script), number)
        answer = self.place(**{"nombre": "Ana", **request})
        assert answer.status_code == 201, answer.text
        call_control_id: str = answer.json()["call_control_id"]
        return call_control_id

    def ring(self, script: CallerScript) -> str:
        """Somebody calls us."""
        return self.world.ring(hurried(script), self.new_number())

    def hang_up(self, call: str) -> requests.Response:
        return requests.post(f"{self.url}/api/calls/{call}/hangup", timeout=WITHIN_S)

    @staticmethod
    def new_number() -> str:
        return f"+57{next(_NUMBERS)}"

    def view(self, call: str) -> CallView:
        view = self.engine.calls.find(call)
        assert view is not None, "the engine does not know this call"
        return view

    def crash(self, call: str, part: str = "") -> None:
        """Kill the actor of a call, or one of its parts."""
        path = f"engine/{self.view(call).plan.ref}" + (f"/{part}" if part else "")
        self.crashed.append(path)
        assert self.engine.runtime.crash(path)

    def ended(self, call: str, within_s: float = WITHIN_S) -> Ended:
        """The call once it is over, as scripted and within the carrier's rules, and its record is safe."""
        carrier = self.world.wait_ended(call, within_s)
        until(lambda: self.engine.calls.find(call) is None)
        assert not carrier.script_error, f"{carrier.script_name}: {carrier.script_error}"
        assert not carrier.violations, carrier.violations
        folder = self.record_folder(call)
        recording = recording_in((folder / "call.wav").read_bytes()) if folder else None
        text = (folder / "transcript.json").read_text(encoding="utf-8") if folder else "{}"
        return Ended(carrier, json.loads(text), recording, self.log.of(call))

    def all_ended(self, calls: Mapping[str, str], within_s: float = 40.0) -> dict[str, Ended]:
        """Calls that run at the same time, by their names."""
        return {name: self.ended(call, within_s) for name, call in calls.items()}

    def record_folder(self, call: str) -> Path | None:
        """Where the archive keeps a call; None for one without a sound."""
        return next((self.data_dir / "archive").rglob(call.replace(":", "_")), None)

    def asked(self, nombre: str) -> list[MessageRequest]:
        """What the model was asked on behalf of the person with this name."""
        return [request for request in list(self.world.claude.requests) if nombre in str(request.body["system"])]


def messages_of(request: MessageRequest) -> list[tuple[str, str]]:
    """A model's request as (role, text)."""
    messages = request.body["messages"]
    assert isinstance(messages, list)
    return [(message["role"], _text(message["content"])) for message in messages]


def _text(content: object) -> str:
    blocks = content if isinstance(content, list) else [{"text": content}]
    return " ".join(str(block["text"]) for block in blocks)


def max_call_s(seconds: int) -> Callable[[Settings], Settings]:
    """A shorter call than an operator may ask for."""
    return lambda settings: replace(settings, call=replace(settings.call, max_call_s=seconds))
