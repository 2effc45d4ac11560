"""What the caller is saying: from the first sound to the end of the turn.

Two witnesses: our own voice activity, which is fast, and the transcriber, which knows
words. A pause makes us ask for the words so far (``flush``); whether the pause was the end
depends on the words: a finished sentence needs little silence, an open one much.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from telnyx_actors.core.rules import Rules
from telnyx_actors.core.turn_end import expectation
from telnyx_actors.core.two_hearings import bare

VOICE_WORDS_S = 3.0
"""Words that come later than this behind a voice are not that voice's: our own ear missed theirs."""


@dataclass(slots=True)
class Listening:
    """The caller's utterance in progress. Times are on the call's clock."""

    finals: list[str] = field(default_factory=list)
    interim: str = ""  # what the transcriber makes of the words since its last final, so far
    before: str = ""  # what they had said when we cut in on them: it tells what to expect
    taken: str = ""  # words at the interim's beginning that were dealt with already
    digits: str = ""
    is_voiced: bool = False
    voice_since: float = 0.0
    voice_ended: float | None = None  # end of the last voiced frame since the utterance began
    flush_until: float | None = None  # while set: the transcriber owes us words
    words_at: float | None = None  # when the words last changed
    final_at: float | None = None  # when the last final came
    key_at: float | None = None  # when the last key was pressed
    endpoint_at: float | None = None  # when the transcriber found an end behind the last words
    is_expected: bool = False  # a turn-taking transcriber sees the end coming
    is_over: bool = False  # a turn-taking transcriber, or a terminating key, said so

    @property
    def words(self) -> str:
        """Everything understood so far."""
        return " ".join(part for part in (*self.finals, self.interim) if part)

    @property
    def text(self) -> str:
        """The same, with the keys that were pressed."""
        keys = f"[marcó {' '.join(self.digits)}]" if self.digits else ""
        return " ".join(part for part in (self.words, keys) if part)

    @property
    def owes_words(self) -> bool:
        """Whether a voice has ended of which the transcriber has not told all."""
        heard_at = self.voice_ended if not self.is_voiced else None
        return heard_at is not None and (self.final_at is None or self.final_at < heard_at)

    def interim_text(self, text: str, now: float) -> None:
        """Words that may still change."""
        text = _behind(text, self.taken)
        if text != self.interim:
            self.interim = text
            self._words_came(now)

    def final_text(self, text: str, now: float) -> None:
        """Words that will not change."""
        said, self.interim = _behind(text, self.taken), ""
        # A final may end before the interim did: what it left out comes next.
        self.taken = " ".join(self.taken.split()[len(text.split()) :]) if said != text else ""
        self.final_at = now
        if said:
            self.finals.append(said)
            self._words_came(now)

    def amend(self, text: str, now: float) -> None:
        """This is what was said; our own transcriber has nothing more to tell of it."""
        self.finals, self.interim, self.taken = [text], "", ""
        self.final_at = now
        if self.voice_ended is None:
            self.voice_ended = now
        self._words_came(now)

    def _words_came(self, now: float) -> None:
        self.words_at, self.endpoint_at = now, None
        self.is_over = self.is_expected = False
        if self.voice_ended is not None and not self.is_voiced and now > self.voice_ended + VOICE_WORDS_S:
            self.voice_ended = None

    def press(self, digit: str, now: float) -> None:
        self.digits += digit
        self.words_at = self.key_at = now
        self.is_over = digit == "#"

    def renewed(self) -> Listening:
        """A new utterance begins; the state of the line stays what it is, and no word will be heard twice."""
        taken = " ".join(part for part in (self.taken, self.interim) if part)
        return Listening(
            taken=taken, is_voiced=self.is_voiced, voice_since=self.voice_since, flush_until=self.flush_until
        )

    def ended_at(self) -> float | None:
        """The last moment of which we know that the caller was still busy with this utterance."""
        spoken_at = self.voice_ended if self.voice_ended is not None else self.words_at
        if spoken_at is None or self.key_at is None:
            return spoken_at
        return max(spoken_at, self.key_at)

    def over_at(self, rules: Rules, *, transcriber_decides: bool) -> float | None:
        """When the turn is the agent's if nothing more comes; None while that is open."""
        ended_at = self.ended_at()
        if not self.text or ended_at is None or self.words_at is None:
            return None
        if self.is_over:
            return self.words_at
        if transcriber_decides:
            return self.words_at + rules.transcriber_patience_s
        if self.digits:
            return self.words_at + rules.digits_gap_s
        if self.interim:  # words are still coming
            ended_at = max(ended_at, self.words_at)
            if self.voice_ended is None:
                return ended_at + rules.interim_patience_s  # the caller may well still be speaking
        silences = rules.silences if self.voice_ended is not None else rules.transcript_silences
        return ended_at + silences.silence_ms(expectation(f"{self.before} {self.text}")) / 1000

    def noise_at(self, rules: Rules) -> float | None:
        """From when on the voice on the line is taken for a noise; None while there is none.

        A voice that goes on without a word must not keep the agent silent, and the
        transcriber's word that the utterance is over counts more than a line that hums.
        """
        if not self.is_voiced:
            return None
        wordless_at = max(self.voice_since, self.words_at or 0.0) + rules.voice_without_words_s
        return wordless_at if self.endpoint_at is None else min(wordless_at, self.endpoint_at + rules.endpoint_trust_s)


def _behind(text: str, taken: str) -> str:
    """What of ``text`` follows the words taken. A transcriber may have thought better of some of those."""
    said, before = text.split(), taken.split()
    alike = sum(bare(one) == bare(other) for one, other in zip(said, before, strict=False))
    is_same = before and 2 * alike >= min(len(said), len(before))
    return " ".join(said[len(before) :]) if is_same else text
