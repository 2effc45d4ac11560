"""What the vendors themselves take for an answer: the stand-ins' settings, which are their users' measured medians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from telnyx_actors.core.sentences import ClauseSplitter
from telnyx_actors.standins.claude_request import ClaudeSettings
from telnyx_actors.standins.claude_stream import tokens_of
from telnyx_actors.standins.deepgram_v1 import V1Settings
from telnyx_actors.standins.elevenlabs_audio import ElevenLabsSettings

ENDPOINT_MS: Final = 300
"""The silence after which a transcriber calls an utterance ended, where one waits for its word."""


@dataclass(frozen=True, slots=True)
class Share:
    """Milliseconds of an answer that are the vendors' own. ``serial`` is what it takes to do one after the other."""

    hearing: int
    thinking: int
    speaking: int

    @property
    def serial(self) -> int:
        return ENDPOINT_MS + self.hearing + self.thinking + self.speaking


def share_of(reply: str) -> Share:
    """For a reply of which the first clause can be spoken as soon as its tokens are there."""
    model = ClaudeSettings()
    thinking = model.first_token_ms + (tokens_before_speech(reply) - 1) * model.token_ms
    return Share(V1Settings().final_delay_ms, thinking, ElevenLabsSettings().first_audio_ms)


def serial_terms() -> str:
    """What the serial sum is made of, in words."""
    model, voice_ms = ClaudeSettings(), ElevenLabsSettings().first_audio_ms
    thinking = f"pensar la primera frase ({model.first_token_ms}, y {model.token_ms} por token)"
    hearing = f"esperar {ENDPOINT_MS} ms de silencio, transcribir ({V1Settings().final_delay_ms})"
    return f"{hearing}, {thinking} y empezar a decirla ({voice_ms})"


def tokens_before_speech(reply: str) -> int:
    """How many tokens until the first clause is known to be one."""
    splitter, tokens = ClauseSplitter(), list(tokens_of(reply))
    return next((count for count, token in enumerate(tokens, start=1) if splitter.feed(token)), len(tokens))
