"""The actor that has clauses spoken, in order, one at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pykka

from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.actors.messages import Prepare, Speak, SpeechChunk, StopSpeaking
from telnyx_actors.actors.phrases import PhraseCache
from telnyx_actors.actors.pump import Pump
from telnyx_actors.core import events as ev
from telnyx_actors.errors import ProviderError
from telnyx_actors.providers.ports import SpeechStream, Voice

NOBODY = 0
"""The clause number of a phrase that is only prepared."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """Something to be spoken. ``is_lasting``: kept for other processes too."""

    clause: int
    text: str
    previous_text: str = ""
    is_phrase: bool = False
    is_lasting: bool = False


@dataclass(frozen=True, slots=True)
class _Over:
    """The job in hand is over, well or not."""

    job: _Job


class SpeakerActor(EngineActor):
    """One clause at a time: a voice makes audio faster than it is heard, and vendors count streams.

    Phrases at hand come at once, past the queue. Preparing others waits while there are clauses.
    """

    def __init__(self, birth: Birth, call: pykka.ActorRef[Any], voice: Voice, phrases: PhraseCache) -> None:
        super().__init__(birth)
        self._call = call
        self._voice = voice
        self._phrases = phrases
        self._waiting: deque[_Job] = deque()
        self._unprepared: deque[_Job] = deque()
        self._job: _Job | None = None
        self._pump: Pump[SpeechChunk | ev.SpeechFinished] | None = None

    def handle(self, message: object) -> None:
        match message:
            case Speak():
                self._speak(message)
            case Prepare():
                self._unprepared.append(_Job(NOBODY, message.text, is_phrase=True, is_lasting=message.is_lasting))
                self._go_on()
            case StopSpeaking():
                self._forget(message.clauses)
            case _Over():
                if message.job is self._job:
                    self._job = None
                    self._go_on()
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        if self._pump is not None:
            self._pump.cancel()

    def _speak(self, order: Speak) -> None:
        audio = self._phrases.find(order.text) if order.phrase else None
        if audio is not None:
            tell(self._call, SpeechChunk(order.clause, audio))
            tell(self._call, ev.SpeechFinished(order.clause))
            return
        self._waiting.append(_Job(order.clause, order.text, order.previous_text, order.phrase))
        job = self._job
        if job is not None and job.clause == NOBODY and job.text != order.text:  # nobody waits for that one
            self._drop_job()
            self._unprepared.appendleft(job)
        self._go_on()

    def _forget(self, clauses: tuple[int, ...]) -> None:
        self._waiting = deque(job for job in self._waiting if job.clause not in clauses)
        if self._job is not None and self._job.clause in clauses:
            self._drop_job()
            self._go_on()

    def _drop_job(self) -> None:
        self._job = None
        if self._pump is not None:
            self._pump.cancel()

    def _go_on(self) -> None:
        """Begin the next job, unless one is in hand."""
        if self._job is not None:
            return
        while (job := next(iter(self._unprepared), None)) and not job.is_lasting and self._phrases.find(job.text):
            self._unprepared.popleft()
        queue = self._waiting or self._unprepared
        if not queue:
            self._pump = None
            return
        job = self._job = queue.popleft()
        stream = self._voice.synthesize(job.text, previous_text=job.previous_text)
        self._pump = Pump(
            self._spoken(job, stream),
            stream.cancel,
            lambda item: job.clause == NOBODY or tell(self._call, item),
            partial(self._ended, job),
            f"{self.path}/{job.clause}",
        ).start()

    # --- on the pump's thread ---

    def _spoken(self, job: _Job, stream: SpeechStream) -> Iterator[SpeechChunk | ev.SpeechFinished]:
        """The audio, from where a phrase is kept or from the voice."""
        kept = self._kept(job) if job.is_phrase else None
        if kept is not None:
            yield SpeechChunk(job.clause, kept)
            yield ev.SpeechFinished(job.clause)
            return
        pieces: list[bytes] = []
        for piece in stream:
            pieces.append(piece)
            yield SpeechChunk(job.clause, piece)
        yield ev.SpeechFinished(job.clause)  # a stream that was cancelled ends here, and is not kept
        if job.is_lasting:
            self._phrases.keep(job.text, b"".join(pieces))
        elif job.is_phrase:
            self._phrases.remember(job.text, b"".join(pieces))

    def _kept(self, job: _Job) -> bytes | None:
        """Only what is prepared for later may wait for the archive."""
        return self._phrases.fetch(job.text) if job.is_lasting else self._phrases.load(job.text)

    def _ended(self, job: _Job, error: Exception | None) -> None:
        self.runtime.stats.vendor_failed(error)
        if error is not None:
            if job.clause != NOBODY:
                retryable = error.is_temporary if isinstance(error, ProviderError) else True
                tell(self._call, ev.SpeechFailed(job.clause, str(error), retryable))
            else:
                self.log.warning("no se pudo preparar una frase: {}", error)
        tell(self.actor_ref, _Over(job))
