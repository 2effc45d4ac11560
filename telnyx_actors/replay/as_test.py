"""A call as a regression test: a file that holds the conversation again and expects the same decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from telnyx_actors.core import actions, events
from telnyx_actors.core.chronicle import Beginning, Part, Step, decide, decided_again
from telnyx_actors.core.events import CallEvent, VoiceConfirmed, VoiceStarted, VoiceStopped
from telnyx_actors.replay.masking import Masker
from telnyx_actors.replay.shelf import NoChronicle
from telnyx_actors.replay.source import Source
from telnyx_actors.replay.verdict import Verdict

DECIMALS: Final = 6
"""Of the times in a test, which begin at 0: a monotonic clock's are no pleasure to read."""

_WORDS: Final = frozenset({"text", "said", "generated", "heard", "previous_text", "messages", "number"})

_TEMPLATE: Final = '''"""{title}"""

from __future__ import annotations

import pytest

{imports}

Steps = list[tuple[float, CallEvent, list[Action] | None]]
"""When, what happened, and what was decided; None where the conversation fell over, which it shall not."""

{parts}


@pytest.mark.parametrize(("beginning", "steps"), [{pairs}])
def test_the_call_is_decided_as_it_was(beginning: Beginning, steps: Steps) -> None:
    conversation = beginning.conversation()
    for at, event, decided in steps:
        actions = conversation.handle(event, at)
        assert decided is None or actions == decided, f"at {{at}}: {{event}}"
'''


@dataclass(frozen=True, slots=True)
class TestPart:
    """A part of a call, made fit for a test. ``others``: steps that are decided differently for it."""

    __test__ = False  # pytest takes everything called Test… for one

    part: Part
    others: list[tuple[Step, Step]]


def write_test(verdict: Verdict, path: Path, *, is_masked: bool) -> Iterator[str]:
    """Write the file; what there is to say about it, for people. Raises ``NoChronicle``."""
    chronicle = verdict.chronicle
    if path.is_dir():
        path /= f"test_call_{chronicle.ref[:8].replace('-', '_')}.py"
    if not chronicle.parts:
        raise NoChronicle(f"De la llamada {chronicle.ref} no se puede leer nada. {chronicle.complaint}")
    masker = Masker() if is_masked else None
    made = [fit(part, masker) for part in chronicle.parts]
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(_source(verdict, [each.part for each in made], is_masked=is_masked))
    except OSError as error:
        raise NoChronicle(f"No se puede escribir {path}: {error.strerror}") from error
    yield f"{path}: {sum(len(each.part.steps) for each in made)} sucesos. Formato: ruff format {path}"
    if verdict.differences:
        yield f"{len(verdict.differences)} decisiones son otras que entonces; el test espera las de ahora."
    for each in made:
        for _, now in each.others:
            yield f"Para el test se decide otra cosa a los {now.at - each.part.beginning.at:.3f} s: {now.actions}"


def fit(part: Part, masker: Masker | None) -> TestPart:
    """The part as the core decides it now, up to where it falls over; its times begin at 0 if that changes nothing."""
    now = decided_again(part.beginning, [(step.at, step.event) for step in part.steps])
    known = [*takewhile(lambda step: not step.error, now.steps)]
    known += now.steps[len(known) : len(known) + 1]
    candidates = [_rewritten(part.beginning, known, masker, is_moved=is_moved) for is_moved in (True, False)]
    best = min(candidates, key=lambda each: len(_others(known, each.steps)))  # the first of two that are as good
    return TestPart(best, _others(known, best.steps))


def _rewritten(beginning: Beginning, steps: Sequence[Step], masker: Masker | None, *, is_moved: bool) -> Part:
    """With other words, and other times: what came no sooner than its deadline still does."""
    zero = beginning.at
    start = replace(beginning, wall="", at=0.0 if is_moved else zero)
    start = start if masker is None else masker.beginning(start)
    conversation, made = start.conversation(), list[Step]()
    due, due_then = conversation.next_deadline(), beginning.conversation().next_deadline()
    for step in steps:
        at, event = step.at, step.event if masker is None else masker.event(step.event)
        if is_moved:
            at, event = round(at - zero, DECIMALS), _moved(event, zero)
            if due is not None and due_then is not None and at < due and step.at >= due_then:
                at = due
        made.append(decide(conversation, event, at))
        due, due_then = made[-1].deadline, step.deadline
    return Part(start, made)


def _moved(event: CallEvent, zero: float) -> CallEvent:
    """Some events carry the moment that they mean."""
    match event:
        case VoiceStarted() | VoiceConfirmed() | VoiceStopped():
            return replace(event, at=round(event.at - zero, DECIMALS))
        case _:
            return event


def _others(then: Sequence[Step], now: Sequence[Step]) -> list[tuple[Step, Step]]:
    pairs = zip(then, now, strict=True)
    return [(was, is_) for was, is_ in pairs if shape(was.actions) != shape(is_.actions) or was.error != is_.error]


def shape(value: Any, field: str = "") -> Any:
    """What is left of a decision without its words and its times."""
    if field in _WORDS and not isinstance(value, int):
        return bool(value) if isinstance(value, str) else len(value)
    if isinstance(value, float):
        return None
    if isinstance(value, list | tuple):
        return [shape(item) for item in value]
    if is_dataclass(value):
        return type(value), [shape(getattr(value, each.name), each.name) for each in fields(value)]
    return value


# --- the file -----------------------------------------------------------------------


def _source(verdict: Verdict, parts: Sequence[Part], *, is_masked: bool) -> str:
    source = Source()
    source.add(actions.__name__, "Action")
    source.add(events.__name__, "CallEvent")
    blocks = [_part(source, number, part) for number, part in enumerate(parts, 1)]
    began = verdict.chronicle.parts[0].beginning.wall[:10]
    words = "its words are masked" if is_masked else "its words are those of a caller: keep them to yourself"
    return _TEMPLATE.format(
        title=f"Call {verdict.chronicle.ref[:8]} of {began}, as it was held; {words}.",
        imports="\n".join(source.imports()),
        parts="\n\n".join(blocks),
        pairs=", ".join(f"(BEGINNING_{number}, STEPS_{number})" for number in range(1, len(parts) + 1)),
    )


def _part(source: Source, number: int, part: Part) -> str:
    rows = [f"    ({step.at!r}, {source.code(step.event)}, {_decided(source, step)})," for step in part.steps]
    beginning = f"BEGINNING_{number} = {source.code(part.beginning)}"
    return "\n".join([beginning, f"STEPS_{number}: Steps = [", *rows, "]"])


def _decided(source: Source, step: Step) -> str:
    return "None" if step.error else source.code(list(step.actions))
