"""What the console can be told: each command once, with its words, its arguments and what it does.

Those that look are in ``views``, ``call_views`` and ``latency``. Those that act tell, order or
set something and return at once; each is logged.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from loguru import logger

from telnyx_actors.actors.base import tell
from telnyx_actors.actors.messages import Drain, EndCall
from telnyx_actors.actors.stats import Stats
from telnyx_actors.config.values import LOG_LEVEL
from telnyx_actors.console import call_views, latency, views
from telnyx_actors.console.call_views import call_path
from telnyx_actors.console.desk import CommandError, Desk, find_actor, find_call
from telnyx_actors.console.protocol import Json, Request
from telnyx_actors.core import events as ev
from telnyx_actors.logs import mask_phone

SAY_MAX_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class Command:
    """``question`` makes what is asked before it is done; None where it does no harm. What ``acts`` is logged."""

    name: str
    form: str
    means: str
    run: Callable[..., Json]
    question: Callable[..., str] | None = None
    acts: bool = False

    def takes(self, count: int) -> bool:
        """Whether it can be given so many arguments."""
        parameters = list(inspect.signature(self.run).parameters.values())[1:]
        needed = [each for each in parameters if each.default is inspect.Parameter.empty]
        return len(needed) <= count <= len(parameters)


# --- those that act -----------------------------------------------------------------


def log_level(desk: Desk, level: str = "") -> Json:
    if desk.log is None:
        raise CommandError("El registro de este proceso no es del motor.")
    if level:
        try:
            desk.log.set_level(LOG_LEVEL.parse(level))
        except ValueError as reason:
            raise CommandError(f"{reason}.") from None
    return {"level": desk.log.level}


def mode(desk: Desk, wanted: str = "") -> Json:
    modes = {"stream": True, "webhook": False}
    if wanted:
        if wanted not in modes:
            raise CommandError(f"El modo es stream o webhook, no «{wanted}».")
        desk.services.mode.uses_stream = modes[wanted]
    return {"mode": "stream" if desk.services.mode.uses_stream else "webhook"}


def restart(desk: Desk, path: str) -> Json:
    return _order(desk, path, desk.runtime.restart)


def kill(desk: Desk, path: str) -> Json:
    return _order(desk, path, lambda found: desk.runtime.crash(found, "orden de la consola"))


def _order(desk: Desk, path: str, order: Callable[[str], bool]) -> Json:
    stats = _child(desk, path)
    busy_s = stats.busy_s(desk.now())
    if not order(stats.path):
        raise CommandError(f"{stats.path} acaba de terminar.")
    return {"path": stats.path, "busy_s": round(busy_s, 3)}


def _child(desk: Desk, path: str) -> Stats:
    """An actor that has a parent to start it anew."""
    stats = find_actor(desk, path)
    if "/" not in stats.path:
        raise CommandError(f"{stats.path} es la raíz y nadie la levantaría: para parar el servicio, «drain» y SIGTERM.")
    return stats


def say(desk: Desk, name: str, text: str) -> Json:
    view = find_call(desk, name, living=True)
    text = text.strip()
    if not 0 < len(text) <= SAY_MAX_CHARS:
        raise CommandError(f"Lo que se diga tiene de 1 a {SAY_MAX_CHARS} letras.")
    ref = desk.runtime.stats.ref(call_path(view))
    if ref is None or not tell(ref, ev.SayRequested(text)):
        raise CommandError("La llamada se está reiniciando; intente de nuevo.")
    return {"ref": view.plan.ref, "letters": len(text)}


def hangup(desk: Desk, name: str) -> Json:
    view = find_call(desk, name, living=True)
    if not desk.services.supervisor.tell(EndCall(view.plan.ref, "operator")):
        raise CommandError("El motor se está reiniciando; intente de nuevo.")
    return {"ref": view.plan.ref}


def drain(desk: Desk) -> Json:
    calls = desk.services.calls
    if not calls.is_closed:
        desk.services.supervisor.tell(Drain(lambda: logger.info("Sin llamadas en curso: se puede parar el servicio")))
    return {"calls": len(calls)}


def _may_kill(desk: Desk, path: str) -> str:
    return f"¿Hacer caer {_child(desk, path).path}?"


def _may_hang_up(desk: Desk, name: str) -> str:
    view = find_call(desk, name, living=True)
    return f"¿Colgar la llamada {view.plan.ref}, con {mask_phone(view.plan.number)}?"


def _may_drain(desk: Desk) -> str:
    return f"¿Dejar de admitir llamadas hasta que se reinicie el servicio? Hay {len(desk.services.calls)} en curso."


def help_(_desk: Desk) -> Json:
    return {"commands": [{"form": command.form, "means": command.means} for command in _ALL]}


# --- all of them --------------------------------------------------------------------

_ALL: Final = (
    Command("help", "help", "esta lista", help_),
    Command("tree", "tree [ruta]", "los actores, su estado y su buzón; nombra al atascado", views.tree),
    Command("calls", "calls", "las llamadas en curso y las últimas que acabaron", call_views.calls),
    Command("call", "call <id> [all]", "una llamada: estado, actores, turnos y lo último que pasó", call_views.call),
    Command("why", "why [id]", "el primer fallo y todo lo que vino después; sin id, caídas y atascos", call_views.why),
    Command(
        "latency", "latency [id]", "tiempos de la última hora por parte; de una llamada, por turno", latency.latency
    ),
    Command("mail", "mail", "buzones: cuánto espera, desde cuándo, qué se perdió", views.mail),
    Command("stacks", "stacks [ruta]", "qué ejecuta cada hilo", views.stacks),
    Command("settings", "settings", "la configuración en vigor, sin secretos", views.settings),
    Command("names", "names", "rutas e identificadores, para completar", views.names),
    Command("log-level", "log-level [nivel]", "ver o cambiar cuánto se registra", log_level, acts=True),
    Command("mode", "mode [stream|webhook]", "ver o cambiar cómo empiezan las llamadas nuevas", mode, acts=True),
    Command("restart", "restart <ruta>", "reiniciar un actor en orden", restart, acts=True),
    Command("kill", "kill <ruta>", "hacer caer un actor, como por un fallo", kill, _may_kill, acts=True),
    Command("say", 'say <id> "…"', "decirle algo a quien llama", say, acts=True),
    Command("hangup", "hangup <id>", "colgar una llamada", hangup, _may_hang_up, acts=True),
    Command("drain", "drain", "no admitir más llamadas", drain, _may_drain, acts=True),
)
COMMANDS: Final = {command.name: command for command in _ALL}


def perform(desk: Desk, request: Request) -> Json:
    """Do it: ``{"result": …}``, or ``{"confirm": …}`` where the operator has to be asked first.

    Raises ``CommandError``.
    """
    command = COMMANDS.get(request.command)
    if command is None:
        raise CommandError(f"No existe «{request.command}». Con «help» se ven todas.")
    arguments = request.arguments
    if not command.takes(len(arguments)):
        raise CommandError(f"Se usa así: {command.form}")
    if command.question and not request.sure:
        return {"confirm": command.question(desk, *arguments)}
    if command.acts and (arguments or command.name == "drain"):
        shown = arguments[:1] if command.name == "say" else arguments  # what is said stays between the two
        logger.warning("🛠️ Consola: {}", " ".join((command.name, *shown)))
    return {"result": command.run(desk, *arguments)}
