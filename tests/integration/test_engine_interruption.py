"""The caller speaks while the agent does: who falls silent, what is heard, what is remembered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.engine import Ended, House, messages_of
from telnyx_actors.standins import voices
from telnyx_actors.standins.caller import CallerScript, HangUp, InterruptAfter, Say, Step, WaitForAgent
from telnyx_actors.standins.elevenlabs import Synthesis

GREETED = WaitForAgent(silent_ms=200)
ANSWERED = WaitForAgent(silent_ms=1200)  # more than a false interruption keeps the agent silent
FIRST, SECOND, THIRD = "Con mucho gusto.", "Abrimos a las ocho de la mañana.", "Cerramos a las seis."
ANSWER = f"{FIRST} {SECOND} {THIRD}"
COUGH = Say(audio=voices.synthesize("Ajá ajá", voice="cliente"))  # a voice without words
"""Deepgram's stand-in knows this sound, and that there are no words in it."""


def interrupted_by(step: Step, *more: Step) -> CallerScript:
    """The agent's answer is well into its second clause when this comes."""
    return CallerScript((GREETED, Say("Cuénteme."), step, ANSWERED, *more, HangUp()))


def interrupt(text: str = "", audio: bytes | None = None) -> InterruptAfter:
    return InterruptAfter(0.9, text, audio)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine")) as house:
        house.world.script_model([("cuéntame|cuénteme", ANSWER), ("domingos", "No, señora.")])
        yield house


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """All at once, to their ends."""
    scripts = {
        "words": interrupted_by(interrupt("¿Y los domingos?")),
        "cough": interrupted_by(interrupt(audio=COUGH.audio)),
        "murmur": interrupted_by(interrupt("Ajá.")),
        "early": interrupted_by(InterruptAfter(0.15, "¿Y los domingos?")),
    }
    return house.all_ended({name: house.dial(script, nombre=f"Doña {name}") for name, script in scripts.items()})


def times_heard(house: House, ended: Ended, clause: str) -> int:
    """How often the whole sound of a clause was heard, from its first frame to its last."""
    made: list[Synthesis] = [made for made in house.world.elevenlabs.syntheses if made.text == clause]
    assert made, f"nobody made «{clause}»"
    return ended.carrier.heard.count(made[-1].audio)


def test_the_agent_falls_silent_and_nothing_of_the_cleared_turn_follows(house: House, calls: dict[str, Ended]) -> None:
    carrier = calls["words"].carrier
    (interruption,) = carrier.barge_in_times()
    assert interruption.clear_s is not None and interruption.seconds is not None
    assert interruption.seconds < 0.3
    assert all(
        stop <= interruption.clear_s + 0.03 for start, stop in carrier.agent_playing() if start < interruption.clear_s
    )
    made = [made for made in house.world.elevenlabs.syntheses if made.text == "No, señora."]
    after = carrier.heard[int((interruption.clear_s + 0.03) * 8000) :]
    assert after.replace(made[-1].audio, b"").strip(b"\xff") == b"", "only the new answer may follow"


def test_what_was_heard_of_a_turn_that_was_cut_is_what_is_remembered(house: House, calls: dict[str, Ended]) -> None:
    cut, answer = calls["words"].turns("reply")
    assert (cut["end"], answer["end"]) == ("interrupted", "completed")
    assert cut["generated"].startswith(cut["heard"])
    assert FIRST in cut["heard"] and len(cut["heard"]) < len(f"{FIRST} {SECOND}")
    *_, remembered, question = messages_of(house.asked("Doña words")[-1])
    assert (remembered, question) == (("assistant", cut["heard"] + "—"), ("user", "¿Y los domingos?"))
    assert answer["heard"] == "No, señora."


def test_of_a_turn_cut_at_its_first_word_nothing_more_is_remembered_than_was_heard(
    house: House, calls: dict[str, Ended]
) -> None:
    cut, answer = calls["early"].turns("reply")
    assert len(cut["heard"]) < len(FIRST)
    assert FIRST not in str(messages_of(house.asked("Doña early")[-1]))
    assert answer["heard"] == "No, señora."


@pytest.mark.parametrize("name", ["cough", "murmur"])
def test_after_a_false_interruption_the_agent_goes_on_with_the_first_clause_not_heard(
    house: House, calls: dict[str, Ended], name: str
) -> None:
    ended = calls[name]
    (answer,) = ended.turns("reply")
    assert (answer["heard"], answer["end"]) == (ANSWER, "completed")
    assert (ended.counts["barge_in"], ended.counts["resumed"]) == (1, 1)
    assert len(ended.carrier.events_of("clear")) == 1
    assert [times_heard(house, ended, clause) for clause in (FIRST, SECOND, THIRD)] == [1, 1, 1]
    assert len({str(request.body) for request in house.asked(f"Doña {name}")}) == 1, "nobody was asked again"


@pytest.mark.parametrize("name", ["cough", "murmur"])
def test_a_murmur_is_no_turn(calls: dict[str, Ended], name: str) -> None:
    assert calls[name].said == ["Cuénteme."]
