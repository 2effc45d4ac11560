"""The connection to a running engine, as its operator sees it: ask, and read the answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from telnyx_actors.clock import SystemClock
from telnyx_actors.console.endpoint import HOST, NotRunning, find
from telnyx_actors.console.protocol import ANSWER_MAX_BYTES, Json, Lines, encode
from telnyx_actors.errors import EngineError, WireError

CONNECT_WITHIN_S: Final = 3.0
ANSWER_WITHIN_S: Final = 15.0
RECEIVE_BYTES: Final = 65_536


class LinkLost(EngineError):
    """The engine is gone, or does not answer."""


class Refused(EngineError):
    """The engine did not do it; the text says why."""


class NeedsConfirmation(EngineError):
    """The operator has to be asked first; the text is the question."""


class Link:
    """One connection. Blocking, for one thread."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._lines = Lines(ANSWER_MAX_BYTES)
        self._waiting: list[Json] = []
        self._ids = count(1)

    @classmethod
    def open(cls, data_dir: Path) -> Self:
        """Attach to the engine that works in this folder. Raises ``NotRunning``, ``Refused`` and ``LinkLost``."""
        endpoint = find(data_dir)
        try:
            link = cls(socket.create_connection((HOST, endpoint.port), timeout=CONNECT_WITHIN_S))
        except OSError as error:
            raise NotRunning(f"El motor de DATA_DIR={data_dir} (proceso {endpoint.pid}) no atiende: {error}") from None
        try:
            link._send({"token": endpoint.token})
            link._answer()  # the engine's greeting, or why there is none
        except EngineError:
            link.close()
            raise
        return link

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._link.close()

    def request(self, command: str, *arguments: str, sure: bool = False) -> Any:
        """The result. Raises ``Refused``, ``NeedsConfirmation`` and ``LinkLost``."""
        number = self._send_request(command, arguments, sure=sure)
        answer = self._answer()
        if answer.get("id") != number:
            raise LinkLost("El motor contestó otra cosa.")
        return answer.get("result")

    def follow(self, command: str, *arguments: str, for_s: float | None = None) -> Iterator[Json]:
        """The parts of a command that goes on; for ever, or so long. The link is of no more use then."""
        self._send_request(command, arguments)
        clock = SystemClock()
        until = None if for_s is None else clock.now() + for_s
        while until is None or clock.now() < until:
            try:
                answer = self._receive(None if until is None else max(0.001, until - clock.now()))
            except TimeoutError:
                return
            if "part" in _checked(answer):
                yield answer["part"]

    def _answer(self) -> Json:
        try:
            return _checked(self._receive(ANSWER_WITHIN_S))
        except TimeoutError:
            raise LinkLost(f"El motor no contestó en {ANSWER_WITHIN_S:.0f} s.") from None

    def _send_request(self, command: str, arguments: tuple[str, ...], *, sure: bool = False) -> int:
        number = next(self._ids)
        self._send({"id": number, "command": command, "arguments": list(arguments), "sure": sure})
        return number

    def _send(self, message: Json) -> None:
        try:
            self._link.sendall(encode(message))
        except OSError as error:
            raise LinkLost(f"El motor ya no responde: {error}") from None

    def _receive(self, within_s: float | None) -> Json:
        """Raises ``TimeoutError`` and ``LinkLost``."""
        try:
            self._link.settimeout(within_s)
            while not self._waiting:
                data = self._link.recv(RECEIVE_BYTES)
                if not data:
                    raise LinkLost("El motor cerró la consola.")
                self._waiting += self._lines.feed(data)
        except TimeoutError:
            raise
        except (OSError, WireError) as error:
            raise LinkLost(f"El motor ya no responde: {error}") from None
        return self._waiting.pop(0)


def _checked(answer: Json) -> Json:
    if "error" in answer:
        raise Refused(str(answer["error"]))
    if "confirm" in answer:
        raise NeedsConfirmation(str(answer["confirm"]))
    return answer
