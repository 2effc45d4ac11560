"""What the caller is saying: from the first sound to the end of the turn.

Two witnesses: our own voice activity, which is fast, and the transcriber, which knows
words. A pause makes us ask for the words so far (``flush``); whether the pause was the end
depends on the words: a finished sentence needs little silence, an open one much.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from telnyx_actors.core.rules import Rules
from telnyx_actors.core.turn_end import expectation


@dataclass(slots=True)
class Listening:
    """The caller's utterance in progress. Times are on the call's clock."""

    finals: list[str] = field(default_factory=list)
    interim: str = ""
    digits: str = ""
    is_voiced: bool = False
    voice_since: float = 0.0
    voice_ended: float | None = None  # end of the last voiced frame since the utterance began
    flush_until: float | None = None  # while set: the transcriber owes us a final
    words_at: float | None = None  # when the words last changed
    final_at: float | None = None  # when the last final came
    endpoint_at: float | None = None  # when the transcriber found an end behind the last words
    is_expected: bool = False  # a turn-taking transcriber sees the end coming
    is_over: bool = False  # a turn-taking transcriber, or a terminating key, said so

    @property
    def text(self) -> str:
        """Everything understood so far, keys included."""
        parts = [*self.finals, self.interim]
        if self.digits:
            parts.append(f"[marcó {' '.join(self.digits)}]")
        return " ".join(part for part in parts if part)

    def interim_text(self, text: str, now: float) -> None:
        """The transcriber's current guess at the words since its last final."""
        if text != self.interim:
            self.words_at, self.endpoint_at = now, None
        self.interim = text

    def final_text(self, text: str, now: float) -> None:
        """Words that will not change."""
        self.interim = ""
        self.final_at = now
        if text:
            self.finals.append(text)
            self.words_at, self.endpoint_at = now, None

    def whole_text(self, text: str, now: float) -> None:
        """A transcriber that repeats the whole turn each time."""
        self.finals = [text] if text else []
        self.interim = ""
        self.words_at = self.final_at = now

    def press(self, digit: str, now: float) -> None:
        self.digits += digit
        self.words_at = now

    def ended_at(self) -> float | None:
        """The last moment of which we know that the caller was still busy with this utterance."""
        ended_at = self.voice_ended if self.voice_ended is not None else self.final_at
        if self.interim and self.words_at is not None:  # words are still coming
            return self.words_at if ended_at is None else max(ended_at, self.words_at)
        return ended_at

    def over_at(self, rules: Rules, *, transcriber_decides: bool) -> float | None:
        """When the turn is the agent's if nothing more comes; None while that is open."""
        if not self.text:
            return None
        if self.is_over:
            return self.words_at
        if transcriber_decides:
            return None if self.words_at is None else self.words_at + rules.transcriber_patience_s
        if self.digits:
            return (self.words_at or 0.0) + rules.digits_gap_s
        ended_at = self.ended_at()
        if self.voice_ended is None and self.interim and self.words_at is not None:
            return self.words_at + rules.interim_patience_s  # the caller may well still be speaking
        silences = rules.silences if self.voice_ended is not None else rules.transcript_silences
        return None if ended_at is None else ended_at + silences.silence_ms(expectation(self.text)) / 1000

    def noise_at(self, rules: Rules) -> float | None:
        """From when on the voice on the line is taken for a noise; None while there is none.

        A voice that goes on without a word must not keep the agent silent, and the
        transcriber's word that the utterance is over counts more than a line that hums.
        """
        if not self.is_voiced:
            return None
        wordless_at = max(self.voice_since, self.words_at or 0.0) + rules.voice_without_words_s
        return wordless_at if self.endpoint_at is None else min(wordless_at, self.endpoint_at + rules.endpoint_trust_s)
