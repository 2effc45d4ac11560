from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from support.demo_call import FILLER, SCENARIO, DemoCall
from telnyx_actors.demo.check import Check, check_all
from telnyx_actors.demo.evidence import Evidence
from telnyx_actors.demo.figures import Tokens, measure
from telnyx_actors.demo.recording import Match, Side
from telnyx_actors.demo.summary import table
from telnyx_actors.standins import voices
from telnyx_actors.standins.carrier_call import CallEvent
from telnyx_actors.standins.phrasebook import HeardWord


@pytest.fixture
def evidence() -> Evidence:
    return DemoCall().evidence()


def failures(evidence: Evidence) -> list[str]:
    return [check.claim for check in check_all(evidence) if not check.is_ok]


def failure(evidence: Evidence, claim: str) -> Check:
    return next(check for check in check_all(evidence) if claim in check.claim)


def with_turn(evidence: Evidence, number: int, **changes: object) -> Evidence:
    """Only the written record is changed, not what was heard."""
    turns = list(evidence.transcript.turns)
    turns[number] = replace(turns[number], **changes)  # type: ignore[arg-type]  # a test names fields of Turn
    return replace(evidence, transcript=replace(evidence.transcript, turns=tuple(turns)))


def with_words(evidence: Evidence, change: Callable[[list[HeardWord]], list[HeardWord]]) -> Evidence:
    """Only what was heard is changed, not the written record."""
    return replace(evidence, seen=replace(evidence.seen, words=change(list(evidence.seen.words))))


def test_a_call_that_went_as_scripted_passes(evidence: Evidence) -> None:
    assert failures(evidence) == []
    assert len(check_all(evidence)) == 9


def test_a_script_that_was_not_lived_through_is_told_with_its_step(evidence: Evidence) -> None:
    evidence.record.script_error = "step 3 (Say): the call ended before it was done"
    check = failure(evidence, "guion")
    assert not check.is_ok
    assert "step 3" in check.detail


def test_a_call_that_the_engine_hung_up_is_not_the_scripted_one(evidence: Evidence) -> None:
    evidence.record.hangup_source = "caller"
    assert "La llamada siguió el guion" in failures(evidence)


def test_a_breach_of_the_carriers_protocol_fails(evidence: Evidence) -> None:
    evidence.record.events.append(CallEvent(1.0, 1.0, "violation", {"code": 100005}))
    assert "100005" in failure(evidence, "guion").detail
    assert "La llamada siguió el guion" in failures(evidence)


def test_a_wrong_word_in_an_answer_fails_and_is_quoted(evidence: Evidence) -> None:
    altered = with_words(evidence, lambda words: [replace(w, text="diez.") if w.text == "nueve." else w for w in words])
    check = failure(altered, "Una respuesta por turno")
    assert not check.is_ok
    assert "«Claro que sí. A las diez.»" in check.detail


def test_an_answer_that_did_not_come_fails(evidence: Evidence) -> None:
    *_, last = evidence.record.stream.segments
    evidence.record.stream.segments.remove(last)
    check = failure(evidence, "Una respuesta por turno")
    assert not check.is_ok
    assert "no hubo respuesta" in check.detail


def test_a_second_answer_to_the_same_turn_fails(evidence: Evidence) -> None:
    again = voices.speak("A las nueve.")
    end = evidence.record.stream.end
    evidence.record.stream.push(again.audio, end + 16_000)
    evidence.record.ended_at = end / 8000 + 5.0
    assert "Una respuesta por turno, palabra por palabra" in failures(evidence)


def test_a_greeting_that_was_not_the_one_asked_for_fails(evidence: Evidence) -> None:
    altered = with_words(evidence, lambda words: words[1:])
    assert "saludo" in failure(altered, "Una respuesta por turno").detail


def test_a_filler_before_a_late_answer_is_no_second_answer(evidence: Evidence) -> None:
    def with_filler(words: list[HeardWord]) -> list[HeardWord]:
        at = next(index for index, word in enumerate(words) if word.text == "Claro")
        filler = [replace(words[at], text=text) for text in FILLER.split()]
        return [*words[:at], *filler, *words[at:]]

    altered = with_words(evidence, with_filler)
    assert failures(altered) == []
    assert measure(altered).fillers == 1


def test_an_answer_that_waits_too_long_fails(evidence: Evidence) -> None:
    evidence.record.stream.segments[1].start += 8000 * 2
    assert any(claim.startswith("Ninguna respuesta tarda") for claim in failures(evidence))


def test_an_agent_who_talks_on_when_interrupted_fails(evidence: Evidence) -> None:
    clear = next(event for event in evidence.record.events if event.kind == "clear")
    evidence.record.events.remove(clear)
    assert "María calla cuando la interrumpen" in failures(evidence)


