"""The same words, heard by two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_actors.core.two_hearings import merged, unheard

ALL = "¿Cuánto cuesta la consulta?"
words = st.lists(st.sampled_from(["uno", "dos", "tres", "cuatro", "cinco"]), max_size=6).map(" ".join)


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        ("", ALL, ALL),
        ("¿Cuánto", ALL, ALL),
        ("¿Cuánto cues", ALL, ALL),
        ("¿Cuánto puesta la", ALL, ALL),
        ("¿Cuánto cuesta sin cita la consulta?", ALL, "¿Cuánto cuesta sin cita la consulta?"),
        ("cuánto la consulta", ALL, ALL),
        ("la consulta?", ALL, ALL),
        (ALL, ALL, ALL),
        ("Buenas tardes. ¿Cuánto", ALL, f"Buenas tardes. {ALL}"),
        ("Quiero una cita", "Mañana a las tres", "Quiero una cita Mañana a las tres"),
        ("¿Cuánto cuesta la consulta con el doctor?", "¿Cuánto cuesta la", "¿Cuánto cuesta la consulta con el doctor?"),
    ],
)
def test_two_hearings_of_a_sentence_are_one_sentence(ours: str, theirs: str, both: str) -> None:
    assert merged(ours, theirs) == both


@given(words, words)
def test_no_word_is_lost_unless_the_other_hearing_has_others_in_its_place(ours: str, theirs: str) -> None:
    both = merged(ours, theirs).split()
    iterator = iter(both)
    assert all(word in iterator for word in theirs.split()), "every word of theirs, in order"
    assert set(both) <= {*ours.split(), *theirs.split()}


@given(words)
def test_what_both_have_heard_is_there_once(text: str) -> None:
    assert merged(text, text) == text
    assert unheard(text, text) == ""


@pytest.mark.parametrize(
    ("ours", "theirs", "rest"),
    [
        ("", ALL, ALL),
        (ALL, "cuanto cuesta la consulta", ""),
        (ALL, "¿Cuánto cuesta esta consulta?", ""),
        ("¿Cuánto", ALL, "cuesta la consulta?"),
        ("Buenas tardes, quiero preguntar una cosa. ¿Cuánto", ALL, "cuesta la consulta?"),
        ("Quiero una cita.", ALL, ALL),
    ],
)
def test_what_was_answered_is_not_heard_again(ours: str, theirs: str, rest: str) -> None:
    assert unheard(ours, theirs) == rest
