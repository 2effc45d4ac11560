"""The bodies of Telnyx commands, checked as strictly as the real API checks them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

from telnyx_actors.standins.telnyx_errors import ApiError, missing
from telnyx_actors.standins.telnyx_media import StreamRequest

Body = Mapping[str, object]
_E164: Final = re.compile(r"\+[1-9]\d{6,14}")
_STREAM_URL: Final = re.compile(r"wss?://[^\s/]+\S*")
_DIGITS: Final = re.compile(r"[0-9A-D*#wW]+")
# Only what this stand-in can play or hear; the real enumerations have more codecs.
_ENUMS: Final[Mapping[str, tuple[str, ...]]] = {
    "stream_track": ("inbound_track", "outbound_track", "both_tracks"),
    "stream_codec": ("default", "PCMU", "PCMA"),
    "stream_bidirectional_mode": ("mp3", "rtp"),
    "stream_bidirectional_codec": ("PCMU", "PCMA"),
    "stream_bidirectional_target_legs": ("opposite", "self", "both"),
    "audio_type": ("mp3", "wav"),
    "stop": ("current", "all"),
    "payload_type": ("text", "ssml"),
    "cause": ("CALL_REJECTED", "USER_BUSY", "NOT_FOUND", "TEMPORARILY_UNAVAILABLE"),
    "transcription_tracks": ("inbound", "outbound", "both"),
    "answering_machine_detection": (
        "disabled",
        "detect",
        "detect_beep",
        "detect_words",
        "greeting_end",
        "premium",
        "premium_ios_call_screening_detection",
    ),
}
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "timeout_secs": (5, 600),
    "time_limit_secs": (60, 14_000),  # so its table of errors; its schema allows more
    "stream_bidirectional_sampling_rate": (8000, 48_000),
}
_RANGE_CODES: Final[Mapping[str, str]] = {"timeout_secs": "90028", "time_limit_secs": "90029"}
_MAX_TOKEN_CHARS: Final = 4000


def text(body: Body, field: str, *, required: bool = False) -> str:
    """A string field, empty where it is absent."""
    value = body.get(field)
    if value is None or value == "":
        if required:
            raise missing(field)
        return ""
    if not isinstance(value, str):
        raise ApiError(422, "10015", f"'{field}' must be a string", f"/{field}")
    return value


def number(body: Body, field: str, default: float) -> float:
    value = body.get(field)
    if value is None:
        return default
    low, high = _RANGES[field]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        code = _RANGE_CODES.get(field, "10033")
        raise ApiError(422, code, f"'{field}' must be between {low} and {high}", f"/{field}")
    return value


def phone_number(body: Body, field: str) -> str:
    value = text(body, field, required=True)
    if not _E164.fullmatch(value) and not value.startswith("sip:"):
        raise ApiError(422, "10016", f"'{field}' must be in +E.164 format", f"/{field}")
    return value


def digits(body: Body) -> str:
    value = text(body, "digits", required=True)
    if not _DIGITS.fullmatch(value):
        raise ApiError(422, "90014", "digits may be 0-9 A-D * # w W", "/digits")
    return value


def check(body: Body) -> None:
    """Everything that is wrong in any command: enumerations, and a client_state that is not base64."""
    for field, allowed in _ENUMS.items():
        if field in body and body[field] not in allowed:
            raise ApiError(422, "10032", f"'{field}' must be one of {', '.join(allowed)}", f"/{field}")
    state = text(body, "client_state")
    try:
        base64.b64decode(state, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError(422, "90017", "client_state must be base64", "/client_state") from error


def stream_request(body: Body, *, required: bool = False) -> StreamRequest | None:
    """The stream fields of dial, answer and streaming_start."""
    url = text(body, "stream_url", required=required)
    if not url:
        return None
    if not _STREAM_URL.fullmatch(url):
        raise ApiError(422, "10015", "stream_url must be a ws or wss URL", "/stream_url")
    if "stream_bidirectional_sampling_rate" in body:
        number(body, "stream_bidirectional_sampling_rate", 8000)
    token = text(body, "stream_auth_token")
    if len(token) > _MAX_TOKEN_CHARS:
        raise ApiError(422, "10015", "stream_auth_token is too long", "/stream_auth_token")
    return StreamRequest(
        url=url,
        track=text(body, "stream_track") or "inbound_track",
        mode=text(body, "stream_bidirectional_mode") or "mp3",
        law="PCMA" if body.get("stream_bidirectional_codec") == "PCMA" else "PCMU",
        auth_token=token,
        custom_parameters=_parameters(body.get("custom_parameters")),
    )


def _parameters(value: object) -> dict[str, str]:
    """A list of name and value in the request, an object in the frame."""
    if not isinstance(value, list):
        return {}
    pairs = [item for item in value if isinstance(item, dict)]
    return {str(pair.get("name")): str(pair.get("value")) for pair in pairs}


def retries_s(body: Body) -> dict[str, tuple[float, ...]]:
    """`webhook_retries_policies`, as seconds by event type."""
    policies = body.get("webhook_retries_policies")
    found: dict[str, tuple[float, ...]] = {}
    if isinstance(policies, dict):
        for kind, policy in policies.items():
            delays = policy.get("retries_ms") if isinstance(policy, dict) else None
            if not isinstance(delays, list) or len(delays) > 5 or sum(delays) > 60_000:
                raise ApiError(422, "10015", "at most five retries within 60 s", "/webhook_retries_policies")
            found[kind] = tuple(delay / 1000 for delay in delays)
    return found
