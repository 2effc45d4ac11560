"""What both generations of Deepgram's stream share: things to send, and how words are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from telnyx_actors.standins.phrasebook import UNKNOWN, HeardWord

Message = dict[str, object]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for the client, ``delay_ms`` after the sound or message that caused it; then a close, if it has a code."""

    message: Message | None
    delay_ms: int = 0
    close_code: int | None = None
    close_reason: str = ""


class Recognizer(Protocol):
    """One connection's hearing, without socket or clock: all its times are of the audio received."""

    @property
    def idle_timeout_s(self) -> float: ...
    def opened(self) -> list[Outgoing]: ...
    def audio(self, received: bytes) -> list[Outgoing]: ...
    def text(self, received: str) -> list[Outgoing]: ...
    def keeps_alive(self, received: str | bytes | None) -> bool:
        """Whether this frame (None: a ping) restarts the idle timer."""


def seconds(at_ms: int) -> float:
    return round(at_ms / 1000, 3)


def plain(text: str) -> str:
    """A word as it stands in a transcript without punctuation and formatting."""
    return text if text == UNKNOWN else text.strip(".,;:!?¡¿…—-\"'()").lower()


def guessed(words: Sequence[HeardWord]) -> list[HeardWord]:
    """What an interim result shows: the newest word only as far as it has been heard, a guess that is corrected later."""
    if not words or words[-1].share >= 1:
        return list(words)
    last = words[-1]
    text = last.text[: max(1, math.ceil(len(last.text) * last.share))]
    return [*words[:-1], HeardWord(text, last.start_ms, last.end_ms, last.share)]
