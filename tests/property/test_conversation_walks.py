"""The laws of a conversation, over thousands of random calls in a moody world.

A call is a seed. A failing one is named with what it broke and a timeline, and replays by its number.
"""

from __future__ import annotations

import random
from functools import partial
from itertools import count

import pytest

from support.depth import DEPTH
from support.laws import complaints
from support.simulation import Simulation, random_nature
from support.timeline import timeline
from telnyx_actors.core import events as ev
from telnyx_actors.core.chronicle import replay
from telnyx_actors.core.rules import Rules

WALKS = 2500 * DEPTH
CHUNKS = 25
REPLAYED = 4  # one in so many
CALL_S = 25.0

WORDS = (
    *("quiero una cita", "para mi perro", "y", "espere", "¿cuánto vale?", "mañana.", "tres cero uno", "es que"),
    *("Me llamo Carlos.", "no", "mi teléfono es"),
)
MURMURS = ("sí", "ajá", "mm", "¿Aló?", "claro, sí")


def random_call(seed: int) -> Simulation:
    """Somebody calls, says things at odd moments, presses keys, loses the line, and hangs up in the end."""
    rng = random.Random(seed)
    rules = Rules(
        lead_s=rng.choice((0.3, 1.0, 2.0, 8.0)),
        mark_every_s=rng.choice((0.24, 1.0, 1.0)),
        silence_timeout_s=rng.choice((3.0, 20.0)),
        call_max_s=rng.choice((15.0, 1800.0, 1800.0)),
        uses_stream=rng.random() < 0.8,
        transcriber_ends_turns=rng.random() < 0.2,
        transfer_number=rng.choice(("", "+573001112233")),
        quick_reply=rng.random() < 0.2,
        carrier_listens=rng.random() < 0.3,
    )
    sim = Simulation(rules, random_nature(rng))
    sim.connect(rng.uniform(0.0, 0.5))
    words = (f"w{number} {rng.choice(WORDS)}" for number in count())  # each of them once in a call
    when = 0.0
    for _ in range(rng.randint(1, 7)):
        when += rng.uniform(0.05, 5.0)
        _something(sim, rng, when, [next(words) for _ in range(rng.randint(1, 3))])
    sim.at(rng.uniform(1.0, CALL_S) if rng.random() < 0.2 else CALL_S, ev.CallEnded("normal_clearing", "caller"))
    sim.run(CALL_S + 1.0)
    return sim


def _something(sim: Simulation, rng: random.Random, when: float, words: list[str]) -> None:
    duration = rng.uniform(0.05, 2.0)
    clause = rng.randint(0, 9)
    match rng.randint(0, 11):
        case 0:
            sim.noise(when, duration)
        case 1:
            sim.noise(when, 1000.0)
        case 2:
            sim.presses(when, "".join(rng.choices("0123456789*#", k=rng.randint(1, 4))))
        case 3:
            sim.at(when, ev.MediaLost(is_stopped=rng.random() < 0.3))
        case 4:
            sim.at(when, partial(sim.ears.understand, " ".join(words), rng.random()))
        case 5:
            path = (ev.MediaStarted(), ev.HearingFailed("lost"), ev.HearingFailed("key", is_final=True))
            sim.at(when, rng.choice((*path, ev.HearingRestored(), ev.UtteranceEnded(), ev.TurnRetracted())))
        case 6:
            sim.says(when, min(duration, 0.8), rng.choice(MURMURS))
        case 7:
            number, attempt = rng.randint(0, 5), rng.randint(0, 5)
            late = (ev.ReplyClause(number, attempt, "de otro turno"), ev.ReplyFinished(number, attempt))
            sim.at(when, rng.choice((*late, ev.ReplyFailed(number, attempt, "late"), ev.SayRequested("Un aviso."))))
        case 8:
            mark = f"{rng.randint(0, 3)}.{clause}.{rng.randint(0, 9999)}"
            sim.at(when, rng.choice((ev.SpeechFailed(clause, "late"), ev.MarkReturned(mark), ev.PlayFailed(mark))))
        case _:
            sim.says(when, duration, *words)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_random_call_keeps_the_laws_and_one_in_four_replays(chunk: int) -> None:
    for seed in range(chunk, WALKS, CHUNKS):
        sim = random_call(seed)
        broken = complaints(sim)
        assert not broken, f"call {seed}:\n" + "\n".join([*broken, timeline(sim)])
        if seed // CHUNKS % REPLAYED == 0:
            assert_replays(sim, seed)


def assert_replays(sim: Simulation, seed: int) -> None:
    """Its chronicle, written and read again, tells the same call, and whoever holds that decides the same."""
    [part] = sim.pages.parts()
    assert [(step.at, step.event, list(step.actions)) for step in part.steps] == sim.journal
    differing = [step for step in replay(part) if step.differs]
    assert not differing, f"call {seed}: {differing[0]}"


@pytest.mark.parametrize("seed", range(200))
def test_every_call_comes_to_an_end_by_itself(seed: int) -> None:
    rng = random.Random(seed)
    sim = Simulation(Rules(transfer_number=rng.choice(("", "+573001112233"))), random_nature(rng))
    sim.connect()
    for _ in range(5):
        _something(sim, rng, rng.uniform(0.0, 20.0), ["w1 quiero una cita"])
    sim.run(40_000.0)
    assert sim.conversation.is_over
    assert sim.conversation.next_deadline() is None
