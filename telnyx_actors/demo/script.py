"""The call that is placed: what the caller says and does, and what the model answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from telnyx_actors.standins.caller import Answer, CallerScript, HangUp, InterruptAfter, Say, Step, Wait, WaitForAgent

AGENT: Final = "María"
# Longer than the agent's pauses between clauses, shorter than anyone would call waiting.
TURN_PAUSE_MS: Final = 600


@dataclass(frozen=True, slots=True)
class Murmur:
    """Said while the agent speaks, only to show that one listens."""

    text: str
    after_s: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """A turn of the caller's (in pieces, if there is a pause for thought in it), and the reply to it.

    ``interrupted_after_s``: how much of the reply the caller hears before the next turn
    begins. ``is_silence_next``: the caller says nothing until the agent asks.
    """

    says: tuple[str, ...]
    reply: str
    pause_s: float = 0.0
    interrupted_after_s: float | None = None
    murmur: Murmur | None = None
    is_silence_next: bool = False

    @property
    def said(self) -> str:
        return " ".join(self.says)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole call. ``greeting``, ``name`` and ``context`` are what ``/api/call/initiate`` is given."""

    number: str
    name: str
    context: str
    greeting: str
    exchanges: tuple[Exchange, ...]
    silence_timeout_ms: int = 2500
    limit_s: float = 90.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """One utterance of the caller's: the last piece of a turn, an earlier piece, or a murmur."""

    text: str
    exchange: int
    is_last: bool = False
    is_murmur: bool = False


def spoken_by_caller(scenario: Scenario) -> Iterator[Spoken]:
    """Everything the caller says, in order."""
    for number, exchange in enumerate(scenario.exchanges):
        for text in exchange.says[:-1]:
            yield Spoken(text, number)
        yield Spoken(exchange.says[-1], number, is_last=True)
        if exchange.murmur is not None:
            yield Spoken(exchange.murmur.text, number, is_murmur=True)


def caller_script(scenario: Scenario) -> CallerScript:
    """The caller, as the carrier's stand-in plays them."""
    steps: list[Step] = [WaitForAgent(silent_ms=TURN_PAUSE_MS)]
    cut_in_after_s: float | None = None
    for exchange in scenario.exchanges:
        steps += _turn(exchange, cut_in_after_s)
        cut_in_after_s = exchange.interrupted_after_s
        if exchange.murmur is not None:
            steps.append(InterruptAfter(exchange.murmur.after_s, exchange.murmur.text))
        if cut_in_after_s is None:
            steps.append(WaitForAgent(silent_ms=TURN_PAUSE_MS))
        if exchange.is_silence_next:
            patience_s = scenario.silence_timeout_ms / 1000 + 5
            steps += [WaitForAgent(speaking_ms=300, timeout_s=patience_s), WaitForAgent(silent_ms=TURN_PAUSE_MS)]
    return CallerScript((*steps, HangUp()), Answer(after_s=0.6), name="demo")


def _turn(exchange: Exchange, cut_in_after_s: float | None) -> Iterator[Step]:
    first, *rest = exchange.says
    yield Say(first) if cut_in_after_s is None else InterruptAfter(cut_in_after_s, first)
    for text in rest:
        yield Wait(exchange.pause_s)
        yield Say(text)


def model_lines(scenario: Scenario) -> list[tuple[str, str]]:
    """What the model answers, by the end of the turn that it answers."""
    return [(re.escape(exchange.says[-1]) + "$", exchange.reply) for exchange in scenario.exchanges]


FULL: Final = Scenario(
    number="+573001234567",
    name="Carlos",
    context="A su perro Toby le toca la vacuna este mes.",
    greeting="Hola, Carlos. Te habla María, de la clínica La Wanda y Macarena.",
    exchanges=(
        Exchange(("Sí, cuéntame.",), "Gracias. A Toby le toca la vacuna este mes. ¿Te agendo una cita?"),
        Exchange(
            ("Puede ser el", "sábado por la mañana."),
            "Claro que sí. Tengo espacio a las nueve y a las once.",
            pause_s=0.7,
        ),
        Exchange(
            ("A las once. ¿Cuánto cuesta?",),
            "Con gusto. La vacuna vale cuarenta y cinco mil pesos, y si quieres le hacemos también el baño.",
            interrupted_after_s=2.6,
        ),
        Exchange(
            ("No, el baño no. ¿Va en ayunas?",),
            "No hace falta. Toby puede comer normal. Trae por favor el carné de vacunas.",
            murmur=Murmur("Ajá.", after_s=1.7),
            is_silence_next=True,
        ),
        Exchange(
            ("Sí, aquí estoy. Eso es todo, gracias.",), "Listo, Carlos. Nos vemos el sábado a las once. Hasta luego."
        ),
    ),
)

SHORT: Final = Scenario(
    number="+573001234567",
    name="Ana",
    context="",
    greeting="Hola, Ana. Te habla María.",
    exchanges=(
        Exchange(("Cuéntame.",), "Claro. Te llamo para recordarte la vacuna de este mes.", interrupted_after_s=1.2),
        Exchange(("No puedo, gracias.",), "No hay problema. Hasta luego."),
    ),
    limit_s=40.0,
)
