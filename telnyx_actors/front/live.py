"""``/console/live``: what the engine tells the page, and the little that the page says."""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec

from telnyx_actors.actors.sinks import TRY_AGAIN_LATER
from telnyx_actors.front.ports import Json, PagePort
from telnyx_actors.front.websocket import INVALID_DATA, POLICY_VIOLATION, WebSocket

WORDS_MAX: Final = 2_000
"""Of one page; it says a few when somebody clicks."""


class _Word(msgspec.Struct):
    """``watch``: a call to follow ("" for none), and ``tree`` with it. ``phone``: a softphone's call that is ours."""

    watch: str | None = None
    tree: bool = False
    phone: str | None = None
    spoken: str | None = None


_decode: Final = msgspec.json.Decoder(_Word).decode


class LiveSocket:
    """One browser. What it is told is written by another thread, straight to the socket."""

    def __init__(self, page: PagePort) -> None:
        self._audience = page.audience
        self._phones = page.phones
        self._words = 0

    def opened(self, socket: WebSocket) -> None:
        self._socket = socket
        if not self._audience.came(socket):
            socket.close(TRY_AGAIN_LATER, "console restarting")

    def text(self, message: bytes) -> None:
        self._words += 1
        try:
            word = _decode(message)
        except (ValueError, RecursionError):
            self._socket.close(INVALID_DATA, "not understood")
            return
        if self._words > WORDS_MAX:
            self._socket.close(POLICY_VIOLATION, "too many words")
            return
        if word.watch is not None:
            self._audience.asked(self._socket, word.watch, tree=word.tree)
        if word.phone is not None:
            self._phones.attach(word.phone, partial(_tell, self._socket))
        if word.spoken is not None:
            self._phones.spoken(word.spoken)

    def binary(self, message: bytes) -> None:
        self._socket.close(INVALID_DATA, "not understood")

    def closed(self, code: int, reason: str) -> None:
        self._audience.left(self._socket)


def _tell(socket: WebSocket, command: Json) -> bool:
    """Any thread."""
    return socket.send([msgspec.json.encode({"phone": command}).decode()])
