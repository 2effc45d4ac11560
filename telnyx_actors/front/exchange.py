"""Requests and responses as the routes see them: values, no sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias

import msgspec

from telnyx_actors.front.ports import Answer, Json, Reply, error_body

JSON_TYPE: Final = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request. Header names are lower case; ``parameters`` are the named parts of the path."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    peer: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back. ``after`` runs on the front's thread once the bytes are on their way."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    after: Callable[[], None] | None = None


Respond: TypeAlias = Callable[[Response], None]
"""Gives the response to a request that was left pending; once, from any thread."""


@dataclass(frozen=True, slots=True)
class Pending:
    """The response will come through ``Respond``; if it does not in time, ``timed_out`` makes one."""

    timeout_s: float
    timed_out: Callable[[], Response]


class BadRequestError(Exception):
    """The caller's mistake, in words for the caller; becomes a response in one place."""

    def __init__(self, message: str, status: int = 400, code: str = "invalid_request") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code


def json_response(status: int, body: Json, *headers: tuple[str, str]) -> Response:
    return Response(status, msgspec.json.encode(body), headers=headers)


def error_response(status: int, code: str, message: str, *headers: tuple[str, str]) -> Response:
    return json_response(status, error_body(code, message), *headers)


def answer_response(answer: Answer) -> Response:
    """The engine's answer as a response."""
    if answer.retry_after_s is None:
        return json_response(answer.status, answer.body)
    return json_response(answer.status, answer.body, ("Retry-After", str(answer.retry_after_s)))


def ask(work: Callable[[Reply], None], respond: Respond, within_s: float) -> Pending:
    """Have the engine answer: ``work`` is given what takes the answer."""
    work(lambda answer: respond(answer_response(answer)))
    return Pending(within_s, timed_out)


def timed_out() -> Response:
    """The engine has not answered."""
    return error_response(504, "timeout", "El motor no respondió a tiempo; la operación puede estar en curso.")


def timestamp(wall: datetime) -> str:
    """A moment as the API's answers write it."""
    return wall.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
