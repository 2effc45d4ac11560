"""What a call used of the vendors, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from telnyx_actors.config import Prices
from telnyx_actors.core.turn import TurnRecord

METERED: Final = (
    "answered_s",
    "hearing_s",
    "transcribed_s",
    "characters",
    "requests",
    "requests_wasted",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "tokens_wasted",
)
"""The figures of ``Usage`` that can be added up over calls."""


@dataclass(slots=True)
class Meter:
    """How long something has been running that may begin and end more than once."""

    total_s: float = 0.0
    since: float | None = None

    def runs(self, is_running: bool, now: float) -> None:
        """Whether it does, from ``now`` on."""
        if self.since is not None:
            self.total_s += now - self.since
        self.since = now if is_running else None


@dataclass(slots=True)
class Usage:
    """One call's. ``wasted`` is what was asked of the model and never heard, as speculation will have it."""

    answered_s: float = 0.0
    hearing_s: float = 0.0
    transcribed_s: float = 0.0
    characters: int = 0
    requests: int = 0
    requests_wasted: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    tokens_wasted: int = 0
    prompt_tokens: int = 0  # of the latest request that the model told about

    def turn_over(self, record: TurnRecord) -> None:
        """Add the requests of a turn.

        The model bills a request that was cancelled and does not tell its tokens: its prompt
        is taken to be as long as the last one known.
        """
        told = record.input_tokens + record.cached_tokens
        self.prompt_tokens = told or self.prompt_tokens
        untold = max(0, record.attempts - (told > 0)) * self.prompt_tokens
        is_heard = record.times.first_clause is not None and record.times.first_sent is not None
        self.requests += record.attempts
        self.requests_wasted += max(0, record.attempts - is_heard)
        self.input_tokens += record.input_tokens + untold
        self.cached_tokens += record.cached_tokens
        self.output_tokens += record.output_tokens
        self.tokens_wasted += untold + (0 if is_heard else told + record.output_tokens)

    def cost(self, prices: Prices) -> Mapping[str, float]:
        """By vendor."""
        model = (
            self.input_tokens * prices.claude_input_mtok
            + self.cached_tokens * prices.claude_cached_mtok
            + self.output_tokens * prices.claude_output_mtok
        )
        return {
            "telnyx": (self.answered_s * prices.telnyx_minute + self.transcribed_s * prices.telnyx_stt_minute) / 60,
            "deepgram": self.hearing_s / 60 * prices.deepgram_minute,
            "claude": model / 1_000_000,
            "elevenlabs": self.characters / 1000 * prices.elevenlabs_kchar,
        }
