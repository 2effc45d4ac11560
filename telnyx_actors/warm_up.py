"""What takes long the first time is done before a caller waits for it: SDKs imported, connections opened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

from loguru import logger

WARM_WITHIN_S: Final = 5.0
"""A vendor that does not answer must not keep balancers away for ever: calls have their own ways around it."""


class WarmUp:
    """Runs the tasks one after the other on a thread of its own, then ``then``.

    ``over`` is set when all that is done, or the limit has passed: with what is missing then, the first call is
    slower, not worse. Calls are held meanwhile as always.
    """

    def __init__(
        self, tasks: Sequence[Callable[[], None]], then: Callable[[], None], within_s: float = WARM_WITHIN_S
    ) -> None:
        self.over = threading.Event()
        self._tasks = tasks
        self._then = then
        self._within_s = within_s

    def start(self) -> None:
        threading.Thread(target=self._work, name="warm", daemon=True).start()
        threading.Thread(target=self._watch, name="warm-watch", daemon=True).start()

    def _work(self) -> None:
        for task in self._tasks:
            try:
                task()
            except Exception as error:  # noqa: BLE001 - whatever it is, the first call will meet it and say so
                logger.warning("⚠️ Preparación incompleta: {}", error)
        self._then()
        self.over.set()

    def _watch(self) -> None:
        if not self.over.wait(self._within_s):
            logger.warning("⚠️ La preparación tarda más de {:g} s: no se la espera más", self._within_s)
            self.over.set()
