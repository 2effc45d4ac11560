"""Who calls, and what is said: ordinary questions, an interruption, a goodbye, in another order each time."""

from __future__ import annotations

from typing import Final

from telnyx_actors.standins.caller import CallerScript, HangUp, InterruptAfter, Say, Step, WaitForAgent

QUESTIONS: Final = (
    "Hola, quisiera una cita para mi perro.",
    "¿Cuánto cuesta la consulta?",
    "¿A qué hora abren los sábados?",
    "¿Y dónde queda la clínica?",
    "¿Cada cuánto hay que vacunar a un cachorro?",
    "¿Tienen servicio a domicilio?",
    "¿Cuánto vale una radiografía?",
)
INTERRUPTIONS: Final = (
    "Perdone, ¿y a qué hora atienden los domingos?",
    "Disculpe, ¿a qué hora cierran los domingos?",
    "Un momento, ¿reciben tarjeta de crédito?",
)
"""Sentences of which also a model of turns (pipecat's) is sure that they are over, though a machine says them: what it
makes of a synthetic voice is not what is measured."""
GREETED: Final = WaitForAgent(silent_ms=700, timeout_s=15.0, required=False)
ANSWERED: Final = WaitForAgent(silent_ms=900, timeout_s=10.0, required=False)
"""A question that nobody answers is counted; its caller goes on to the next one."""

ANSWERS: Final = (
    ("perdone|disculpe|un momento", "Con gusto. Los domingos atendemos urgencias. También recibimos tarjeta."),
    (
        "cuesta|vale",
        (
            "Con gusto. La consulta vale sesenta mil pesos, la vacuna está en cuarenta y cinco mil, "
            "y el baño depende del tamaño del perro y del largo de su pelo."
        ),
    ),
    (
        "hora|atienden",
        (
            "Claro. Abrimos de lunes a viernes de ocho de la mañana a seis de la tarde, "
            "y los sábados de nueve a una, sin cita previa."
        ),
    ),
)
"""The long ones are those that are interrupted."""

LONG: Final = (QUESTIONS[1], QUESTIONS[2], QUESTIONS[6])
INTERRUPT_AFTER_S: Final = 1.2


def script(number: int) -> CallerScript:
    """The caller with this number: two questions heard out, a third interrupted, a last one, and the receiver goes down."""
    first, second = QUESTIONS[number % len(QUESTIONS)], QUESTIONS[(number * 3 + 1) % len(QUESTIONS)]
    steps: list[Step] = [
        GREETED,
        Say(first),
        ANSWERED,
        Say(second),
        ANSWERED,
        Say(LONG[number % len(LONG)]),
        InterruptAfter(INTERRUPT_AFTER_S, INTERRUPTIONS[number % len(INTERRUPTIONS)], timeout_s=10.0),
        ANSWERED,
        HangUp(),
    ]
    return CallerScript(tuple(steps), name=f"caller {number}")
