"""Chronicles: pages to parts, and conversations held again from them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.simulation import LINES, Simulation
from telnyx_actors.core import events as ev
from telnyx_actors.core.chronicle import Beginning, End, Part, Step, Steps, parts, replay, what_is_resumed
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.core_version import core_version

BEGINNING = Beginning("core", "", 0.0, Rules(), LINES)
SAVED = SavedCall(
    "ref",
    number="+573001234567",
    nombre="Ana",
    contexto="cita",
    secret="s3cr3t",
    turns=4,
    exchanges=[("user", "hola"), ("assistant", "buenas")],
    unanswered="¿cuánto vale?",
    is_greeted=True,
    rest="Vale cien.",
)


def steps(first: int, count: int, end: End | None = None) -> Steps:
    return Steps(first, [Step(float(number), ev.TimePassed(), (), None) for number in range(first, first + count)], end)


def recorded() -> Part:
    sim = Simulation()
    sim.connect()
    sim.says(5.0, 1.0, "quiero una cita.")
    sim.run(12.0)
    [part] = sim.pages.parts()
    return part


# --- pages --------------------------------------------------------------------------


def test_pages_are_joined_in_their_order() -> None:
    [part] = parts([BEGINNING, steps(0, 2), steps(2, 3, End.OVER)])
    assert [step.at for step in part.steps] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert (part.end, part.missing) == (End.OVER, False)


def test_each_process_has_a_part() -> None:
    later = replace(BEGINNING, at=100.0)
    first, second = parts([BEGINNING, steps(0, 2), later, steps(0, 1, End.OVER)])
    assert (len(first.steps), first.end) == (2, None)
    assert (second.beginning, len(second.steps)) == (later, 1)


@pytest.mark.parametrize("lost", [[steps(3, 1)], [None], [None, steps(2, 1)], [steps(0, 2)]])
def test_what_follows_a_lost_page_is_left_out(lost: list[Steps | None]) -> None:
    [part] = parts([BEGINNING, steps(0, 2), *lost, steps(4, 1, End.OVER)])
    assert (len(part.steps), part.missing, part.end) == (2, True, None)


def test_the_next_part_is_whole_though_the_one_before_is_not() -> None:
    first, second = parts([BEGINNING, None, BEGINNING, steps(0, 1, End.OVER)])
    assert (first.missing, second.missing, len(second.steps)) == (True, False, 1)


def test_steps_without_a_beginning_are_left_out() -> None:
    assert parts([None, steps(0, 1)]) == []


# --- held again ---------------------------------------------------------------------


def test_a_call_held_again_decides_the_same() -> None:
    part = recorded()
    assert sum(bool(step.actions) for step in part.steps) > 5
    assert [step.then for step in replay(part) if step.differs] == []


def test_another_decision_is_a_difference() -> None:
    part = recorded()
    index = next(number for number, step in enumerate(part.steps) if step.actions)
    part.steps[index] = part.steps[index]._replace(actions=())
    assert [step.differs for step in replay(part)] == [number == index for number in range(len(part.steps))]


@pytest.mark.parametrize("other", [{"deadline": 1e9}, {"error": "KeyError()"}])
def test_another_deadline_and_a_fall_are_differences(other: dict[str, float | str]) -> None:
    part = recorded()
    part.steps[3] = part.steps[3]._replace(**other)  # type: ignore[arg-type]  # one of its fields
    assert [number for number, step in enumerate(replay(part)) if step.differs] == [3]


def test_a_core_that_falls_over_does_so_again_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    part = recorded()
    handle = Conversation.handle

    def falling(self: Conversation, event: ev.CallEvent, now: float) -> object:
        if isinstance(event, ev.TranscriptFinal):
            raise KeyError("attempt")
        return handle(self, event, now)

    monkeypatch.setattr(Conversation, "handle", falling)
    fallen = [step for step in replay(part) if step.now.error]
    assert [type(step.then.event) for step in fallen] == [ev.TranscriptFinal]
    assert fallen[0].differs
    assert fallen[0].now.error == "KeyError('attempt')"


def test_a_resumed_call_is_resumed_again() -> None:
    beginning = replace(BEGINNING, saved=what_is_resumed(SAVED), answered_s_ago=3.0)
    ours = Conversation.resume(Rules(), LINES, 0.0, SAVED, 3.0)
    assert beginning.conversation().state == ours.state


def test_of_a_saved_call_only_what_is_resumed_is_written_down() -> None:
    kept = repr(what_is_resumed(SAVED))
    assert not any(text in kept for text in (SAVED.number, SAVED.nombre, SAVED.contexto, SAVED.secret))


def test_the_version_of_the_core_is_a_short_name() -> None:
    assert core_version() == core_version()
    assert core_version().isalnum()
