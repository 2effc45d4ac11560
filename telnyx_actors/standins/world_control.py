"""A world's control API: JSON over HTTP on loopback.

    GET    /env                       the engine's settings for this world
    PUT    /scripts                   {"script": {...}, "number": "+57..."}: the next call (to that number);
                                      {"script": {...}, "default": true}: every other one
    POST   /ring                      {"script": {...}, "from": "+57...", "to": "", "webhook_url": ""} -> {"call_control_id"}
    PUT    /webhook-url               {"url": "http://..."}: the application's, for incoming calls
    POST   /faults                    {"vendor": "deepgram", "kind": "drop", "after": 3, "times": 1, "match": ""}
    DELETE /faults[?vendor=claude]    all is well again, webhooks included
    PUT    /webhook-chaos             [{"match": "call.", "duplicates": 1, "shuffle_ms": 200, ...}]
    PUT    /line                      {"law": "PCMA", "loss": 0.01, "reorder": 0.02, "comfort_noise": true, ...}
    PUT    /model                     [["pattern", "what Claude answers"], ...]
    GET    /entries/{vendor}          what a stand-in saw and did
    GET    /calls[?index=0&timeout_s=5]           all calls, or one by number as soon as it exists
    DELETE /calls                     forget those that are over
    GET    /calls/{id}[?ended=1&timeout_s=30]     intervals, figures and events, at once or when it is over
    GET    /calls/{id}/record[?ended=1&...]       the same with sound, for WorldClient
    GET    /calls/{id}/words          what the caller understood of the agent until now, word by word
    GET    /calls/{id}/heard.wav      the caller left, the agent right

A script: {"steps": [{"do": "Say", "text": "Hola"}, {"do": "WaitForAgent", "silent_ms": 700}, {"do": "HangUp"}],
"answer": {"kind": "answer", "after_s": 0.2}, "name": "", "voice": "cliente"}. Steps and their fields: caller.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any, TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.telnyx_settings import LineSettings, WebhookChaos
from telnyx_actors.standins.world import World
from telnyx_actors.standins.world_codec import BadScript, record_to_json, script_from_json, summary

MAX_WAIT_S = 600.0
T = TypeVar("T")


class Control:
    """The routes. The world's methods block, so they run in threads of the control's own loop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.app = web.Application(middlewares=[_errors], client_max_size=16 * 1024 * 1024)
        self.app.add_routes(
            [
                web.get("/env", self._env),
                web.put("/scripts", self._scripts),
                web.post("/ring", self._ring),
                web.put("/webhook-url", self._webhook_url),
                web.post("/faults", self._fail),
                web.delete("/faults", self._heal),
                web.put("/webhook-chaos", self._chaos),
                web.put("/line", self._line),
                web.put("/model", self._model),
                web.get("/entries/{vendor}", self._entries),
                web.get("/calls", self._calls),
                web.delete("/calls", self._forget),
                web.get("/calls/{id}", self._call),
                web.get("/calls/{id}/record", self._record),
                web.get("/calls/{id}/words", self._words),
                web.get("/calls/{id}/heard.wav", self._heard),
            ]
        )

    async def _env(self, request: web.Request) -> web.Response:
        return web.json_response(self._world.env)

    async def _scripts(self, request: web.Request) -> web.Response:
        body = await _body(request, dict[str, Any])
        script = script_from_json(body.get("script"))
        if body.get("default"):
            await asyncio.to_thread(self._world.answer_with, script)
        else:
            await asyncio.to_thread(self._world.expect, script, str(body.get("number", "")))
        return _done()

    async def _ring(self, request: web.Request) -> web.Response:
        body = await _body(request, dict[str, Any])
        script = script_from_json(body.get("script"))
        rest = [str(body.get(key, "")) for key in ("from", "to", "webhook_url")]
        return web.json_response({"call_control_id": await asyncio.to_thread(self._world.ring, script, *rest)})

    async def _webhook_url(self, request: web.Request) -> web.Response:
        body = await _body(request, dict[str, str])
        await asyncio.to_thread(self._world.set_webhook_url, body.get("url", ""))
        return _done()

    async def _fail(self, request: web.Request) -> web.Response:
        body = await _body(request, dict[str, Any])
        vendor = str(body.pop("vendor", ""))
        if vendor not in self._world.vendors:
            raise web.HTTPBadRequest(text=f"vendor is one of {', '.join(self._world.vendors)}")
        await asyncio.to_thread(self._world.fail, vendor, msgspec.convert(body, Fault))
        return _done()

    async def _heal(self, request: web.Request) -> web.Response:
        await asyncio.to_thread(self._world.heal, request.query.get("vendor", ""))
        return _done()

    async def _chaos(self, request: web.Request) -> web.Response:
        await asyncio.to_thread(self._world.misbehave, *await _body(request, list[WebhookChaos]))
        return _done()

    async def _line(self, request: web.Request) -> web.Response:
        await asyncio.to_thread(self._world.set_line, await _body(request, LineSettings))
        return _done()

    async def _model(self, request: web.Request) -> web.Response:
        await asyncio.to_thread(self._world.script_model, await _body(request, list[tuple[str, str]]))
        return _done()

    async def _entries(self, request: web.Request) -> web.Response:
        entries = await asyncio.to_thread(self._world.entries, request.match_info["vendor"])
        return web.Response(body=msgspec.json.encode(entries, enc_hook=repr), content_type="application/json")

    async def _calls(self, request: web.Request) -> web.Response:
        index = request.query.get("index")
        if index is None:
            records = await asyncio.to_thread(self._world.calls)
        else:
            records = [await asyncio.to_thread(self._world.wait_call, int(index), _timeout_s(request))]
        ids = [{"call_control_id": record.call_control_id, "state": record.state} for record in records]
        return web.json_response({"calls": ids})

    async def _forget(self, request: web.Request) -> web.Response:
        await asyncio.to_thread(self._world.forget_ended)
        return _done()

    async def _call(self, request: web.Request) -> web.Response:
        return web.json_response(summary(await self._find(request)))

    async def _record(self, request: web.Request) -> web.Response:
        return web.json_response(record_to_json(await self._find(request)))

    async def _words(self, request: web.Request) -> web.Response:
        words = await asyncio.to_thread(self._world.agent_words, request.match_info["id"])
        return web.json_response([asdict(word) for word in words])

    async def _heard(self, request: web.Request) -> web.Response:
        return web.Response(body=(await self._find(request)).wav(), content_type="audio/wav")

    async def _find(self, request: web.Request) -> CarrierCall:
        call_id = request.match_info["id"]
        if request.query.get("ended"):
            return await asyncio.to_thread(self._world.wait_ended, call_id, _timeout_s(request))
        return await asyncio.to_thread(self._world.call, call_id)


async def _body(request: web.Request, kind: type[T]) -> T:
    return msgspec.json.decode(await request.read(), type=kind)


def _timeout_s(request: web.Request) -> float:
    return min(float(request.query.get("timeout_s", "30")), MAX_WAIT_S)


def _done() -> web.Response:
    return web.json_response({"result": "ok"})


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (BadScript, ValueError, msgspec.ValidationError) as error:
        return web.json_response({"error": str(error)}, status=400)
    except KeyError as error:
        return web.json_response({"error": f"unknown: {error}"}, status=404)
    except TimeoutError:
        return web.json_response({"error": "not in time"}, status=408)
