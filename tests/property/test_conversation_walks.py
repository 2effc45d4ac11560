"""The laws of a conversation, over thousands of random calls in a moody world.

A call is a seed. A failing one is named in the assertion and replays by its number.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import pairwise

import pytest

from support.simulation import BYTES_PER_CHAR, Simulation, random_nature
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.state import Phase

WALKS = 10_000
CHUNKS = 40

WORDS = (
    "quiero una cita",
    "para mi perro",
    "sí",
    "ajá",
    "no",
    "y",
    "espere",
    "¿cuánto vale?",
    "mañana.",
    "tres cero uno",
)


def random_call(seed: int) -> Simulation:
    """Somebody calls, says things at odd moments, presses keys, loses the line, hangs up."""
    rng = random.Random(seed)
    rules = Rules(
        lead_s=rng.choice((0.3, 1.0, 2.0, 8.0)),
        mark_every_s=rng.choice((0.24, 1.0)),
        silence_timeout_s=rng.choice((3.0, 20.0)),
        call_max_s=rng.choice((15.0, 1800.0)),
        uses_stream=rng.random() < 0.8,
        transcriber_ends_turns=rng.random() < 0.2,
        transfer_number=rng.choice(("", "+573001112233")),
        quick_reply=rng.random() < 0.2,
    )
    sim = Simulation(rules, random_nature(rng))
    sim.connect(rng.uniform(0.0, 0.5))
    when = 0.0
    for _ in range(rng.randint(1, 7)):
        when += rng.uniform(0.05, 5.0)
        _something(sim, rng, when)
    if rng.random() < 0.3:
        sim.at(rng.uniform(1.0, 30.0), ev.CallEnded("normal_clearing", "caller"))
    sim.run(30.0)
    return sim


def _something(sim: Simulation, rng: random.Random, when: float) -> None:
    duration = rng.uniform(0.05, 2.0)
    words = rng.choices(WORDS, k=rng.randint(1, 3))
    match rng.randint(0, 11):
        case 0:
            sim.noise(when, duration)
        case 1:
            sim.at(when, ev.VoiceStarted(when))  # a voice that never stops
        case 2:
            sim.at(when, ev.DigitPressed(rng.choice("0123456789*#")))
        case 3:
            sim.at(when, ev.MediaLost())
        case 4:
            sim.at(when, ev.TranscriptFinal(" ".join(words), rng.random(), endpoint=rng.random() < 0.5))
        case 5:
            sim.at(when, rng.choice((ev.UtteranceEnded(), ev.TurnRetracted(), ev.MediaStarted(), ev.TimePassed())))
        case 6:
            text = " ".join(words)
            sim.at(when, ev.TurnPredicted(text))
            sim.at(when + 0.3, rng.choice((ev.TurnConfirmed(text), ev.TurnRetracted())))
        case 7:
            clause = rng.randint(0, 9)
            sim.at(
                when,
                rng.choice(
                    (
                        ev.ReplyClause(rng.randint(0, 5), rng.randint(0, 5), "de otro turno"),
                        ev.ReplyFailed(rng.randint(0, 5), rng.randint(0, 5), "tarde"),
                        ev.SpeechFinished(clause),
                        ev.SpeechFailed(clause, "tarde"),
                        ev.MarkReturned(f"{rng.randint(0, 3)}.{clause}.{rng.randint(0, 9999)}"),
                        ev.CarrierSpoke(clause),
                        ev.SayRequested("Un aviso."),
                    )
                ),
            )
        case _:
            sim.says(when, duration, *words)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_random_call_keeps_the_laws(chunk: int) -> None:
    for seed in range(chunk, WALKS, CHUNKS):
        sim = random_call(seed)
        try:
            check_laws(sim)
        except AssertionError as error:
            raise AssertionError(f"call {seed}: {error}") from error


def check_laws(sim: Simulation) -> None:
    assert sim.conversation.state.loops == 0, "the rules set each other off without end"
    _turns_never_go_back(sim)
    _one_reply_a_turn(sim)
    _nothing_is_sent_that_is_not_there_or_not_wanted(sim)
    _what_was_heard_was_sent(sim)


def _turns_never_go_back(sim: Simulation) -> None:
    assert all(a.number < b.number for a, b in pairwise(sim.records))
    asked = [action.turn for _, action in sim.log if isinstance(action, ac.AskModel)]
    assert all(a <= b for a, b in pairwise(asked))
    attempts = [action.attempt for _, action in sim.log if isinstance(action, ac.AskModel)]
    assert attempts == sorted(set(attempts)), "an attempt's number was used twice"


def _one_reply_a_turn(sim: Simulation) -> None:
    for record in sim.records:
        attempts = set(re.findall(r"\ba(\d+) frase", record.generated))
        assert len(attempts) <= 1, f"turn {record.number} mixes replies: {record.generated}"
        frases = re.findall(r"a\d+ frase (\d+)", record.heard)
        assert frases == sorted(set(frases)), f"turn {record.number} says something twice: {record.heard}"
    said = [record.said for record in sim.records if record.said]
    assert len(said) == len({record.number for record in sim.records if record.said})


def _nothing_is_sent_that_is_not_there_or_not_wanted(sim: Simulation) -> None:
    arrived: Counter[int] = Counter()
    for _, event in sim.inputs:
        if isinstance(event, ev.SpeechArrived):
            arrived[event.clause] += event.size
    newest = dropped = 0
    for _, action in sim.log:
        match action:
            case ac.Synthesize() | ac.SpeakByCarrier():
                newest = max(newest, action.clause)
            case ac.EndTurn() | ac.Note(kind="speculation_dropped"):
                dropped = newest
            case ac.SendAudio():
                assert action.clause > dropped, f"audio of clause {action.clause}, which was dropped"
                assert action.start < action.end <= arrived[action.clause]


def _what_was_heard_was_sent(sim: Simulation) -> None:
    heard_chars = sum(len(record.heard.replace(" ", "")) for record in sim.records)
    played_chars = sum(span.end - span.start for span in sim.heard()) * 8000 / BYTES_PER_CHAR
    # A mark says what was played to the byte; letters are not all equally long, hence the slack of a word a turn.
    slack = 12 * (len(sim.records) + 1)
    assert heard_chars <= played_chars + slack, f"{heard_chars} characters heard of {played_chars:.0f} played"


@pytest.mark.parametrize("seed", range(0, 500, 10))
def test_the_same_input_gives_the_same_output(seed: int) -> None:
    sim = random_call(seed)
    again = Conversation(sim.rules, sim.conversation.state.lines, 0.0)
    replayed = [(at, action) for at, event in sim.inputs for action in again.handle(event, at)]
    assert replayed == sim.log


@pytest.mark.parametrize("seed", range(200))
def test_every_call_comes_to_an_end_by_itself(seed: int) -> None:
    sim = random_call(seed)
    sim.run(40_000.0)
    assert sim.conversation.state.phase is Phase.ENDED
    assert sim.conversation.next_deadline() is None
