from __future__ import annotations

import pytest

from support.demo_call import PROMPT, RESPONSE_S, DemoCall, seen_at
from telnyx_actors.demo.story import Line, Seen, tell


@pytest.fixture(scope="module")
def whole() -> Seen:
    return DemoCall().evidence().seen


def said(lines: list[Line], speaker: str) -> list[str]:
    return [line.text for line in lines if line.speaker == speaker]


def test_who_said_what_is_told_in_order(whole: Seen) -> None:
    lines = tell(whole)
    assert said(lines, "caller") == ["Puede ser el … sábado.", "¿Cuánto cuesta?", "No, mejor no.", "Ajá.", "Gracias."]
    assert said(lines, "agent")[:2] == ["Hola, Carlos.", "Claro que sí. A las nueve."]
    assert said(lines, "agent")[-2:] == [PROMPT, "Con mucho gusto. Hasta luego."]
    assert [line.at_s for line in lines] == sorted(line.at_s for line in lines)
    assert all(line.is_final for line in lines)


def test_of_an_interrupted_answer_the_rest_is_told_as_unheard(whole: Seen) -> None:
    line = next(line for line in tell(whole) if line.unheard)
    assert f"{line.text} {line.unheard}" == "Con gusto. Cuarenta y cinco mil pesos."
    assert line.text.startswith("Con gusto.")
    assert line.note.startswith("calla a los 1")


def test_around_a_murmur_the_answer_is_told_in_two_parts_and_measured_once(whole: Seen) -> None:
    first, rest = (line for line in tell(whole) if line.speaker == "agent" and "uando quieras" in line.text)
    assert "retoma" in first.note
    assert not first.unheard
    assert first.turn is None
    assert rest.text == "Cuando quieras nos llamas."
    assert rest.turn is not None
    assert rest.response_s == pytest.approx(RESPONSE_S, abs=0.03)


def test_a_question_into_the_silence_tells_how_long_it_was(whole: Seen) -> None:
    line = next(line for line in tell(whole) if line.text == PROMPT)
    assert line.note == "pregunta, después de 1,5 s de silencio"
    assert line.response_s is None


def test_what_is_told_as_final_is_told_the_same_ever_after(whole: Seen) -> None:
    end = tell(whole)
    most = 0
    for tenths in range(round(whole.record.duration_s * 10)):
        lines = tell(seen_at(whole, tenths / 10))
        count = next((index for index, line in enumerate(lines) if not line.is_final), len(lines))
        assert lines[:count] == end[:count], tenths / 10
        assert count >= most
        most = count
    assert most >= len(end) - 2


def test_what_is_being_said_is_told_word_by_word(whole: Seen) -> None:
    start = next(line.at_s for line in tell(whole) if line.text.startswith("Claro"))
    texts = [tell(seen_at(whole, start + tenths / 10))[-1].text for tenths in range(2, 12)]
    assert len(set(texts)) > 3
    assert all("Claro que sí. A las nueve.".startswith(text) for text in texts)


def test_a_call_of_which_the_engine_writes_nothing_is_told_all_the_same(whole: Seen) -> None:
    lines = tell(Seen(whole.record, whole.words, ()))
    assert [line.text for line in lines] == [line.text for line in tell(whole)]
    assert all(line.is_final for line in lines[:-1])


def test_before_anybody_spoke_there_is_nothing_to_tell(whole: Seen) -> None:
    assert tell(seen_at(whole, 0.0)) == []
