"""Webhook deliveries: signed, repeated until acknowledged, and as unreliable as one asks for."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
import uuid
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from telnyx_actors.standins.telnyx_settings import WebhookChaos, WebhookSettings

Record = Callable[..., None]
Spawn = Callable[[Coroutine[object, object, None]], object]
RETRIED = (408, 429)


def timestamp(at: float | None = None) -> str:
    """A moment of ``time.monotonic()`` (now, if none is given) as the API writes moments."""
    ago_s = 0.0 if at is None else time.monotonic() - at
    return (datetime.now(UTC) - timedelta(seconds=ago_s)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook before it is sent. ``id`` stays the same in every delivery."""

    type: str
    payload: Mapping[str, object]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    occurred_at: str = field(default_factory=timestamp)

    def body(self, attempt: int, url: str, api_version: str) -> bytes:
        if api_version == "1":
            flat = {"record_type": "event", "id": self.id, "webhook_id": self.id, "created_at": self.occurred_at}
            return _json({**flat, "event_type": self.type.replace(".", "_"), "payload": self.payload})
        data = {"record_type": "event", "event_type": self.type, "id": self.id, "occurred_at": self.occurred_at}
        return _json({"data": {**data, "payload": self.payload}, "meta": {"attempt": attempt, "delivered_to": url}})


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Webhooks:
    """Delivers events, each on its own: order is not promised, as with the real ones."""

    def __init__(self, settings: WebhookSettings, spawn: Spawn, record: Record) -> None:
        self.settings = settings
        self.chaos: list[WebhookChaos] = []
        self._spawn = spawn
        self._record = record
        self._key = Ed25519PrivateKey.generate()
        self._session: aiohttp.ClientSession | None = None
        self._random = random.Random()

    @property
    def public_key(self) -> str:
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    async def start(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self.settings.timeout_s)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def misbehave(self, *chaos: WebhookChaos) -> None:
        """Replace how deliveries go wrong; nothing means that all is well again."""
        self.chaos = list(chaos)
        self._random = random.Random(chaos[0].seed if chaos else None)

    def send(self, event: Event, url: str, retries_s: tuple[float, ...] | None = None) -> None:
        """Deliver in the background."""
        if not url:
            self._record("webhook.unaddressed", type=event.type)
            return
        delays = self.settings.retry_delays_s if retries_s is None else retries_s
        chaos = next((c for c in self.chaos if c.match in event.type), WebhookChaos())
        if self._random.random() < chaos.missing:
            self._record("webhook.missing", type=event.type, id=event.id)
            return
        for _ in range(1 + chaos.duplicates):
            self._spawn(self._deliver(event, url, delays, chaos))

    async def _deliver(self, event: Event, url: str, delays_s: tuple[float, ...], chaos: WebhookChaos) -> None:
        delay_ms = self.settings.delay_ms + chaos.delay_ms + self._random.uniform(0, chaos.shuffle_ms)
        await asyncio.sleep(delay_ms / 1000)
        for attempt, pause_s in enumerate((*delays_s, None), start=1):
            target = self.settings.failover_url if attempt > 2 and self.settings.failover_url else url
            if await self._post(event, target, attempt, chaos) or pause_s is None:
                return
            await asyncio.sleep(pause_s)

    async def _post(self, event: Event, url: str, attempt: int, chaos: WebhookChaos) -> bool:
        """One attempt. True when there is nothing to repeat."""
        assert self._session is not None
        body = event.body(attempt, url, self.settings.api_version)
        headers = self._headers(body, chaos)
        began = time.monotonic()
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                status = response.status
                await response.read()
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            status, reason = 0, repr(error)
        else:
            reason = ""
        took_ms = (time.monotonic() - began) * 1000
        self._record(
            "webhook", type=event.type, id=event.id, attempt=attempt, status=status, took_ms=took_ms, error=reason
        )
        return 0 < status < 500 and status not in RETRIED

    def _headers(self, body: bytes, chaos: WebhookChaos) -> dict[str, str]:
        stamp = str(int(time.time()) - chaos.stale_s)
        signature = self._key.sign(stamp.encode() + b"|" + body)
        if chaos.bad_signature:
            signature = signature[1:] + signature[:1]
        return {
            "Content-Type": "application/json",
            "User-Agent": "telnyx-webhooks",
            "Telnyx-Signature-Ed25519": base64.b64encode(signature).decode(),
            "Telnyx-Timestamp": stamp,
        }
