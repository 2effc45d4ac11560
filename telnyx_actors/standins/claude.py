"""Claude on loopback: ``/v1/messages``, streamed or whole, and ``/v1/models``."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Final

from aiohttp import ClientConnectionError, web

from telnyx_actors.standins import claude_stream as stream
from telnyx_actors.standins.base import StandIn
from telnyx_actors.standins.claude_cache import PromptCache
from telnyx_actors.standins.claude_events import ReplyStream
from telnyx_actors.standins.claude_request import (
    MODELS,
    ClaudeSettings,
    MessageRequest,
    Refused,
    check,
    error_body,
    last_text,
    new_id,
)
from telnyx_actors.standins.claude_script import Reply, Rule, ScriptLine, ToolUse, reply_to, rules_of

__all__ = ["ClaudeSettings", "ClaudeStandIn", "MessageRequest", "Reply", "Rule", "ToolUse"]

_MESSAGES: Final = "/v1/messages"
_REQUESTS_KEPT_MAX: Final = 10_000


class ClaudeStandIn(StandIn):
    """Answers by ``script``, else as a veterinary clinic's receptionist. ``requests`` keeps what was asked and what
    became of it, ``connections`` counts TCP connections.

    Faults: the operation is ``/v1/messages <model> <last user text>``. ``refuse`` (status; ``code`` is the error
    type), ``delay``; counted in tokens ``stall``, ``half_open`` and ``half_close`` (after 0: not even headers), ``garbage``, and ``drop``:
    with no code a TCP reset, ``end`` a clean end without ``message_stop``, ``truncate`` an end of stream inside the body,
    any other code an ``error`` event of that type.
    """

    name = "claude"
    handler_cancellation = True

    def __init__(self, settings: ClaudeSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or ClaudeSettings()
        self.requests: deque[MessageRequest] = deque(maxlen=_REQUESTS_KEPT_MAX)
        self.cache = PromptCache()
        self._rules: tuple[Rule, ...] = ()
        self._peers: set[object] = set()
        self._concurrent = 0
        self.app.router.add_post(_MESSAGES, self._post)
        self.app.router.add_get("/v1/models", self._models)
        self.app.router.add_get("/v1/models/{id}", self._model)

    def script(self, lines: Sequence[ScriptLine]) -> None:
        """Answer by these first; an empty list leaves the receptionist alone. Any thread."""
        self._rules = rules_of(lines)

    @property
    def connections(self) -> int:
        return len(self._peers)

    # --- /v1/messages ---

    async def _post(self, request: web.Request) -> web.StreamResponse:
        arrived, request_id = time.monotonic(), new_id("req")
        self._peers.add(request.get_extra_info("peername"))
        self._concurrent += 1
        try:
            body = await self._admit(request)
            asked = MessageRequest(arrived, body, dict(request.headers), self.cache.use(body, arrived))
            self.requests.append(asked)
            self.record("request", request_id=request_id, text=asked.last_user_text, model=body["model"])
            return await self._reply(request, asked, request_id)
        except Refused as refused:
            return self._refusal(refused, request_id)
        finally:
            self._concurrent -= 1

    async def _reply(self, request: web.Request, asked: MessageRequest, request_id: str) -> web.StreamResponse:
        messages = asked.body["messages"]
        assert isinstance(messages, list)
        reply = reply_to(messages, self._rules)
        answered = stream.answer(reply, int(str(asked.body["max_tokens"])), _strings(asked.body.get("stop_sequences")))
        asked.reply = "".join(answered.tokens)
        try:
            if asked.body.get("stream") is True:
                return await ReplyStream(self, request, asked, self.settings).run(answered, request_id)
            return await self._whole(asked, answered, request_id)
        except (asyncio.CancelledError, ClientConnectionError):
            asked.end("disconnected")
            raise
        finally:
            tokens = {"tokens_sent": asked.tokens_sent, "tokens_read": sum(astuple(asked.usage))}
            self.record("over", request_id=request_id, outcome=asked.outcome, **tokens)

    async def _whole(self, asked: MessageRequest, answered: stream.Answer, request_id: str) -> web.Response:
        settings = self.settings
        spent_ms = settings.headers_ms if not answered.tokens else settings.first_token_ms
        await asyncio.sleep((spent_ms + len(answered.tokens) * settings.token_ms) / 1000)
        usage = stream.usage_of(asked.usage, answered.output_tokens)
        asked.tokens_sent = len(answered.tokens)
        asked.end("complete")
        return web.json_response(
            stream.message(str(asked.body["model"]), answered, usage), headers={"request-id": request_id}
        )

    # --- the door ---

    async def _admit(self, request: web.Request) -> dict[str, object]:
        self._check_key(request)
        version = request.headers.get("anthropic-version", "")
        if not version:
            raise Refused(400, "anthropic-version: header is required")
        try:
            body: object = json.loads(await request.text())
        except ValueError:
            raise Refused(400, "The request body is not valid JSON.") from None
        known = body if isinstance(body, dict) else {}
        await self._obey_door_fault(f"{_MESSAGES} {known.get('model')} {last_text(known)}")
        if self._concurrent > self.settings.concurrent_max:
            raise Refused(429, "Number of concurrent connections has exceeded your rate limit.")
        return check(body, version)

    async def _obey_door_fault(self, operation: str) -> None:
        fault = await self.refusal(operation)
        if fault is not None:
            raise Refused(fault.status, "Overloaded" if fault.status == 529 else "Refused", fault.code)

    def _check_key(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
        if not key or self.settings.api_key not in ("", key):
            raise Refused(401, "invalid x-api-key")

    def _refusal(self, refused: Refused, request_id: str) -> web.Response:
        self.record("refused", status=refused.status, error=refused.kind, message=refused.message)
        headers = {"request-id": request_id}
        if refused.status == 429:
            headers["retry-after"] = str(self.settings.retry_after_s)
        body = error_body(refused.kind, refused.message, request_id)
        return web.json_response(body, status=refused.status, headers=headers)

    # --- /v1/models ---

    async def _models(self, request: web.Request) -> web.Response:
        models = [_described(model) for model in MODELS]
        listed = {"data": models, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
        return await self._looked_up(request, listed)

    async def _model(self, request: web.Request) -> web.Response:
        model = request.match_info["id"]
        return await self._looked_up(request, _described(model), known=model in MODELS)

    async def _looked_up(
        self, request: web.Request, found: Mapping[str, object], *, known: bool = True
    ) -> web.Response:
        request_id = new_id("req")
        self._peers.add(request.get_extra_info("peername"))
        try:
            self._check_key(request)
            await self._obey_door_fault(request.path)
        except Refused as refused:
            return self._refusal(refused, request_id)
        if not known:
            return self._refusal(Refused(404, f"model: {found['id']}"), request_id)
        return web.json_response(dict(found), headers={"request-id": request_id})


def _described(model: str) -> dict[str, object]:
    return {
        "type": "model",
        "id": model,
        "display_name": model.replace("-", " ").title(),
        "created_at": "2026-10-07T00:00:00Z",
        "lifecycle": "deprecated" if model.startswith("claude-sonnet-4-5") else "active",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
    }


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
