"""What the front needs of the engine. Every method returns at once, on the front's thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from telnyx_actors.actors.media import MediaGate
from telnyx_actors.actors.sinks import Viewer
from telnyx_actors.front.sessions import Sessions
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

Json: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: a status and a JSON body."""

    status: int
    body: Json
    retry_after_s: int | None = None


def error_body(code: str, message: str) -> Json:
    """``message`` is read by people who call the API: Spanish, and nothing internal."""
    return {"error": code, "message": message}


Reply: TypeAlias = Callable[[Answer], None]
"""Gives the answer to a waiting request; callable once, from any thread."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """Bytes of a file that has ``size_bytes``. ``first`` is where they begin, None when they are all of it."""

    content: bytes
    first: int | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class NoSuchPart:
    """What was asked for lies outside of the file, or is more than an answer may be."""

    size_bytes: int


FileReply: TypeAlias = Callable[[FilePart | NoSuchPart | Answer], object]
"""The same for a file, or why there is none."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A validated wish for an outbound call. ``telefono`` is E.164, ``row`` the sender's own name for it."""

    telefono: str
    nombre: str
    contexto: str | None = None
    saludo: str | None = None
    row: str | None = None


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

    def call_browser(self, reply: Reply) -> None:
        """A call whose other side is the page's softphone. The answer says where its audio goes."""

    def record(self, call_ref: str, name: str, wanted: str | None, reply: FileReply) -> None:
        """A file of an archived call, by our name for the call. ``wanted``: the request's ``Range``."""


# --- the page ------------------------------------------------------------------------


class Asset(Protocol):
    """A file of the page, as it is served."""

    @property
    def body(self) -> bytes: ...

    @property
    def content_type(self) -> str: ...


class Audience(Protocol):
    """Who shows the engine to those who look at the page."""

    @property
    def assets(self) -> Mapping[str, Asset]: ...

    def came(self, viewer: Viewer) -> bool:
        """False when there is nobody to tell them anything."""

    def asked(self, viewer: Viewer, call: str, *, tree: bool) -> None:
        """``call``: the one that is open on their page, by our name for it."""

    def left(self, viewer: Viewer) -> None: ...


class Phones(Protocol):
    """The carrier of calls whose other side is a browser. Every method returns at once."""

    @property
    def number(self) -> str:
        """What is dialled to reach a browser."""

    def media_query(self, call_control_id: str) -> str:
        """What the address of the call's media socket ends in."""

    def attach(self, call_control_id: str, tell: Callable[[Json], bool]) -> bool:
        """From now on ``tell`` takes the carrier's commands to the browser. False for a call that is not."""

    def spoken(self, call_control_id: str) -> None:
        """The browser has said what it was told to say."""

    def hung_up(self, call_control_id: str) -> bool:
        """The person at the browser ended the call. False when it had ended already."""


@dataclass(frozen=True, slots=True)
class PagePort:
    """What the page needs beside the engine. ``sessions`` outlive the front."""

    audience: Audience
    phones: Phones
    sessions: Sessions = field(default_factory=Sessions)
