"""Telnyx webhooks: the event, and the proof of its origin."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from telnyx_actors.errors import WireError
from telnyx_actors.wire.telnyx_client_state import decode_client_state, encode_client_state
from telnyx_actors.wire.telnyx_webhook import (
    KNOWN_EVENT_TYPES,
    SignatureError,
    SignatureFault,
    load_public_key,
    parse_webhook,
    verify_signature,
)

PAYLOAD: dict[str, Any] = {
    "call_control_id": "v3:abc",
    "call_leg_id": "leg",
    "call_session_id": "session",
    "client_state": encode_client_state("estado"),
    "from": "+13125550100",
}
V2: dict[str, Any] = {
    "data": {
        "record_type": "event",
        "event_type": "call.dtmf.received",
        "id": "e-1",
        "occurred_at": "2026-01-01T00:00:00.000000Z",
        "payload": PAYLOAD,
    },
    "meta": {"attempt": 1},
}
V1: dict[str, Any] = {
    "record_type": "event",
    "event_type": "call_dtmf_received",
    "id": "e-1",
    "created_at": "2026-01-01T00:00:00.000000Z",
    "payload": PAYLOAD,
}
KEY = Ed25519PrivateKey.generate()
NOW = 1_800_000_000.0


def body(document: object) -> bytes:
    return json.dumps(document).encode()


def signature(data: bytes, timestamp: str) -> str:
    return base64.b64encode(KEY.sign(timestamp.encode() + b"|" + data)).decode()


@pytest.mark.parametrize("document", [V2, V1])
def test_both_api_versions_give_the_same_event(document: dict[str, Any]) -> None:
    event = parse_webhook(body(document))
    assert event.event_type == "call.dtmf.received"
    assert event.event_id == "e-1"
    assert event.occurred_at == "2026-01-01T00:00:00.000000Z"
    assert (event.call_control_id, event.call_leg_id, event.call_session_id) == ("v3:abc", "leg", "session")
    assert event.client_state == "estado"
    assert event.payload == PAYLOAD


@pytest.mark.parametrize("name", sorted(KNOWN_EVENT_TYPES))
def test_every_known_name_survives_version_1(name: str) -> None:
    document = {**V1, "event_type": name.replace(".", "_")}
    assert parse_webhook(body(document)).event_type == name


def test_an_unknown_event_is_read_like_any_other() -> None:
    assert parse_webhook(body({**V1, "event_type": "call_novelty"})).event_type == "call.novelty"


def test_missing_and_odd_ids_are_empty() -> None:
    event = parse_webhook(body({"data": {"event_type": "call.hangup", "payload": {"call_control_id": 7}}}))
    assert (event.event_id, event.occurred_at, event.call_control_id, event.call_leg_id) == ("", "", "", "")
    assert event.client_state is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"data":[]}',
        b'{"data":{"event_type":"call.hangup"}}',
        b'{"data":{"payload":{}}}',
        b'{"data":{"event_type":5,"payload":{}}}',
        b'{"data":{"event_type":"","payload":{}}}',
        b'{"data":' + b'{"data":' * 100_000,
    ],
)
def test_what_is_not_a_webhook_is_a_wire_error(data: bytes) -> None:
    with pytest.raises(WireError):
        parse_webhook(data)


def test_every_prefix_of_a_webhook_is_a_wire_error() -> None:
    whole = body(V2)
    for length in range(len(whole)):
        with pytest.raises(WireError):
            parse_webhook(whole[:length])


def test_a_signature_over_these_bytes_at_this_time_is_accepted() -> None:
    for age_s in (-300, 0, 300):
        timestamp = str(int(NOW) - age_s)
        verify_signature(body(V2), signature(body(V2), timestamp), timestamp, KEY.public_key(), NOW)


@pytest.mark.parametrize("age_s", [-301, 301, 86400])
def test_an_old_or_future_signature_is_stale(age_s: int) -> None:
    timestamp = str(int(NOW) - age_s)
    with pytest.raises(SignatureError) as caught:
        verify_signature(body(V2), signature(body(V2), timestamp), timestamp, KEY.public_key(), NOW)
    assert caught.value.fault is SignatureFault.STALE


def test_an_altered_body_or_time_or_another_key_is_a_mismatch() -> None:
    timestamp = str(int(NOW))
    good = signature(body(V2), timestamp)
    stranger = Ed25519PrivateKey.generate().public_key()
    for data, stamp, key in (
        (body(V2) + b" ", timestamp, KEY.public_key()),
        (body(V2), str(int(NOW) + 1), KEY.public_key()),
        (body(V2), timestamp, stranger),
    ):
        with pytest.raises(SignatureError) as caught:
            verify_signature(data, good, stamp, key, NOW)
        assert caught.value.fault is SignatureFault.MISMATCH


@pytest.mark.parametrize(
    ("given", "timestamp", "fault"),
    [
        (None, "1", SignatureFault.MISSING),
        ("", "1", SignatureFault.MISSING),
        ("AAAA", None, SignatureFault.MISSING),
        ("AAAA", "1", SignatureFault.MALFORMED),
        ("@@@", "1", SignatureFault.MALFORMED),
        ("ñ", "1", SignatureFault.MALFORMED),
        ("A" * 86 + "==", "-1", SignatureFault.MALFORMED),
        ("A" * 86 + "==", "1_0", SignatureFault.MALFORMED),
        ("A" * 86 + "==", "١", SignatureFault.MALFORMED),
        ("A" * 86 + "==", "9" * 5000, SignatureFault.MALFORMED),
    ],
)
def test_what_is_no_signature_is_refused_by_name(
    given: str | None, timestamp: str | None, fault: SignatureFault
) -> None:
    with pytest.raises(SignatureError) as caught:
        verify_signature(b"{}", given, timestamp, KEY.public_key(), NOW)
    assert caught.value.fault is fault


def test_the_key_is_read_as_the_portal_shows_it() -> None:
    raw = KEY.public_key().public_bytes_raw()
    assert load_public_key(f" {base64.b64encode(raw).decode()}\n").public_bytes_raw() == raw


@pytest.mark.parametrize("text", ["", "nope", "AAAA", "ñ", base64.b64encode(b"x" * 33).decode()])
def test_what_is_no_key_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        load_public_key(text)


def test_client_state_goes_round() -> None:
    assert decode_client_state(encode_client_state('{"nombre":"José 🐕"}')) == '{"nombre":"José 🐕"}'
