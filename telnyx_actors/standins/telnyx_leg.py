"""One leg of a call while it lives: the record plus everything that moves it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from telnyx_actors.standins.audibility import is_audible
from telnyx_actors.standins.caller import Act, Began, CallerRun, HungUp, Pressed
from telnyx_actors.standins.carrier_call import CarrierCall, Utterance
from telnyx_actors.standins.sound import FRAME_BYTES
from telnyx_actors.standins.telnyx_audio import CarrierAudio
from telnyx_actors.standins.telnyx_media import MediaStream, StreamRequest
from telnyx_actors.standins.telnyx_transcription import Transcript, Transcription


class LegEvents(Protocol):
    """What a leg tells the exchange, on its loop."""

    def pressed(self, leg: Leg, digit: str) -> None: ...

    def hung_up(self, leg: Leg) -> None: ...

    def transcribed(self, leg: Leg, transcript: Transcript) -> None: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What an application said about a call when it dialled or answered."""

    client_state: str | None = None
    webhook_url: str = ""
    retries_s: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    ring_limit_s: float = 30.0
    time_limit_s: float = 14_400.0
    detection: str = "disabled"
    stream: StreamRequest | None = None


@dataclass(eq=False, slots=True)
class Leg:
    record: CarrierCall
    run: CallerRun
    events: LegEvents
    audio: CarrierAudio
    terms: Terms
    client_state: str | None = None  # sticky: the last one any command brought
    stream: MediaStream | None = None
    connecting: asyncio.Task[object] | None = None
    reconnects: int = 0
    transcription: Transcription | None = None
    other: Leg | None = None  # the leg that a transfer linked with this one
    life: asyncio.Task[object] | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)  # answered, or over without an answer
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _commands: dict[str, float] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.record.call_control_id

    @property
    def alive(self) -> bool:
        return self.record.state != "hangup"

    def was_done(self, command_id: str, window_s: float) -> bool:
        """Whether a command with this id was carried out within the window."""
        at = self._commands.get(command_id)
        return at is not None and time.monotonic() - at < window_s

    def done(self, command_id: str) -> None:
        if command_id:
            self._commands[command_id] = time.monotonic()

    async def tick(self, frame: int, late_s: float) -> None:
        """20 ms of the call have passed."""
        if not self.alive:
            return
        record, now = self.record, frame * FRAME_BYTES
        record.max_tick_late_s = max(record.max_tick_late_s, late_s)
        start = now - FRAME_BYTES
        audible = is_audible(record.stream.heard(start, now)) or is_audible(record.carrier.heard(start, now))
        sound, acts = self.run.tick(audible)
        for act in acts:
            self._act(act, start)
        if self.stream is not None:
            await self.stream.tick(sound, now)
        if self.transcription is not None:
            for transcript in self.transcription.due(now):
                self.events.transcribed(self, transcript)

    def _act(self, act: Act, start: int) -> None:
        match act:
            case Began(text, audio):
                utterance = Utterance(text, start, audio)
                self.record.utterances.append(utterance)
                self.record.note("say", text=text)
                if self.transcription is not None:
                    self.transcription.began(utterance)
            case Pressed(digit):
                self.record.note("press", digit=digit)
                self.events.pressed(self, digit)
            case HungUp():
                self.events.hung_up(self)
