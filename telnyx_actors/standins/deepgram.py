"""Deepgram on loopback: ``/v1/listen`` (Nova), ``/v2/listen`` (Flux), and what a key check needs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from aiohttp import web

from telnyx_actors.standins.base import StandIn
from telnyx_actors.standins.deepgram_query import Refused, parse_v1, parse_v2
from telnyx_actors.standins.deepgram_v1 import V1Recognizer, V1Settings
from telnyx_actors.standins.deepgram_v2 import V2Recognizer, V2Settings
from telnyx_actors.standins.phrasebook import Listener, Phrasebook
from telnyx_actors.standins.transcription_socket import Pace, TranscriptionSocket

_ERROR_OF_STATUS = {
    400: ("Bad Request", "Bad Request"),
    401: ("INVALID_AUTH", "Invalid credentials."),
    402: ("ASR_PAYMENT_REQUIRED", "Project does not have enough credits for an ASR request."),
    403: ("INSUFFICIENT_PERMISSIONS", "Project does not have access to the requested model."),
    429: ("TOO_MANY_REQUESTS", "Too many requests. Please try again later"),
}


@dataclass(frozen=True, slots=True)
class DeepgramSettings:
    """``api_key``: the only one accepted; empty accepts any. ``backlog_speed``: times real time."""

    api_key: str = ""
    streams_max: int = 150
    backlog_speed: float = 1.25
    v1: V1Settings = field(default_factory=V1Settings)
    v2: V2Settings = field(default_factory=V2Settings)


class DeepgramStandIn(StandIn):
    """Hears what is in the phrasebook. ``streams_open``, ``streams_opened`` and ``streams_asked`` count connections.

    Faults, by operation: ``/v1/listen connect`` (refuse, delay), ``/v1/listen stream`` (stall, drop, half_open,
    half_close, garbage; ``drop`` with a code such as ``NET-0000`` or ``DATA-0000`` closes with that reason), ``/v1/listen
    Results`` and any other message type (delay); the same for ``/v2/listen``; ``/v1/projects`` (refuse, delay).
    Behind it comes the number of the connection, refused ones counted, as in ``/v1/listen connect 3;``.
    """

    name = "deepgram"

    def __init__(self, phrasebook: Phrasebook, settings: DeepgramSettings | None = None) -> None:
        super().__init__()
        self.phrasebook = phrasebook
        self.settings = settings or DeepgramSettings()
        self.streams_open = 0
        self.streams_opened = 0
        self.streams_asked = 0
        self._granted: set[str] = set()
        self.app.router.add_get("/v1/listen", self._listen)
        self.app.router.add_get("/v2/listen", self._listen)
        self.app.router.add_get("/v1/projects", self._projects)
        self.app.router.add_get("/v1/auth/token", self._token)
        self.app.router.add_post("/v1/auth/grant", self._grant)

    # --- streams ---

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        request_id = str(uuid.uuid4())
        self.streams_asked += 1
        number = self.streams_asked
        try:
            await self._admit(request, f"{request.path} connect {number};")
            recognizer, bytes_per_ms = self._recognizer(request, request_id)
            self._check_concurrency()
        except Refused as refused:
            return self._refusal(refused, request_id)
        self.record("connected", path=request.path, query=dict(request.query), request_id=request_id)
        self.streams_open += 1
        self.streams_opened += 1
        try:
            pace = Pace(self.settings.backlog_speed, bytes_per_ms)
            return await TranscriptionSocket(self, request, recognizer, pace, number).run(request_id)
        finally:
            self.streams_open -= 1

    def _recognizer(self, request: web.Request, request_id: str) -> tuple[V1Recognizer | V2Recognizer, float]:
        """The recognizer that the query asks for, and how many bytes a millisecond of its audio has."""
        listener = Listener(self.phrasebook)
        if request.path.startswith("/v2"):
            v2 = parse_v2(request.query)
            return V2Recognizer(listener, v2, self.settings.v2, request_id), v2.audio.bytes_per_ms
        v1 = parse_v1(request.query)
        return V1Recognizer(listener, v1, self.settings.v1, request_id), v1.audio.bytes_per_ms

    def _check_concurrency(self) -> None:
        if self.streams_open >= self.settings.streams_max:
            raise Refused(429, *_ERROR_OF_STATUS[429])

    # --- management ---

    async def _projects(self, request: web.Request) -> web.StreamResponse:
        return await self._managed(request, {"projects": [{"project_id": "proyecto", "name": "Pruebas"}]})

    async def _token(self, request: web.Request) -> web.StreamResponse:
        return await self._managed(request, {"api_key_id": "clave", "scopes": ["member"], "accessor": "proyecto"})

    async def _grant(self, request: web.Request) -> web.StreamResponse:
        token = f"jwt-{uuid.uuid4().hex}"
        response = await self._managed(request, {"access_token": token, "expires_in": 30})
        if response.status == 200:
            self._granted.add(token)
        return response

    async def _managed(self, request: web.Request, body: dict[str, object]) -> web.StreamResponse:
        request_id = str(uuid.uuid4())
        try:
            await self._admit(request, request.path)
        except Refused as refused:
            return self._refusal(refused, request_id)
        return web.json_response(body, headers={"dg-request-id": request_id})

    # --- the door ---

    async def _admit(self, request: web.Request, operation: str) -> None:
        """Let the request in, late or not at all if a fault says so, or raise ``Refused``."""
        fault = await self.refusal(operation)
        if fault is not None:
            code, message = _ERROR_OF_STATUS.get(fault.status, ("INTERNAL_SERVER_ERROR", "Internal server error."))
            raise Refused(fault.status, fault.code or code, message)
        if not self._is_known(request):
            raise Refused(401, *_ERROR_OF_STATUS[401])

    def _is_known(self, request: web.Request) -> bool:
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        subprotocol, _, key = request.headers.get("Sec-WebSocket-Protocol", "").partition(",")
        if not scheme and subprotocol.strip() == "token":
            scheme, credential = "token", key
        credential = credential.strip()
        if scheme.lower() == "bearer":  # a key is no bearer token: the vendor's own files warn of it
            return credential in self._granted
        return scheme.lower() == "token" and bool(credential) and self.settings.api_key in ("", credential)

    def _refusal(self, refused: Refused, request_id: str) -> web.Response:
        self.record("refused", status=refused.status, code=refused.code, message=refused.message)
        body = {"err_code": refused.code, "err_msg": refused.message, "request_id": request_id}
        headers = {"dg-request-id": request_id, "dg-error": refused.message}
        return web.json_response(body, status=refused.status, headers=headers)
