"""What is left of a call when its process has died: the fold of its journal.

The journal is a list of small facts in the order in which they happened; nothing in it is
ever changed. From any beginning of it, whatever the last entries that a crash may have
cost, a call can be taken up again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from telnyx_actors.core.history import CUT_OFF
from telnyx_actors.core.state import Transfer

Entry: TypeAlias = tuple[str, str, Mapping[str, object]]
"""(kind, wall time as ISO 8601, data)."""


@dataclass(slots=True)
class SavedCall:
    """``exchanges`` are (role, text) as the model is told; ``unanswered`` is what the caller said last."""

    ref: str
    direction: str = "outgoing"
    number: str = ""
    nombre: str = ""
    contexto: str = ""
    saludo: str = ""
    row: str = ""
    secret: str = ""
    call_control_id: str = ""
    started: str = ""
    answered: str = ""  # ISO 8601; "" when nobody has picked up yet
    audio_since: str = ""  # ISO 8601, the zero of the recording's time
    encoding: str = ""
    turns: int = 0
    exchanges: list[tuple[str, str]] = field(default_factory=list)
    unanswered: str = ""
    is_greeted: bool = False
    is_over: bool = False
    was_released: bool = False  # on purpose, by a process that lives
    rest: str = ""  # of the turn that was being spoken then, from the first sentence that was not heard to its end
    heard: str = ""  # of the turn in progress
    is_forgotten: bool = False  # by the journal: no entry of it is there
    said_over: str = ""  # by the caller, since that began to be heard
    transfer: Transfer = Transfer.NONE


def fold(ref: str, entries: Iterable[Entry]) -> SavedCall | None:
    """The call, or None when its beginning is not there."""
    call: SavedCall | None = None
    for kind, wall, data in entries:
        if kind == "begun":
            call = _begun(ref, wall, data)
        elif call is not None:
            _take(call, kind, wall, data)
    if call is not None and not call.was_released:
        _cut_off(call)
    return call


def _begun(ref: str, wall: str, data: Mapping[str, object]) -> SavedCall:
    call = SavedCall(ref, started=wall)
    for name in ("direction", "number", "nombre", "contexto", "saludo", "secret", "call_control_id"):
        setattr(call, name, str(data.get(name) or ""))
    return call


def _take(call: SavedCall, kind: str, wall: str, data: Mapping[str, object]) -> None:
    match kind:
        case "row":
            call.row = str(data.get("id") or "")
        case "identified":
            call.call_control_id = str(data.get("call_control_id") or "")
        case "answered":
            call.answered = call.answered or wall  # each process that has the call says so again
        case "audio":
            call.audio_since, call.encoding = wall, str(data.get("encoding") or "")
        case "words" if call.heard:
            call.said_over = f"{call.said_over} {data.get('text') or ''}".strip()
        case "dismissed" if call.heard:  # they only said that they were listening
            call.said_over = ""
        case "words":
            so_far = f"{call.unanswered} {data.get('text') or ''}".strip()  # all that an older version tells
            call.unanswered = str(data.get("owed", so_far))
        case "dismissed":
            call.unanswered = str(data.get("owed", ""))
        case "asked":
            call.unanswered = str(data.get("text") or "")
        case "heard":
            call.heard, call.rest = str(data.get("text") or ""), str(data.get("rest") or "")
            call.is_greeted = True
        case "turn":
            _exchange(call, str(data.get("said") or ""), str(data.get("heard") or ""))
            call.unanswered, call.heard, call.said_over, call.rest = "", "", "", ""
            number = data.get("number")
            call.turns = number + 1 if isinstance(number, int) else call.turns + 1
            call.is_greeted = True
        case "released":
            heard, rest = str(data.get("heard") or ""), str(data.get("rest") or "")
            _exchange(call, str(data.get("said") or ""), heard)
            call.unanswered, call.heard, call.said_over = str(data.get("unanswered") or ""), "", ""
            call.rest, call.was_released = rest, True
            call.is_greeted |= bool(heard or rest)
        case "adopted":
            _cut_off(call)
            call.rest, call.was_released = "", False
        case "transfer":
            call.transfer = next((each for each in Transfer if each == data.get("state")), Transfer.NONE)
        case "ended":
            call.is_over = True
        case _:
            pass  # written by a version that knew more


def _cut_off(call: SavedCall) -> None:
    """The process died. What was said before its last turn has been answered, if a part of that was heard."""
    if not call.heard or call.said_over:
        call.rest = ""  # it was not begun, or they have said something since
    if call.heard:
        _exchange(call, call.unanswered, call.heard + CUT_OFF)
        call.unanswered, call.heard, call.said_over = call.said_over, "", ""


def _exchange(call: SavedCall, said: str, heard: str) -> None:
    for role, text in (("user", said), ("assistant", heard)):
        if text:
            call.exchanges.append((role, text))