def test_audio_behind_a_clear_fails_and_is_counted(evidence: Evidence) -> None:
    cleared = next(event.at_s for event in evidence.record.events if event.kind == "clear")
    assert cleared is not None
    evidence.record.carrier.push(b"\x00" * 160, round(cleared * 8000) + 1600)
    check = failure(evidence, "calla cuando la interrumpen")
    assert not check.is_ok
    assert "160 bytes" in check.detail
    assert measure(evidence).bytes_after_clear == 160


def test_a_murmur_that_ends_the_answer_fails(evidence: Evidence) -> None:
    evidence.record.stream.segments[4:5] = []
    claims = failures(evidence)
    assert "María sigue cuando solo le asienten" in claims


def test_a_silence_in_which_nobody_asks_fails(evidence: Evidence) -> None:
    turns = tuple(turn for turn in evidence.seen.turns if turn.kind != "prompt")
    altered = replace(evidence, seen=replace(evidence.seen, turns=turns))
    assert "María pregunta cuando no se oye nada" in failures(altered)


def test_a_question_that_comes_too_early_fails(evidence: Evidence) -> None:
    scenario = replace(SCENARIO, silence_timeout_ms=4000)
    assert "María pregunta cuando no se oye nada" in failures(replace(evidence, scenario=scenario))


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (1, {"heard": "Claro que sí."}),
        (2, {"heard": "Con gusto. Cuarenta y cinco mil pesos. Y otra cosa más que nadie oyó."}),
        (2, {"heard": ""}),
        (3, {"said": "No, mejor sí."}),
        (4, {"kind": "goodbye"}),
    ],
)
def test_a_transcript_that_is_not_what_was_heard_fails(
    evidence: Evidence, number: int, changes: dict[str, object]
) -> None:
    assert failures(with_turn(evidence, number, **changes)) == ["La transcripción es lo que se oyó"]


def test_a_transcript_may_differ_by_the_words_around_a_cut(evidence: Evidence) -> None:
    heard = evidence.transcript.turns[2].heard
    assert failures(with_turn(evidence, 2, heard=heard.rsplit(" ", 1)[0])) == []


def test_a_turn_too_many_in_the_transcript_fails(evidence: Evidence) -> None:
    turns = (*evidence.transcript.turns, evidence.transcript.turns[-1])
    altered = replace(evidence, transcript=replace(evidence.transcript, turns=turns))
    assert failures(altered) == ["La transcripción es lo que se oyó"]


@pytest.mark.parametrize(
    ("length_s", "side"),
    [
        (0.06, Side((Match(0.0, 3.0, 0.999),), 0.0)),
        (-0.06, Side((Match(0.0, 3.0, 0.999),), 0.0)),
        (0.0, Side((Match(0.0, 3.0, 0.999), Match(7.0, 3.0, 0.4)), 0.0)),
        (0.0, Side((Match(0.0, 70.0, 0.999),), 0.0)),
        (0.0, Side((Match(0.0, 3.0, 0.999),), 0.5)),
        (0.0, Side((), 0.0)),
    ],
    ids=["long", "short", "other sound", "late", "too much", "empty"],
)
def test_a_recording_that_is_not_the_call_fails(evidence: Evidence, length_s: float, side: Side) -> None:
    length_s += evidence.record.duration_s
    for recording in (
        replace(evidence.recording, length_s=length_s, agent=side),
        replace(evidence.recording, length_s=length_s, caller=side),
    ):
        assert failures(replace(evidence, recording=recording)) == ["La grabación es la llamada"]


def test_an_engine_that_ended_badly_fails(evidence: Evidence) -> None:
    assert failures(replace(evidence, engine_exit=1)) == ["El motor terminó sin errores"]
    check = failure(replace(evidence, engine_errors=("12:00 ERROR algo se rompió",)), "motor")
    assert not check.is_ok
    assert "algo se rompió" in check.detail


def test_the_figures_are_those_of_the_carriers_clock(evidence: Evidence) -> None:
    figures = measure(evidence)
    assert figures.responses_s == pytest.approx([0.74] * 4, abs=0.03)
    assert figures.barge_ins_s == pytest.approx([0.12, 0.12], abs=0.05)
    assert figures.bytes_after_clear == 0
    assert figures.serial_s == (0.93, 0.91, 0.95, 0.95)
    assert figures.tokens == Tokens(40, 400, 0, 0, 4, 0)


def test_a_call_without_an_answer_has_a_table_all_the_same(evidence: Evidence) -> None:
    rows = {
        what: (value, beside) for what, value, beside in table(evidence, replace(measure(evidence), responses_s=()))
    }
    assert rows["Respuesta, p50 / p95"] == ("—", "en serie serían 930 / 950 ms: sin respuestas")


def test_tokens_for_words_that_no_turn_ended_with_were_in_vain(evidence: Evidence) -> None:
    request = {"kind": "request", "data": {"request_id": "x", "text": "Puede ser el"}}
    over = {"kind": "over", "data": {"request_id": "x", "tokens_sent": 7, "tokens_read": 90}}
    figures = measure(replace(evidence, model_entries=[*evidence.model_entries, request, over]))
    assert figures.tokens == Tokens(47, 490, 7, 90, 5, 1)
