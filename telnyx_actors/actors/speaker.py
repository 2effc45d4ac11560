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


@dataclass(frozen=True, slots=True)
class _Over:
    """The clause in hand is over, well or not."""

    job: Speak


class SpeakerActor(EngineActor):
    """One clause at a time: a voice makes audio faster than it is heard, and vendors count streams.

    Phrases at hand come at once, past the queue.
    """

    def __init__(self, birth: Birth, call: pykka.ActorRef[Any], voice: Voice, phrases: PhraseCache) -> None:
        super().__init__(birth)
        self._call = call
        self._voice = voice
        self._phrases = phrases
        self._waiting: deque[Speak] = deque()
        self._job: Speak | None = None
        self._pump: Pump[SpeechChunk | ev.SpeechFinished] | None = None

    def handle(self, message: object) -> None:
        match message:
            case Speak():
                self._speak(message)
            case Prepare():
                if self._phrases.find(message.text) is None:
                    self._enqueue(Speak(NOBODY, message.text, phrase=True, previous_text=""))
            case StopSpeaking():
                self._forget(message.clauses)
            case _Over():
                self._next(message.job)
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        if self._pump is not None:
            self._pump.cancel()

    def _speak(self, job: Speak) -> None:
        audio = self._phrases.find(job.text) if job.phrase else None
        if audio is None:
            self._enqueue(job)
            return
        tell(self._call, SpeechChunk(job.clause, audio))
        tell(self._call, ev.SpeechFinished(job.clause))

    def _enqueue(self, job: Speak) -> None:
        self._waiting.append(job)
        if self._job is None:
            self._next(None)

    def _forget(self, clauses: tuple[int, ...]) -> None:
        self._waiting = deque(job for job in self._waiting if job.clause not in clauses)
        if self._job is not None and self._job.clause in clauses and self._pump is not None:
            self._pump.cancel()
            self._next(self._job)

    def _next(self, done: Speak | None) -> None:
        """Begin the next clause, unless ``done`` is not the one in hand any more."""
        if done is not self._job:
            return
        self._job = self._waiting.popleft() if self._waiting else None
        if self._job is None:
            self._pump = None
            return
        job = self._job
        stream = self._voice.synthesize(job.text, previous_text=job.previous_text)
        self._pump = Pump(
            self._spoken(job, stream),
            stream.cancel,
            partial(self._deliver, job),
            partial(self._ended, job),
            f"{self.path}/{job.clause}",
        ).start()

    # --- on the pump's thread ---

    def _spoken(self, job: Speak, stream: SpeechStream) -> Iterator[SpeechChunk | ev.SpeechFinished]:
        """The clause's audio, from where a phrase is kept or from the voice."""
        kept = self._phrases.load(job.text) if job.phrase else None
        if kept is not None:
            yield SpeechChunk(job.clause, kept)
            yield ev.SpeechFinished(job.clause)
            return
        pieces: list[bytes] = []
        for piece in stream:
            pieces.append(piece)
            yield SpeechChunk(job.clause, piece)
        yield ev.SpeechFinished(job.clause)
        if job.phrase:  # behind the end, so that nobody waits for the disk or the archive
            self._phrases.keep(job.text, b"".join(pieces))

    def _deliver(self, job: Speak, item: SpeechChunk | ev.SpeechFinished) -> bool:
        if isinstance(item, ev.SpeechFinished):
            tell(self.actor_ref, _Over(job))
        return job.clause == NOBODY or tell(self._call, item)

    def _ended(self, job: Speak, error: Exception | None) -> None:
        if error is not None:
            if job.clause != NOBODY:
                retryable = error.is_temporary if isinstance(error, ProviderError) else True
                tell(self._call, ev.SpeechFailed(job.clause, str(error), retryable))
            else:
                self.log.warning("no se pudo preparar una frase: {}", error)
        tell(self.actor_ref, _Over(job))
