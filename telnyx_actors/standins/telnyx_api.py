"""The REST side of the Telnyx stand-in: `/v2/...`, with its checks and its error envelope."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from telnyx_actors.standins import telnyx_requests as read
from telnyx_actors.standins.base import StandIn, reset_connection
from telnyx_actors.standins.telnyx_audio import Item, Unplayable, decode
from telnyx_actors.standins.telnyx_errors import ApiError, missing, refusal
from telnyx_actors.standins.telnyx_exchange import REFUSALS, Exchange
from telnyx_actors.standins.telnyx_leg import Leg
from telnyx_actors.standins.telnyx_transcription import Transcription

Action = Callable[["Leg", read.Body], Awaitable[None]]
NEVER_S: Final = 3600.0
DIAL_WINDOW_S: Final = 5.0
MAX_FILE_BYTES: Final = 10 * 1024 * 1024
MAX_SPEAK_CHARS: Final = 3000
CAUSES: Final = {"CALL_REJECTED": "reject", "USER_BUSY": "busy", "NOT_FOUND": "not_found"}


class TelnyxApi:
    """Routes on the stand-in's application. Commands are accepted here and carried out by the exchange."""

    def __init__(self, host: StandIn, exchange: Exchange) -> None:
        self._host = host
        self._exchange = exchange
        self._settings = exchange.settings
        self._dials: deque[float] = deque()
        self._dialled: dict[str, tuple[float, Leg]] = {}
        self._anytime: dict[str, Action] = {
            "answer": self._answer,
            "reject": self._reject,
            "hangup": self._hangup,
        }
        self._answered: dict[str, Action] = {
            "playback_start": self._playback_start,
            "playback_stop": self._playback_stop,
            "speak": self._speak,
            "streaming_start": self._streaming_start,
            "streaming_stop": self._streaming_stop,
            "transcription_start": self._transcription_start,
            "transcription_stop": self._transcription_stop,
            "transfer": self._transfer,
            "send_dtmf": self._send_dtmf,
        }
        host.app.middlewares.append(self._envelope)
        host.app.add_routes(
            [
                web.post("/v2/calls", self._dial),
                web.get("/v2/calls/{id}", self._status),
                web.post("/v2/calls/{id}/actions/{action}", self._command),
                web.put("/v2/calls/{id}/actions/client_state_update", self._client_state_update),
                web.get("/v2/connections/{id}/active_calls", self._active_calls),
                web.get("/v2/connections/{id}", self._application),
                web.get("/v2/call_control_applications/{id}", self._application),
                web.get("/v2/phone_numbers", self._phone_numbers),
                web.get("/v2/balance", self._balance),
            ]
        )

    # --- every request ---

    @property
    def _envelope(self) -> Middleware:
        @web.middleware
        async def envelope(request: web.Request, handler: Handler) -> web.StreamResponse:
            fault = self._host.take_fault(f"{request.method} {request.path}")
            self._host.record("request", method=request.method, path=request.path)
            if fault is not None and fault.kind == "refuse":
                return refusal(fault.status, fault.code).response()
            if fault is not None and fault.kind == "half_open":
                await asyncio.sleep(NEVER_S)
            await asyncio.sleep((self._settings.reply_delay_ms + (fault.after_ms if fault else 0)) / 1000)
            response = await self._handle(request, handler)
            if fault is not None and fault.kind == "stall":  # carried out, never answered
                await asyncio.sleep(NEVER_S)
            if fault is not None and fault.kind == "drop":  # carried out, the answer is lost
                reset_connection(request.transport)
            if fault is not None and fault.kind == "garbage":
                return web.Response(body=b'{"data":\xff\x00<html>', content_type="application/json")
            return response

        return envelope

    async def _handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self._settings.api_key}":
            return ApiError(401, "10009", "No key found matching the ID").response()
        try:
            return await handler(request)
        except ApiError as error:
            self._host.record("refused", path=request.path, code=error.code, detail=error.detail)
            return error.response()
        except web.HTTPException as error:
            return ApiError(error.status, "10005", f"{request.method} {request.path}: {error.reason}").response()

    async def _body(self, request: web.Request) -> read.Body:
        raw = await request.read()
        try:
            body = json.loads(raw) if raw else {}
        except ValueError as error:
            raise ApiError(400, "10015", "The body is not JSON") from error
        if not isinstance(body, dict):
            raise ApiError(400, "10015", "The body is not an object")
        read.check(body)
        return body

    def _leg(self, request: web.Request) -> Leg:
        leg = self._exchange.legs.get(request.match_info["id"])
        if leg is None:
            raise ApiError(422, "90015", "The call_control_id provided was not valid", "/call_control_id")
        return leg

    # --- calls ---

    async def _dial(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        now = time.monotonic()
        command_id = read.text(body, "command_id")
        before = self._dialled.get(command_id)
        if command_id and before is not None and now - before[0] < self._settings.command_window_s:
            return web.json_response({"data": self._describe(before[1], alive=False)})
        self._limit_dials(now)
        if read.text(body, "connection_id", required=True) != self._settings.connection_id:
            raise ApiError(422, "10015", "Invalid value for connection_id (Call Control App ID)", "/connection_id")
        to, from_ = read.phone_number(body, "to"), read.phone_number(body, "from")
        leg = self._exchange.dial(from_, to, self._configuration(body))
        if command_id:
            self._dialled[command_id] = (now, leg)
        self._host.record("dial", call_control_id=leg.id, to=to, body=dict(body))
        return web.json_response({"data": self._describe(leg, alive=False)})

    def _limit_dials(self, now: float) -> None:
        while self._dials and now - self._dials[0] > DIAL_WINDOW_S:
            self._dials.popleft()
        if len(self._dials) >= self._settings.max_dials_per_5_s:
            raise ApiError(429, "90103", "Dials per second limit reached")
        self._dials.append(now)

    def _configuration(self, body: read.Body) -> Callable[[Leg], None]:
        """What a dial says about its leg. Raises before anything is dialled."""
        wanted, retries_s = read.stream_request(body), read.retries_s(body)
        ring_limit_s = read.number(body, "timeout_secs", 30)
        time_limit_s = read.number(body, "time_limit_secs", 14_400)

        def configure(leg: Leg) -> None:
            leg.client_state = read.text(body, "client_state") or None
            leg.webhook_url = read.text(body, "webhook_url")
            leg.wanted, leg.retries_s = wanted, retries_s
            leg.ring_limit_s, leg.time_limit_s = ring_limit_s, time_limit_s
            leg.detection = read.text(body, "answering_machine_detection") or "disabled"
            self._transcribe(leg, body) if body.get("transcription") else None

        return configure

    async def _status(self, request: web.Request) -> web.Response:
        leg = self._leg(request)
        ended_at = leg.record.ended_at
        if ended_at is not None and time.monotonic() - ended_at > self._settings.keep_ended_s:
            raise ApiError(404, "10005", "The requested resource or URL could not be found")
        return web.json_response({"data": self._describe(leg, alive=leg.alive)})

    def _describe(self, leg: Leg, *, alive: bool) -> dict[str, object]:
        record = leg.record
        wall = datetime.now(UTC) - timedelta(seconds=time.monotonic() - record.created_at)
        data: dict[str, object] = {
            "record_type": "call",
            "call_control_id": leg.id,
            "call_leg_id": record.call_leg_id,
            "call_session_id": record.call_session_id,
            "client_state": leg.client_state,
            "is_alive": alive,
            "call_duration": int((record.ended_at or time.monotonic()) - record.created_at),
            "start_time": wall.isoformat(),
        }
        if record.ended_at is not None:
            data["end_time"] = (wall + timedelta(seconds=record.ended_at - record.created_at)).isoformat()
        return data

    async def _active_calls(self, request: web.Request) -> web.Response:
        self._known(request.match_info["id"])
        alive = [leg for leg in self._exchange.legs.values() if leg.alive]
        calls = [{**self._describe(leg, alive=True), "client_state": leg.client_state or ""} for leg in alive]
        meta = {"cursors": {"after": "", "before": ""}, "total_items": len(calls)}
        return web.json_response({"data": calls, "meta": meta})

    # --- commands ---

    async def _command(self, request: web.Request) -> web.Response:
        leg, name = self._leg(request), request.match_info["action"]
        action = self._anytime.get(name) or self._answered.get(name)
        if action is None:
            raise ApiError(404, "10005", "The requested resource or URL could not be found")
        body = await self._body(request)
        if leg.repeats(read.text(body, "command_id"), self._settings.command_window_s):
            leg.record.note("repeated", action=name)
            return web.json_response({"data": {"result": "ok"}})
        if not leg.alive:
            raise ApiError(422, "90018", "Call has already ended")
        if name in self._answered and leg.record.answered_at is None:
            raise ApiError(422, "90034", "This command can only be issued on answered calls")
        await action(leg, body)
        leg.client_state = read.text(body, "client_state") or leg.client_state
        leg.record.note("command", action=name)
        return web.json_response({"data": {"result": "ok"}})

    async def _client_state_update(self, request: web.Request) -> web.Response:
        leg, body = self._leg(request), await self._body(request)
        if not leg.alive:
            raise ApiError(422, "90018", "Call has already ended")
        leg.client_state = read.text(body, "client_state", required=True)
        return web.json_response({"data": {"result": "ok"}})

    async def _answer(self, leg: Leg, body: read.Body) -> None:
        if leg.record.direction == "outgoing":
            raise ApiError(422, "90102", "An outbound call cannot be answered")
        if leg.record.state != "parked":
            raise ApiError(422, "90102", "The call is answered already")
        wanted = read.stream_request(body)
        leg.client_state = read.text(body, "client_state") or leg.client_state
        leg.webhook_url = read.text(body, "webhook_url") or leg.webhook_url
        if body.get("transcription"):
            self._transcribe(leg, body)
        self._exchange.answer(leg, wanted)

    async def _reject(self, leg: Leg, body: read.Body) -> None:
        cause, _, sip = REFUSALS[CAUSES.get(read.text(body, "cause", required=True), "busy")]
        self._exchange.spawn(self._exchange.end(leg, (cause, "callee", sip)))

    async def _hangup(self, leg: Leg, body: read.Body) -> None:
        source = "caller" if leg.record.direction == "outgoing" else "callee"
        self._exchange.spawn(self._exchange.end(leg, ("normal_clearing", source, "200")))

    async def _streaming_start(self, leg: Leg, body: read.Body) -> None:
        if leg.stream is not None:
            raise ApiError(422, "90045", "The call is streamed already")
        wanted = read.stream_request(body, required=True)
        assert wanted is not None
        self._exchange.spawn(self._exchange.open_stream(leg, wanted))

    async def _streaming_stop(self, leg: Leg, body: read.Body) -> None:
        if leg.stream is None:
            raise ApiError(422, "90048", "The call is not streamed")
        self._exchange.spawn(self._exchange.stop_stream(leg))

    async def _transcription_start(self, leg: Leg, body: read.Body) -> None:
        if leg.transcription is not None:
            raise ApiError(422, "90054", "Transcription has been started already")
        self._transcribe(leg, body)

    def _transcribe(self, leg: Leg, body: read.Body) -> None:
        config = body.get("transcription_engine_config") or body.get("transcription_config") or {}
        config = config if isinstance(config, dict) else {}
        engine = str(body.get("transcription_engine") or config.get("transcription_engine") or "Google")
        interim = bool(config.get("interim_results")) and engine not in ("Telnyx", "B")
        settings = self._settings
        interim_ms = settings.transcription_interim_ms if interim else 0
        leg.transcription = Transcription(engine, interim_ms, settings.transcription_final_ms)

    async def _transcription_stop(self, leg: Leg, body: read.Body) -> None:
        leg.transcription = None

    async def _transfer(self, leg: Leg, body: read.Body) -> None:
        to = read.phone_number(body, "to")
        configure = self._configuration({**body, "client_state": read.text(body, "target_leg_client_state")})
        self._exchange.transfer(leg, to, configure)

    async def _send_dtmf(self, leg: Leg, body: read.Body) -> None:
        leg.record.note("dtmf_sent", digits=read.digits(body))

    # --- the carrier's own sound ---

    async def _speak(self, leg: Leg, body: read.Body) -> None:
        payload = read.text(body, "payload", required=True)
        read.text(body, "voice", required=True)
        if len(payload) > MAX_SPEAK_CHARS:
            raise ApiError(422, "90010", f"At most {MAX_SPEAK_CHARS} characters", "/payload")
        leg.record.note("speak", text=payload)

        async def load() -> bytes:
            await asyncio.sleep(self._settings.speak_delay_ms / 1000)
            return self._exchange.render(payload)

        leg.audio.add(Item("speak", load, {}))

    async def _playback_start(self, leg: Leg, body: read.Body) -> None:
        url, content = read.text(body, "audio_url"), read.text(body, "playback_content")
        if not url and not content:
            raise missing("audio_url")
        kind = read.text(body, "audio_type") or "mp3"
        inline = self._decode_base64(content)

        async def load() -> bytes:
            await asyncio.sleep(self._settings.playback_delay_ms / 1000)
            return decode(inline or await self._fetch(url), kind)

        loops = body.get("loop", 1)
        count = loops if isinstance(loops, int) and 1 <= loops <= 100 else 100 if loops == "infinity" else 0
        if count == 0:
            raise ApiError(422, "90009", "loop is 1 to 100, or infinity", "/loop")
        extra = {"media_url": url, "media_name": None, "overlay": bool(body.get("overlay"))}
        leg.audio.add(Item("playback", load, extra, count))

    def _decode_base64(self, content: str) -> bytes:
        try:
            return base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ApiError(422, "10015", "playback_content must be base64", "/playback_content") from error

    async def _fetch(self, url: str) -> bytes:
        assert self._exchange.session is not None
        try:
            async with self._exchange.session.get(url, timeout=aiohttp.ClientTimeout(total=10)) as response:
                if response.status != 200:
                    raise Unplayable("file_not_found", f"{response.status} for {url}")
                return await response.content.read(MAX_FILE_BYTES)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Unplayable("file_not_found", repr(error)) from error

    async def _playback_stop(self, leg: Leg, body: read.Body) -> None:
        leg.record.note("playback_stop")
        leg.audio.stop(everything=read.text(body, "stop") != "current")

    # --- look-ups ---

    def _known(self, connection_id: str) -> None:
        if connection_id != self._settings.connection_id:
            raise ApiError(404, "10005", "The requested resource or URL could not be found")

    async def _application(self, request: web.Request) -> web.Response:
        self._known(request.match_info["id"])
        data = {
            "id": self._settings.connection_id,
            "record_type": "call_control_application",
            "application_name": "stand-in",
            "active": True,
            "webhook_api_version": self._settings.webhooks.api_version,
            "webhook_event_url": self._exchange.webhook_url or None,
            "outbound": {"channel_limit": None, "outbound_voice_profile_id": "1293384261075731499"},
        }
        return web.json_response({"data": data})

    async def _phone_numbers(self, request: web.Request) -> web.Response:
        wanted = request.query.get("filter[phone_number]", "").lstrip("+")
        own = self._settings.phone_number
        numbers = [own] if not wanted or wanted in own else []
        data = [
            {
                "id": str(index + 1),
                "record_type": "phone_number",
                "phone_number": value,
                "status": "active",
                "connection_id": self._settings.connection_id,
            }
            for index, value in enumerate(numbers)
        ]
        meta = {"page_number": 1, "page_size": 250, "total_pages": 1, "total_results": len(data)}
        return web.json_response({"data": data, "meta": meta})

    async def _balance(self, request: web.Request) -> web.Response:
        data = {"record_type": "balance", "balance": "100.00", "available_credit": "100.00", "credit_limit": "0.00"}
        return web.json_response({"data": {**data, "currency": "USD", "pending": "0.00"}})
