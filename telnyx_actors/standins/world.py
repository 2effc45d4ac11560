"""Everything the engine talks to, on loopback: Telnyx with its callers, Deepgram, Claude, ElevenLabs and S3.

    with World() as world:
        world.expect(CallerScript((Say("Buenos días"), WaitForAgent(silent_ms=700), HangUp())))
        start_the_engine(world.env)          # and let it dial
        call = world.wait_call(0, timeout_s=5)
        call = world.wait_ended(call.call_control_id, timeout_s=30)
        assert call.response_times()[0].seconds < 0.85

One event loop in one thread (and moto's, if moto is installed). ``WorldClient`` has the
same methods for a world in a process of its own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import requests

from telnyx_actors.standins import voices
from telnyx_actors.standins.agent_words import AgentWords
from telnyx_actors.standins.base import Entry, Fault, StandIn
from telnyx_actors.standins.caller import CallerScript, InterruptAfter, Say
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.claude import ClaudeSettings, ClaudeStandIn
from telnyx_actors.standins.claude_script import ScriptLine
from telnyx_actors.standins.deepgram import DeepgramSettings, DeepgramStandIn
from telnyx_actors.standins.elevenlabs import ElevenLabsSettings, ElevenLabsStandIn
from telnyx_actors.standins.phrasebook import HeardWord, Phrasebook
from telnyx_actors.standins.telnyx import TelnyxStandIn
from telnyx_actors.standins.telnyx_settings import LineSettings, TelnyxSettings, WebhookChaos

T = TypeVar("T")
START_LIMIT_S: Final = 20.0
BUCKET: Final = "telnyx-actors"
S3_KEYS: Final = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIASTANDIN",
    "AWS_SECRET_ACCESS_KEY": "standin",
    "S3_BUCKET": BUCKET,
}


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """``port_base``: Telnyx listens there, Deepgram, Claude, ElevenLabs and S3 on the four after it; 0 picks free ones."""

    port_base: int = 0
    s3: bool = True
    telnyx: TelnyxSettings = field(default_factory=TelnyxSettings)
    deepgram: DeepgramSettings = field(default_factory=DeepgramSettings)
    claude: ClaudeSettings = field(default_factory=ClaudeSettings)
    elevenlabs: ElevenLabsSettings = field(default_factory=ElevenLabsSettings)


class World:
    """All methods may be called from any thread but the world's own."""

    def __init__(
        self,
        settings: WorldSettings | None = None,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    ) -> None:
        """``loop_factory``: a faster loop than asyncio's own, for worlds with many calls."""
        self.settings = settings or WorldSettings()
        self._loop_factory = loop_factory
        self.phrasebook = Phrasebook()
        self.telnyx = TelnyxStandIn(self._speak, self.settings.telnyx, self.phrasebook)
        self.deepgram = DeepgramStandIn(self.phrasebook, self.settings.deepgram)
        self.claude = ClaudeStandIn(self.settings.claude)
        self.elevenlabs = ElevenLabsStandIn(self.settings.elevenlabs)
        self.vendors: dict[str, StandIn] = {
            "telnyx": self.telnyx,
            "deepgram": self.deepgram,
            "claude": self.claude,
            "elevenlabs": self.elevenlabs,
        }
        self._agent_words = AgentWords()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping: asyncio.Event | None = None
        self._s3: Any = None  # moto has no types

    # --- life ---

    def start(self) -> Self:
        """Returns when everything listens."""
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="world")
        self._thread.start()
        try:
            ready.result(START_LIMIT_S)
            self._start_s3()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """No thread is left. Does nothing the second time."""
        if self._s3 is not None:
            self._s3.stop()
            self._s3 = None
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._loop = None
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, ready: Future[None]) -> None:
        with asyncio.Runner(loop_factory=self._loop_factory) as runner:
            runner.run(self._live(ready))

    async def _live(self, ready: Future[None]) -> None:
        self._stopping = asyncio.Event()
        base = self.settings.port_base
        started: list[StandIn] = []
        try:
            for index, vendor in enumerate(self.vendors.values()):
                started.append(vendor)
                await vendor.start(base + index if base else 0)
        except OSError as error:
            ready.set_exception(error)
        else:
            self._loop = asyncio.get_running_loop()
            ready.set_result(None)
            await self._stopping.wait()
        for vendor in reversed(started):
            await vendor.stop()

    def _start_s3(self) -> None:
        if not self.settings.s3:
            return
        try:
            from moto.server import ThreadedMotoServer  # noqa: PLC0415 - optional, and half a second to import
        except ImportError:
            return
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        base = self.settings.port_base
        self._s3 = ThreadedMotoServer("127.0.0.1", port=base + len(self.vendors) if base else 0, verbose=False)
        self._s3.start()
        requests.put(f"{self.s3_url}/{BUCKET}", timeout=START_LIMIT_S).raise_for_status()

    @property
    def s3_url(self) -> str:
        """Empty where moto is not installed or not wanted."""
        return "http://{}:{}".format(*self._s3.get_host_and_port()) if self._s3 is not None else ""

    @property
    def env(self) -> dict[str, str]:
        """The engine's settings for this world. What is the engine's own (``WEBHOOK_BASE_URL``, ``PORT``) is not in it."""
        telnyx = self.settings.telnyx
        found = {
            "TELNYX_API_URL": self.telnyx.api_url,
            "TELNYX_API_KEY": telnyx.api_key,
            "TELNYX_PUBLIC_KEY": self.telnyx.public_key,
            "TELNYX_CONNECTION_ID": telnyx.connection_id,
            "TELNYX_PHONE_NUMBER": telnyx.phone_number,
            "DEEPGRAM_URL": self.deepgram.url.replace("http", "ws", 1),
            "DEEPGRAM_API_KEY": self.settings.deepgram.api_key or "deepgram-standin",
            "ANTHROPIC_BASE_URL": self.claude.url,
            "ANTHROPIC_API_KEY": self.settings.claude.api_key or "sk-ant-standin",
            "ELEVENLABS_API_URL": self.elevenlabs.url,
            "ELEVENLABS_API_KEY": self.settings.elevenlabs.api_key or "elevenlabs-standin",
        }
        return {**found, "AWS_ENDPOINT_URL_S3": self.s3_url, **S3_KEYS} if self.s3_url else found

    # --- callers ---

    def expect(self, script: CallerScript, number: str = "") -> None:
        """The next outbound call (to ``number``, or to any) meets this script."""
        self._prepare(script)
        self._do(lambda: self.telnyx.expect(script, number))

    def answer_with(self, script: CallerScript) -> None:
        """Every outbound call for which nothing is expected meets this script."""
        self._prepare(script)
        self._do(lambda: self.telnyx.answer_with(script))

    def ring(self, script: CallerScript, from_: str, to: str = "", webhook_url: str = "") -> str:
        """Someone calls our number. Returns the call_control_id."""
        self._prepare(script)
        return self._do(lambda: self.telnyx.ring(script, from_, to, webhook_url)).call_control_id

    def set_webhook_url(self, url: str) -> None:
        """Where the application's webhooks go: needed for incoming calls."""
        self._do(lambda: self.telnyx.set_webhook_url(url))

    def _prepare(self, script: CallerScript) -> None:
        """Make the script's sentences before the call, so that no voice is made on the media clock."""
        for step in script.steps:
            if isinstance(step, Say | InterruptAfter):
                if step.audio is None:
                    self._speak(step.text, script.voice)
                else:
                    self.phrasebook.add(step.text, voices.spread(step.text, step.audio))

    def _speak(self, text: str, voice: str) -> bytes:
        """A sentence as a telephone carries it, from now on recognizable."""
        speech = voices.speak(text, voice=voice)
        self.phrasebook.add(text, speech)
        return speech.audio

    # --- the weather ---

    def fail(self, vendor: str, fault: Fault) -> None:
        """Add a fault; see ``Fault`` and the stand-in's own words for what ``match`` can name."""
        self._do(lambda: self.vendors[vendor].fail(fault))

    def fail_stream(self, call_control_id: str, fault: Fault) -> None:
        """Let this happen to the open media socket of one call; how streams to come fail is ``fail("telnyx", …)``."""
        self._do(lambda: self.telnyx.fail_stream(call_control_id, fault))

    def heal(self, vendor: str = "") -> None:
        """Forget the faults of one vendor, or of all, and the unreliable webhooks with them."""
        for name in [vendor] if vendor else self.vendors:
            self._do(self.vendors[name].heal)
        if vendor in ("", "telnyx"):
            self.misbehave()

    def misbehave(self, *chaos: WebhookChaos) -> None:
        self._do(lambda: self.telnyx.misbehave(*chaos))

    def set_line(self, line: LineSettings) -> None:
        """The line of streams opened from now on."""
        self._do(lambda: self.telnyx.set_line(line))

    def script_model(self, lines: Sequence[ScriptLine]) -> None:
        """What Claude answers: pairs of a pattern and a text, or rules."""
        self.claude.script(lines)

    # --- what happened ---

    def calls(self) -> list[CarrierCall]:
        return self._do(self.telnyx.calls)

    def call(self, call_control_id: str) -> CarrierCall:
        """Raises KeyError."""
        return self._do(lambda: self.telnyx.call(call_control_id))

    def wait_call(self, index: int, timeout_s: float) -> CarrierCall:
        """The call with this number (from 0) once it exists. Raises TimeoutError."""
        return self._await(self.telnyx.wait_call(index, timeout_s), timeout_s)

    def wait_ended(self, call_control_id: str, timeout_s: float) -> CarrierCall:
        """The record of a call once it is over. Raises TimeoutError."""
        return self._await(self.telnyx.wait_ended(call_control_id, timeout_s), timeout_s)

    def agent_words(self, call_control_id: str) -> list[HeardWord]:
        """What the human understood of the agent until now, word by word. Raises KeyError."""
        record = self.call(call_control_id)
        spoken = self._do(lambda: [(synthesis.text, synthesis.speech) for synthesis in self.elevenlabs.syntheses])
        return self._agent_words.of(record, spoken)

    def forget_ended(self) -> None:
        """Drop the records of calls that are over: long runs need the memory."""
        self._do(self.telnyx.forget_ended)
        self._agent_words.forget()

    def entries(self, vendor: str) -> list[Entry]:
        """What a stand-in saw and did."""
        return self._do(lambda: list(self.vendors[vendor].entries))

    # --- crossing threads ---

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Let something run on the world's own loop."""
        if self._loop is None:
            work.close()
            raise RuntimeError("the world is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _do(self, action: Callable[[], T]) -> T:
        async def run() -> T:
            return action()

        return self._await(run())

    def _await(self, work: Coroutine[Any, Any, T], limit_s: float = 0.0) -> T:
        return self.submit(work).result(limit_s + START_LIMIT_S)


def as_env_file(env: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in env.items())
