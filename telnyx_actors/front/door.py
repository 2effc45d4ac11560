"""The engine as the front sees it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from telnyx_actors.actors.calls import CallView
from telnyx_actors.actors.messages import CallPlan, EndCall, PlaceCall, WebhookReceived
from telnyx_actors.actors.rows import DialledRow
from telnyx_actors.actors.services import Services
from telnyx_actors.actors.session import StreamGate
from telnyx_actors.actors.spool import record_key
from telnyx_actors.clock import Clock
from telnyx_actors.config.engine import MEDIA_PATH
from telnyx_actors.core.persona import system_prompt
from telnyx_actors.errors import CallRefused, Failure, ProviderError
from telnyx_actors.front.exchange import timestamp
from telnyx_actors.front.ports import Answer, CallRequest, FileReply, Json, Phones, Reply, error_body
from telnyx_actors.front.records import Records
from telnyx_actors.front.refusals import refusal_in_words
from telnyx_actors.front.seen import FrontSeen
from telnyx_actors.front.trials import Trials
from telnyx_actors.logs import mask_phone
from telnyx_actors.providers.ports import DialledCall, Message, ModelRequest
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

_FATE_UNKNOWN: Final = frozenset({Failure.UNAVAILABLE, Failure.TIMEOUT, Failure.PROTOCOL})


class Door:
    """The ``Engine`` of ``front.ports``: passes on, and reads what may be read without asking."""

    def __init__(self, services: Services, clock: Clock, seen: FrontSeen, phones: Phones) -> None:
        self._services = services
        self._clock = clock
        self._seen = seen
        self._phones = phones
        self._records = Records(services.vendors.archive)
        self._trials = Trials(services.vendors.model, clock)
        self._started_at = clock.now()

    @property
    def media(self) -> StreamGate:
        return self._services.gate

    def webhook(self, event: WebhookEvent, call_ref: str | None) -> None:
        self._services.supervisor.tell(WebhookReceived(event, call_ref))

    def webhook_secret(self, call_ref: str) -> str | None:
        view = self._services.calls.get(call_ref)
        return view.secret if view is not None else self._services.given_up.secret_of(call_ref)

    def initiate(self, request: CallRequest, reply: Reply) -> None:
        plan = CallPlan(
            ref=uuid.uuid4().hex,
            direction="outgoing",
            number=request.telefono,
            nombre=request.nombre,
            contexto=request.contexto or "",
            saludo=request.saludo or "",
            row=request.row or "",
        )
        try:
            dialled = self._services.rows.claim(plan.row, self._clock.now()) if plan.row else None
        except CallRefused as refused:
            reply(self._placed(plan, refused))
            return
        if dialled is not None:
            call = DialledCall(dialled.call_control_id, "", "")
            reply(self._placed(replace(plan, ref=dialled.ref), call))
        elif not self._services.supervisor.tell(PlaceCall(plan, lambda outcome: reply(self._settled(plan, outcome)))):
            self._services.rows.settle(plan.row, None)
            reply(_NOBODY_THERE)

    def _settled(self, plan: CallPlan, outcome: DialledCall | Exception) -> Answer:
        if plan.row:
            self._settle_row(plan, outcome)
        return self._placed(plan, outcome)

    def _settle_row(self, plan: CallPlan, outcome: DialledCall | Exception) -> None:
        """Dialled just now, or not, or nobody knows."""
        rows = self._services.rows
        if isinstance(outcome, DialledCall):
            rows.settle(plan.row, DialledRow(plan.row, plan.ref, outcome.call_control_id))
        elif _may_have_dialled(outcome):
            rows.doubt(plan.row, self._clock.now())
        else:
            rows.settle(plan.row, None)

    def _placed(self, plan: CallPlan, outcome: DialledCall | Exception) -> Answer:
        match outcome:
            case DialledCall():
                body = {
                    "call_control_id": outcome.call_control_id,
                    "call_id": plan.ref,
                    "status": "initiated",
                    "timestamp": timestamp(self._clock.wall()),
                }
                return Answer(201, body)
            case CallRefused():
                return Answer(503, error_body("busy", str(outcome)), outcome.retry_after_s)
            case ProviderError():
                wait_s = None if outcome.retry_after_s is None else max(1, round(outcome.retry_after_s))
                return Answer(500, error_body(f"telnyx_{outcome.kind}", refusal_in_words(outcome)), wait_s)
            case _:
                return Answer(500, error_body("internal", "La llamada no se pudo iniciar."))

    def call_browser(self, reply: Reply) -> None:
        plan = CallPlan(uuid.uuid4().hex, "outgoing", self._phones.number)
        if not self._services.supervisor.tell(PlaceCall(plan, lambda outcome: reply(self._picked_up(plan, outcome)))):
            reply(_NOBODY_THERE)

    def _picked_up(self, plan: CallPlan, outcome: DialledCall | Exception) -> Answer:
        if isinstance(outcome, ProviderError):
            return Answer(409, error_body("no_softphone", f"El softphone no puede llamar: {outcome.message}."))
        placed = self._placed(plan, outcome)
        if not isinstance(outcome, DialledCall):
            return placed
        media = f"{MEDIA_PATH}?{self._phones.media_query(outcome.call_control_id)}"
        return Answer(placed.status, {**placed.body, "media": media})

    def record(self, call_ref: str, name: str, wanted: str | None, reply: FileReply) -> None:
        calls, settings = self._services.calls, self._services.settings
        view = next((view for view in (*calls.all(), *calls.ended()) if view.plan.ref == call_ref), None)
        if view is None or not view.places:
            reply(Answer(404, error_body("not_found", "Esa llamada no está (todavía) en el archivo.")))
        elif not settings.shows_words:
            reply(Answer(403, error_body("forbidden", "Lo que se dijo no se muestra (LOG_TRANSCRIPTS=false).")))
        else:
            key = f"{record_key(settings.archive_folder, view.started_wall, view.name)}/{name}"
            self._records.fetch(key, wanted, reply)

    def test_model(self, nombre: str, mensaje: str, contexto: str | None, reply: Reply) -> None:
        settings = self._services.settings
        local = self._clock.wall().astimezone(settings.timezone)
        system = system_prompt(
            settings.persona,
            nombre=nombre,
            contexto=contexto or "",
            now=local,
            max_chars=settings.max_response_chars,
        )
        request = ModelRequest(system, (Message("user", mensaje),), settings.reply_max_tokens)
        self._trials.start(request, reply)

    def hangup(self, call_id: str, reply: Reply) -> None:
        view = self._services.calls.find(call_id)
        if view is None:
            reply(Answer(404, error_body("call_not_found", "No hay ninguna llamada en curso con ese id.")))
            return
        is_told = self._services.supervisor.tell(EndCall(view.plan.ref, "operator"))
        body = {"call_control_id": view.call_control_id, "status": "hanging_up"}
        reply(Answer(202, body) if is_told else _NOBODY_THERE)

    def calls(self) -> list[Json]:
        return [self._describe(view) for view in self._services.calls.all()]

    def call(self, call_id: str) -> Json | None:
        view = self._services.calls.find(call_id)
        return self._describe(view) if view is not None else None

    def stats(self) -> Json:
        calls = self._services.calls
        uptime_s = int(self._clock.now() - self._started_at)
        return {"active_sessions": len(calls), "total_calls": calls.total, "uptime_seconds": uptime_s}

    def ready(self) -> tuple[bool, Json]:
        takes_calls = self._services.supervisor.ref is not None and not self._services.calls.is_closed
        is_ready = takes_calls and self._seen.is_warm()
        state = "ready" if is_ready else "warming_up" if takes_calls else "not_ready"
        return is_ready, {"status": state, "calls": len(self._services.calls)}

    def metrics(self) -> tuple[bytes, str]:
        return self._seen.page()

    def _describe(self, view: CallView) -> Mapping[str, object]:
        return {
            "call_control_id": view.call_control_id,
            "call_id": view.plan.ref,
            "id": view.plan.row or None,
            "direction": view.plan.direction,
            "number": mask_phone(view.plan.number),
            "state": view.state,
            "turns": view.turns,
            "seconds": round(self._clock.now() - view.started_at, 1),
            "started": view.started_wall,
            "last_response_ms": None if view.last_response_s is None else round(view.last_response_s * 1000),
        }


def _may_have_dialled(error: Exception) -> bool:
    """Not where the carrier refused, or we did: whatever else went wrong may have done so after the command was sent."""
    if isinstance(error, ProviderError):
        return error.kind in _FATE_UNKNOWN
    return not isinstance(error, CallRefused)


_NOBODY_THERE: Final = Answer(503, error_body("unavailable", "El servicio se está reiniciando; intente de nuevo."), 2)
