"""The frames of a Telnyx media socket."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from telnyx_actors.errors import WireError
from telnyx_actors.wire.telnyx_media import (
    Connected,
    Dtmf,
    Frame,
    Mark,
    Media,
    Stop,
    StreamError,
    StreamStart,
    Unknown,
    encode_clear,
    encode_mark,
    encode_media,
    parse,
)

START: dict[str, Any] = {
    "event": "start",
    "sequence_number": "1",
    "stream_id": "s-1",
    "start": {
        "user_id": "u-1",
        "call_control_id": "v3:abc",
        "call_session_id": "cs-1",
        "from": "+13125550100",
        "to": "+573001234567",
        "tags": ["T1"],
        "client_state": base64.b64encode('{"nombre":"Ñoño"}'.encode()).decode(),
        "custom_parameters": {"k": "v", "n": 3},
        "media_format": {"encoding": "PCMA", "sample_rate": 8000, "channels": 1},
    },
}


def without(name: str, document: dict[str, Any] = START) -> dict[str, Any]:
    return {**document, "start": {key: value for key, value in document["start"].items() if key != name}}


def frame(document: object) -> Frame:
    return parse(json.dumps(document))


def test_connected_is_read_with_and_without_what_captures_add_to_it() -> None:
    assert frame({"event": "connected", "version": "1.0.0"}) == Connected()
    assert frame({"event": "connected", "protocol": "Call", "connected": {"x": "token"}}) == Connected()


def test_start_gives_the_format_the_parties_and_the_decoded_state() -> None:
    assert frame(START) == StreamStart(
        stream_id="s-1",
        call_control_id="v3:abc",
        encoding="PCMA",
        sample_rate=8000,
        channels=1,
        client_state='{"nombre":"Ñoño"}',
        from_="+13125550100",
        to="+573001234567",
        custom_parameters={"k": "v"},
    )


@pytest.mark.parametrize("name", ["client_state", "from", "to", "custom_parameters", "media_format", "tags"])
def test_start_does_without_what_telnyx_may_leave_out(name: str) -> None:
    start = frame(without(name))
    assert isinstance(start, StreamStart)
    assert start.call_control_id == "v3:abc"


def test_start_without_a_format_is_the_default_of_telnyx() -> None:
    start = frame(without("media_format"))
    assert isinstance(start, StreamStart)
    assert (start.encoding, start.sample_rate, start.channels) == ("PCMU", 8000, 1)


@pytest.mark.parametrize("state", [None, "", "%%%", "/w=="])
def test_a_client_state_that_is_not_ours_to_read_is_none(state: str | None) -> None:
    start = frame({**START, "start": {**START["start"], "client_state": state}})
    assert isinstance(start, StreamStart)
    assert start.client_state is None


@pytest.mark.parametrize("number", ["2", 2])
def test_media_counters_may_be_strings_or_numbers(number: object) -> None:
    media = {"track": "inbound", "chunk": number, "timestamp": number, "payload": "/38A"}
    assert frame({"event": "media", "stream_id": "s", "media": media}) == Media("inbound", 2, 2, b"\xff\x7f\x00")


def test_the_small_frames() -> None:
    assert frame({"event": "mark", "mark": {"name": "utt-7"}}) == Mark("utt-7")
    assert frame({"event": "dtmf", "occurred_at": "2026-01-01T00:00:00Z", "dtmf": {"digit": "#"}}) == Dtmf(
        "#", "2026-01-01T00:00:00Z"
    )
    assert frame({"event": "stop", "stop": {"call_control_id": "v3:abc"}}) == Stop()
    assert frame({"event": "error", "payload": {"code": 100003, "title": "malformed_frame"}}) == StreamError(
        100003, "malformed_frame", ""
    )


def test_an_unknown_kind_is_no_error_even_if_it_reuses_a_known_name() -> None:
    assert frame({"event": "novelty", "media": 3}) == Unknown("novelty")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        "{}",
        '{"event":7}',
        '{"event":"media"}',
        '{"event":"media","media":{"track":"inbound","chunk":"1","timestamp":"1","payload":"@@"}}',
        '{"event":"media","media":{"track":"inbound","chunk":"-1","timestamp":"1","payload":""}}',
        '{"event":"media","media":{"track":"inbound","chunk":"1e400","timestamp":"1","payload":""}}',
        '{"event":"start","start":{"call_control_id":""}}',
        '{"event":"dtmf","dtmf":{"digit":"12"}}',
        '{"event":"dtmf","dtmf":{"digit":"5\\n"}}',
        '{"event":"mark"}',
        '{"event":"\ud800"}',
        b'{"event":"mark","mark":{"name":"\xff"}}',
        b"\x00\x01\x02",
        '{"event":"other","x":' + "[" * 100_000,
        '{"event":"start","start":{"call_control_id":"a","custom_parameters":' + '{"a":' * 100_000,
    ],
)
def test_what_is_not_a_frame_is_a_wire_error(text: str | bytes) -> None:
    with pytest.raises(WireError):
        parse(text)


def test_every_prefix_of_a_frame_is_a_wire_error_and_not_half_a_frame() -> None:
    text = json.dumps(START)
    for length in range(len(text)):
        with pytest.raises(WireError):
            parse(text[:length])
    with pytest.raises(WireError):
        parse(text + "}")


def test_what_is_sent_is_what_telnyx_documents() -> None:
    assert json.loads(encode_media(b"\xff\x7f\x00")) == {"event": "media", "media": {"payload": "/38A"}}
    assert json.loads(encode_mark('a"\n')) == {"event": "mark", "mark": {"name": 'a"\n'}}
    assert json.loads(encode_clear()) == {"event": "clear"}
