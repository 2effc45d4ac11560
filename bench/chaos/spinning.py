"""``python -m bench.chaos.spinning``: the daemon as it is, but that the model spins in some calls.

Where a reply is asked for, and where it is read, runs what is a call's own business: its tools, its parsers.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from typing import Final
from unittest.mock import patch

from loguru import logger

from telnyx_actors import app, vendors
from telnyx_actors.actors.services import Vendors
from telnyx_actors.config import Settings
from telnyx_actors.main import main
from telnyx_actors.providers.ports import LanguageModel, ModelRequest, ReplyDelta, ReplyDone, ReplyStream

SPINS_S: Final = 5.0
COMPUTES: Final = "computa"
BLOCKS: Final = "bloquea"
SAYS_SO: Final = "gira por orden"


class SpinningModel:
    """The model, and what a caller can make it do by a word."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    def stream(self, request: ModelRequest) -> ReplyStream:
        """Blocks whoever asks, or gives a reply that computes before it says anything."""
        said, reply = request.messages[-1].text.lower(), self._model.stream(request)
        if BLOCKS in said:
            logger.info(SAYS_SO)
            time.sleep(SPINS_S)
        return SpinningReply(reply) if COMPUTES in said else reply

    def warm(self) -> None:
        self._model.warm()


class SpinningReply:
    def __init__(self, reply: ReplyStream) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[ReplyDelta | ReplyDone]:
        logger.info(SAYS_SO)
        until = time.monotonic() + SPINS_S
        while time.monotonic() < until:
            pass
        yield from self._reply

    def cancel(self) -> None:
        self._reply.cancel()


def spinning(open_vendors: Callable[[Settings, date, ExitStack], Vendors]) -> Callable[..., Vendors]:
    def open_spinning(settings: Settings, today: date, on_close: ExitStack) -> Vendors:
        opened = open_vendors(settings, today, on_close)
        return replace(opened, model=SpinningModel(opened.model))

    return open_spinning


if __name__ == "__main__":
    with patch.object(app, "open_vendors", spinning(vendors.open_vendors)):
        sys.exit(main())
