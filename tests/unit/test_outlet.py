"""The way out: in order, in whole frames, and nothing behind a clear that was before it."""

from __future__ import annotations

import base64
import json

from support.fakes import FakeSink
from telnyx_actors.actors.outlet import Outlet


def events(sink: FakeSink) -> list[str]:
    return [json.loads(message)["event"] for message in sink.sent]


def payloads(sink: FakeSink) -> list[bytes]:
    frames = [json.loads(message) for message in sink.sent]
    return [base64.b64decode(frame["media"]["payload"]) for frame in frames if frame["event"] == "media"]


def test_pieces_of_a_clause_are_sent_in_the_order_asked_for() -> None:
    outlet, sink = Outlet(), FakeSink()
    outlet.keep(1, b"a" * 160)
    outlet.keep(1, b"b" * 160)
    assert outlet.audio(1, 0, 160) == b"a" * 160
    outlet.mark("0.1.160")
    outlet.audio(1, 160, 320)
    assert outlet.flush(sink)
    assert events(sink) == ["media", "mark", "media"]
    assert payloads(sink) == [b"a" * 160, b"b" * 160]


def test_the_odd_rest_of_a_clause_is_filled_up_with_silence() -> None:
    outlet, sink = Outlet(), FakeSink()
    outlet.keep(1, b"a" * 170)
    assert outlet.audio(1, 0, 170) == b"a" * 170 + b"\xff" * 150
    outlet.flush(sink)
    assert payloads(sink) == [b"a" * 170 + b"\xff" * 150]


def test_what_a_clear_would_clear_is_not_even_sent() -> None:
    outlet, sink = Outlet(), FakeSink()
    outlet.keep(1, b"a" * 160)
    outlet.audio(1, 0, 160)
    outlet.mark("gone")
    outlet.clear()
    outlet.mark("kept")
    outlet.flush(sink)
    assert events(sink) == ["clear", "mark"]


def test_what_was_sent_is_not_sent_again() -> None:
    outlet, sink = Outlet(), FakeSink()
    outlet.mark("one")
    assert outlet.flush(sink)
    assert outlet.flush(sink)
    assert len(sink.sent) == 1


def test_without_a_socket_what_was_collected_is_lost_and_said_to_be() -> None:
    outlet, sink = Outlet(), FakeSink(is_open=False)
    assert outlet.flush(None)
    outlet.mark("one")
    assert not outlet.flush(None)
    outlet.mark("two")
    assert not outlet.flush(sink)
    sink.is_open = True
    assert outlet.flush(sink)
    assert sink.sent == []


def test_a_whole_clause_can_be_had_as_a_file() -> None:
    outlet = Outlet()
    outlet.keep(1, b"ab")
    outlet.keep(1, b"cd")
    assert outlet.file(1, 4) == b"abcd"
    assert outlet.file(1, 3) == b"abc"
    outlet.forget_all()
    assert outlet.file(1, 4) == b""
