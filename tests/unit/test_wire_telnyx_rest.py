from __future__ import annotations

import json

import pytest

from support.telnyx_types import check_body
from telnyx_actors.core.audio import Encoding
from telnyx_actors.errors import WireError
from telnyx_actors.wire.telnyx_rest import (
    ApplicationFields,
    NumberFields,
    OutboundFields,
    action_path,
    application_path,
    call_path,
    number_path,
    parse_application,
    parse_call,
    parse_error,
    parse_numbers,
    stream_fields,
    verified_number_path,
)


def test_call_ids_are_encoded_in_paths() -> None:
    assert call_path("v3:a/b?c") == "/calls/v3%3Aa%2Fb%3Fc"
    assert action_path("v3:x", "playback_start") == "/calls/v3%3Ax/actions/playback_start"


def test_a_number_is_looked_for_by_its_digits_alone() -> None:
    assert number_path("+576012345678") == "/phone_numbers?filter%5Bphone_number%5D=576012345678&page%5Bsize%5D=20"
    assert verified_number_path("+576012345678") == "/verified_numbers/%2B576012345678"
    assert application_path("12/34") == "/call_control_applications/12%2F34"


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


def test_an_application_is_read_leniently() -> None:
    data = {
        "id": "1",
        "application_name": "Clínica",
        "active": True,
        "webhook_api_version": "2",
        "webhook_event_url": None,
        "outbound": {"channel_limit": 10, "outbound_voice_profile_id": "77", "new": {}},
        "inbound": {"channel_limit": None},
    }

    assert parse_application(json.dumps({"data": data}).encode()) == ApplicationFields(
        "Clínica", True, "2", None, OutboundFields(10, "77")
    )
    assert parse_application(b'{"data":{"outbound":null,"active":null}}') == ApplicationFields(active=None)


def test_the_numbers_of_the_account_are_read_leniently() -> None:
    body = b'{"data":[{"phone_number":"+571","status":"active","tags":[]},{"phone_number":"+572"}],"meta":{}}'

    assert parse_numbers(body) == [NumberFields("+571", "active", None), NumberFields("+572", None, None)]


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"data":7}', b'{"data":[7]}', b"\xff", b"[" * 9999])
def test_an_answer_without_an_application_or_numbers_is_a_wire_error(body: bytes) -> None:
    for parse in (parse_application, parse_numbers):
        with pytest.raises(WireError):
            parse(body)


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
