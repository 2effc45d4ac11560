"""Clauses for the voice: early, whole, and never torn in the wrong place."""

from __future__ import annotations

import pytest

from telnyx_actors.core.sentences import ClauseSettings, ClauseSplitter, speakable


def clauses_of(text: str, *, limit_chars: int | None = None) -> list[str]:
    splitter = ClauseSplitter(limit_chars=limit_chars)
    return [clause.strip() for clause in splitter.feed(text) + splitter.finish()]


def test_the_first_clause_is_out_as_soon_as_the_word_after_its_comma_begins() -> None:
    splitter = ClauseSplitter()

    assert splitter.feed("Claro que sí,") == []
    assert splitter.feed(" a") == ["Claro que sí, "]


def test_later_clauses_are_sentences_rather_than_pieces_between_commas() -> None:
    text = "Claro que sí, atendemos hoy, mañana y el sábado. ¿Te agendo una cita?"

    assert clauses_of(text) == ["Claro que sí,", "atendemos hoy, mañana y el sábado.", "¿Te agendo una cita?"]


def test_a_long_sentence_is_cut_at_a_comma() -> None:
    text = "Con gusto te ayudo. La primera consulta de tu mascota cuesta cuarenta mil pesos, e incluye la revisión."

    assert clauses_of(text) == [
        "Con gusto te ayudo.",
        "La primera consulta de tu mascota cuesta cuarenta mil pesos,",
        "e incluye la revisión.",
    ]


def test_very_short_sentences_are_spoken_together() -> None:
    assert clauses_of("Sí. Claro. Te espero mañana a las ocho.") == ["Sí. Claro.", "Te espero mañana a las ocho."]


@pytest.mark.parametrize(
    "whole",
    [
        "Te atiende el Dr. Pérez o la Dra. Gómez.",
        "Estamos en la Av. Boyacá No. 45 con Cra. 7.",
        "Abrimos a las 8:30 a. m. y cerramos a las 5 p. m. todos los días.",
        "La dosis es de 3.5 o de 3,5 mililitros y vale $1.200.000 pesos.",
        "Llama al 318 383 8417 o al 601, 234, 56, 78 cuando quieras.",
        "Escríbenos a maria.lopez@clinica.com.co cuando quieras.",
        "Mira https://www.clinica.co/citas?hora=8:30,9:00&x=1.5 antes.",
        "Vacunas, baño... y peluquería canina para tu perro.",
        "¿Prefieres que la cita para tu perro sea el lunes en la mañana, o te sirve más el martes?",
        "¡Qué alegría que por fin te decidas a traer a tu perro, de verdad me alegra mucho!",
        "Atendemos perros y gatos (también conejos, hámsteres y aves de todo tamaño, por supuesto) hoy.",
        "Lo dice J. Pérez en EE. UU. y punto.",
    ],
)
def test_what_belongs_together_is_not_cut(whole: str) -> None:
    text = f"Hola, Carlos. {whole} ¿Algo más?"

    assert clauses_of(text) == ["Hola, Carlos.", whole, "¿Algo más?"]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Hasta las 5 p. m. ¿Te sirve esa hora?", ["Hasta las 5 p. m.", "¿Te sirve esa hora?"]),
        ("Baños, etc. Lo que quieras.", ["Baños, etc.", "Lo que quieras."]),
        ("¡Qué bueno!¿Y cómo se llama?", ["¡Qué bueno!", "¿Y cómo se llama?"]),
        ("Un momento… Ya lo encontré aquí.", ["Un momento…", "Ya lo encontré aquí."]),
        ("Tenemos dos:\n1. Vacunas y baños\n2. Peluquería", ["Tenemos dos:", "1. Vacunas y baños", "2. Peluquería"]),
    ],
)
def test_cuts_where_a_speaker_would_breathe(text: str, clauses: list[str]) -> None:
    splitter = ClauseSplitter(ClauseSettings(sentence_min_chars=10))

    assert [clause.strip() for clause in splitter.feed(text) + splitter.finish()] == clauses


