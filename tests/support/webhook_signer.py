"""Signs webhooks as Telnyx does, with a key of the test's own."""

from __future__ import annotations

import base64
import json
import time
import uuid

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def event(event_type: str = "call.answered", **payload: object) -> bytes:
    """The body of a webhook; its id is new each time."""
    data = {"record_type": "event", "event_type": event_type, "id": str(uuid.uuid4()), "payload": payload}
    return json.dumps({"data": data}).encode()


class Signer:
    """``public_key`` is what belongs into ``TELNYX_PUBLIC_KEY``."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public_key = base64.b64encode(raw).decode()

    def headers(self, body: bytes, age_s: int = 0) -> dict[str, str]:
        stamp = str(int(time.time()) - age_s)
        signature = base64.b64encode(self._key.sign(stamp.encode() + b"|" + body)).decode()
        return {
            "Content-Type": "application/json",
            "Telnyx-Signature-Ed25519": signature,
            "Telnyx-Timestamp": stamp,
        }
