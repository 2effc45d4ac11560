"""Telnyx webhooks: the event in a body, and the proof that Telnyx sent it."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from telnyx_actors.errors import WireError
from telnyx_actors.wire.telnyx_client_state import decode_client_state

SIGNATURE_HEADER: Final = "telnyx-signature-ed25519"
TIMESTAMP_HEADER: Final = "telnyx-timestamp"
SIGNATURE_TOLERANCE_S: Final = 300

KNOWN_EVENT_TYPES: Final = frozenset(
    {
        "call.initiated",
        "call.answered",
        "call.bridged",
        "call.hold",
        "call.unhold",
        "call.hangup",
        "call.cost",
        "call.machine.detection.ended",
        "call.machine.greeting.ended",
        "call.machine.premium.detection.started",
        "call.machine.premium.detection.ended",
        "call.machine.premium.greeting.ended",
        "call.machine.premium.call_screening.detected",
        "call.playback.started",
        "call.playback.ended",
        "call.speak.started",
        "call.speak.ended",
        "call.dtmf.received",
        "call.gather.ended",
        "call.transcription",
        "call.recording.saved",
        "call.recording.error",
        "call.recording.transcription.saved",
        "call.refer.started",
        "call.refer.completed",
        "call.refer.failed",
        "call.fork.started",
        "call.fork.stopped",
        "call.enqueued",
        "call.dequeued",
        "streaming.started",
        "streaming.stopped",
        "streaming.failed",
    }
)
"""The events of a call, in the names of API version 2. Others may come and are no mistake."""

_FROM_V1: Final = {name.replace(".", "_"): name for name in KNOWN_EVENT_TYPES}


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """Something happened to a call. Ids are "" where the event has none; ``occurred_at`` is ISO 8601.

    ``payload`` is the event's own part as Telnyx sent it: read it defensively.
    """

    event_id: str
    event_type: str
    occurred_at: str
    call_control_id: str
    call_leg_id: str
    call_session_id: str
    client_state: str | None
    payload: Mapping[str, object]


class SignatureFault(StrEnum):
    """Why a webhook is not proven to be from Telnyx."""

    MISSING = "missing"
    MALFORMED = "malformed"
    STALE = "stale"
    MISMATCH = "mismatch"


class SignatureError(WireError):
    """The webhook is not proven to be from Telnyx; ``fault`` says why."""

    def __init__(self, fault: SignatureFault) -> None:
        super().__init__(f"webhook signature: {fault}")
        self.fault = fault


def parse_webhook(body: bytes) -> WebhookEvent:
    """The event in a webhook's body, API version 1 or 2. Raises ``WireError`` only."""
    try:
        document = _decode(body)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a webhook: {error}") from None
    # Version 2 wraps the event in `data`; version 1, the default of an application that
    # was created through the API, is the bare event.
    data = document.get("data", document)
    if not isinstance(data, dict):
        raise WireError("not a webhook: data is not an object")
    payload = data.get("payload")
    if not isinstance(payload, dict):
        raise WireError("not a webhook: payload is not an object")
    event_type = _text(data, "event_type")
    if not event_type:
        raise WireError("not a webhook: no event_type")
    return WebhookEvent(
        event_id=_text(data, "id") or _text(data, "webhook_id"),
        event_type=_event_type_v2(event_type),
        occurred_at=_text(data, "occurred_at") or _text(data, "created_at"),
        call_control_id=_text(payload, "call_control_id"),
        call_leg_id=_text(payload, "call_leg_id"),
        call_session_id=_text(payload, "call_session_id"),
        client_state=decode_client_state(_text(payload, "client_state")),
        payload=payload,
    )


def load_public_key(text: str) -> Ed25519PublicKey:
    """The account's public key as the portal shows it: base64 of 32 bytes. Raises ``ValueError``."""
    return Ed25519PublicKey.from_public_bytes(binascii.a2b_base64(text.strip(), strict_mode=True))


def verify_signature(
    body: bytes,
    signature: str | None,
    timestamp: str | None,
    public_key: Ed25519PublicKey,
    now: float,
) -> None:
    """Raise ``SignatureError`` unless Telnyx signed exactly this ``body`` near ``now`` (unix seconds).

    Call it with the bytes as they came, before they are parsed.
    """
    if not signature or not timestamp:
        raise SignatureError(SignatureFault.MISSING)
    # Digits only: int() would also take signs, spaces, underscores and other scripts.
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureError(SignatureFault.MALFORMED)
    try:
        proof = binascii.a2b_base64(signature, strict_mode=True)
    except ValueError:
        raise SignatureError(SignatureFault.MALFORMED) from None
    if len(proof) != 64:
        raise SignatureError(SignatureFault.MALFORMED)
    try:
        public_key.verify(proof, timestamp.encode("ascii") + b"|" + body)
    except InvalidSignature:
        raise SignatureError(SignatureFault.MISMATCH) from None
    if abs(now - int(timestamp)) > SIGNATURE_TOLERANCE_S:
        raise SignatureError(SignatureFault.STALE)


_decode: Final = msgspec.json.Decoder(dict[str, object]).decode


def _text(source: Mapping[str, object], key: str) -> str:
    value = source.get(key)
    return value if isinstance(value, str) else ""


def _event_type_v2(name: str) -> str:
    """``call_dtmf_received`` is version 1 for ``call.dtmf.received``."""
    if "." in name:
        return name
    return _FROM_V1.get(name) or name.replace("_", ".")
