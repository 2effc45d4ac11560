"""What is said in every call of the suite: short, and each answer known by words of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from telnyx_actors.standins.caller import CallerScript, HangUp, Say, Step, WaitForAgent

PERSONA: Final = """
name = "Lía"
business = "Prueba"
system_prompt = "Eres Lía. Hora: {hora}, fecha: {fecha}. Hablas con {nombre}. Motivo: {contexto}"

[greetings]
morning = "Muy buenos días."
afternoon = "Muy buenas tardes."
evening = "Muy buenas noches."

[goodbyes]
silence = "No hay nadie, adiós."
limit = "Se acaba el tiempo, adiós."
failure = "Hay un problema, adiós."

[lines]
fillers = ["Ya le miro eso.", "Déjeme ver."]
silence_prompts = ["¿Sigue ahí conmigo?"]
quick_reply = "Ya voy."
apology = "Perdone la demora, un momento."
failure = "Perdone, ¿cómo me dijo?"
recovery = "Se cortó un momento, disculpe."
transfer = "Le comunico con alguien."
"""


@dataclass(frozen=True, slots=True)
class Exchange:
    """``keys`` end the answer's sentences, and are in no other; ``cue`` finds the question."""

    question: str
    cue: str
    answer: str
    keys: tuple[str, ...]


EXCHANGES: Final = (
    Exchange(
        "¿Cuánto cuesta la consulta?",
        "cuesta",
        "Vale cincuenta mil pesos. También recibimos tarjeta.",
        ("pesos", "tarjeta"),
    ),
    Exchange("¿Y atienden los domingos?", "atienden", "Los domingos abrimos temprano.", ("temprano",)),
    Exchange("¿Dónde queda la clínica?", "queda", "Estamos frente al parque principal.", ("principal",)),
)

LONG: Final = Exchange(
    "¿Me cuenta del hospital?",
    "hospital",
    "Lo fundó una señora de apellido Valencia. Empezó con dos camillas y una lámpara. Luego compraron la casa "
    "de la esquina. Allí pusieron el primer quirófano. Después llegó el laboratorio nuevo. Más tarde abrieron la "
    "farmacia. Hace un año inauguraron la guardería. Este verano estrenamos el jardín. En otoño vino el segundo "
    "médico. Con él empezaron las urgencias. Ahora somos doce en el equipo. El mes que viene pintamos la fachada.",
    (
        *("valencia", "lámpara", "esquina", "quirófano", "nuevo", "farmacia"),
        *("guardería", "jardín", "médico", "urgencias", "equipo", "fachada"),
    ),
)
"""Half a minute of speech."""

GREETED: Final = WaitForAgent(silent_ms=500, timeout_s=8.0, required=False)
PATIENT: Final = WaitForAgent(silent_ms=2500, timeout_s=25.0, required=False)
"""Longer than the pauses between a filler, an apology and the answer."""

USUAL: Final = WaitForAgent(silent_ms=700, timeout_s=25.0, required=False)


def script(exchanges: int, *, patient: int = 1) -> CallerScript:
    """A caller who asks so many things, and waits long for the first ``patient`` answers."""
    steps: list[Step] = [GREETED]
    for index, exchange in enumerate(EXCHANGES[:exchanges]):
        steps += [Say(exchange.question), PATIENT if index < patient else USUAL]
    return CallerScript((*steps, HangUp()))


def model_script() -> list[tuple[str, str]]:
    return [(exchange.cue, exchange.answer) for exchange in (*EXCHANGES, LONG)]