def test_a_run_without_punctuation_is_cut_at_a_space() -> None:
    clauses = clauses_of("una palabra tras otra " * 20)

    assert max(map(len, clauses)) <= 120
    assert all(clause.split()[-1] in ("una", "palabra", "tras", "otra") for clause in clauses)


def test_a_forced_cut_spares_the_groups_of_a_phone_number() -> None:
    splitter = ClauseSplitter(ClauseSettings(max_chars=30))

    clauses = splitter.feed("llama por favor al 318 383 8417 hoy mismo o cuando puedas") + splitter.finish()

    assert clauses[:2] == ["llama por favor al ", "318 383 8417 hoy mismo o "]


def test_spaces_stay_at_the_end_of_the_clause_they_follow() -> None:
    splitter = ClauseSplitter()

    assert splitter.feed("  Hola, Carlos.  \n  ¿Cómo estás?  ") == ["  Hola, Carlos.  \n  "]
    assert splitter.finish() == ["¿Cómo estás?  "]


def test_nothing_in_gives_nothing_out() -> None:
    splitter = ClauseSplitter()

    assert splitter.feed("") == []
    assert splitter.finish() == []


LONG_REPLY = (
    "Claro que sí, Carlos. Atendemos de lunes a viernes de ocho a ocho, los sábados de nueve a seis, "
    "y los domingos de diez a dos. Si es una urgencia llámanos al número de emergencias a cualquier hora. ¿Algo más?"
)


def test_a_reply_that_is_too_long_ends_at_a_clause() -> None:
    splitter = ClauseSplitter(limit_chars=150)

    spoken = "".join(splitter.feed(LONG_REPLY) + splitter.finish())

    assert spoken.endswith("y los domingos de diez a dos. ")


def test_a_full_splitter_takes_no_more() -> None:
    splitter = ClauseSplitter(limit_chars=60)
    splitter.feed(LONG_REPLY)

    assert splitter.feed(" Y otra cosa más. Y otra.") == []
    assert splitter.finish() == []


def test_a_reply_within_its_limit_is_not_touched() -> None:
    splitter = ClauseSplitter(limit_chars=len(LONG_REPLY))

    assert "".join(splitter.feed(LONG_REPLY) + splitter.finish()) == LONG_REPLY


def test_a_clause_that_would_hang_in_the_air_gets_as_many_words_as_fit() -> None:
    text = "Con mucho gusto, " + "te cuento todo lo que necesitas saber sobre eso " * 5

    assert "".join(clauses_of(text, limit_chars=40)) == "Con mucho gusto,te cuento todo lo que"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**Hola**, soy *María* 😀", "Hola, soy María"),
        ("Claro (se ríe) que sí [pausa] amigo", "Claro que sí amigo"),
        ("*suspira profundo* Está bien.", "Está bien."),
        ("Abrimos (lunes a viernes) a las ocho.", "Abrimos (lunes a viernes) a las ocho."),
        ("## Horario\n- lunes\n- martes", "Horario, lunes, martes"),
        ("Mira [la página](https://x.co/a) ya", "Mira la página ya"),
        ("correo maria_lopez@x.co y __esto__", "correo maria_lopez@x.co y esto"),
        ("Vale $45.000, 38° y 3 + 2 = 5 %", "Vale $45.000, 38° y 3 + 2 = 5 %"),
        ("¿Sí\u200d? ¡Ñandú, pingüino y café!", "¿Sí? ¡Ñandú, pingüino y café!"),
        ("| a | b |", "a b"),
        ("bien 👍🏽👨‍👩‍👧 1️⃣", "bien 1"),
        ("👍 … ¡!", ""),
        ("", ""),
    ],
)
def test_a_voice_says_words_only(written: str, said: str) -> None:
    assert speakable(written) == said
