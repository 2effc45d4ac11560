"""What tests of streams share: an event of Claude's on the wire, and a reader to cancel."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from telnyx_actors.errors import ProviderError

T = TypeVar("T")

START: dict[str, object] = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 25,
            "cache_creation_input_tokens": 5,
            "cache_read_input_tokens": 600,
            "output_tokens": 1,
        },
    },
}
STOP: dict[str, object] = {"type": "message_stop"}


def delta(text: str) -> dict[str, object]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}


def ended(reason: str | None = "end_turn") -> dict[str, object]:
    usage = {"output_tokens": 15}
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage}


def sse(event: dict[str, object]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def reply(*texts: str) -> list[bytes]:
    """A whole reply, with the events around the text that a client must step over."""
    block: dict[str, object] = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "text", "text": ""},
    }
    ping: dict[str, object] = {"type": "ping"}
    block_end: dict[str, object] = {"type": "content_block_stop", "index": 0}
    return [sse(event) for event in (START, block, ping, *map(delta, texts), block_end, ended(), STOP)]


class Reader(threading.Thread, Generic[T]):
    """Iterates a stream in a thread of its own, as a pump does; starts at once."""

    def __init__(self, stream: Iterable[T]) -> None:
        super().__init__(name="reader", daemon=True)
        self.items: list[T] = []
        self.error: ProviderError | None = None
        self._stream = stream
        self._changed = threading.Condition()
        self.start()

    def run(self) -> None:
        try:
            for item in self._stream:
                with self._changed:
                    self.items.append(item)
                    self._changed.notify_all()
        except ProviderError as error:  # anything else is a thread's crash, which fails the test
            self.error = error

    def wait_for(self, count: int, timeout_s: float = 5.0) -> list[T]:
        """The items, once there are at least ``count``."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.items) >= count, timeout_s), self.items
            return list(self.items)

    def ended_within(self, timeout_s: float) -> bool:
        self.join(timeout_s)
        return not self.is_alive()


def pieces_of(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]
