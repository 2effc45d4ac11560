"""The model asked by hand, beside the front's thread: its SDK may still have to be imported."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

from telnyx_actors.actors.pump import Pump
from telnyx_actors.clock import Clock
from telnyx_actors.errors import ProviderError
from telnyx_actors.front.ports import Answer, Reply, error_body
from telnyx_actors.providers.ports import LanguageModel, ModelRequest, ReplyDelta, ReplyDone

TRIALS_MAX: Final = 4
"""At once: their connections are those of the calls."""
TRIAL_S: Final = 30.0
"""By then nobody waits for the answer any more."""


class Trials:
    """Asks on a thread of its own, a few at a time."""

    def __init__(self, model: LanguageModel, clock: Clock) -> None:
        self._model = model
        self._clock = clock
        self._places = threading.BoundedSemaphore(TRIALS_MAX)

    def start(self, request: ModelRequest, reply: Reply) -> None:
        """Any thread; returns at once."""
        if not self._places.acquire(blocking=False):
            busy = "Ya se está probando el modelo varias veces a la vez; intente de nuevo."
            reply(Answer(503, error_body("busy", busy)))
            return
        items: list[ReplyDelta | ReplyDone] = []

        def deliver(item: ReplyDelta | ReplyDone) -> bool:
            items.append(item)
            return True

        def ended(error: Exception | None) -> None:
            self._places.release()
            reply(_answer(self._model.name, items, error))

        Pump(self._stream(request), lambda: None, deliver, ended, "front/test-model").start()

    def _stream(self, request: ModelRequest) -> Iterator[ReplyDelta | ReplyDone]:
        ends_at = self._clock.now() + TRIAL_S
        stream = self._model.stream(request)
        for item in stream:
            yield item
            if self._clock.now() > ends_at:
                stream.cancel()
                return


def _answer(model: str, items: list[ReplyDelta | ReplyDone], error: Exception | None) -> Answer:
    text = "".join(item.text for item in items if isinstance(item, ReplyDelta))
    done = next((item for item in items if isinstance(item, ReplyDone)), None)
    reason = error.message if isinstance(error, ProviderError) else error and type(error).__name__
    body = {
        "success": error is None,
        "model": model,
        "input_tokens": done.input_tokens + done.cached_tokens if done else 0,
        "output_tokens": done.output_tokens if done else 0,
        "response": text,
        "error": reason,
    }
    return Answer(200 if error is None else 502, body)
