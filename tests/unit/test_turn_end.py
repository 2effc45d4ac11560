"""How likely it is that the caller is done, from the words alone."""

from __future__ import annotations

import pytest

from telnyx_actors.core.turn_end import Ending, TurnEndSettings, expectation, is_backchannel, is_greeting


@pytest.mark.parametrize(
    "text",
    [
        "Quiero agendar una cita para mañana.",
        "¿Cuánto cuesta la consulta?",
        "cuánto cuesta la consulta",
        "a qué hora abren mañana",
        "sí",
        "No.",
        "sí, claro",
        "siiii",
        "listo, gracias",
        "pues no, eso es todo",
        "me regala la dirección por favor",
        "Carlos",
        "María Fernanda Gómez",
        "me llamo carlos pérez",
        "habla con lucía",
        "¿Por qué?",
        "¿Cuánto?",
        "creo que si",
        "no sé",
        "no tengo",
        "sí hay",
        "el martes no puedo",
        "318 383 8417",
        "mi número es tres uno ocho, tres ocho tres, ochenta y cuatro diecisiete",
        "María arroba gmail punto com",
    ],
)
def test_complete_words_need_little_silence(text: str) -> None:
    assert expectation(text) is Ending.COMPLETE


@pytest.mark.parametrize(
    "text",
    [
        "Quiero una cita para",
        "quiero una cita y.",
        "es que",
        "o sea",
        "Lo que pasa es que mi perro...",
        "mi perro está enfermo,",
        "mi nombre es",
        "no sé si",
        "llamaba porque",
        "¿y el precio de?",
        "eh",
        "Bueno, pues",
        "quiero saber cuánto",
        "buenas, es para",
        "quería saber si hay",
        "la llamo para que",
        "sí, yo soy",
        "el precio de una",
    ],
)
def test_words_that_hang_in_the_air_are_waited_for(text: str) -> None:
    assert expectation(text) is Ending.OPEN


@pytest.mark.parametrize(
    "text",
    [
        "Mi teléfono es tres uno ocho",
        "mi cédula es 52 34",
        "318 383",
        "tres dieciocho",
        "treinta y uno ochenta y tres",
        "el número es 318 383 841.",
        "maría arroba",
        "jota ka",
        "g o m",
        "la dirección es calle 80",
    ],
)
def test_what_is_being_read_out_is_waited_for(text: str) -> None:
    assert expectation(text) is Ending.DICTATING


@pytest.mark.parametrize(
    "text", ["quiero agendar una cita mañana", "a las tres y media", "tengo dos perros", "", "  …"]
)
def test_the_rest_is_unclear(text: str) -> None:
    assert expectation(text) is Ending.UNCLEAR


@pytest.mark.parametrize("text", ["A LAS CINCO", "a las cinco", "tiene dos", "en 2019", "son cincuenta mil"])
def test_hours_and_quantities_are_not_dictation(text: str) -> None:
    assert expectation(text) is not Ending.DICTATING


@pytest.mark.parametrize(("heard", "same"), [("ES QUE", "és qué"), ("SÍ", "si"), ("¿por que?", "¿POR QUÉ?")])
def test_case_and_accents_make_no_difference(heard: str, same: str) -> None:
    assert expectation(heard) is expectation(same)


def test_a_text_of_any_length_is_read_from_its_end() -> None:
    assert expectation("bla " * 100_000 + "y") is Ending.OPEN


def test_each_ending_has_its_silence() -> None:
    settings = TurnEndSettings(complete_ms=200)

    assert [settings.silence_ms(ending) for ending in Ending] == [200, 600, 1000, 1000]


@pytest.mark.parametrize(
    "text",
    [
        "sí",
        "Ajá.",
        "mm",
        "mmmm",
        "Mhm",
        "ok",
        "claro",
        "ya",
        "listo",
        "dale",
        "bueno",
        "sí, sí, sí",
        "Sí claro.",
        "ajá, ok",
        "claro que sí",
        "muy bien",
        "siii",
        "¡Ah, ya!",
    ],
)
def test_a_listener_says_so_without_taking_the_turn(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text", ["no", "espera", "sí, pero", "¿ah?", "¿Sí?", "sí sí sí sí", "ok, una pregunta", "", "...", "bueno, gracias"]
)
def test_a_caller_who_wants_the_turn_is_not_taken_for_a_listener(text: str) -> None:
    assert not is_backchannel(text)


@pytest.mark.parametrize("text", ["¿Aló?", "aló", "Hola, buenos días.", "sí, buenas", "¿Sí, aló?", "¿Diga?"])
def test_greeting_back_is_told_from_speaking(text: str) -> None:
    assert is_greeting(text)


@pytest.mark.parametrize("text", ["hola, necesito una cita", "buenos días, con Carlos", "", "no"])
def test_more_than_a_greeting_is_an_answer(text: str) -> None:
    assert not is_greeting(text)


@pytest.mark.parametrize(("complete_ms", "open_ms"), [(250, 1000), (800, 1000), (50, 10_000), (1000, 1000)])
def test_what_is_unclear_waits_longer_than_a_sentence_and_no_longer_than_what_goes_on(
    complete_ms: int, open_ms: int
) -> None:
    silences = TurnEndSettings.between(complete_ms, open_ms)
    assert (silences.complete_ms, silences.open_ms, silences.dictating_ms) == (complete_ms, open_ms, open_ms)
    assert complete_ms <= silences.unclear_ms <= open_ms


def test_the_usual_silences_are_between_their_own_ends() -> None:
    usual = TurnEndSettings()
    assert TurnEndSettings.between(usual.complete_ms, usual.open_ms) == usual
