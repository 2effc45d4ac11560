"""Calls as they stand: a line each, one in full, and why one went wrong."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from telnyx_actors.actors.calls import CallView
from telnyx_actors.actors.stats import Crash
from telnyx_actors.actors.trail import Footstep, is_failure
from telnyx_actors.console import latency
from telnyx_actors.console.desk import CommandError, Desk, find_call, short
from telnyx_actors.console.protocol import Json
from telnyx_actors.console.views import stuck, tree
from telnyx_actors.console.wording import describe, shortened
from telnyx_actors.logs import mask_phone

STEPS_SHOWN: Final = 50


def calls(desk: Desk) -> Json:
    """Those in progress and the last that ended."""
    refs = [view.plan.ref for view in desk.calls()]
    return {"calls": [_call(desk, view, refs) for view in desk.calls()]}


def call(desk: Desk, name: str, which: str = "") -> Json:
    """One call: where it stands, its actors, its turns, and what happened last; "all": also what happens all the time."""
    if which not in ("", "all"):
        raise CommandError("Se usa así: call <id> [all]")
    view = find_call(desk, name)
    steps = view.trail.steps(with_frequent=which == "all")[-STEPS_SHOWN:]
    path = call_path(view)
    return {
        **_call(desk, view, [other.plan.ref for other in desk.calls()]),
        "places": list(view.places),
        "line": asdict(view.line),
        "usage": {
            "requests": view.usage.requests,
            "requests_wasted": view.usage.requests_wasted,
            "input_tokens": view.usage.input_tokens,
            "cached_tokens": view.usage.cached_tokens,
            "output_tokens": view.usage.output_tokens,
            "tokens_wasted": view.usage.tokens_wasted,
            "characters": view.usage.characters,
        },
        "actors": tree(desk, path)["actors"] if desk.runtime.stats.get(path) is not None else [],
        "waterfall": latency.waterfall(view),
        "steps_total": view.trail.count,
        "steps": [_step(desk, view, step) for step in steps],
    }


def why(desk: Desk, name: str = "") -> Json:
    """The first failure of a call, and everything remembered since; without a name, every crash remembered."""
    stats = desk.runtime.stats
    if not name:
        crashes = [_crash(desk, crash, 0.0) for crash in stats.crashes()]
        return {"scope": "engine", "steps": crashes, "stuck": stuck(desk, stats.under())}
    view = find_call(desk, name)
    crashed = stats.crashes(call_path(view))
    begun = [at for _, at, _ in view.trail.failures[:1]] + [crash.at for crash in crashed[:1]]
    told = [_step(desk, view, step) for step in view.trail.since(min(begun))] if begun else []
    told += [_crash(desk, crash, view.started_at) for crash in crashed]
    told.sort(key=lambda step: float(step["t_s"]))
    return {"scope": view.plan.ref, "steps": told, "stuck": stuck(desk, stats.under(call_path(view)))}


def call_path(view: CallView) -> str:
    """Where a call's actor stands in the tree."""
    return f"engine/{view.plan.ref}"


def _call(desk: Desk, view: CallView, refs: list[str]) -> Json:
    now = desk.now()
    return {
        "id": short(view.plan.ref, refs),
        "ref": view.plan.ref,
        "call_control_id": view.call_control_id,
        "direction": view.plan.direction,
        "number": mask_phone(view.plan.number),
        "is_alive": view.is_alive,
        "state": view.state,
        "reason": view.ended_reason,
        "started": view.started_wall,
        "age_s": round(now - view.started_at, 1),
        "answered_s": None if view.answered_at is None else round(now - view.answered_at, 1),
        "turns": view.turns,
        "last_response_ms": None if view.last_response_s is None else round(view.last_response_s * 1000),
        "deadline_in_s": None if view.deadline_at is None else round(view.deadline_at - now, 2),
        "stale": view.stale,
        "failures": len(view.trail.failures),
    }


def _step(desk: Desk, view: CallView, step: Footstep) -> Json:
    number, at, what = step
    kind, name, text = describe(what, with_words=desk.shows_words)
    return {
        "number": number,
        "t_s": round(at - view.started_at, 3),
        "kind": kind,
        "name": name,
        "text": text,
        "is_failure": is_failure(what),
    }


def _crash(desk: Desk, crash: Crash, zero: float) -> Json:
    return {
        "number": None,
        "t_s": round(crash.at - zero, 3),
        "time": wall_time(desk, crash.at).isoformat(timespec="milliseconds"),
        "kind": "crash",
        "name": crash.path,
        "text": shortened(crash.error),
        "is_failure": True,
    }


def wall_time(desk: Desk, at: float) -> datetime:
    """The time of day of a moment on the monotonic clock."""
    wall = desk.runtime.clock.wall() - timedelta(seconds=desk.now() - at)
    return wall.astimezone(desk.settings.call.timezone)
