"""The front: one thread, one event loop, one port; every HTTP request and every media socket."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from loguru import logger

from telnyx_actors.clock import Clock, SystemClock
from telnyx_actors.errors import ConfigError
from telnyx_actors.front.admission import Admission
from telnyx_actors.front.connection import HttpConnection
from telnyx_actors.front.counters import FrontCounters, LagMeter
from telnyx_actors.front.ports import Engine, PagePort
from telnyx_actors.front.routes import build_router
from telnyx_actors.front.settings import FrontSettings

_BACKLOG: Final = 256
_STOP_POLL_S: Final = 0.02
_START_TIMEOUT_S: Final = 10.0
_JOIN_MARGIN_S: Final = 2.0
"""Beyond the time given to the connections, for the loop to end."""


class FrontServer:
    """Owns the front's thread. ``start`` and ``stop`` may be called from any other thread, once each."""

    def __init__(
        self,
        engine: Engine,
        settings: FrontSettings,
        on_death: Callable[[BaseException], object] | None = None,
        clock: Clock | None = None,
        page: PagePort | None = None,
    ) -> None:
        """``on_death`` is called on the front's thread if it ends without being asked to.

        Raises ``ConfigError`` when the Telnyx public key is not a key.
        """
        self.counters = FrontCounters()
        try:
            self.router = build_router(engine, settings, self.counters, clock or SystemClock(), page)
        except ValueError as error:
            raise ConfigError((f"TELNYX_PUBLIC_KEY: no es una clave Ed25519 en base64 ({error})",)) from None
        self._settings = settings
        self._on_death = on_death
        self._admission = Admission(settings.limits, self.counters)
        self._lag = LagMeter()
        self._server: asyncio.Server | None = None
        self._bound: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, name="front", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on; known once ``start`` has returned."""
        return self._bound.result(timeout=0)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def lag_ms(self) -> float:
        """How late the loop ran a callback, at worst, in the last 5 to 10 seconds."""
        return self._lag.high_water_ms

    def start(self) -> None:
        """Listen. Raises ``ConfigError`` when host and port cannot be had."""
        self._loop = _new_event_loop(self._settings.use_uvloop)
        self._thread.start()
        self._bound.result(timeout=_START_TIMEOUT_S)
        logger.info("Server listening on {}:{}", self._settings.host, self.port)

    def stop(self, timeout_s: float) -> bool:
        """Listen no more, answer what is being answered, close the rest; cut what is left after
        ``timeout_s``. Whether the thread has ended."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop has just ended by itself
                self._loop.call_soon_threadsafe(self._begin_stop, timeout_s)
            self._thread.join(timeout_s + _JOIN_MARGIN_S)
        return not self._thread.is_alive()

    # --- on the front's thread ---

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(self._log_error)
        try:
            self._lag.start(self._loop)  # before the first request can come
            self._loop.run_until_complete(self._listen())
            self._loop.run_forever()
        except BaseException as error:  # noqa: BLE001 - whatever ends this thread has to be told
            self._die(error)
            self._cut_off()
        finally:
            if self._server is not None:
                self._server.close()  # the port has to be free for a successor
            self._loop.close()

    async def _listen(self) -> None:
        host, port = self._settings.host, self._settings.port
        self._server = await self._loop.create_server(self._connection, host, port, backlog=_BACKLOG)
        self._bound.set_result(self._server.sockets[0].getsockname()[1])

    def _connection(self) -> HttpConnection:
        return HttpConnection(self.router, self._admission, self._settings.limits, self.counters)

    def _die(self, error: BaseException) -> None:
        if not self._bound.done():
            self._bound.set_exception(_bind_problem(error, self._settings.host, self._settings.port))
            return
        logger.opt(exception=error).critical("El hilo del front terminó sin que nadie lo pidiera")
        if self._on_death is not None:
            self._on_death(error)

    def _cut_off(self) -> None:
        """Let those who are connected hear of the end: their calls go on without. A loop that is closed
        before would hang (uvloop), and with it go on taking their frames."""
        self._await_end(self._loop.time())
        self._loop.run_forever()

    def _begin_stop(self, timeout_s: float) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._admission.connections:
            connection.shut_down()
        self._await_end(self._loop.time() + timeout_s)

    def _await_end(self, deadline: float) -> None:
        if self._admission.connections and self._loop.time() < deadline:
            self._loop.call_later(_STOP_POLL_S, self._await_end, deadline)
            return
        for connection in self._admission.connections:
            connection.abort()
        # One more turn of the loop, so that those who were cut hear of it.
        self._loop.call_later(_STOP_POLL_S, self._loop.stop)

    def _log_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception in a callback: it has cost one connection. The context stays out of the
        log, since it may hold the bytes of a request."""
        error = context.get("exception")
        if isinstance(error, OSError):
            return  # a connection broke in a way that its own callbacks report
        self.counters.errors += 1
        logger.opt(exception=error).error("Error interno en una conexión del front")


def _new_event_loop(use_uvloop: bool) -> asyncio.AbstractEventLoop:
    """uvloop where the platform has it: less CPU a frame (26 µs for 28 to 39, python -m bench.stages); never required."""
    if use_uvloop and sys.platform != "win32":
        try:
            import uvloop  # noqa: PLC0415 - a platform without it must still start
        except ImportError:
            return asyncio.new_event_loop()
        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def _bind_problem(error: BaseException, host: str, port: int) -> BaseException:
    if not isinstance(error, OSError):
        return error
    if error.errno == errno.EADDRINUSE:
        return ConfigError((f"PORT: el puerto {port} ya está en uso en {host}; ¿hay otro motor en marcha?",))
    return ConfigError((f"HOST/PORT: no se puede escuchar en {host}:{port} ({error.strerror or error})",))
