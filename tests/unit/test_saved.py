from __future__ import annotations

from collections.abc import Mapping

import pytest

from telnyx_actors.core.history import CUT_OFF
from telnyx_actors.core.saved import Entry, fold
from telnyx_actors.core.state import Transfer

WALL = "2026-11-22T10:00:00+00:00"


def journal(*entries: tuple[str, Mapping[str, object]]) -> list[Entry]:
    return [(kind, WALL, data) for kind, data in entries]


BEGUN = ("begun", {"direction": "outgoing", "number": "+573001234567", "nombre": "Ana", "secret": "s"})
GREETING = ("turn", {"number": 0, "said": "", "heard": "Buenos días.", "end": "completed"})


def test_a_call_without_a_beginning_is_none() -> None:
    assert fold("r", journal(("identified", {"call_control_id": "v3:x"}), GREETING)) is None


def test_what_was_said_and_heard_is_kept_in_order() -> None:
    call = fold(
        "r",
        journal(
            BEGUN, GREETING, ("words", {"text": "Hola."}), ("turn", {"number": 1, "said": "Hola.", "heard": "Dime."})
        ),
    )

    assert call is not None
    assert call.exchanges == [("assistant", "Buenos días."), ("user", "Hola."), ("assistant", "Dime.")]
    assert (call.turns, call.unanswered, call.is_greeted) == (2, "", True)


def test_words_that_nobody_answered_are_still_owed_an_answer() -> None:
    call = fold("r", journal(BEGUN, GREETING, ("words", {"text": "Quiero"}), ("words", {"text": "una cita."})))

    assert call is not None
    assert call.unanswered == "Quiero una cita."


def test_the_question_that_was_being_answered_counts_more_than_its_pieces() -> None:
    call = fold("r", journal(BEGUN, ("words", {"text": "Quiero"}), ("asked", {"text": "Quiero una cita."})))

    assert call is not None
    assert call.unanswered == "Quiero una cita."


def test_a_murmur_is_owed_nothing() -> None:
    call = fold("r", journal(BEGUN, GREETING, ("words", {"text": "Ajá."}), ("dismissed", {})))

    assert call is not None
    assert call.unanswered == ""


def test_a_reply_that_was_heard_in_part_is_in_the_history_as_cut() -> None:
    call = fold(
        "r",
        journal(BEGUN, GREETING, ("asked", {"text": "¿Cuánto vale?"}), ("heard", {"text": "Vale sesenta"})),
    )

    assert call is not None
    assert call.exchanges[-2:] == [("user", "¿Cuánto vale?"), ("assistant", "Vale sesenta" + CUT_OFF)]
    assert call.unanswered == ""


def test_a_reply_that_was_cut_off_is_gone_on_with() -> None:
    cut = ("heard", {"text": "A las ocho", "rest": "A las ocho en punto."})
    asked = ("asked", {"text": "¿A qué hora?"})
    call = fold("r", journal(BEGUN, asked, cut))
    assert call is not None
    assert call.rest == "A las ocho en punto."
    assert call.exchanges == [("user", "¿A qué hora?"), ("assistant", "A las ocho—")]
    over = fold("r", journal(BEGUN, asked, cut, ("turn", {"said": "¿A qué hora?", "heard": "A las ocho en punto."})))
    assert over is not None
    assert over.rest == ""


@pytest.mark.parametrize(
    "entries",
    [
        [("heard", {"text": "", "rest": "A las ocho."})],  # a filler, and nothing of the reply
        [("heard", {"text": "A las", "rest": "A las ocho."}), ("words", {"text": "¿Y los domingos?"})],
        [("heard", {"text": "A las", "rest": "A las ocho."}), ("adopted", {})],
    ],
)
def test_what_was_not_begun_or_was_spoken_over_is_not_gone_on_with(entries: list[tuple[str, dict[str, str]]]) -> None:
    call = fold("r", journal(("begun", {}), ("asked", {"text": "¿A qué hora?"}), *entries))
    assert call is not None
    assert call.rest == ""


def test_entries_of_a_newer_version_and_broken_data_do_no_harm() -> None:
    call = fold(
        "r", journal(BEGUN, ("sang", {"song": 1}), ("turn", {"number": "x"}), ("words", {}), ("heard", {"text": 7}))
    )

    assert call is not None
    assert call.turns == 1


def test_a_call_was_answered_when_the_first_process_saw_it() -> None:
    answers: list[Entry] = [("answered", f"2026-11-22T10:00:0{second}+00:00", {}) for second in (1, 9)]
    call = fold("r", [*journal(BEGUN), *answers])

    assert call is not None
    assert call.answered == "2026-11-22T10:00:01+00:00"


@pytest.mark.parametrize(
    ("heard", "rest", "is_greeted"),
    [("Buenos días,", "le habla María.", True), ("", "Buenos días.", True), ("", "", False)],
)
def test_a_greeting_that_was_being_said_at_a_handover_is_not_said_again(
    heard: str, rest: str, is_greeted: bool
) -> None:
    call = fold("r", journal(BEGUN, ("answered", {}), ("released", {"heard": heard, "rest": rest})))

    assert call is not None
    assert (call.is_greeted, call.rest) == (is_greeted, rest)


ANSWERING = (BEGUN, ("asked", {"text": "Quiero una cita."}), ("heard", {"text": "Claro que"}))
ANSWERED_IN_PART = [("user", "Quiero una cita."), ("assistant", "Claro que" + CUT_OFF)]


def test_what_was_said_over_a_reply_comes_after_it_and_is_owed_an_answer() -> None:
    call = fold("r", journal(*ANSWERING, ("words", {"text": "No, espere."}), ("words", {"text": "Es para mi gato."})))

    assert call is not None
    assert call.exchanges == ANSWERED_IN_PART
    assert call.unanswered == "No, espere. Es para mi gato."


def test_a_murmur_over_a_reply_takes_nothing_from_what_it_answers() -> None:
    call = fold("r", journal(*ANSWERING, ("words", {"text": "Ajá."}), ("dismissed", {})))

    assert call is not None
    assert call.exchanges == ANSWERED_IN_PART
    assert call.unanswered == ""


def test_what_a_death_cut_off_is_in_the_history_of_the_process_after_the_next() -> None:
    said = ("words", {"text": "No, espere."})
    recovery = ("turn", {"said": "", "heard": "Se cortó."})
    call = fold("r", journal(*ANSWERING, said, ("adopted", {}), recovery, ("asked", {"text": "No, espere."})))

    assert call is not None
    assert call.exchanges == [*ANSWERED_IN_PART, ("assistant", "Se cortó.")]
    assert call.unanswered == "No, espere."


@pytest.mark.parametrize("state", list(Transfer))
def test_whether_a_person_has_the_caller_is_known(state: Transfer) -> None:
    call = fold("r", journal(BEGUN, ("transfer", {"state": "asked"}), ("transfer", {"state": state.value})))

    assert call is not None
    assert call.transfer is state


def test_a_transfer_that_nobody_knows_is_none() -> None:
    call = fold("r", journal(BEGUN, ("transfer", {"state": "sung"})))

    assert call is not None
    assert call.transfer is Transfer.NONE
