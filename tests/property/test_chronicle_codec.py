"""Whatever a call takes in and decides comes back from its chronicle as it was; whatever else is in the file is refused."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.simulation import LINES
from telnyx_actors.core.actions import Action
from telnyx_actors.core.chronicle import Beginning, End, Step, Steps
from telnyx_actors.core.events import CallEvent, TranscriptFinal
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.wire.chronicle import Unreadable, Unwritable, decode_page, encode_page

EVENTS = get_args(CallEvent)
ACTIONS = get_args(Action)

times = st.floats(allow_nan=False)
st.register_type_strategy(float, times)
st.register_type_strategy(int, st.integers(-(2**63), 2**64 - 1))

PAGE = encode_page(Steps(7, [Step(0.1, TranscriptFinal("sí"), (), 0.3)], End.OVER))


def there_and_back(step: Step) -> Step:
    page = decode_page(encode_page(Steps(3, [step])))
    assert isinstance(page, Steps)
    assert (page.first, page.end) == (3, None)
    [found] = page.steps
    return found


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_comes_back_as_it_was(kind: type[Any]) -> None:
    @given(st.from_type(kind), times, st.none() | times, st.text())
    def holds(event: Any, at: float, deadline: float | None, error: str) -> None:
        step = Step(at, event, (), deadline, error)
        found = there_and_back(step)
        assert (found, type(found.event), repr(found)) == (step, kind, repr(step))

    holds()


@pytest.mark.parametrize("kind", ACTIONS, ids=lambda kind: kind.__name__)
def test_every_action_comes_back_as_it_was(kind: type[Any]) -> None:
    @given(st.lists(st.from_type(kind), min_size=1, max_size=3))
    def holds(actions: list[Any]) -> None:
        step = Step(0.0, EVENTS[0](), actions, None)
        found = there_and_back(step)
        assert (found.answer, repr(found.answer)) == (step.answer, repr(step.answer))

    holds()


@given(times, st.builds(SavedCall, st.text()) | st.none(), st.none() | times)
def test_a_beginning_comes_back_as_it_was(at: float, saved: SavedCall | None, answered_s_ago: float | None) -> None:
    beginning = Beginning("core", "2026-01-01", at, Rules(), LINES, saved, answered_s_ago)
    assert decode_page(encode_page(beginning)) == beginning


@given(st.binary())
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(Unreadable):
        decode_page(garbage)


@pytest.mark.parametrize("size", range(len(PAGE)))
def test_a_page_that_is_cut_off_is_refused(size: int) -> None:
    with pytest.raises(Unreadable):
        decode_page(PAGE[:size])


@given(st.integers(0, len(PAGE) - 1), st.integers(1, 255))
def test_a_page_with_another_byte_is_the_same_or_refused(place: int, change: int) -> None:
    damaged = bytes(byte ^ change if index == place else byte for index, byte in enumerate(PAGE))
    try:
        page = decode_page(damaged)
    except Unreadable:
        return
    assert page == decode_page(PAGE)


@pytest.mark.parametrize("text", ["half a surrogate \ud800", 2**70])
def test_what_has_no_bytes_is_not_written(text: Any) -> None:
    with pytest.raises(Unwritable):
        encode_page(Steps(0, [Step(0.0, TranscriptFinal(text), (), None)]))
