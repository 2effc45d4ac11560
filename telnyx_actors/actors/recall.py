"""What a call begins with: nothing but its plan, or what the journal saved of it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime

from telnyx_actors.actors.address import Address
from telnyx_actors.actors.calls import CallView
from telnyx_actors.actors.chronicler import Chronicler
from telnyx_actors.actors.memory import CallMemory
from telnyx_actors.actors.messages import CallPlan, Placed
from telnyx_actors.actors.orders import fields_in
from telnyx_actors.actors.services import Services
from telnyx_actors.actors.session import CallSession
from telnyx_actors.clock import Clock
from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.chronicle import Beginning, what_is_resumed
from telnyx_actors.core.ear import Ear
from telnyx_actors.core.persona import system_prompt
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.core_version import core_version
from telnyx_actors.providers.ports import DialledCall
from telnyx_actors.wire.telnyx_webhook import WebhookEvent


def new_memory(plan: CallPlan, placed: Placed, services: Services, clock: Clock) -> CallMemory:
    """A call that is about to be dialled or answered."""
    settings, now, wall = services.settings, clock.now(), clock.wall()
    local = wall.astimezone(settings.timezone)
    rules = replace(settings.rules, uses_stream=services.mode.uses_stream)
    lines = settings.persona.lines_at(local.hour, saludo=plan.saludo)
    beginning = Beginning(core_version(), wall.isoformat(), now, rules, lines)
    return _memory(plan, placed, services, clock, beginning, started=local, secret=secrets.token_urlsafe(24))


def saved_memory(saved: SavedCall, services: Services, clock: Clock) -> CallMemory:
    """A call whose process died, or handed it over. Its webhooks keep their secret, its stream will have a new one."""
    settings, now, wall = services.settings, clock.now(), clock.wall()
    started = datetime.fromisoformat(saved.started).astimezone(settings.timezone)
    plan = CallPlan(
        ref=saved.ref,
        direction="incoming" if saved.direction == "incoming" else "outgoing",
        number=saved.number,
        nombre=saved.nombre,
        contexto=saved.contexto,
        saludo=saved.saludo,
        row=saved.row,
        call_control_id=saved.call_control_id,
    )
    answered_s_ago = _s_ago(saved.answered, wall) if saved.answered else None
    rules = replace(settings.rules, uses_stream=services.mode.uses_stream)
    lines = settings.persona.lines_at(started.hour, saludo=saved.saludo)
    resumed = what_is_resumed(saved)
    beginning = Beginning(core_version(), wall.isoformat(), now, rules, lines, resumed, answered_s_ago)
    memory = _memory(plan, nobody_waits, services, clock, beginning, started=started, secret=saved.secret)
    memory.is_saved, memory.is_orphan, memory.is_forgotten = True, not saved.was_released, saved.is_forgotten
    memory.born_at = now - _s_ago(saved.started, wall)
    if saved.audio_since and (settings.spool_dir / saved.ref).is_dir():  # else its record is in the archive already
        memory.origin_s = now - _s_ago(saved.audio_since, wall)
        memory.session.encoding = Encoding(saved.encoding)
    return memory


def forgotten_call(event: WebhookEvent, wall: datetime) -> SavedCall | None:
    """A call of ours whose stream has ended and of which no journal knows, by what the carrier keeps for us."""
    fields = fields_in(event.client_state)
    if event.event_type not in ("streaming.stopped", "streaming.failed") or not fields.get("ref"):
        return None
    return SavedCall(
        fields["ref"],
        direction="incoming" if event.payload.get("direction") == "incoming" else "outgoing",
        number=fields.get("telefono", ""),
        nombre=fields.get("nombre", ""),
        contexto=fields.get("contexto", ""),
        secret=secrets.token_urlsafe(24),
        call_control_id=event.call_control_id,
        started=wall.isoformat(),
        answered=wall.isoformat(),
        is_greeted=True,
        is_forgotten=True,
    )


def _memory(
    plan: CallPlan,
    placed: Placed,
    services: Services,
    clock: Clock,
    beginning: Beginning,
    *,
    started: datetime,
    secret: str,
) -> CallMemory:
    settings = services.settings
    classifier, activity = services.vendors.classifier, settings.voice_activity
    session = CallSession(clock, lambda encoding: Ear(classifier(encoding), activity))
    session.call_control_id = plan.call_control_id
    view = CallView(plan, secret, clock.now(), started.isoformat(timespec="milliseconds"))
    view.call_control_id = plan.call_control_id
    system = system_prompt(
        settings.persona,
        nombre=plan.nombre,
        contexto=plan.contexto,
        now=started,
        max_chars=settings.max_response_chars,
    )
    conversation = beginning.conversation()
    journal = services.journal if settings.keep_replay else Address()  # where nobody is
    chronicler = Chronicler(conversation, beginning, plan.ref, journal)
    return CallMemory(plan, view, session, conversation, chronicler, system, clock.now(), placed)


def _s_ago(wall: str, now: datetime) -> float:
    return max((now - datetime.fromisoformat(wall)).total_seconds(), 0.0)


def nobody_waits(_: DialledCall | Exception) -> None:
    """Whoever had asked for the call was told by the process that is no more, or never will be."""
