"""Steps of a call in words: names and figures, and what people said only where that may be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

from telnyx_actors.actors.trail import Incident, What
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import TurnRecord
from telnyx_actors.logs import mask_phone

TEXT_MAX_CHARS: Final = 200

_SPOKEN: Final = frozenset({"text", "said", "previous_text", "digit", "messages"})
_OMITTED: Final = frozenset({"at"})  # the step itself says when
_NUMBERS: Final = frozenset({"number"})
_ACTIONS: Final = frozenset(each.__name__ for each in ac.Action.__args__)


def describe(what: What, *, with_words: bool) -> tuple[str, str, str]:
    """What it is (event, action, incident), its name, and its details."""
    if isinstance(what, Incident):
        return "incident", "", shortened(what.text)
    name = type(what).__name__
    kind = "action" if name in _ACTIONS else "event"
    if isinstance(what, ac.EndTurn):
        return kind, name, _record(what.record, with_words=with_words)
    return kind, name, " ".join(_details(what, with_words=with_words))


def _details(what: ev.CallEvent | ac.Action, *, with_words: bool) -> Iterator[str]:
    for each in fields(what):
        value: Any = getattr(what, each.name)
        if value == each.default or each.name in _OMITTED:
            continue
        if each.name in _SPOKEN and not with_words:
            yield f"{each.name}={masked(value)}"
        elif each.name in _NUMBERS:
            yield f"{each.name}={mask_phone(str(value))}"
        elif isinstance(value, float):
            yield f"{each.name}={value:.3f}"
        else:
            yield f"{each.name}={shortened(str(value))}"


def _record(record: TurnRecord, *, with_words: bool) -> str:
    answered = "" if record.latency is None else f", respuesta {round(record.latency.response * 1000)} ms"
    heard = record.heard if with_words else masked(record.heard)
    return f"turno {record.number} {record.kind.value}: {record.end.value}{answered}, se oyó {heard or 'nada'}"


def masked(value: object) -> str:
    """How much there is of what must not be shown."""
    if isinstance(value, str):
        return f"•••({len(value)} letras)" if value else "•••"
    return f"•••({len(value)})" if isinstance(value, tuple) else "•••"


def shortened(text: str) -> str:
    return text if len(text) <= TEXT_MAX_CHARS else f"{text[:TEXT_MAX_CHARS]}…"
