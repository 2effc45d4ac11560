"""What a call is given of the outside world, and the settings that it is held by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from telnyx_actors.actors.address import Address
from telnyx_actors.actors.calls import LiveCalls
from telnyx_actors.actors.given_up import GivenUp
from telnyx_actors.actors.headroom import Headroom
from telnyx_actors.actors.phrases import PhraseCache
from telnyx_actors.actors.rows import DialledRows
from telnyx_actors.actors.session import StreamGate
from telnyx_actors.actors.tally import Tally
from telnyx_actors.config import Prices
from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.persona import Persona
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.voice_activity import FrameClassifier, VoiceActivitySettings
from telnyx_actors.providers.ports import Archive, Carrier, LanguageModel, Transcription, Voice


@dataclass(frozen=True, slots=True)
class Vendors:
    """The ports, filled in."""

    carrier: Carrier
    transcription: Transcription
    model: LanguageModel
    fallback: LanguageModel  # asked when the first is slow or fails
    voice: Voice
    archive: Archive
    classifier: Callable[[Encoding], FrameClassifier]
    reserve: Transcription | None = None  # hears when the first fails


@dataclass(frozen=True, slots=True)
class CallSettings:
    """How calls are held. ``webhook_url`` and ``stream_url`` are public addresses without a query."""

    rules: Rules
    persona: Persona
    voice_activity: VoiceActivitySettings
    timezone: ZoneInfo
    webhook_url: str
    stream_url: str
    own_number: str  # whose calls these are, E.164
    spool_dir: Path
    archive_folder: str
    max_response_chars: int = 150
    reply_max_tokens: int = 160
    model_name: str = ""
    transcription_engine: str = "deepgram"  # the carrier's
    transcription_language: str = "es"
    max_calls: int = 100
    dials_per_s: int = 30
    overflow_number: str = ""  # who incoming calls go to when there is no room
    prices: Prices = field(default_factory=Prices)
    shows_words: bool = True  # what people say: in the log above DEBUG, in the console and on the page
    keep_replay: bool = True


@dataclass(slots=True)
class Mode:
    """What new calls begin with. May be switched while the engine runs, by any thread."""

    uses_stream: bool = True


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that calls share."""

    vendors: Vendors
    settings: CallSettings
    phrases: PhraseCache
    gate: StreamGate
    calls: LiveCalls
    supervisor: Address
    journal: Address
    tally: Tally
    mode: Mode
    headroom: Headroom = field(default_factory=Headroom)
    given_up: GivenUp = field(default_factory=GivenUp)
    rows: DialledRows = field(default_factory=DialledRows)
