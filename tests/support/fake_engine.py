"""An engine for the front to talk to: remembers what it was asked, answers as it was told."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from support.fakes import FakeArchive
from telnyx_actors.actors.media import MediaSink
from telnyx_actors.front.ports import Answer, CallRequest, FileReply, Json, Reply
from telnyx_actors.front.records import Records
from telnyx_actors.wire.telnyx_media import Dtmf, Media, StreamError, StreamStart
from telnyx_actors.wire.telnyx_webhook import WebhookEvent


@dataclass
class FakeSession:
    """A call's side of its media socket; every event is a tuple in ``events``, in order."""

    events: queue.Queue[tuple[Any, ...]] = field(default_factory=queue.Queue)
    sink: MediaSink | None = None
    on_media: Callable[[Media], None] | None = None

    def started(self, start: StreamStart, sink: MediaSink) -> None:
        self.sink = sink
        self.events.put(("started", start))

    def media(self, media: Media) -> None:
        if self.on_media is not None:
            self.on_media(media)
        self.events.put(("media", media))

    def mark(self, name: str) -> None:
        self.events.put(("mark", name))

    def dtmf(self, dtmf: Dtmf) -> None:
        self.events.put(("dtmf", dtmf))

    def error(self, error: StreamError) -> None:
        self.events.put(("error", error))

    def stopped(self) -> None:
        self.events.put(("stopped",))

    def closed(self, sink: MediaSink, code: int, reason: str) -> None:
        self.events.put(("closed", sink is self.sink, code, reason))

    def next(self, timeout_s: float = 5.0) -> tuple[Any, ...]:
        return self.events.get(timeout=timeout_s)


@dataclass
class FakeGate:
    """Admits the secrets in ``sessions``."""

    sessions: dict[str, FakeSession] = field(default_factory=dict)

    def expects(self, secret: str) -> bool:
        return secret in self.sessions

    def admit(self, secret: str, start: StreamStart) -> FakeSession | None:
        return self.sessions.get(secret) if start.call_control_id.startswith("v3:") else None


@dataclass
class FakeEngine:
    """``on_initiate`` decides how a dial is answered; by default at once, with 201."""

    media: FakeGate = field(default_factory=FakeGate)
    secrets: dict[str, str] = field(default_factory=dict)
    webhooks: queue.Queue[tuple[WebhookEvent, str | None]] = field(default_factory=queue.Queue)
    requests: list[CallRequest] = field(default_factory=list)
    on_initiate: Callable[[CallRequest, Reply], None] | None = None
    on_webhook: Callable[[WebhookEvent], None] | None = None
    live_calls: dict[str, Json] = field(default_factory=dict)
    archive: FakeArchive = field(default_factory=FakeArchive)
    is_ready: bool = True

    def webhook(self, event: WebhookEvent, call_ref: str | None) -> None:
        if self.on_webhook is not None:
            self.on_webhook(event)
        self.webhooks.put((event, call_ref))

    def webhook_secret(self, call_ref: str) -> str | None:
        return self.secrets.get(call_ref)

    def initiate(self, request: CallRequest, reply: Reply) -> None:
        self.requests.append(request)
        if self.on_initiate is not None:
            self.on_initiate(request, reply)
        else:
            reply(Answer(201, created(request.telefono)))

    def test_model(self, nombre: str, mensaje: str, contexto: str | None, reply: Reply) -> None:
        reply(Answer(200, {"success": True, "response": f"Hola {nombre}: {mensaje}", "contexto": contexto}))

    def hangup(self, call_id: str, reply: Reply) -> None:
        reply(Answer(202 if call_id in self.live_calls else 404, {"call_control_id": call_id}))

    def call_browser(self, reply: Reply) -> None:
        reply(Answer(201, {"call_id": "1", "call_control_id": "web:1", "media": "/stream/media?secret=s"}))

    def record(self, call_ref: str, name: str, wanted: str | None, reply: FileReply) -> None:
        Records(self.archive).fetch(f"{call_ref}/{name}", wanted, reply)

    def calls(self) -> Sequence[Json]:
        return list(self.live_calls.values())

    def call(self, call_id: str) -> Json | None:
        return self.live_calls.get(call_id)

    def stats(self) -> Json:
        return {"active_sessions": len(self.live_calls), "total_calls": len(self.requests), "uptime_seconds": 1}

    def ready(self) -> tuple[bool, Json]:
        return self.is_ready, {"status": "ready" if self.is_ready else "draining"}

    def metrics(self) -> tuple[bytes, str]:
        return b"# TYPE calls gauge\ncalls 0\n", "text/plain; version=0.0.4; charset=utf-8"


def created(telefono: str) -> Mapping[str, object]:
    return {
        "call_control_id": f"v3:{telefono}",
        "call_id": "1",
        "status": "initiated",
        "timestamp": "2026-01-01T00:00:00Z",
    }
