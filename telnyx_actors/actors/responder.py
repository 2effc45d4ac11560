"""The actor that has the model answer, clause by clause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pykka

from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.actors.messages import Ask, StopAsking
from telnyx_actors.actors.pump import Pump
from telnyx_actors.core import events as ev
from telnyx_actors.core.sentences import ClauseSplitter, speakable
from telnyx_actors.errors import ProviderError
from telnyx_actors.providers.ports import LanguageModel, ReplyDelta, ReplyDone, ReplyStream


@dataclass(frozen=True, slots=True)
class _Over:
    """The attempt has ended by itself."""

    attempt: int


class ResponderActor(EngineActor):
    """Several attempts may run side by side; the call decides which one is spoken.

    The stream is read by a pump, which tells the call directly: this actor only starts
    and stops.
    """

    def __init__(
        self,
        birth: Birth,
        call: pykka.ActorRef[Any],
        model: LanguageModel,
        fallback: LanguageModel,
        max_chars: int,
    ) -> None:
        super().__init__(birth)
        self._call = call
        self._model = model
        self._fallback = fallback
        self._max_chars = max_chars
        self._pumps: dict[int, Pump[ev.CallEvent]] = {}

    def handle(self, message: object) -> None:
        match message:
            case Ask():
                self._ask(message)
            case StopAsking():
                pump = self._pumps.pop(message.attempt, None)
                if pump is not None:
                    pump.cancel()
            case _Over():
                self._pumps.pop(message.attempt, None)
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        for pump in self._pumps.values():
            pump.cancel()

    def _ask(self, ask: Ask) -> None:
        stream = (self._fallback if ask.is_retry else self._model).stream(ask.request)
        events = reply_events(stream, ask.turn, ask.attempt, ClauseSplitter(limit_chars=self._max_chars))
        self._pumps[ask.attempt] = Pump(
            events,
            stream.cancel,
            partial(tell, self._call),
            partial(self._ended, ask.turn, ask.attempt),
            f"{self.path}/{ask.attempt}",
        ).start()

    def _ended(self, turn: int, attempt: int, error: Exception | None) -> None:
        """On the pump's thread."""
        self.runtime.stats.vendor_failed(error)
        if error is not None:
            retryable = error.is_temporary if isinstance(error, ProviderError) else True
            tell(self._call, ev.ReplyFailed(turn, attempt, str(error), retryable))
        tell(self.actor_ref, _Over(attempt))


def reply_events(stream: ReplyStream, turn: int, attempt: int, splitter: ClauseSplitter) -> Iterator[ev.CallEvent]:
    """A reply as the conversation takes it in: its first token, its clauses, its end."""
    is_started = False
    for item in stream:
        match item:
            case ReplyDelta():
                if not is_started:
                    is_started = True
                    yield ev.ReplyStarted(turn, attempt)
                yield from _clauses(splitter.feed(item.text), turn, attempt)
            case ReplyDone():
                yield from _clauses(splitter.finish(), turn, attempt)
                yield ev.ReplyFinished(
                    turn, attempt, item.stop_reason, item.input_tokens, item.output_tokens, item.cached_tokens
                )


def _clauses(texts: list[str], turn: int, attempt: int) -> Iterator[ev.CallEvent]:
    for text in texts:
        if spoken := speakable(text).strip():
            yield ev.ReplyClause(turn, attempt, spoken)
