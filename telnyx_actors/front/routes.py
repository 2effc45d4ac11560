"""The HTTP routes: what each one is, in a few lines. Front thread only; nothing here blocks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from telnyx_actors.clock import Clock
from telnyx_actors.front.batch import Batch
from telnyx_actors.front.counters import FrontCounters
from telnyx_actors.front.exchange import (
    Pending,
    Request,
    Respond,
    Response,
    ask,
    error_response,
    json_response,
    timestamp,
)
from telnyx_actors.front.media import MediaRoute
from telnyx_actors.front.page import add_page
from telnyx_actors.front.ports import Engine, PagePort
from telnyx_actors.front.routing import Router
from telnyx_actors.front.security import denial
from telnyx_actors.front.settings import FrontSettings
from telnyx_actors.front.validation import batch_rows, call_request, json_body, model_test
from telnyx_actors.front.webhooks import WebhookRoute

SERVICE_NAME = "telnyx_actors"


def build_router(
    engine: Engine, settings: FrontSettings, counters: FrontCounters, clock: Clock, page: PagePort | None = None
) -> Router:
    """Every route of the engine. Raises ``ValueError`` when the public key is not a key."""
    limits = settings.limits
    router = Router(counters)

    def token(request: Request) -> str | None:
        return denial(request, settings.api_token)

    api = ApiRoutes(engine, settings, clock, router.endpoints)
    webhook = WebhookRoute(engine, counters, clock, settings.telnyx_public_key, limits.webhook_ids_max)
    router.add("GET", "/", api.index)
    router.add("GET", "/health", api.health)
    router.add("GET", "/api/health", api.health)
    router.add("GET", "/ready", api.ready)
    router.add("POST", "/webhook/telnyx", webhook.post)
    router.add_socket("/stream/media", MediaRoute(engine.media, counters, limits).accept)
    router.add("GET", "/metrics", api.metrics, token)
    router.add("POST", "/api/call/initiate", api.initiate, token)
    router.add("POST", "/api/call/batch", api.batch, token)
    router.add("GET", "/api/sessions/stats", api.stats, token)
    router.add("POST", "/api/test/claude", api.test_model, token)
    router.add("GET", "/api/calls", api.calls, token)
    router.add("GET", "/api/calls/{id}", api.call, token)
    router.add("POST", "/api/calls/{id}/hangup", api.hangup, token)
    if page is not None:
        add_page(router, engine, page, settings, counters, clock)
    return router


class ApiRoutes:
    """What people and their programs ask of the engine."""

    def __init__(
        self, engine: Engine, settings: FrontSettings, clock: Clock, endpoints: Callable[[], list[str]]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._endpoints = endpoints
        self._version = settings.version
        self._limits = settings.limits

    def index(self, _request: Request, _respond: Respond) -> Response:
        return json_response(
            200,
            {"service": SERVICE_NAME, "version": self._version, "status": "running", "endpoints": self._endpoints()},
        )

    def health(self, _request: Request, _respond: Respond) -> Response:
        return json_response(200, {"status": "healthy", "timestamp": timestamp(self._clock.wall())})

    def ready(self, _request: Request, _respond: Respond) -> Response:
        is_ready, details = self._engine.ready()
        return json_response(200 if is_ready else 503, details)

    def metrics(self, _request: Request, _respond: Respond) -> Response:
        page, content_type = self._engine.metrics()
        return Response(200, page, content_type)

    def stats(self, _request: Request, _respond: Respond) -> Response:
        return json_response(200, self._engine.stats())

    def calls(self, _request: Request, _respond: Respond) -> Response:
        return json_response(200, {"calls": self._engine.calls()})

    def call(self, request: Request, _respond: Respond) -> Response:
        call = self._engine.call(request.parameters["id"])
        if call is None:
            return error_response(404, "call_not_found", "No hay ninguna llamada con ese identificador.")
        return json_response(200, call)

    def initiate(self, request: Request, respond: Respond) -> Pending:
        call = call_request(json_body(request))
        return ask(partial(self._engine.initiate, call), respond, self._limits.reply_s)

    def batch(self, request: Request, respond: Respond) -> Pending:
        rows = batch_rows(json_body(request), self._limits.batch_calls_max)
        return Batch(rows, respond).start(self._engine, self._limits.batch_reply_s)

    def test_model(self, request: Request, respond: Respond) -> Pending:
        nombre, mensaje, contexto = model_test(json_body(request))
        return ask(partial(self._engine.test_model, nombre, mensaje, contexto), respond, self._limits.reply_s)

    def hangup(self, request: Request, respond: Respond) -> Pending:
        return ask(partial(self._engine.hangup, request.parameters["id"]), respond, self._limits.reply_s)
