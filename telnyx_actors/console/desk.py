"""What the console looks at, and the little it can do. None of it waits for an actor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from telnyx_actors.actors.calls import CallView
from telnyx_actors.actors.runtime import Runtime
from telnyx_actors.actors.services import Services
from telnyx_actors.actors.stats import Stats
from telnyx_actors.config import Settings
from telnyx_actors.errors import EngineError

CANDIDATES_MAX = 5


class CommandError(EngineError):
    """The command cannot be done; the text tells the operator why."""


class LogControl(Protocol):
    """How much is logged."""

    @property
    def level(self) -> str: ...

    def set_level(self, level: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """``front_lag_ms``: how late the front's thread has run lately. ``log``: None where it is not ours to change."""

    runtime: Runtime
    services: Services
    settings: Settings
    front_lag_ms: Callable[[], float] = lambda: 0.0
    log: LogControl | None = None

    def now(self) -> float:
        return self.runtime.clock.now()

    @property
    def shows_words(self) -> bool:
        """Whether what people said may be shown: by the same setting as in the log and on the page."""
        return self.services.settings.shows_words

    def calls(self) -> list[CallView]:
        """Those in progress, then the last ones that ended."""
        return [*self.services.calls.all(), *reversed(self.services.calls.ended())]


def find_call(desk: Desk, name: str, *, living: bool = False) -> CallView:
    """A call by the beginning of our id or the carrier's. Raises ``CommandError``."""
    views = [view for view in desk.calls() if view.is_alive or not living]
    found = [view for view in views if name and _is_called(view, name)]
    if not found:
        kind = "en curso" if living else "en curso ni reciente"
        raise CommandError(f"No hay ninguna llamada {kind} que empiece por «{name}».")
    if len(found) > 1:
        raise CommandError(f"«{name}» puede ser {_listed([view.plan.ref for view in found])}.")
    return found[0]


def _is_called(view: CallView, name: str) -> bool:
    ids = (view.plan.ref, view.call_control_id, view.call_control_id.partition(":")[2])
    return any(each.startswith(name) for each in ids)


def find_actor(desk: Desk, path: str) -> Stats:
    """An actor by its path, whose steps may be shortened and whose root left out. Raises ``CommandError``."""
    exact = desk.runtime.stats.get(path)
    if exact is not None:
        return exact
    steps = path.strip("/").split("/")
    found = [stats for stats in desk.runtime.stats.under() if all(steps) and _leads_to(steps, stats.path.split("/"))]
    if not found:
        raise CommandError(f"No hay ningún actor «{path}». Con «tree» se ven todos.")
    if len(found) > 1:
        raise CommandError(f"«{path}» puede ser {_listed([stats.path for stats in found])}.")
    return found[0]


def _leads_to(steps: list[str], path: list[str]) -> bool:
    return any(len(steps) == len(full) and all(map(str.startswith, full, steps)) for full in (path, path[1:]) if full)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:CANDIDATES_MAX])
    return shown if len(names) <= CANDIDATES_MAX else f"{shown}… ({len(names)})"


def short(ref: str, others: list[str], at_least: int = 6) -> str:
    """The shortest beginning of an id that no other one has."""
    length = at_least
    while length < len(ref) and any(other != ref and other.startswith(ref[:length]) for other in others):
        length += 1
    return ref[:length]
