"""The chronicler: all that is decided goes into pages, and none of it twice."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from support.plans import PLAN, FakeWorld
from support.simulation import LINES, Pages
from support.stepping import StillRuntime
from telnyx_actors.actors import chronicler as module
from telnyx_actors.actors.address import Address
from telnyx_actors.actors.chronicler import PAGE_S, PAGE_STEPS, QUIET_S, Chronicler
from telnyx_actors.actors.recall import new_memory
from telnyx_actors.core import events as ev
from telnyx_actors.core import floor
from telnyx_actors.core.chronicle import Beginning, End, Steps
from telnyx_actors.core.rules import Rules

BEGINNING = Beginning("core", "", 0.0, Rules(ring_max_s=4.9), LINES)  # so something is always due soon
TIME = ev.TimePassed()


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def chronicler(pages: Pages) -> Chronicler:
    return Chronicler(BEGINNING.conversation(), BEGINNING, "ref", pages)


def test_a_step_is_what_the_conversation_says(chronicler: Chronicler) -> None:
    conversation = BEGINNING.conversation()
    chronicler.decide(ev.CallAnswered(), 0.1)
    conversation.handle(ev.CallAnswered(), 0.1)
    step = chronicler.decide(ev.MediaStarted(), 0.2)
    assert step.actions == conversation.handle(ev.MediaStarted(), 0.2) != []
    assert (step.at, step.event, step.deadline) == (0.2, ev.MediaStarted(), conversation.next_deadline())


def test_pages_follow_each_other_and_wait_for_company(chronicler: Chronicler, pages: Pages) -> None:
    for number in range(96):
        chronicler.decide(TIME, number / 20)
    cover, *leaves = pages.written
    assert cover == BEGINNING
    rows = [leaf for leaf in leaves if isinstance(leaf, Steps)]
    assert len(rows) == len(leaves) == 2
    assert all(after.first == before.first + len(before.steps) for before, after in pairwise(rows))
    assert all(leaf.steps[-1].at - leaf.steps[0].at == pytest.approx(PAGE_S) for leaf in rows)


def test_a_page_has_room_for_so_much(chronicler: Chronicler, pages: Pages) -> None:
    for _ in range(2 * PAGE_STEPS):
        chronicler.decide(TIME, 0.0)
    assert [len(page.steps) for page in pages.written if isinstance(page, Steps)] == [PAGE_STEPS, PAGE_STEPS]


def test_what_waits_is_handed_over_when_the_actor_ends_and_the_next_goes_on(
    chronicler: Chronicler, pages: Pages
) -> None:
    chronicler.flush()
    assert pages.written == []
    chronicler.decide(TIME, 0.0)
    chronicler.flush()
    chronicler.flush()
    chronicler.decide(TIME, 1.0)
    chronicler.close(End.OVER)
    [part] = pages.parts()
    assert ([step.at for step in part.steps], part.end, part.missing) == ([0.0, 1.0], End.OVER, False)


def test_after_the_end_nothing_is_kept(chronicler: Chronicler, pages: Pages) -> None:
    chronicler.decide(TIME, 0.0)
    chronicler.close(End.RELEASED)
    count = len(pages.written)
    assert chronicler.decide(TIME, 9.0).at == 9.0
    chronicler.close(End.OVER)
    chronicler.flush()
    assert len(pages.written) == count
    assert pages.parts()[0].end is End.RELEASED


def test_a_chronicle_that_is_too_long_says_so(
    chronicler: Chronicler, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEPS_MAX", PAGE_STEPS)
    for _ in range(2 * PAGE_STEPS):
        chronicler.decide(TIME, 0.0)
    [part] = pages.parts()
    assert (len(part.steps), part.end) == (PAGE_STEPS, End.FULL)


def test_a_conversation_that_falls_over_is_written_down_and_felt(
    chronicler: Chronicler, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    chronicler.decide(ev.CallAnswered(), 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(floor, "voice_started", None)
        with pytest.raises(TypeError):
            chronicler.decide(ev.VoiceStarted(0.2), 0.2)
    chronicler.decide(TIME, 0.3)
    chronicler.flush()
    [part] = pages.parts()
    assert [step.error[:9] for step in part.steps] == ["", "TypeError", ""]


def test_where_nobody_keeps_them_calls_are_held_all_the_same() -> None:
    chronicler = Chronicler(BEGINNING.conversation(), BEGINNING, "ref", Address())
    assert len([chronicler.decide(TIME, float(second)) for second in range(10)]) == 10
    chronicler.close(End.OVER)


def test_a_step_with_no_other_in_sight_does_not_wait(chronicler: Chronicler, pages: Pages) -> None:
    chronicler.decide(TIME, 0.0)
    assert pages.written == []
    beginning = replace(BEGINNING, rules=Rules(ring_max_s=QUIET_S))
    ringing = Chronicler(beginning.conversation(), beginning, "ref", pages)
    ringing.decide(TIME, 0.0)
    assert len(pages.parts()[0].steps) == 1


@pytest.mark.parametrize("is_kept", [True, False])
def test_the_setting_decides_whether_there_is_a_chronicle(tmp_path: Path, still: StillRuntime, is_kept: bool) -> None:
    services, pages = FakeWorld(tmp_path).services, Pages()
    services = replace(services, journal=pages, settings=replace(services.settings, keep_replay=is_kept))
    memory = new_memory(PLAN, lambda _: None, services, still.clock)
    memory.chronicler.decide(ev.CallAnswered(), still.clock.now())
    memory.chronicler.close(End.OVER)
    assert [part.end for part in pages.parts()] == [End.OVER] * is_kept
