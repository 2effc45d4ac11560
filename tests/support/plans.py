"""What calls of tests are made of: a plan, settings, services around fakes."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from support.fakes import (
    FakeArchive,
    FakeCarrier,
    FakeModel,
    FakeSpeech,
    FakeTranscription,
    FakeVoice,
    fake_classifier,
)
from telnyx_actors.actors.address import Address
from telnyx_actors.actors.calls import LiveCalls
from telnyx_actors.actors.messages import CallPlan
from telnyx_actors.actors.phrases import PhraseCache
from telnyx_actors.actors.services import CallSettings, Mode, Services, Vendors
from telnyx_actors.actors.session import StreamGate
from telnyx_actors.actors.tally import Tally
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.voice_activity import VoiceActivitySettings
from telnyx_actors.personas import load_persona

PLAN = CallPlan("ref-1", "outgoing", "+573001234567", nombre="Pedro", contexto="Cita el lunes")


def settings(spool_dir: Path, rules: Rules | None = None) -> CallSettings:
    return CallSettings(
        rules=rules or Rules(),
        persona=load_persona(None),
        voice_activity=VoiceActivitySettings(),
        timezone=ZoneInfo("America/Bogota"),
        webhook_url="https://engine.test/webhook/telnyx",
        stream_url="wss://engine.test/stream/media",
        own_number="+576015550100",
        spool_dir=spool_dir,
        archive_folder="audios",
    )


class FakeWorld:
    """All vendors, and the services of an engine that knows no others. The voice speaks by itself."""

    def __init__(self, data_dir: Path, rules: Rules | None = None) -> None:
        self.carrier = FakeCarrier()
        self.transcription = FakeTranscription()
        self.model = FakeModel()
        self.fallback = FakeModel("second")
        self.voice = FakeVoice(speak)
        self.archive = FakeArchive()
        vendors = Vendors(
            self.carrier,
            self.transcription,
            self.model,
            self.fallback,
            self.voice,
            self.archive,
            fake_classifier,
        )
        self.services = Services(
            vendors=vendors,
            settings=settings(data_dir / "spool", rules),
            phrases=PhraseCache(data_dir / "phrases", self.archive, "audios", self.voice.identity),
            gate=StreamGate(),
            calls=LiveCalls(),
            supervisor=Address(),
            journal=Address(),
            tally=Tally(),
            mode=Mode(),
        )


def speak(speech: FakeSpeech) -> None:
    """Half a second of sound for any text."""
    speech.finish(b"\x10" * 4000)
