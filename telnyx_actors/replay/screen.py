"""A call held again, for people: every event with its decision and deadline, and what was decided then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Final

from telnyx_actors.console.client.render import Paint, safe, width
from telnyx_actors.console.wording import describe
from telnyx_actors.core.actions import Action
from telnyx_actors.core.chronicle import End, Part, Replayed, Step
from telnyx_actors.core.events import CallEvent, MarkReturned, SpeechArrived, TimePassed
from telnyx_actors.core_version import core_version
from telnyx_actors.replay.verdict import Verdict

EVENT_CHARS: Final = 46
MARGIN: Final = " " * 22
"""Before the event: a sign, the time, the deadline."""

FREQUENT: Final = (SpeechArrived, MarkReturned, TimePassed)

_ENDS: Final = {
    End.OVER: "hasta el final de la llamada",
    End.RELEASED: "hasta que la tomó otro proceso",
    End.FULL: "cortada: es más larga de lo que se guarda",
    None: "sin final: el proceso murió, o la llamada sigue en curso",
}


def lines(verdict: Verdict, paint: Paint) -> Iterator[str]:
    chronicle = verdict.chronicle
    yield paint(f"Llamada {chronicle.ref}  {safe(chronicle.call_control_id)}".rstrip(), "bold")
    for number, (part, steps) in enumerate(verdict.parts, 1):
        yield from _heading(part, number, len(verdict.parts), paint)
        for step in steps:
            yield from _step(step, part.beginning.at, paint)
        if part.missing:
            yield paint("?  Aquí faltan páginas: lo que siguió no se puede repetir.", "yellow")
    yield ""
    yield from _conclusion(verdict, paint)


def _heading(part: Part, number: int, count: int, paint: Paint) -> Iterator[str]:
    beginning = part.beginning
    is_ours = beginning.core == core_version()
    began = f"{datetime.fromisoformat(beginning.wall).astimezone():%Y-%m-%d %H:%M:%S}"
    how = "desde su comienzo" if beginning.saved is None else "retomada de otro proceso"
    core = f"núcleo {safe(beginning.core)}" + ("" if is_ours else f", distinto del de ahora ({core_version()})")
    yield ""
    yield f"Parte {number} de {count}: {began}, {how}, {_ENDS[part.end]}; {len(part.steps)} sucesos; {core}"
    yield paint(f"{'hora':>10}  {'plazo':>8}  {'suceso':<{EVENT_CHARS}}  decisión", "dim")


def _step(replayed: Replayed, zero: float, paint: Paint) -> Iterator[str]:
    then, now = replayed
    style = "dim" if isinstance(then.event, FREQUENT) and not then.actions else ""
    if not replayed.differs:
        yield from _row(" ", then, zero, _answer(then), paint, style)
        return
    before, after = _answer(then), _answer(now)
    if before == after and then.actions != now.actions:  # in what the words leave out
        before, after = [*map(_in_full, then.actions)], [*map(_in_full, now.actions)]
    yield from _row("≠", then, zero, _under("entonces", before), paint, "red")
    yield from _row("", now, zero, _under("ahora", after), paint, "green")


def _under(heading: str, answer: Sequence[str]) -> list[str]:
    return [f"{heading if not index else '':<8}  {each}" for index, each in enumerate(answer)]


def _row(sign: str, step: Step, zero: float, answer: Sequence[str], paint: Paint, style: str) -> Iterator[str]:
    """One line a decision; an event that is too long for its column has a line of its own."""
    deadline = "–" if step.deadline is None else f"{step.deadline - step.at:+.3f}"
    event = _worded(step.event) if sign else ""
    at = f"{step.at - zero:.3f}" if sign else ""
    head = f"{sign:<1}{at:>9}  {deadline:>8}  "
    texts = [event] if width(event) <= EVENT_CHARS else [event, ""]
    decisions = answer if len(texts) == 1 else ["", *answer]
    for index, (text, decision) in enumerate(zip_longest(texts, decisions, fillvalue="")):
        space = " " * (EVENT_CHARS - width(text)) if decision else ""
        yield paint(f"{head if not index else MARGIN}{text}{space}  {decision}".rstrip(), style)


def _answer(step: Step) -> list[str]:
    if step.error:
        return [f"CAYÓ: {safe(step.error)}"]
    return [_worded(action) for action in step.actions] or ["·"]


def _worded(what: CallEvent | Action) -> str:
    _, name, details = describe(what, with_words=True)
    return safe(f"{name} {details}".rstrip())


def _in_full(action: Action) -> str:
    return safe(repr(action))


def _conclusion(verdict: Verdict, paint: Paint) -> Iterator[str]:
    chronicle, differences = verdict.chronicle, verdict.differences
    if chronicle.complaint:
        yield paint(safe(chronicle.complaint), "yellow")
    if not differences:
        yield paint(f"{verdict.steps} sucesos: todas las decisiones son las de entonces.", "green")
        return
    part, first = differences[0]
    yield paint(
        f"{verdict.steps} sucesos: {len(differences)} decisiones son otras, la primera a los "
        f"{first.then.at - part.beginning.at:.3f} s; las demás pueden venir de ella.",
        "red",
    )
    if not chronicle.is_of_this_core:
        yield paint("La decidió otra versión del núcleo: lo que difiere puede ser lo que se cambió en él.", "yellow")
