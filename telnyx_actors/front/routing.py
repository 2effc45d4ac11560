"""From a request to the handler of its route. Knows nothing of what the routes do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias
from urllib.parse import unquote

from loguru import logger

from telnyx_actors.front.counters import FrontCounters
from telnyx_actors.front.exchange import BadRequestError, Pending, Request, Respond, Response, error_response
from telnyx_actors.front.security import denial_response
from telnyx_actors.front.websocket import WebSocketHandler

Handler: TypeAlias = Callable[[Request, Respond], Response | Pending]
"""Answers a request at once, or later through ``Respond``. On the front's thread: must not block."""

SocketHandler: TypeAlias = Callable[[Request], WebSocketHandler | Response]
"""Accepts an upgrade by returning who will talk on the socket, or refuses it with a response."""

Result: TypeAlias = Response | Pending | WebSocketHandler

Guard: TypeAlias = Callable[[Request], str | None]
"""Why a request may not come in, or None."""


@dataclass(frozen=True, slots=True)
class _Route:
    handler: Handler | None = None
    socket_handler: SocketHandler | None = None
    guard: Guard | None = None


class Router:
    """The table of routes. Paths may have named parts: ``/api/calls/{id}``."""

    def __init__(self, counters: FrontCounters) -> None:
        self._counters = counters
        self._exact: dict[str, dict[str, _Route]] = {}
        self._patterns: dict[tuple[str, ...], dict[str, _Route]] = {}

    def add(self, method: str, pattern: str, handler: Handler, guard: Guard | None = None) -> None:
        """Without a guard, anybody may come."""
        self._methods(pattern)[method] = _Route(handler=handler, guard=guard)

    def add_socket(self, pattern: str, handler: SocketHandler, guard: Guard | None = None) -> None:
        """A WebSocket, upgraded from GET."""
        self._methods(pattern)["GET"] = _Route(socket_handler=handler, guard=guard)

    def endpoints(self) -> list[str]:
        """Every route, as people write it: ``GET /health``."""
        patterns = [*self._exact.items(), *(("/".join(parts), routes) for parts, routes in self._patterns.items())]
        return [f"{method} {pattern}" for pattern, methods in patterns for method in methods]

    def handle(self, request: Request, respond: Respond) -> tuple[str, Result]:
        """The pattern of the route (what is counted) and what came of the request. Never raises."""
        found = self._find(request.path)
        if found is None:
            return "other", error_response(404, "not_found", "Esta ruta no existe.")
        pattern, methods, parameters = found
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            allowed = sorted(methods) + (["HEAD"] if "GET" in methods else [])
            refusal = "Esta ruta no admite ese método."
            return pattern, error_response(405, "method_not_allowed", refusal, ("Allow", ", ".join(allowed)))
        reason = route.guard(request) if route.guard is not None else None
        if reason is not None:
            self._counters.access_denied[reason] += 1
            return pattern, denial_response(reason)
        return pattern, self._run(route, replace(request, parameters=parameters), respond)

    def _run(self, route: _Route, request: Request, respond: Respond) -> Result:
        try:
            if route.socket_handler is not None:
                return self._accept(route.socket_handler, request)
            assert route.handler is not None
            return route.handler(request, respond)
        except BadRequestError as error:
            return error_response(error.status, error.code, error.message)
        except Exception:  # noqa: BLE001 - a bug behind one route must not take the others' thread with it
            self._counters.errors += 1
            logger.exception("Error interno al atender una petición HTTP")
            return error_response(500, "internal_error", "Error interno; quedó registrado en el log.")

    @staticmethod
    def _accept(handler: SocketHandler, request: Request) -> Result:
        is_upgrade = request.headers.get("upgrade", "").lower() == "websocket"
        if is_upgrade and request.method == "GET" and not request.body:
            return handler(request)
        needed = "Esta ruta es un WebSocket: se necesita la cabecera Upgrade: websocket."
        return error_response(426, "upgrade_required", needed, ("Upgrade", "websocket"))

    def _find(self, path: str) -> tuple[str, dict[str, _Route], dict[str, str]] | None:
        methods = self._exact.get(path)
        if methods is not None:
            return path, methods, {}
        parts = path.split("/")
        for pattern, methods in self._patterns.items():
            parameters = _match(pattern, parts)
            if parameters is not None:
                return "/".join(pattern), methods, parameters
        return None

    def _methods(self, pattern: str) -> dict[str, _Route]:
        if "{" in pattern:
            return self._patterns.setdefault(tuple(pattern.split("/")), {})
        return self._exact.setdefault(pattern, {})


def _match(pattern: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    """The named parts of a path that fits the pattern. Parts are decoded after the path is
    cut, so that an encoded slash in an id stays in the id."""
    if len(pattern) != len(parts):
        return None
    parameters = {}
    for expected, part in zip(pattern, parts, strict=True):
        if expected.startswith("{"):
            parameters[expected[1:-1]] = unquote(part)
        elif expected != part:
            return None
    return parameters
