"""The tree of actors as it stands, made by looking: nobody is asked, so nobody can keep us waiting."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from telnyx_actors.actors.stats import Stats
from telnyx_actors.config.fields import declarations
from telnyx_actors.config.settings import GROUPS
from telnyx_actors.config.values import Secret
from telnyx_actors.console.desk import Desk, find_actor
from telnyx_actors.console.protocol import Json

STUCK_S: Final = 1.0
"""An actor that takes longer over a message is deaf meanwhile, and something is wrong."""
FRAMES_MAX: Final = 40

_PACKAGE: Final = Path(__file__).parents[2]


def tree(desk: Desk, path: str = "") -> Json:
    """Every actor, or those at and below one, and those that are stuck with where in the code they are."""
    actors = desk.runtime.stats.under(find_actor(desk, path).path if path else "")
    return {
        "actors": [actor(stats, desk.now()) for stats in actors],
        "stuck": stuck(desk, actors),
        "front_lag_ms": round(desk.front_lag_ms(), 1),
        "crashes": desk.runtime.stats.totals().crashes,
    }


def stuck(desk: Desk, actors: Sequence[Stats]) -> list[Json]:
    """Those of them that have been with one message for too long, and where in the code they are."""
    found = [stats for stats in actors if stats.busy_s(desk.now()) >= STUCK_S]
    frames = _frames_by_name() if found else {}
    return [{**actor(stats, desk.now()), "stack": _gist(frames.get(stats.path))} for stats in found]


def actor(stats: Stats, now: float) -> Json:
    """One of them. Its figures were written by its own thread, a moment ago."""
    busy_s = stats.busy_s(now)
    return {
        "path": stats.path,
        "kind": stats.kind,
        "state": "stuck" if busy_s >= STUCK_S else "busy" if stats.busy_since is not None else "idle",
        "busy_s": round(busy_s, 3),
        "message": stats.last_message.__qualname__ if stats.last_message is not None else None,
        "age_s": round(now - stats.started_at, 1),
        "handled": stats.handled,
        "restarts": stats.restarts,
        "errors": stats.errors,
        "waiting": stats.control_depth + stats.data_depth,
        "oldest_s": round(stats.oldest_s(now), 3),
        "high_water": stats.high_water,
        "dropped": stats.dropped,
        "unexpected": stats.unexpected,
        "undelivered": stats.undelivered,
    }


def mail(desk: Desk) -> Json:
    """The inboxes, the fullest and oldest first."""
    rows = tree(desk)["actors"]
    rows.sort(key=lambda row: (row["oldest_s"], row["waiting"], row["dropped"], row["high_water"]), reverse=True)
    return {"actors": rows}


def stacks(desk: Desk, path: str = "") -> Json:
    """What every thread is executing; of an actor's, and of the threads that it started, if one is named."""
    prefix = find_actor(desk, path).path if path else ""
    frames = {name: frame for name, frame in _frames_by_name().items() if _is_below(name, prefix)}
    busy = {stats.path: stats for stats in desk.runtime.stats.under(prefix) if stats.busy_since is not None}
    return {
        "threads": [
            {
                "name": name,
                "busy_s": round(busy[name].busy_s(desk.now()), 3) if name in busy else None,
                "stack": _stack(frame),
            }
            for name, frame in sorted(frames.items())
        ]
    }


def settings(desk: Desk) -> Json:
    """Every setting that is in force; of a secret, only whether there is one."""
    return {"settings": list(_settings(desk))}


def _settings(desk: Desk) -> Iterator[Json]:
    for name, group in GROUPS.items():
        values = getattr(desk.settings, name)
        for field_name, declared in declarations(group):
            value = getattr(values, field_name)
            is_secret = declared.kind.is_secret or isinstance(value, Secret)
            text = None if value is None else "•••" if is_secret else _as_set(value)
            yield {"group": group.title.es, "name": declared.name, "value": text, "means": declared.means.es}


def _as_set(value: object) -> str:
    """As it would stand in the environment."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def names(desk: Desk) -> Json:
    """What can be named, to complete what an operator types."""
    return {
        "paths": [stats.path for stats in desk.runtime.stats.under()],
        "calls": [view.plan.ref for view in desk.calls()],
    }


def _is_below(name: str, path: str) -> bool:
    return not path or name == path or name.startswith(f"{path}/")


def _frames_by_name() -> dict[str, FrameType]:
    """An actor's thread, and those that it starts, carry its path."""
    frames = sys._current_frames()  # noqa: SLF001  # the interpreter's own way to look at other threads
    mine = threading.get_ident()
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return {names.get(ident, str(ident)): frame for ident, frame in frames.items() if ident != mine}


def _stack(frame: FrameType | None) -> list[str]:
    """Innermost last. Places and code only: values of variables may be anything."""
    return [_line(each) for each in _frames(frame)[-FRAMES_MAX:]]


def _gist(frame: FrameType | None) -> list[str]:
    """Our own part of it, without what every actor goes through, and the very last place."""
    frames = _frames(frame)
    ours = [each for each in frames[:-1] if _is_ours(each.filename)]
    return [_line(each) for each in (*ours, *frames[-1:])]


def _frames(frame: FrameType | None) -> list[traceback.FrameSummary]:
    return [] if frame is None else list(traceback.extract_stack(frame))


def _line(each: traceback.FrameSummary) -> str:
    return f"{_place(each.filename)}:{each.lineno} {each.name}: {each.line}"


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(_PACKAGE / "telnyx_actors") and path.name not in ("base.py", "inbox.py")


def _place(filename: str) -> str:
    """A file, without where on this machine it is."""
    path = Path(filename)
    parts = path.parts
    if "site-packages" in parts:  # first: the environment may be a folder inside ours
        return "/".join(parts[parts.index("site-packages") + 1 :])
    if path.is_relative_to(_PACKAGE):
        return path.relative_to(_PACKAGE).as_posix()
    return "/".join(parts[-2:])
