"""What the page shows, as JSON: made by looking, like the other views, and told again only where it changed."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from telnyx_actors import __version__
from telnyx_actors.actors.calls import CallView
from telnyx_actors.actors.stats import Stats
from telnyx_actors.actors.tally import PARTS, Sample
from telnyx_actors.actors.trail import Footstep, is_failure, is_frequent
from telnyx_actors.console import latency
from telnyx_actors.console.call_views import call_path
from telnyx_actors.console.desk import Desk
from telnyx_actors.console.protocol import Json
from telnyx_actors.console.views import STUCK_S, stuck
from telnyx_actors.console.wording import describe, masked
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import TurnRecord
from telnyx_actors.logs import mask_phone

FRAMES_S: Final = 60.0
"""The last hour is drawn minute by minute."""
BINS_MS: Final = (200, 300, 400, 500, 600, 700, 850, 1000, 1250, 1500, 2000, 2500, 4000)
"""Upper bounds of the distribution's bars; the last one is open."""

Rows = Mapping[str, object]


@dataclass(slots=True)
class Differences:
    """Rows as they were told last. Equal rows are not told again, rows that are no more are told as None."""

    _told: dict[str, object] = field(default_factory=dict)

    def since(self, rows: Rows) -> dict[str, object]:
        """What is to be told now."""
        changed = {key: row for key, row in rows.items() if key not in self._told or self._told[key] != row}
        changed.update(dict.fromkeys(self._told.keys() - rows.keys()))
        self._told = dict(rows)
        return changed

    @property
    def whole(self) -> dict[str, object]:
        """All of it, for who has been told nothing yet."""
        return dict(self._told)


def epoch_ms(zero_s: float, at: float | None) -> int | None:
    """A moment of the monotonic clock as the browser knows time. ``zero_s``: what to add, the same all the time."""
    return None if at is None else round((zero_s + at) * 1000)


# --- the engine ----------------------------------------------------------------------


def engine(desk: Desk) -> Rows:
    """How it is, in a line."""
    totals = desk.runtime.stats.totals()
    return {
        "version": __version__,
        "model": desk.services.settings.model_name,
        "mode": "stream" if desk.services.mode.uses_stream else "webhook",
        "is_closed": desk.services.calls.is_closed,
        "calls": sum(not view.is_over for view in desk.services.calls.all()),
        "calls_total": desk.services.calls.total,
        "front_lag_ms": round(desk.front_lag_ms()),
        "actors": len(desk.runtime.stats.under()),
        "crashes": totals.crashes,
        "stuck": [_stuck(row) for row in stuck(desk, desk.runtime.stats.under())],
    }


def _stuck(row: Json) -> Json:
    return {"path": row["path"], "busy_s": int(row["busy_s"]), "message": row["message"], "stack": row["stack"]}


def actors(desk: Desk) -> Rows:
    """Every actor by its path: class, state, message in hand, waiting, oldest (s), most, restarts, lost."""
    now = desk.now()
    return {stats.path: _actor(stats, now) for stats in desk.runtime.stats.under()}


def _actor(stats: Stats, now: float) -> Sequence[object]:
    # The page's own actor is busy with looking whenever it looks, and that says nothing.
    busy_since = None if stats.path == threading.current_thread().name else stats.busy_since
    busy_s = 0.0 if busy_since is None else max(0.0, now - busy_since)
    state = "stuck" if busy_s >= STUCK_S else "busy" if busy_since is not None else "idle"
    message = stats.last_message.__qualname__ if state != "idle" and stats.last_message is not None else ""
    waiting = stats.control_depth + stats.data_depth
    lost = stats.dropped + stats.undelivered + stats.unexpected
    return [stats.kind, state, message, waiting, round(stats.oldest_s(now), 1), stats.high_water, stats.restarts, lost]


# --- calls ---------------------------------------------------------------------------


def calls(desk: Desk, zero_s: float) -> Rows:
    """Those in progress and the last that ended, by our name for them."""
    return {view.plan.ref: call_line(view, zero_s) for view in desk.calls()}


def call_line(view: CallView, zero_s: float) -> Json:
    return {
        "id": view.call_control_id,
        "name": view.plan.nombre,
        "number": mask_phone(view.plan.number),
        "direction": view.plan.direction,
        "state": view.state if view.is_alive or not view.ended_reason else "ended",
        "is_alive": view.is_alive,
        "is_at_pause": view.is_at_pause,
        "reason": view.ended_reason,
        "started": epoch_ms(zero_s, view.started_at),
        "answered": epoch_ms(zero_s, view.answered_at),
        "answered_s": round(view.usage.answered_s, 1),
        "turns": view.turns,
        "response_ms": None if view.last_response_s is None else round(view.last_response_s * 1000),
        "failures": len(view.trail.failures),
        "has_record": bool(view.places),
    }


@dataclass(slots=True)
class CallStory:
    """One call as one viewer is told it: what was told already is not told again."""

    ref: str
    _turns: int = -1  # the number of the last one told
    _step: int = 0
    _rest: Differences = field(default_factory=Differences)

    def since(self, desk: Desk) -> Json:
        """What is new of it; empty when nothing is. A call that is forgotten has nothing new."""
        view = next((each for each in desk.calls() if each.plan.ref == self.ref), None)
        if view is None:
            return {}
        shows_words = desk.shows_words
        turns = [record for record in tuple(view.trail.turns) if record.number > self._turns]
        steps = view.trail.steps(with_frequent=True)
        news: Json = self._rest.since(
            {
                "now": turn_in_progress(steps, view.started_at, shows_words=shows_words),
                "actors": {stats.path: _actor(stats, desk.now()) for stats in _actors_of(desk, view)},
                "usage": _usage(desk, view),
                "places": list(view.places),
            }
        )
        if turns:
            self._turns = turns[-1].number
            news["turns"] = [turn(record, view.started_at, shows_words=shows_words) for record in turns]
        if fresh := [step for step in steps if step[0] > self._step]:
            self._step = fresh[-1][0]
            news["steps"] = [_step(step, view.started_at, shows_words=shows_words) for step in fresh]
        return news


