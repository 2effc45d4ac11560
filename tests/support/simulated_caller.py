"""The caller's mouth, and the ears on our side: voice activity, and three kinds of transcriber.

Nova gives words when it is asked to (or finds an endpoint itself), Flux tells the ends of
turns, and the carrier's own transcriber gives finals late and knows no flush.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev

if TYPE_CHECKING:
    from support.simulation import Simulation

ONSET_S, CONFIRM_S, STOP_S = 0.06, 0.12, 0.1  # how late voice activity knows
CARRIER_FINAL_S = 0.5
FLUX_EAGER_S, FLUX_END_S = 0.2, 0.45  # behind the voice


Orders: TypeAlias = ac.FinalizeTranscript | ac.ForgetHearing | ac.StartTranscription | ac.StopTranscription


class Ears:
    """Turns what the caller does into events."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._words: list[str] = []  # understood, but not final
        self._is_carrier = False
        self._spoken: list[tuple[float, float]] = []
        self._connection = 0
        self._is_beside = False  # the carrier hears all of it, too
        self._voices = 0
        self._told_at = 0.0
        self._flux_said: list[str] = []  # the words of Flux's turn
        self._is_flux_predicted = False

    def hear(self, start: float, duration: float, texts: Sequence[str], *, tells_early: bool = True) -> None:
        """A sound on the line."""
        at, end = self._sim.at, start + duration
        at(start + ONSET_S, partial(self._voice, ev.VoiceStarted(start)))
        if duration >= CONFIRM_S:
            at(start + CONFIRM_S, partial(self._voice, ev.VoiceConfirmed(start)))
        for index, text in enumerate(texts):
            at(start + duration * (index + 1) / len(texts), partial(self._hear_words, text))
            if tells_early and (index < len(texts) - 1 or self._is_flux):
                at(start + duration * (index + 1) / len(texts), self._interim)
        at(end + STOP_S, partial(self._silence, end))
        if texts:
            self._spoken.append((start, end))
            at(end + CARRIER_FINAL_S, partial(self._heard_beside, start, end, " ".join(texts)))

    def understand(self, text: str, confidence: float) -> None:
        """The transcriber comes out with words of which our own ear has heard nothing."""
        if self._is_flux:
            self._flux_said.append(text)
            self._confirm(confidence)
        else:
            self._words.append(text)
            self._tell(ev.TranscriptFinal(self._take(), confidence))

    def told(self, action: Orders) -> None:
        """What the conversation wants of the transcriber."""
        match action:
            case ac.FinalizeTranscript():
                self._tell(ev.TranscriptFinal(self._take(), flushed=True), self._sim.nature.final_s())
            case ac.ForgetHearing():
                self._words.clear()
                self._connection += 1
            case ac.StartTranscription(is_beside_ours=True):
                self._is_beside = True
            case ac.StartTranscription():
                self._is_carrier = True
                self._words.clear()  # it hears only what comes now
            case ac.StopTranscription():
                self._is_carrier = self._is_beside = False

    @property
    def _is_flux(self) -> bool:
        return self._sim.rules.transcriber_ends_turns and not self._is_carrier

    def _voice(self, event: ev.VoiceStarted | ev.VoiceConfirmed) -> None:
        if not self._sim.has_stream:
            return
        if isinstance(event, ev.VoiceStarted):
            self._voices += 1
            if self._is_flux and self._is_flux_predicted:
                self._is_flux_predicted = False
                self._tell(ev.TurnRetracted())
        self._sim.feed(event)

    def _hear_words(self, text: str) -> None:
        if self._sim.has_stream or self._is_carrier:
            self._words.append(text)

    def _tell(self, event: ev.TranscriptEvent, latency_s: float = 0.0) -> None:
        """A transcriber's messages come in order, as on one connection."""
        self._told_at = max(self._told_at, self._sim.now + latency_s)
        self._sim.at(self._told_at, partial(self._arrive, self._connection, event))

    def _arrive(self, connection: int, event: ev.TranscriptEvent) -> None:
        if connection == self._connection:  # what a connection says that was dropped, nobody hears
            self._sim.feed(event)

    def _interim(self) -> None:
        words = [*self._flux_said, *self._words] if self._is_flux else self._words
        if words:
            self._tell(ev.TranscriptInterim(" ".join(words)), self._sim.nature.interim_s())

    def _silence(self, end: float) -> None:
        sim, voices = self._sim, self._voices
        if sim.has_stream:
            sim.feed(ev.VoiceStopped(end))
        if self._is_flux:
            self._flux_said += self._words
            self._words.clear()
            if self._flux_said:
                sim.at(end + FLUX_EAGER_S, partial(self._flux_predicts, voices))
                sim.at(end + FLUX_END_S, partial(self._flux_ends, voices))
        elif self._is_carrier:
            sim.at(end + CARRIER_FINAL_S, self._carrier_final)
        else:
            sim.at(end + sim.nature.endpoint_s(), partial(self._endpoint, voices))
            sim.at(end + sim.nature.utterance_end_s(), lambda: sim.feed(ev.UtteranceEnded()))

    # --- the transcribers ---

    def _heard_beside(self, start: float, end: float, text: str) -> None:
        is_alone = sum(begin < end and until > start for begin, until in self._spoken) == 1
        if self._is_beside and not self._is_carrier and is_alone:  # of two mouths at once it makes nothing
            self._sim.feed(ev.CarrierHeard(text))

    def _take(self) -> str:
        words, self._words = self._words, []
        return " ".join(words)

    def _carrier_final(self) -> None:
        self._tell(ev.TranscriptFinal(self._take()))

    def _endpoint(self, voices: int) -> None:
        if self._words and voices == self._voices:
            self._tell(ev.TranscriptFinal(self._take(), endpoint=True))

    def _flux_predicts(self, voices: int) -> None:
        if voices == self._voices and self._flux_said:
            self._is_flux_predicted = True
            self._tell(ev.TurnPredicted(" ".join(self._flux_said)))

    def _flux_ends(self, voices: int) -> None:
        if voices == self._voices and self._flux_said:
            self._confirm()

    def _confirm(self, confidence: float = 1.0) -> None:
        text, self._flux_said, self._is_flux_predicted = " ".join(self._flux_said), [], False
        self._tell(ev.TurnConfirmed(text, confidence))
