"""Claude fails: the caller gets an answer, or is told that there is none, and the call goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from support.engine import PETS, USUAL, Ended, House, messages_of, replies_after
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, WaitForAgent

GREETED = WaitForAgent(silent_ms=200)
ANSWERED = WaitForAgent(silent_ms=500)
ANSWERED_LATE = WaitForAgent(silent_ms=1500)  # a filler is no answer: more than what comes between the two
ANSWER, GO_ON, THE_END = "Con gusto. Cuesta diez mil pesos.", "¿Y hoy?", "No abrimos."
FIRST_CLAUSE = "Con gusto."
FILLER, FAILURE = "Ya miro.", "¿Cómo me dijo?"
FIRST_MODEL, SECOND_MODEL = "claude-haiku-5-5", "claude-haiku-4-5"
TOKENS = 5  # of the first clause, and a little more

ANSWERED_WHOLE = {
    "overloaded": Fault("refuse", status=529),
    "too many requests": Fault("refuse", status=429),
    "error before a word": Fault("drop", code="overloaded_error"),
    "reset before a word": Fault("drop"),
    "ended before a word": Fault("drop", code="end"),
    "garbage": Fault("garbage", after=1),
}
ANSWERED_BY_THE_SECOND = {
    "slow": Fault("delay", after_ms=4000, match=FIRST_MODEL),
    "silent": Fault("stall", match=FIRST_MODEL),
    "dead": Fault("half_open", match=FIRST_MODEL),
}
ANSWERED_IN_PART = {
    "reset after a clause": Fault("drop", after=TOKENS),
    "error after a clause": Fault("drop", code="api_error", after=TOKENS),
    "silent after a clause": Fault("stall", after=TOKENS),
}
NOT_ANSWERED = {"key refused": Fault("refuse", status=401, times=-1), "empty": None}
FAULTS = {**ANSWERED_WHOLE, **ANSWERED_BY_THE_SECOND, **ANSWERED_IN_PART, **NOT_ANSWERED}
QUESTIONS = {name: f"¿Y el {pet}?" for name, pet in zip(FAULTS, PETS, strict=True)}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine"), env=USUAL) as house:
        yield house


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """All at once, to their ends. A fault is for the call in which its question is asked."""
    for name, fault in FAULTS.items():
        if fault is not None:
            house.world.fail("claude", replace(fault, match=f"{fault.match} {QUESTIONS[name]}".strip()))
    house.world.script_model([("hoy", THE_END), (QUESTIONS["empty"][3:-1], ""), ("Y el", ANSWER)])
    calls = {}
    for name, question in QUESTIONS.items():
        answered = ANSWERED_LATE if name in ANSWERED_BY_THE_SECOND else ANSWERED
        script = CallerScript((GREETED, Say(question), answered, Say(GO_ON), GREETED, HangUp()))
        calls[name] = house.dial(script, nombre=f"Doña {name}")
    return house.all_ended(calls)


def answer_of(ended: Ended, question: str) -> str:
    """What the caller heard in answer to it; the next question was answered as if nothing had been."""
    first, second = ended.turns("reply")
    assert (first["said"], second["said"]) == (question, GO_ON)
    assert (second["heard"], second["end"]) == (THE_END, "completed")
    heard: str = first["heard"]
    return heard


@pytest.mark.parametrize("name", ANSWERED_WHOLE)
def test_what_fails_before_its_first_word_is_asked_again_and_nobody_notices(calls: dict[str, Ended], name: str) -> None:
    assert answer_of(calls[name], QUESTIONS[name]) == ANSWER
    assert [len(replies) for replies in replies_after(calls[name])] == [1, 1]


@pytest.mark.parametrize("name", ANSWERED_BY_THE_SECOND)
def test_when_the_model_is_slow_there_is_a_filler_and_the_second_model_answers(
    house: House, calls: dict[str, Ended], name: str
) -> None:
    ended = calls[name]
    assert answer_of(ended, QUESTIONS[name]) == ANSWER
    filler, _ = replies_after(ended)[0]
    assert filler[0] - ended.carrier.caller_speech()[0][1] == pytest.approx(1.3, abs=0.3)
    assert (ended.counts["filler"], ended.counts["hedge"]) == (1, 1)
    assert SECOND_MODEL in [request.body["model"] for request in house.asked(f"Doña {name}")]


@pytest.mark.parametrize("name", ANSWERED_IN_PART)
def test_a_reply_that_breaks_off_is_taken_as_it_is_and_never_begun_again(
    house: House, calls: dict[str, Ended], name: str
) -> None:
    assert answer_of(calls[name], QUESTIONS[name]) == FIRST_CLAUSE
    assert len(replies_after(calls[name])[0]) == 1
    assert ("assistant", FIRST_CLAUSE) in messages_of(house.asked(f"Doña {name}")[-1]), "what was heard is remembered"


@pytest.mark.parametrize("name", NOT_ANSWERED)
def test_where_there_is_no_answer_the_caller_is_asked_to_say_it_again(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert answer_of(ended, QUESTIONS[name]) == FAILURE
    assert ended.turns("reply")[0]["end"] == "failed"
    assert ended.counts["reply_given_up"] == 1