def turn(record: TurnRecord, zero: float, *, shows_words: bool) -> Json:
    """A turn that is over: what was said and heard, and its waterfall from the caller's last word on."""
    times = record.times
    begun = times.voice_ended or times.asked or times.committed or times.first_sent or times.ended
    return {
        **latency.outline(record),
        "at_ms": None if begun is None else round((begun - zero) * 1000),
        "said": _words(record.said, shows_words=shows_words),
        "generated": _words(record.generated, shows_words=shows_words),
        "heard_chars": len(record.heard) if shows_words or not record.heard else len(masked(record.generated)),
        "tokens": [record.input_tokens + record.cached_tokens, record.output_tokens],
        "spans": list(latency.spans(times)),
        "first_token_ms": latency.since_voice(times, times.first_token),
    }


def turn_in_progress(steps: Sequence[Footstep], zero: float, *, shows_words: bool) -> Json:
    """What the caller has said and we have prepared since the last turn was over."""
    said: list[str] = []
    prepared: list[str] = []
    interim, asked_ms = "", None
    for _, at, what in steps:
        match what:
            case ac.EndTurn():
                said, prepared, interim, asked_ms = [], [], "", None
            case ev.TranscriptInterim():
                interim = what.text
            case ev.TranscriptFinal() if what.text:
                said, interim = [*said, what.text], ""
            case ev.TurnPredicted() | ev.TurnConfirmed():
                said, interim = [what.text], ""
            case ac.AskModel():
                prepared, asked_ms = [], round((at - zero) * 1000)
            case ac.Synthesize():
                prepared.append(what.text)
            case _:
                pass
    heard = " ".join([*said, interim]).strip()
    return {
        "said": _words(heard, shows_words=shows_words),
        "prepared": _words(" ".join(prepared), shows_words=shows_words),
        "asked_ms": asked_ms,
    }


def _step(step: Footstep, zero: float, *, shows_words: bool) -> Sequence[object]:
    """(number, ms, kind, name, text, whether it is a failure, whether it is one of many)."""
    number, at, what = step
    kind, name, text = describe(what, with_words=shows_words)
    return [number, round((at - zero) * 1000), kind, name, text, is_failure(what), is_frequent(what)]


def _words(text: str, *, shows_words: bool) -> str:
    return text if shows_words or not text else masked(text)


def _actors_of(desk: Desk, view: CallView) -> list[Stats]:
    return desk.runtime.stats.under(call_path(view)) if view.is_alive else []


def _usage(desk: Desk, view: CallView) -> Json:
    usage = view.usage
    cost = usage.cost(desk.services.settings.prices)
    return {
        "requests": usage.requests,
        "requests_wasted": usage.requests_wasted,
        "tokens": usage.input_tokens + usage.cached_tokens + usage.output_tokens,
        "tokens_wasted": usage.tokens_wasted,
        "characters": usage.characters,
        "cost": round(sum(cost.values()), 4),
    }


# --- the last hour ---------------------------------------------------------------------


def health(desk: Desk, zero_s: float) -> Rows:
    """Response times of the last hour and where they went, and what failed since the engine began."""
    now = desk.now()
    tally = desk.services.tally
    samples = tally.samples(now - latency.WINDOW_S)
    by_part = {part: sorted(getattr(each.latency, part) for each in samples) for part in PARTS}
    return {
        "answers": len(samples),
        "parts": {part: latency.distribution(found) for part, found in by_part.items()},
        "bins_ms": BINS_MS,
        "bars": _bars(by_part["response"]),
        "minutes": _minutes(samples, now),
        "minutes_end": epoch_ms(zero_s, now),
        "ended": [[*labels, count] for labels, count in tally.counts("ended")],
        "dead_air": [[*labels, count] for labels, count in tally.counts("dead_air")],
        "vendors": [[*key, count] for key, count in sorted(desk.runtime.stats.vendor_failures().items())],
        "refused": sum(count for _, count in tally.counts("refused")),
        "crashes": [
            [epoch_ms(zero_s, crash.at), crash.path, crash.error[:200]]
            for crash in reversed(desk.runtime.stats.crashes()[-20:])
        ],
        "gauges": dict(tally.gauges()),
    }


def _bars(ranked: Sequence[float]) -> list[int]:
    """How many responses up to each bound and above the one before it."""
    upto = [bisect_right(ranked, bound / 1000) for bound in BINS_MS] + [len(ranked)]
    return [count - before for count, before in zip(upto, [0, *upto], strict=False)]


def _minutes(samples: Sequence[Sample], now: float) -> list[Sequence[int] | None]:
    """(p50 ms, p95 ms, answers) of each minute of the hour, oldest first; None where nobody was answered."""
    minutes: list[list[float]] = [[] for _ in range(int(latency.WINDOW_S / FRAMES_S))]
    for sample in samples:
        minutes[-1 - min(int((now - sample.at) / FRAMES_S), len(minutes) - 1)].append(sample.latency.response)
    return [_middle_and_tail(sorted(found)) for found in minutes]


def _middle_and_tail(ranked: Sequence[float]) -> Sequence[int] | None:
    if not ranked:
        return None
    return [latency.percentile_ms(ranked, 50), latency.percentile_ms(ranked, 95), len(ranked)]
