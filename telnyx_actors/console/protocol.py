"""What console and engine say to each other: JSON, a line each.

    client  {"token": "…"}
    engine  {"hello": {…}}
    client  {"id": 1, "command": "call", "arguments": ["ab12"], "sure": false}
    engine  {"id": 1, "result": …}   or {"id": 1, "error": "…"} or {"id": 1, "confirm": "¿…?"}

A command that goes on (``trace``) answers with any number of ``{"id": 2, "part": …}`` until
the client says anything, and then with a ``result``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from telnyx_actors.errors import WireError

Json: TypeAlias = dict[str, Any]

REQUEST_MAX_BYTES: Final = 16 * 1024
ANSWER_MAX_BYTES: Final = 32 * 1024 * 1024
ARGUMENTS_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Request:
    """``sure``: the operator has been asked already."""

    id: int
    command: str
    arguments: tuple[str, ...] = ()
    sure: bool = False


class Lines:
    """Bytes to JSON objects, however the bytes are cut."""

    def __init__(self, line_max_bytes: int) -> None:
        self._line_max_bytes = line_max_bytes
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Json]:
        """The objects that are complete now. Raises ``WireError``."""
        self._rest += data
        lines: list[bytearray] = []
        if b"\n" in data:
            *lines, self._rest = self._rest.split(b"\n")
        if any(len(line) > self._line_max_bytes for line in (*lines, self._rest)):
            raise WireError("line too long")
        return [_object(line) for line in lines]


def encode(message: Json) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def parse_request(message: Json) -> Request:
    """Raises ``WireError``."""
    number, command = message.get("id"), message.get("command")
    arguments, sure = message.get("arguments", []), message.get("sure", False)
    if not isinstance(number, int) or not isinstance(command, str) or not isinstance(sure, bool):
        raise WireError("not a request")
    if not isinstance(arguments, list) or len(arguments) > ARGUMENTS_MAX:
        raise WireError("arguments are a list of a few texts")
    if not all(isinstance(argument, str) and argument.isprintable() for argument in arguments):
        raise WireError("arguments are printable texts")
    return Request(number, command, tuple(arguments), sure)


def _object(line: bytearray) -> Json:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise WireError("not JSON") from None
    if not isinstance(found, dict):
        raise WireError("not an object")
    return found
