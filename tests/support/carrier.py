"""An application as small as the Telnyx stand-in needs one: takes webhooks, answers media sockets, sends commands."""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from telnyx_actors.standins import sound
from telnyx_actors.standins.telnyx import TelnyxStandIn
from telnyx_actors.standins.telnyx_settings import TelnyxSettings, WebhookSettings

CALLER = "+573001234567"


def tone(ms: int, hz: int = 400) -> bytes:
    """Audible mu-law, and nothing but."""
    period = [int(8000 * math.sin(2 * math.pi * hz * n / 8000 + 0.3)) for n in range(8 * ms)]
    return sound.linear_to_ulaw(b"".join(sample.to_bytes(2, "little", signed=True) for sample in period))


def render(text: str, voice: str = "") -> bytes:
    """A stand-in for voices: 50 ms a letter, so that a test knows every length."""
    return tone(50 * len(text))


def quick(**changes: Any) -> TelnyxSettings:
    """Settings without the waiting of the real world."""
    calm = {"reply_delay_ms": 0, "webhooks": WebhookSettings(delay_ms=0, retry_delays_s=(0.02, 0.02, 0.02))}
    return TelnyxSettings(**{**calm, **changes})


@dataclass
class Socket:
    """One media connection, seen from the application."""

    ws: web.WebSocketResponse
    headers: dict[str, str]
    frames: list[dict[str, Any]] = field(default_factory=list)
    garbage: list[str] = field(default_factory=list)
    close_code: int | None = None

    async def send(self, **frame: Any) -> None:
        await self.ws.send_str(json.dumps(frame))

    async def play(self, audio: bytes) -> None:
        await self.send(event="media", media={"payload": base64.b64encode(audio).decode()})

    async def mark(self, name: str) -> None:
        await self.send(event="mark", mark={"name": name})

    async def clear(self) -> None:
        await self.send(event="clear")

    def of(self, event: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["event"] == event]


class App:
    """The application. ``until`` waits for what a test waits for, and fails loudly if it does not come."""

    def __init__(self, telnyx: TelnyxStandIn) -> None:
        self.telnyx = telnyx
        self.webhooks: list[dict[str, Any]] = []
        self.deliveries: list[tuple[dict[str, str], bytes]] = []
        self.sockets: list[Socket] = []
        self.statuses: list[int] = []  # answers to the next webhooks, 200 afterwards
        self.refuse_sockets = False
        self.url = ""
        self._changed = asyncio.Condition()
        self.session: aiohttp.ClientSession

    # --- what Telnyx sees ---

    async def webhook(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.deliveries.append((dict(request.headers), body))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.webhooks.append(json.loads(body))
        await self.changed()
        return web.Response(status=status)

    async def media(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503)
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        socket = Socket(ws, dict(request.headers))
        self.sockets.append(socket)
        async for message in ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                try:
                    socket.frames.append(json.loads(message.data))
                except ValueError:
                    socket.garbage.append(message.data)
                await self.changed()
        socket.close_code = ws.close_code
        await self.changed()
        return ws

    async def changed(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # --- what a test does ---

    async def until(self, condition: Callable[[], Any], timeout_s: float = 5.0) -> Any:
        """Wait for webhooks or frames to make ``condition`` true; returns its value."""

        async def poll() -> Any:
            while not (value := condition()):
                async with self._changed:
                    try:
                        await asyncio.wait_for(self._changed.wait(), 0.05)
                    except TimeoutError:
                        continue
            return value

        return await asyncio.wait_for(poll(), timeout_s)

    async def event(self, kind: str, timeout_s: float = 5.0) -> dict[str, Any]:
        """The payload of the first webhook of this type."""
        found = await self.until(lambda: self.payloads(kind), timeout_s)
        payload: dict[str, Any] = found[0]
        return payload

    def payloads(self, kind: str) -> list[dict[str, Any]]:
        data = [webhook["data"] for webhook in self.webhooks if "data" in webhook]
        return [item["payload"] for item in data if item["event_type"] == kind]

    def kinds(self) -> list[str]:
        return [webhook["data"]["event_type"] for webhook in self.webhooks if "data" in webhook]

    async def socket(self, index: int = 0) -> Socket:
        """The media socket, once it has started."""
        await self.until(lambda: len(self.sockets) > index and self.sockets[index].of("start"))
        return self.sockets[index]

    async def request(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        key = {"Authorization": f"Bearer {self.telnyx.settings.api_key}"}
        async with self.session.request(
            method, self.telnyx.api_url + path, json=body, headers={**key, **headers}
        ) as response:
            return response.status, await response.json()

    async def command(self, call_id: str, action: str, **body: Any) -> tuple[int, Any]:
        return await self.request("POST", f"/calls/{call_id}/actions/{action}", body)

    async def dial(self, *, stream: bool = True, **changes: Any) -> str:
        settings = self.telnyx.settings
        body = {"connection_id": settings.connection_id, "from": settings.phone_number, "to": CALLER, **changes}
        if stream:
            body = {**self.stream_fields(), **body}
        status, answer = await self.request("POST", "/calls", {"webhook_url": f"{self.url}/webhook", **body})
        assert status == 200, answer
        call_id: str = answer["data"]["call_control_id"]
        return call_id

    def stream_fields(self) -> dict[str, str]:
        url = self.url.replace("http", "ws", 1) + "/media"
        return {"stream_url": url, "stream_bidirectional_mode": "rtp", "stream_bidirectional_codec": "PCMU"}


@asynccontextmanager
async def telnyx_and_app(settings: TelnyxSettings | None = None) -> AsyncIterator[tuple[TelnyxStandIn, App]]:
    """Both on loopback, gone afterwards."""
    telnyx = TelnyxStandIn(render, settings or quick())
    await telnyx.start()
    app = App(telnyx)
    site = web.Application()
    site.add_routes([web.post("/webhook", app.webhook), web.get("/media", app.media)])
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    app.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    app.session = aiohttp.ClientSession()
    try:
        yield telnyx, app
    finally:
        await app.session.close()
        await telnyx.stop()
        await runner.cleanup()
        assert [entry.data for entry in telnyx.entries if entry.kind == "crash"] == []
