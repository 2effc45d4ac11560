"""Telnyx's own transcription of the caller: the script's sentences, with a recognizer's delays."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from telnyx_actors.standins.audibility import BYTES_PER_MS
from telnyx_actors.standins.carrier_call import Utterance


@dataclass(frozen=True, slots=True)
class Transcript:
    text: str
    is_final: bool


@dataclass(slots=True)
class Transcription:
    """What will be told, and when. Times as bytes of the call's timeline."""

    engine: str
    interim_ms: int  # 0: finals only
    final_ms: int
    _due: deque[tuple[int, Transcript]] = field(default_factory=deque)

    def began(self, utterance: Utterance, now: int = 0) -> None:
        """The caller says this, heard from ``now`` on: interim texts grow with the sound, the final follows its end."""
        words = utterance.text.split()
        start, end = utterance.speech
        missed = len(words) * max(now - start, 0) // max(end - start, 1)
        words, start = words[missed:], max(start, now)
        if not words:
            return
        if self.interim_ms:
            step = self.interim_ms * BYTES_PER_MS
            for position in range(start + step, end, step):
                known = len(words) * (position - start) // max(end - start, 1)
                if known:
                    self._due.append((position, Transcript(" ".join(words[:known]), False)))
        self._due.append((end + self.final_ms * BYTES_PER_MS, Transcript(" ".join(words), True)))

    def due(self, now: int) -> list[Transcript]:
        """What is told now. A final still waiting when the next sentence began is not overtaken by it."""
        found = []
        while self._due and self._due[0][0] <= now:
            found.append(self._due.popleft()[1])
        return found

    def data(self, transcript: Transcript) -> dict[str, object]:
        data: dict[str, object] = {"transcript": transcript.text, "is_final": transcript.is_final, "confidence": 0.97}
        if self.engine in ("Telnyx", "B"):
            data["transcription_track"] = "inbound"
        return data
