"""Whatever Telnyx, or somebody who says to be Telnyx, sends: a value or a ``WireError``."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from telnyx_actors.errors import WireError
from telnyx_actors.wire.telnyx_client_state import decode_client_state, encode_client_state
from telnyx_actors.wire.telnyx_media import Frame, Media, encode_mark, encode_media, parse
from telnyx_actors.wire.telnyx_webhook import WebhookEvent, parse_webhook

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.sampled_from(["connected", "start", "media", "mark", "dtmf", "error", "stop", "novelty"])
FIELDS = st.sampled_from(
    [
        "call_control_id",
        "media_format",
        "client_state",
        "custom_parameters",
        "track",
        "chunk",
        "timestamp",
        "payload",
        "name",
        "digit",
        "code",
        "encoding",
        "sample_rate",
        "from",
    ]
)
BODIES = st.dictionaries(FIELDS, JSON | st.just("1") | st.just("AAAA"), max_size=6) | JSON
PARTS = st.sampled_from(["start", "media", "mark", "dtmf", "payload", "stream_id", "occurred_at"])


@st.composite
def nearly_frames(draw: st.DrawFn) -> str:
    """Documents of the right outline with anything inside."""
    frame: dict[str, Any] = draw(st.dictionaries(PARTS, BODIES, max_size=3))
    return json.dumps({"event": draw(EVENTS), **frame})


@st.composite
def nearly_webhooks(draw: st.DrawFn) -> bytes:
    names = st.sampled_from(["event_type", "id", "payload", "occurred_at", "data", "call_control_id", "client_state"])
    inner = st.dictionaries(names, JSON, max_size=5)
    event: dict[str, Any] = {**draw(inner), "payload": draw(inner | JSON)}
    return json.dumps({"data": event} if draw(st.booleans()) else event).encode()


def read(text: str | bytes) -> Frame | None:
    try:
        return parse(text)
    except WireError:
        return None


def read_webhook(body: bytes) -> WebhookEvent | None:
    try:
        return parse_webhook(body)
    except WireError:
        return None


@given(st.binary(max_size=200) | st.text(max_size=200))
@example("\ud800")
def test_any_bytes_are_a_frame_or_a_wire_error(text: str | bytes) -> None:
    read(text)


@given(nearly_frames(), st.integers(min_value=0, max_value=300), st.binary(max_size=3))
def test_nearly_frames_are_a_frame_or_a_wire_error_whole_cut_and_patched(text: str, at: int, patch: bytes) -> None:
    read(text)
    read(text[:at])
    raw = text.encode()
    read(raw[:at] + patch + raw[at + len(patch) :])


@given(st.binary(max_size=500), st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_what_is_encoded_comes_back(payload: bytes, chunk: int, timestamp: int) -> None:
    document = json.loads(encode_media(payload))
    document["media"] |= {"track": "outbound", "chunk": str(chunk), "timestamp": timestamp}
    assert parse(json.dumps(document)) == Media("outbound", chunk, timestamp, payload)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_names_and_states_come_back_whatever_they_contain(text: str) -> None:
    assert json.loads(encode_mark(text))["mark"]["name"] == text
    assert decode_client_state(encode_client_state(text)) == (text or None)


@given(st.binary(max_size=200) | nearly_webhooks())
def test_any_body_is_a_webhook_or_a_wire_error(body: bytes) -> None:
    event = read_webhook(body)
    if event is not None:
        assert event.event_type
        assert isinstance(event.call_control_id, str)


@given(st.text(max_size=50))
def test_any_client_state_is_text_or_none(value: str) -> None:
    decode_client_state(value)
