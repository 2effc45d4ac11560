"""Reading a blocking stream beside an actor instead of inside it.

An actor that iterates a stream in its handler is deaf meanwhile: a cancel waited 1.8 s
there, 0.2 ms with a pump. Every pump has a fresh thread: starting one takes 50 us, which
at a hundred calls with two streams every five seconds is 0.2 % of a core. A pool would
save less than that, and could make a caller wait for a free thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from loguru import logger

from telnyx_actors.actors.supervision import contained

T = TypeVar("T")


class Pump(Generic[T]):
    """Iterates ``source`` on a daemon thread and hands every item to ``deliver``, then its end to ``ended``.

    Both run on the pump's thread and must not block: each is a ``tell``, as a rule. When
    ``deliver`` returns False the receiver is gone, which is the pump's end too. ``ended``
    is called once, with the error that ended the source or None, and not at all after
    ``cancel``. ``cancel_source`` makes a blocked iteration end, from any thread.

        Pump(reply, reply.cancel, deliver, ended, f"{self.path}/pump").start()
        Pump(stream.events(), stream.close, deliver, ended, f"{self.path}/pump").start()
    """

    def __init__(
        self,
        source: Iterable[T],
        cancel_source: Callable[[], object],
        deliver: Callable[[T], bool],
        ended: Callable[[Exception | None], object],
        name: str,
    ) -> None:
        self._cancel_source = cancel_source
        self._deliver = deliver
        self._ended = ended
        self._over = False
        self._lock = threading.Lock()  # held while delivering: once cancel() returns, nothing is on its way
        self._thread = threading.Thread(target=self._run, args=(source,), name=name, daemon=True)

    def start(self) -> Pump[T]:
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Stop for good. Returns at once; nothing is delivered from now on. Any thread, any number of times.

        What was delivered before may still wait in an inbox: messages carry a turn number for that.
        """
        with self._lock:
            if self._over:
                return
            self._over = True
            cancel_source = self._cancel_source
        cancel_source()

    def _run(self, source: Iterable[T]) -> None:
        error: Exception | None = None
        try:
            for item in source:
                if not self._pass_on(item):
                    self.cancel()
                    break
        except BaseException as caught:  # noqa: BLE001  # a library's SystemExit too: nobody else would hear of it
            error = contained(caught)
        self._finish(error)

    def _pass_on(self, item: T) -> bool:
        with self._lock:
            return not self._over and self._deliver(item)

    def _finish(self, error: Exception | None) -> None:
        with self._lock:
            if not self._over:
                self._over = True
                self._ended(error)
            elif error is not None:
                logger.debug("{}: la fuente cancelada terminó con {}", self._thread.name, type(error).__name__)
            # They lead back here: a cycle would wait for the garbage collector.
            del self._cancel_source, self._deliver, self._ended
