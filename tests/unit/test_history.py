"""What the model is told of the conversation."""

from __future__ import annotations

from telnyx_actors.core.history import CUT_OFF, OPENING, History

AGENT, CALLER = "assistant", "user"


def history(*entries: tuple[str, str], exchanges_max: int = 20) -> History:
    made = History(exchanges_max)
    for role, text in entries:
        (made.agent if role is AGENT else made.caller)(text)
    return made


def test_a_conversation_that_we_begin_begins_with_the_caller_all_the_same() -> None:
    assert history((AGENT, "Buenos días.")).messages("Hola.") == (
        (CALLER, OPENING),
        (AGENT, "Buenos días."),
        (CALLER, "Hola."),
    )


def test_a_conversation_that_the_caller_begins_needs_no_opening() -> None:
    assert history().messages("Hola.") == ((CALLER, "Hola."),)


def test_what_one_says_in_several_goes_is_one_message() -> None:
    made = history((CALLER, "Hola."), (CALLER, "Buenas."), (AGENT, "Buenos días."), (AGENT, "¿Sigues ahí?"))
    assert made.messages("Sí.") == ((CALLER, "Hola. Buenas."), (AGENT, "Buenos días. ¿Sigues ahí?"), (CALLER, "Sí."))


def test_words_that_were_not_answered_go_before_the_new_ones() -> None:
    assert history((CALLER, "Quiero una cita.")).messages("¿Aló?") == ((CALLER, "Quiero una cita. ¿Aló?"),)


def test_asking_again_about_what_is_remembered_adds_nothing() -> None:
    assert history((CALLER, "Quiero una cita.")).messages("") == ((CALLER, "Quiero una cita."),)


def test_what_was_cut_off_says_so() -> None:
    made = History(20)
    made.caller("Hola.")
    made.agent("Buenos días, clínica", is_cut=True)
    assert made.messages("¿Qué?")[1] == (AGENT, "Buenos días, clínica" + CUT_OFF)


def test_what_nobody_heard_leaves_no_trace() -> None:
    made = history((CALLER, "Hola."))
    made.agent("", is_cut=True)
    made.caller("")
    assert made.messages("¿Aló?") == ((CALLER, "Hola. ¿Aló?"),)


def test_the_oldest_exchanges_are_forgotten() -> None:
    turns = [(CALLER, f"pregunta {n}") if n % 2 else (AGENT, f"respuesta {n}") for n in range(40)]
    assert history(*turns, exchanges_max=2).messages("¿Y ahora?") == (
        (CALLER, OPENING),
        (AGENT, "respuesta 36"),
        (CALLER, "pregunta 37"),
        (AGENT, "respuesta 38"),
        (CALLER, "pregunta 39 ¿Y ahora?"),
    )


def test_what_was_asked_for_does_not_change_with_what_comes_later() -> None:
    made = history((CALLER, "Hola."))
    before = made.messages("¿Aló?")
    made.agent("Buenos días.")
    assert before == ((CALLER, "Hola. ¿Aló?"),)
