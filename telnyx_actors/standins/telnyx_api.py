"""The REST side of the Telnyx stand-in: `/v2/...`, with its checks and its error envelope."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from telnyx_actors.standins import telnyx_requests as read
from telnyx_actors.standins.base import StandIn, reset_connection
from telnyx_actors.standins.telnyx_commands import ANYTIME, Commands
from telnyx_actors.standins.telnyx_errors import ApiError, refusal
from telnyx_actors.standins.telnyx_exchange import Exchange
from telnyx_actors.standins.telnyx_leg import Leg
from telnyx_actors.standins.telnyx_webhooks import timestamp

NEVER_S: Final = 3600.0
DIAL_WINDOW_S: Final = 5.0


class TelnyxApi:
    """Routes on the stand-in's application. Commands are accepted here and carried out by the exchange."""

    def __init__(self, host: StandIn, exchange: Exchange) -> None:
        self._host = host
        self._exchange = exchange
        self._settings = exchange.settings
        self._dials: deque[float] = deque()
        self._dialled: dict[str, tuple[float, Leg]] = {}
        self._commands = Commands(exchange)
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
        leg = self._exchange.registry.legs.get(request.match_info["id"])
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
        self._limit(now)
        if read.text(body, "connection_id", required=True) != self._settings.connection_id:
            raise ApiError(422, "10015", "Invalid value for connection_id (Call Control App ID)", "/connection_id")
        to, from_ = read.phone_number(body, "to"), read.phone_number(body, "from")
        leg = self._exchange.dial(from_, to, self._commands.terms(body))
        if body.get("transcription"):
            self._commands.transcribe(leg, body)
        if command_id:
            self._dialled[command_id] = (now, leg)
        self._host.record("dial", call_control_id=leg.id, to=to, body=dict(body))
        return web.json_response({"data": self._describe(leg, alive=False)})

    def _limit(self, now: float) -> None:
        if len(self._exchange.registry.alive()) >= self._settings.max_calls:
            raise ApiError(403, "90043", f"{self._settings.max_calls} calls at once are allowed")
        while self._dials and now - self._dials[0] > DIAL_WINDOW_S:
            self._dials.popleft()
        if len(self._dials) >= self._settings.max_dials_per_5_s:
            raise ApiError(429, "90103", "Dials per second limit reached")
        self._dials.append(now)

    async def _status(self, request: web.Request) -> web.Response:
        leg = self._leg(request)
        ended_at = leg.record.ended_at
        if ended_at is not None and time.monotonic() - ended_at > self._settings.keep_ended_s:
            raise ApiError(404, "10005", "The requested resource or URL could not be found")
        return web.json_response({"data": self._describe(leg, alive=leg.alive)})

    def _describe(self, leg: Leg, *, alive: bool) -> dict[str, object]:
        record = leg.record
        data: dict[str, object] = {
            "record_type": "call",
            "call_control_id": leg.id,
            "call_leg_id": record.call_leg_id,
            "call_session_id": record.call_session_id,
            "client_state": leg.client_state,
            "is_alive": alive,
            "call_duration": int((record.ended_at or time.monotonic()) - record.created_at),
            "start_time": timestamp(record.created_at),
        }
        if record.ended_at is not None:
            data["end_time"] = timestamp(record.ended_at)
        return data

    async def _active_calls(self, request: web.Request) -> web.Response:
        self._known(request.match_info["id"])
        alive = self._exchange.registry.alive()
        calls = [{**self._describe(leg, alive=True), "client_state": leg.client_state or ""} for leg in alive]
        cursors = {"cursors": {"after": "", "before": ""}, "total_items": len(calls)}
        return web.json_response({"data": calls, "meta": {**cursors, **_one_page(len(calls))}})

    # --- commands ---

    async def _command(self, request: web.Request) -> web.Response:
        leg, name = self._leg(request), request.match_info["action"]
        action = self._commands.find(name)
        if action is None:
            raise ApiError(404, "10005", "The requested resource or URL could not be found")
        body = await self._body(request)
        command_id = read.text(body, "command_id")
        if leg.was_done(command_id, self._settings.command_window_s):
            leg.record.note("repeated", action=name)
            return web.json_response({"data": {"result": "ok"}})
        if not leg.alive:
            raise ApiError(422, "90018", "Call has already ended")
        if name not in ANYTIME and leg.record.answered_at is None:
            raise ApiError(422, "90034", "This command can only be issued on answered calls")
        await action(leg, body)
        leg.done(command_id)
        leg.client_state = read.text(body, "client_state") or leg.client_state
        leg.record.note("command", action=name)
        return web.json_response({"data": {"result": "ok"}})

    async def _client_state_update(self, request: web.Request) -> web.Response:
        leg, body = self._leg(request), await self._body(request)
        if not leg.alive:
            raise ApiError(422, "90018", "Call has already ended")
        leg.client_state = read.text(body, "client_state", required=True)
        return web.json_response({"data": {"result": "ok"}})

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
        wanted = request.query.get("filter[phone_number]", "")
        own = self._settings.phone_number
        # As documented: "Non-numerical characters will result in no values being returned."
        numbers = [own] if not wanted or (wanted.isdigit() and wanted in own) else []
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
        return web.json_response({"data": data, "meta": _one_page(len(data))})

    async def _balance(self, request: web.Request) -> web.Response:
        data = {"record_type": "balance", "balance": "100.00", "available_credit": "100.00", "credit_limit": "0.00"}
        return web.json_response({"data": {**data, "currency": "USD", "pending": "0.00"}})


def _one_page(size: int) -> dict[str, object]:
    """Without these the vendor's SDK asks for the next page for ever."""
    return {"page_number": 1, "page_size": 250, "total_pages": 1, "total_results": size}
