"""What the model answers: rules over the last thing the caller said, and a receptionist for all the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of one of the client's tools."""

    name: str
    input: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """One assistant turn. ``stop_reason`` empty: what follows from the rest (``end_turn``, ``tool_use``)."""

    text: str = ""
    tools: tuple[ToolUse, ...] = ()
    thinking: str = ""
    stop_reason: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """``reply`` when ``pattern`` is found in the last user text (case aside) and, if given, in user turn ``turn`` (from 1).

    Groups of the pattern may be named in the reply's text (``\\g<nombre>``).
    """

    pattern: str
    reply: Reply
    turn: int | None = None

    def answer(self, text: str, turn: int) -> Reply | None:
        if self.turn not in (None, turn):
            return None
        found = re.search(self.pattern, text, re.IGNORECASE)
        return replace(self.reply, text=found.expand(self.reply.text)) if found else None


ScriptLine = Rule | tuple[str, str]


def rules_of(script: Sequence[ScriptLine]) -> tuple[Rule, ...]:
    """Rules, also written as pairs of pattern and text."""
    return tuple(line if isinstance(line, Rule) else Rule(line[0], Reply(line[1])) for line in script)


def reply_to(messages: Sequence[Mapping[str, object]], rules: Sequence[Rule]) -> Reply:
    """The first rule that applies answers; then the receptionist's; then something that fits any sentence."""
    said = [text for message in messages if message.get("role") == "user" if (text := text_of(message.get("content")))]
    last, turn = (said[-1] if said else ""), len(said)
    for rule in (*rules, *RECEPTIONIST):
        reply = rule.answer(last, turn)
        if reply is not None:
            return reply
    return Reply(_ANYTHING[turn % len(_ANYTHING)])


def text_of(content: object) -> str:
    """The text of a message's content: a string, or its text blocks and tool results."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [block.get("text") or text_of(block.get("content")) for block in content if isinstance(block, dict)]
    return " ".join(part for part in parts if isinstance(part, str) and part)


# The order is the meaning: an emergency before an appointment, a goodbye after everything that is a question.
RECEPTIONIST: Final = rules_of(
    [
        (
            r"emergencia|urgen|convuls|envenen|atropell|sangr|no respira",
            "Tranquilo, ya le ayudo. Llame a urgencias al tres diez, cuatro cinco seis, doce doce, a toda hora.",
        ),
        (
            r"(hablar|comunica|pásame|páseme|pasar).{0,25}(persona|asesor|doctor|humano|alguien)",
            "Claro que sí. Ya le comunico con una persona.",
        ),
        (r"no (le|te|la|lo)? ?(escuch|oig|entend)|¿?cómo dice|repit", "Perdón. Le decía que con gusto le ayudo."),
        (
            r"cu[aá]nto (cuesta|vale|cobran|sale)|precio|costo|valor|tarifa",
            "Con gusto. La consulta vale sesenta mil pesos. La vacuna está en cuarenta y cinco mil.",
        ),
        (
            r"horario|a qu[eé] hora|abren|cierran|atienden|abierto",
            "Claro. Abrimos de lunes a viernes de ocho a seis, y los sábados de nueve a una.",
        ),
        (
            r"d[oó]nde (queda|est[aá]n|es)|direcci[oó]n|ubicad|c[oó]mo llego",
            "Con gusto. Estamos en la carrera quince, número ochenta y dos, cuarenta. Hay parqueadero.",
        ),
        (
            r"tel[eé]fono|n[uú]mero (de )?(contacto|whatsapp)|celular",
            "Claro. Es el tres diez, cuatro cinco seis, setenta y ocho noventa.",
        ),
        (
            r"(cancel|cambi|mover|reprogram|aplaz).{0,20}cita|cita.{0,20}(cancel|cambi|mover|reprogram|aplaz)",
            "No hay problema. ¿Para qué día la dejamos?",
        ),
        (
            r"\bcita\b|agendar|consulta|turno|reserv",
            "Con mucho gusto. Tengo espacio mañana a las diez. ¿Le queda bien?",
        ),
        (
            r"\b(lunes|martes|mi[eé]rcoles|jueves|viernes|s[aá]bado|mañana|pasado)\b",
            "Perfecto. Le confirmo ese día a las diez de la mañana. ¿Cómo se llama su mascota?",
        ),
        (
            r"(mi (perr[oa]|gat[oa]|mascota)|[eé]l|ella|se) (se )?llama (?P<nombre>(?-i:[A-ZÁÉÍÓÚÑ])\w+)",
            r"Qué bonito nombre. Ya anoté a \g<nombre>. ¿Qué le pasa?",
        ),
        (
            r"(me llamo|soy|habla con|le habla|mi nombre es|con el nombre de)\s+(?P<nombre>(?-i:[A-ZÁÉÍÓÚÑ])\w+)",
            r"Mucho gusto, \g<nombre>. ¿En qué le puedo ayudar?",
        ),
        (
            r"vacun|desparasit|refuerzo",
            "Muy bien. La vacuna se pone sin ayuno y demora quince minutos. ¿Para cuándo la quiere?",
        ),
        (
            r"esterili|castr|operaci[oó]n|cirug[ií]a",
            "Claro. Para cirugía necesita ocho horas de ayuno. ¿Le agendo la valoración?",
        ),
        (r"baño|peluquer|uñas|corte", "Por supuesto. El baño vale cincuenta mil pesos y dura hora y media."),
        (
            r"v[oó]mit|diarrea|no come|cojea|enferm|duele|decaíd|tos|fiebre|ojo|oído|piel",
            "Lo siento mucho. Lo mejor es que lo vea el doctor hoy. ¿Puede venir a las cuatro?",
        ),
        (r"domicilio|a la casa|recog", "Sí, señor. Vamos a domicilio en la ciudad por treinta mil pesos."),
        (r"tarjeta|efectivo|nequi|transferencia|pag", "Claro. Recibimos efectivo, tarjeta y transferencia."),
        (r"\b(chao|adi[oó]s|hasta luego|hasta pronto|nos vemos)\b", "Con mucho gusto. Que tenga un feliz día."),
        (r"gracias|muy amable|eso es todo|nada m[aá]s", "Con mucho gusto. ¿Le puedo ayudar en algo más?"),
        (r"^\W*(no|no, señorita|no, señor)\b", "Entiendo. ¿Le sirve otro día?"),
        (
            r"^\W*(s[ií]|claro|perfecto|listo|dale|ok|bueno|de acuerdo|me queda bien)\b",
            "Perfecto. Queda anotado. ¿Algo más en que le pueda ayudar?",
        ),
        (r"\b(hola|al[oó]|buen[oa]s|buen d[ií]a)\b", "Hola, con mucho gusto. ¿En qué le puedo ayudar?"),
        (r"marc[oó]|tecla|dtmf", "Recibido. ¿En qué más le puedo ayudar?"),
    ]
)

_ANYTHING: Final = (
    "Muy bien. ¿Algo más en que le pueda ayudar?",
    "Claro. Cuénteme un poco más, por favor.",
    "Entiendo. ¿Qué le pasa a su mascota?",
    "Con gusto. ¿Le agendo una cita con el doctor?",
)
