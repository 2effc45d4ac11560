"""``/console``: the page, its login, its live socket and the few things that can be done from it."""

from __future__ import annotations

from functools import partial
from typing import Final
from urllib.parse import parse_qs

from telnyx_actors.clock import Clock
from telnyx_actors.front import sessions
from telnyx_actors.front.counters import FrontCounters
from telnyx_actors.front.exchange import (
    Pending,
    Request,
    Respond,
    Response,
    answer_response,
    ask,
    error_response,
    timed_out,
)
from telnyx_actors.front.live import LiveSocket
from telnyx_actors.front.ports import Answer, Engine, FilePart, NoSuchPart, PagePort
from telnyx_actors.front.routing import Router
from telnyx_actors.front.security import (
    client_address,
    denial,
    denial_response,
    is_same_origin,
    page_denial,
    same_secret,
)
from telnyx_actors.front.settings import FrontSettings
from telnyx_actors.front.throttle import Throttle

FORM_BYTES_MAX: Final = 4096
FORM_FIELDS_MAX: Final = 4

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self' blob:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE_HEADERS: Final = (
    ("Content-Security-Policy", _POLICY),
    ("Referrer-Policy", "same-origin"),  # with none at all, browsers send forms with `Origin: null`
    ("Permissions-Policy", "microphone=(self), camera=(), geolocation=(), payment=(), usb=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_RECORDS: Final = {"audio.wav": ("call.wav", "audio/wav"), "transcript.json": ("transcript.json", "application/json")}


def add_page(
    router: Router,
    engine: Engine,
    page: PagePort,
    settings: FrontSettings,
    counters: FrontCounters,
    clock: Clock,
) -> None:
    """Its routes. The files and the login are anybody's: they are the same for everyone, and say nothing."""
    routes = PageRoutes(engine, page, settings, counters, clock)
    router.add("GET", "/console", routes.index)
    router.add("GET", "/console/login", routes.login_form)
    router.add("POST", "/console/login", routes.login)
    router.add("GET", "/console/page/{file}", routes.asset)
    router.add("POST", "/console/logout", routes.logout, routes.denial)
    router.add_socket("/console/live", routes.live, routes.denial)
    router.add("POST", "/console/calls/{id}/hangup", routes.hangup, routes.denial)
    router.add("GET", "/console/calls/{id}/{file}", routes.record, routes.denial)
    router.add("POST", "/console/phone", routes.phone, routes.denial)
    router.add("POST", "/console/phone/{id}/hangup", routes.phone_hangup, routes.denial)


class PageRoutes:
    """Front thread only; nothing here blocks."""

    def __init__(
        self, engine: Engine, page: PagePort, settings: FrontSettings, counters: FrontCounters, clock: Clock
    ) -> None:
        self._engine = engine
        self._page = page
        self._token = settings.api_token
        self._limits = settings.limits
        self._counters = counters
        self._clock = clock
        self._throttle = Throttle()

    # --- who comes in ---

    def denial(self, request: Request) -> str | None:
        return page_denial(request, self._token, has_session=self._has_session(request))

    def _has_session(self, request: Request) -> bool:
        secret = sessions.secret_in(request.headers)
        return bool(self._token) and self._page.sessions.is_open(secret, self._clock.now())

    def index(self, request: Request, _respond: Respond) -> Response:
        reason = self.denial(request)
        if reason is None:
            return self._file("index.html")
        return _see_other("/console/login") if reason == "no_token" else denial_response(reason)

    def login_form(self, request: Request, _respond: Respond) -> Response:
        if self._token is None:
            reason = denial(request, None)
            return _see_other("/console") if reason is None else denial_response(reason)
        return self._file("login.html")

    def login(self, request: Request, _respond: Respond) -> Response:
        """A plain form, so that it works before any script does."""
        if self._token is None or not is_same_origin(request.headers):
            self._counters.access_denied["foreign_origin"] += 1
            return denial_response("foreign_origin")
        address, now = client_address(request), self._clock.now()
        if wait_s := self._throttle.wait_s(address, now):
            self._counters.access_denied["too_many_guesses"] += 1
            too_many = f"Demasiados intentos; espere {wait_s} s."
            return error_response(429, "too_many_requests", too_many, ("Retry-After", str(wait_s)))
        if not same_secret(_token_in(request.body), self._token):
            self._counters.access_denied["bad_token"] += 1
            self._throttle.guessed(address, now)
            return _see_other("/console/login#wrong")
        self._throttle.forget(address)
        secret = self._page.sessions.begin(now)
        return _see_other("/console", sessions.cookie(secret, is_https=_is_https(request)))

    def logout(self, request: Request, _respond: Respond) -> Response:
        self._page.sessions.end(sessions.secret_in(request.headers))
        return _see_other("/console/login", sessions.cookie("", is_https=_is_https(request)))

    # --- what is shown ---

    def asset(self, request: Request, _respond: Respond) -> Response:
        return self._file(request.parameters["file"])

    def live(self, request: Request) -> LiveSocket:
        return LiveSocket(self._page)

    def record(self, request: Request, respond: Respond) -> Response | Pending:
        """In parts, where the request asks for one."""
        known = _RECORDS.get(request.parameters["file"])
        if known is None:
            return error_response(404, "not_found", "Esta ruta no existe.")
        name, content_type = known

        def reply(file: FilePart | NoSuchPart | Answer) -> None:
            respond(_file_response(file, content_type))

        self._engine.record(request.parameters["id"], name, request.headers.get("range"), reply)
        return Pending(self._limits.reply_s, timed_out)

    def _file(self, name: str) -> Response:
        asset = self._page.audience.assets.get(name)
        if asset is None:
            return error_response(404, "not_found", "Esta ruta no existe.")
        return Response(200, asset.body, asset.content_type, PAGE_HEADERS)

    # --- what can be done ---

    def hangup(self, request: Request, respond: Respond) -> Pending:
        return ask(partial(self._engine.hangup, request.parameters["id"]), respond, self._limits.reply_s)

    def phone(self, _request: Request, respond: Respond) -> Pending:
        return ask(self._engine.call_browser, respond, self._limits.reply_s)

    def phone_hangup(self, request: Request, _respond: Respond) -> Response:
        if self._page.phones.hung_up(request.parameters["id"]):
            return answer_response(Answer(202, {"status": "hanging_up"}))
        return error_response(404, "call_not_found", "No hay ninguna llamada con ese identificador.")


def _file_response(file: FilePart | NoSuchPart | Answer, content_type: str) -> Response:
    accepts = ("Accept-Ranges", "bytes")
    match file:
        case Answer():
            return answer_response(file)
        case NoSuchPart(size_bytes):
            beyond = "Esa parte del archivo no existe; los archivos grandes se piden por partes (Range)."
            return error_response(416, "range_not_satisfiable", beyond, ("Content-Range", f"bytes */{size_bytes}"))
        case FilePart(content, first, size_bytes):
            if first is None:
                return Response(200, content, content_type, (accepts,))
            where = ("Content-Range", f"bytes {first}-{first + len(content) - 1}/{size_bytes}")
            return Response(206, content, content_type, (accepts, where))


def _token_in(form: bytes) -> str:
    """The empty text where there is none, or more than the form has."""
    try:
        fields = parse_qs(form[:FORM_BYTES_MAX].decode("utf-8", "replace"), max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        return ""
    return fields.get("token", [""])[0].strip()


def _see_other(path: str, *headers: tuple[str, str]) -> Response:
    return Response(303, b"", "text/plain; charset=utf-8", (("Location", path), *headers))


def _is_https(request: Request) -> bool:
    return request.headers.get("x-forwarded-proto", "").lower() == "https"
