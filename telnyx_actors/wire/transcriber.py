"""What the messages of a transcriber say, whoever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from telnyx_actors.core.events import TranscriptEvent

MAX_MESSAGE_BYTES: Final = 1024 * 1024

# Client messages. All go as text frames: as binary, they would be taken for audio.
KEEP_ALIVE: Final = '{"type":"KeepAlive"}'
FINALIZE: Final = '{"type":"Finalize"}'


@dataclass(frozen=True, slots=True)
class Opened:
    """It is ready for audio."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """It names a problem. After a fatal one the connection ends."""

    code: str
    description: str
    is_fatal: bool


@dataclass(frozen=True, slots=True)
class VoiceAnnounced:
    """It hears a voice begin: a sign of life before the first words."""


TranscriberMessage: TypeAlias = TranscriptEvent | Opened | Complaint | VoiceAnnounced
