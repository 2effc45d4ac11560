from __future__ import annotations

import json

import pytest

from support.telnyx_types import check_body
from telnyx_actors.core.audio import Encoding
from telnyx_actors.errors import WireError
from telnyx_actors.wire.telnyx_rest import action_path, call_path, parse_call, parse_error, stream_fields


def test_call_ids_are_encoded_in_paths() -> None:
    assert call_path("v3:a/b?c") == "/calls/v3%3Aa%2Fb%3Fc"
    assert action_path("v3:x", "playback_start") == "/calls/v3%3Ax/actions/playback_start"


@pytest.mark.parametrize("command", ["dial", "answer", "streaming_start"])
@pytest.mark.parametrize("codec", list(Encoding))
def test_stream_fields_are_what_every_command_with_a_stream_takes(command: str, codec: Encoding) -> None:
    needed = {"connection_id": "1", "from": "+571", "to": "+572"} if command == "dial" else {}
    fields = stream_fields("wss://x/stream/media", "inbound_track", codec, "both")

    check_body(command, needed | fields)
    for name in ("stream_track", "stream_bidirectional_mode", "stream_bidirectional_codec"):
        with pytest.raises(ValueError, match=name):
            check_body(command, {**needed, **fields, name: "nonsense"})


def test_audio_we_send_back_is_raw_or_nobody_hears_it() -> None:
    assert stream_fields("wss://x", "inbound_track", Encoding.PCMU, "both")["stream_bidirectional_mode"] == "rtp"


def test_a_calls_answer_is_read_leniently() -> None:
    body = {"data": {"record_type": "call", "call_control_id": "v3:x", "is_alive": True, "client_state": None, "x": 1}}

    call = parse_call(json.dumps(body).encode())

    assert (call.call_control_id, call.is_alive, call.client_state, call.call_leg_id) == ("v3:x", True, None, "")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"data":{"result":"ok"}}', b"<html>", b'{"data":[]}', b"\xff", b"[" * 9999]
)
def test_an_answer_without_a_call_is_a_wire_error(body: bytes) -> None:
    with pytest.raises(WireError):
        parse_call(body)


def test_an_error_keeps_code_reason_and_the_field_at_fault() -> None:
    body = {"errors": [{"code": "10016", "title": "Phone", "detail": "must be E.164", "source": {"pointer": "/to"}}]}

    error = parse_error(json.dumps(body).encode())

    assert error is not None
    assert (error.code, error.reason) == ("10016", "must be E.164 [/to]")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"errors":[]}', b"<html>502</html>", b'{"errors":"no"}', b"\xff\x00", b"[" * 9999]
)
def test_what_is_no_envelope_is_no_error(body: bytes) -> None:
    assert parse_error(body) is None


def test_an_error_with_odd_fields_is_still_read() -> None:
    error = parse_error(b'{"errors":[{"code":90018,"title":null,"source":["?"]}]}')

    assert error is not None
    assert (error.code, error.reason) == ("90018", "no reason given")


def test_an_envelope_cut_anywhere_is_no_error() -> None:
    body = b'{"errors":[{"code":"90018","title":"Call has already ended"}]}'

    assert [parse_error(body[:length]) for length in range(len(body))] == [None] * len(body)
    assert parse_error(body) is not None
