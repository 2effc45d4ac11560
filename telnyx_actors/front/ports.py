"""What the front needs of the engine. Every method returns at once, on the front's thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from telnyx_actors.actors.media import MediaGate
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

Json: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: a status and a JSON body."""

    status: int
    body: Json
    retry_after_s: int | None = None


Reply: TypeAlias = Callable[[Answer], None]
"""Gives the answer to a waiting request; callable once, from any thread."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A validated wish for an outbound call. ``telefono`` is E.164."""

    telefono: str
    nombre: str
    contexto: str | None = None
    saludo: str | None = None


class Engine(Protocol):
    """The engine as the front sees it."""

    @property
    def media(self) -> MediaGate: ...

    def webhook(self, event: WebhookEvent, call_ref: str | None) -> None:
        """A verified webhook. ``call_ref`` is the ``call`` of the query of the URL we gave."""

    def webhook_secret(self, call_ref: str) -> str | None:
        """The secret in the webhook URL of that call; None for a call we do not know."""

    def initiate(self, request: CallRequest, reply: Reply) -> None: ...

    def test_model(self, nombre: str, mensaje: str, contexto: str | None, reply: Reply) -> None: ...

    def hangup(self, call_id: str, reply: Reply) -> None: ...

    def calls(self) -> Sequence[Json]: ...

    def call(self, call_id: str) -> Json | None: ...

    def stats(self) -> Json:
        """``{"active_sessions", "total_calls", "uptime_seconds"}``."""

    def ready(self) -> tuple[bool, Json]: ...

    def metrics(self) -> tuple[bytes, str]:
        """The Prometheus page and its content type."""
