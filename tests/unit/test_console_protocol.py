"""The console's protocol: however bytes come, and whatever they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from telnyx_actors.console.protocol import ARGUMENTS_MAX, Json, Lines, Request, encode, parse_request
from telnyx_actors.errors import WireError

MESSAGES: list[Json] = [{"token": "abc"}, {"id": 1, "command": "say", "arguments": ["ab12", "¿Sí? «ñ»"]}]
STREAM = b"".join([encode(message) for message in MESSAGES])


def feed_bytewise(lines: Lines, data: bytes) -> list[Json]:
    return [message for byte in data for message in lines.feed(bytes([byte]))]


def test_what_is_encoded_is_read_whole() -> None:
    assert Lines(1000).feed(STREAM) == MESSAGES


def test_what_is_encoded_is_read_byte_by_byte() -> None:
    assert feed_bytewise(Lines(1000), STREAM) == MESSAGES


def test_the_rest_waits_for_its_end() -> None:
    lines = Lines(1000)
    assert lines.feed(STREAM[:-1]) == MESSAGES[:1]
    assert lines.feed(STREAM[-1:]) == MESSAGES[1:]


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n",
        b"\n",
        b"[]\n",
        b'"token"\n',
        b"null\n",
        b"{\n",
        b"\xff\xfe\x00\n",
        b"{" * 900 + b"\n",
        b"[" * 900 + b"\n",
        b'{"a": 1} {"b": 2}\n',
        b"NaN\n",
    ],
    ids=repr,
)
def test_what_is_no_object_is_refused(garbage: bytes) -> None:
    with pytest.raises(WireError):
        Lines(1000).feed(garbage)


@pytest.mark.parametrize("giant", [b"x" * 1001, b'{"a": "' + b"x" * 1000 + b'"}\n', b"{}\n" + b"x" * 1001])
def test_a_line_that_does_not_end_is_refused_before_it_fills_the_memory(giant: bytes) -> None:
    with pytest.raises(WireError, match="too long"):
        Lines(1000).feed(giant)
    with pytest.raises(WireError, match="too long"):
        feed_bytewise(Lines(1000), giant)


def test_a_request_is_understood() -> None:
    asked = {"id": 7, "command": "kill", "arguments": ["a/b"], "sure": True}
    assert parse_request(asked) == Request(7, "kill", ("a/b",), sure=True)
    assert parse_request({"id": 7, "command": "tree"}) == Request(7, "tree")


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": "1"},
        {"command": None},
        {"command": ["tree"]},
        {"arguments": "ab"},
        {"arguments": {"a": "b"}},
        {"arguments": [1]},
        {"arguments": ["x"] * (ARGUMENTS_MAX + 1)},
        {"arguments": ["line\nfeed"]},
        {"arguments": ["\x1b[2J"]},
        {"arguments": ["\ud800"]},
        {"sure": "yes"},
    ],
    ids=repr,
)
def test_what_is_no_request_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        parse_request({"id": 1, "command": "tree", **changes})


def test_any_text_can_be_sent_as_one_line() -> None:
    message = {"text": "una\nlínea \ud800  \x1b"}
    line = encode(message)
    assert line.count(b"\n") == 1
    assert json.loads(line) == message
