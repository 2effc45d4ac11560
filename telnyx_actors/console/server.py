"""The console's door: loopback TCP, a token, and a thread for each operator.

Plain threads and sockets, on purpose: none of it shares anything with the actors or with the
front's thread, so it answers when they do not.
"""

from __future__ import annotations

import contextlib
import hmac
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from loguru import logger

from telnyx_actors import __version__
from telnyx_actors.clock import SystemClock
from telnyx_actors.console.commands import perform
from telnyx_actors.console.desk import CommandError, Desk, find_actor
from telnyx_actors.console.endpoint import HOST
from telnyx_actors.console.protocol import REQUEST_MAX_BYTES, Json, Lines, Request, encode, parse_request
from telnyx_actors.console.tracing import Tracing
from telnyx_actors.errors import WireError

RECEIVE_BYTES: Final = 4096
ACCEPT_AGAIN_S: Final = 0.5
LEAST_WAIT_S: Final = 0.001  # zero would mean: do not wait, and fail in another way


@dataclass(frozen=True, slots=True)
class Limits:
    """What one door puts up with. ``look_every_s``: how often a trace is taken to the operator."""

    sessions_max: int = 8
    authenticate_within_s: float = 3.0
    idle_s: float = 3600.0
    send_within_s: float = 5.0
    look_every_s: float = 0.1


class ConsoleServer:
    """Listens on a port of the system's choosing. ``died`` is called on its thread if that ends by itself."""

    def __init__(self, desk: Desk, died: Callable[[], object], limits: Limits | None = None) -> None:
        self._desk = desk
        self._died = died
        self._limits = limits or Limits()
        self._socket = socket.create_server((HOST, 0))
        self._token = b""
        self._lock = threading.Lock()
        self._sessions: dict[threading.Thread, socket.socket] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="console/door", daemon=True)

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def start(self, token: str) -> None:
        """From now on whoever has the token comes in."""
        self._token = token.encode()
        self._thread.start()

    def stop(self, within_s: float) -> bool:
        """Let nobody in, and everybody out. False when a thread did not end."""
        self._closing.set()
        with contextlib.suppress(OSError):  # closing a socket wakes nobody who waits in accept
            socket.create_connection((HOST, self.port), timeout=within_s).close()
        with self._lock:
            sessions = dict(self._sessions)
        for link in sessions.values():
            _hang_up(link)
        for thread in (self._thread, *sessions):
            thread.join(within_s)
        self._socket.close()
        return not any(thread.is_alive() for thread in (self._thread, *sessions))

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._accept()
        finally:
            if not self._closing.is_set():
                self._died()

    def _accept(self) -> None:
        try:
            link, _ = self._socket.accept()
        except OSError as error:  # no descriptors left, or the peer gave up already
            logger.warning("la consola no pudo atender una conexión: {}", error)
            self._closing.wait(ACCEPT_AGAIN_S)
            return
        with self._lock:
            has_room = not self._closing.is_set() and len(self._sessions) < self._limits.sessions_max
            if has_room:
                thread = threading.Thread(target=self._serve, args=(link,), name="console/session", daemon=True)
                thread.start()
                self._sessions[thread] = link
        if not has_room:
            _turn_away(link)

    def _serve(self, link: socket.socket) -> None:
        try:
            with link:
                Session(link, self._desk, self._token, self._limits).run()
        except (OSError, WireError) as error:
            logger.debug("sesión de consola terminada: {}", error)
        finally:
            with self._lock:  # its own entry is there by now: it was made under the same lock
                del self._sessions[threading.current_thread()]


class Session:
    """One operator, from the token to the end. On a thread of its own."""

    def __init__(self, link: socket.socket, desk: Desk, token: bytes, limits: Limits) -> None:
        self._link = link
        self._desk = desk
        self._token = token
        self._limits = limits
        self._lines = Lines(REQUEST_MAX_BYTES)
        self._waiting: list[Json] = []
        self._clock = SystemClock()  # sockets wait in real time, whatever the engine's clock says

    def run(self) -> None:
        """Returns when they have left or were not let in. Raises ``OSError`` and ``WireError``."""
        if not self._is_known():
            logger.warning("consola: alguien sin el token quiso entrar")
            self._send({"error": "El token no es válido."})
            return
        self._send({"hello": {"version": __version__, "calls": len(self._desk.services.calls)}})
        while (message := self._receive(self._limits.idle_s)) is not None:
            self._answer(parse_request(message))

    def _is_known(self) -> bool:
        message = self._receive(self._limits.authenticate_within_s)
        token = message.get("token") if message is not None else None
        return isinstance(token, str) and hmac.compare_digest(token.encode(errors="replace"), self._token)

    def _answer(self, request: Request) -> None:
        try:
            answer = self._trace(request) if request.command == "trace" else self._perform(request)
        except CommandError as error:
            answer = {"error": str(error)}
        self._send({"id": request.id, **answer})

    def _perform(self, request: Request) -> Json:
        try:
            return perform(self._desk, request)
        except CommandError:
            raise
        except Exception as error:
            logger.exception("la consola no pudo hacer «{}»", request.command)
            raise CommandError(f"Fallo interno ({type(error).__name__}); está en el registro.") from error

    def _trace(self, request: Request) -> Json:
        """Send what goes by until the operator says something, or leaves."""
        if len(request.arguments) != 1:
            raise CommandError("Se usa así: trace <ruta>")
        tracing = Tracing(self._desk, find_actor(self._desk, request.arguments[0]).path)
        try:
            self._send({"id": request.id, "part": {"path": tracing.path}})
            while not self._says_something():
                if (part := tracing.look()) is not None:
                    self._send({"id": request.id, "part": part})
        finally:
            tracing.close()
        return {"result": {"path": tracing.path}}

    def _says_something(self) -> bool:
        """Wait for it, not longer than until the next look."""
        try:
            self._receive(self._limits.look_every_s)
        except TimeoutError:
            return False
        return True

    def _receive(self, within_s: float) -> Json | None:
        """The next message, None when the operator has left. Raises ``TimeoutError`` and ``WireError``."""
        until = self._clock.now() + within_s
        while not self._waiting:
            self._link.settimeout(max(LEAST_WAIT_S, until - self._clock.now()))
            data = self._link.recv(RECEIVE_BYTES)
            if not data:
                return None
            self._waiting += self._lines.feed(data)
        return self._waiting.pop(0)

    def _send(self, message: Json) -> None:
        """Raises ``TimeoutError`` when nobody reads."""
        self._link.settimeout(self._limits.send_within_s)
        self._link.sendall(encode(message))


def _turn_away(link: socket.socket) -> None:
    with link, contextlib.suppress(OSError):
        link.sendall(encode({"error": "Ya hay demasiadas consolas abiertas."}))


def _hang_up(link: socket.socket) -> None:
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
