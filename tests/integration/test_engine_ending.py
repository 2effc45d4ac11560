"""How calls end: nobody answers, nobody speaks, somebody hangs up, time is up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from support.engine import WITHIN_S, Ended, House, assert_as_long_as_the_call, max_call_s
from support.waiting import until
from telnyx_actors.providers.telnyx import Telnyx
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import Answer, CallerScript, HangUp, Say, Stay, Wait, WaitForAgent

GREETED = WaitForAgent(silent_ms=200)
SLOW = "¿Me lo piensa?"
LONG_GREETING = "Hola, muy buenas tardes tenga usted, le habla Lía."
TALKATIVE = "Sí, señora, con mucho gusto le cuento todo lo que quiera saber de la clínica."
SHORTEST_RING_S = 5  # that Telnyx allows

UNANSWERED = {
    "busy": (Answer("busy"), "user_busy"),
    "rejected": (Answer("reject"), "call_rejected"),
    "no such number": (Answer("not_found"), "not_found"),
    "not picked up": (Answer("no_answer"), "timeout"),
}
HUNG_UP_BY_CALLER = {
    "greeting": CallerScript((WaitForAgent(speaking_ms=200), HangUp())),
    "own words": CallerScript((GREETED, Say("Quería preguntar por"), HangUp())),
    "thinking": CallerScript((GREETED, Say(SLOW), Wait(0.5), HangUp())),
    "speaking": CallerScript((GREETED, Say("Cuénteme."), WaitForAgent(speaking_ms=300), HangUp())),
}
ENDED_BY_US = {
    "silence": CallerScript((Stay(),)),
    "time limit": CallerScript((GREETED, Say("Cuénteme."), Stay())),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    quick = {"SILENCE_TIMEOUT_MS": "1000"}
    with House(tmp_path_factory.mktemp("engine"), env=quick, adjust=max_call_s(6)) as house:
        house.world.script_model([("piensa", TALKATIVE), ("cuénteme", TALKATIVE)])
        yield house


@pytest.fixture(scope="module")
def calls(house: House) -> dict[str, Ended]:
    """All at once, to their ends."""
    dial = Telnyx.dial
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Telnyx, "dial", lambda it, request: dial(it, replace(request, timeout_secs=SHORTEST_RING_S)))
        calls = {name: house.dial(CallerScript(answer=answer)) for name, (answer, _) in UNANSWERED.items()}
    house.world.fail("claude", Fault("stall", times=-1, match=SLOW))
    for name, script in {**HUNG_UP_BY_CALLER, **ENDED_BY_US}.items():
        calls[name] = house.dial(script, nombre=f"Doña {name}", saludo=LONG_GREETING if name == "greeting" else "")
    return house.all_ended(calls)


@pytest.mark.parametrize("name", UNANSWERED)
def test_a_call_that_nobody_takes_is_over_and_leaves_no_record(calls: dict[str, Ended], name: str) -> None:
    ended, (_, cause) = calls[name], UNANSWERED[name]
    assert ended.carrier.answered_at is None
    assert ended.carrier.hangup_cause == cause
    assert f"motivo: {cause}" in "\n".join(ended.log)
    assert (ended.transcript, ended.recording) == ({}, None)


@pytest.mark.parametrize("name", HUNG_UP_BY_CALLER)
def test_a_caller_may_hang_up_at_any_moment(calls: dict[str, Ended], name: str) -> None:
    ended = calls[name]
    assert (ended.carrier.hangup_source, ended.transcript["end"]["reason"]) == ("callee", "normal_clearing")
    assert ended.turns()[-1]["end"] == "call_ended"
    assert_as_long_as_the_call(ended)


def test_a_hang_up_in_the_greeting_leaves_what_was_heard_of_it(calls: dict[str, Ended]) -> None:
    (greeting,) = calls["greeting"].turns()
    assert LONG_GREETING.startswith(greeting["heard"]) and len(greeting["heard"]) < len(LONG_GREETING) / 2


def test_words_that_nobody_could_answer_any_more_are_kept(calls: dict[str, Ended]) -> None:
    assert calls["thinking"].said == [SLOW]
    assert calls["thinking"].turns("reply")[0]["heard"] == ""


def test_a_hang_up_while_the_model_thinks_takes_the_question_back(house: House, calls: dict[str, Ended]) -> None:
    (question,) = house.asked("Doña thinking")
    until(lambda: question.outcome == "disconnected")
    ended_at = calls["thinking"].carrier.ended_at
    assert ended_at is not None and question.ended_at - ended_at < 0.5


def test_a_silent_caller_is_asked_and_then_politely_left(calls: dict[str, Ended]) -> None:
    ended = calls["silence"]
    assert [turn["kind"] for turn in ended.turns()] == ["greeting", "prompt", "goodbye"]
    assert ended.heard[1:] == ["¿Sigue ahí?", "No hay nadie, adiós."]
    assert (ended.transcript["end"]["reason"], ended.carrier.hangup_source) == ("silence", "caller")
    (_, greeted), (asked, _), *_ = ended.carrier.agent_speech(join_ms=500)
    assert asked - greeted == pytest.approx(1.0, abs=0.4)


def test_a_call_that_lasts_too_long_ends_with_a_goodbye(calls: dict[str, Ended]) -> None:
    ended = calls["time limit"]
    assert ended.turns()[-1]["heard"] == "Se acaba el tiempo, adiós."
    assert (ended.transcript["end"]["reason"], ended.carrier.hangup_source) == ("time_limit", "caller")
    assert 6.0 < ended.carrier.duration_s < 9.0


# --- by an operator ----------------------------------------------------------------


@pytest.fixture
def scene(house: House) -> Iterator[House]:
    with house.scene():
        yield house


def test_an_operator_hangs_up_in_the_middle_of_a_word(scene: House) -> None:
    call = scene.dial(CallerScript((Stay(),)), saludo=LONG_GREETING)
    until(lambda: scene.world.call(call).events_of("audio"))
    answer = scene.hang_up(call)
    assert (answer.status_code, answer.json()["status"]) == (202, "hanging_up")
    ended = scene.ended(call)
    assert (ended.transcript["end"]["reason"], ended.carrier.hangup_source) == ("operator", "caller")
    assert ended.carrier.duration_s < 2.0


def test_an_operator_hangs_up_while_it_rings(scene: House) -> None:
    call = scene.dial(CallerScript(answer=Answer(after_s=15)))
    assert scene.hang_up(call).status_code == 202
    ended = scene.ended(call)
    assert (ended.carrier.answered_at, ended.carrier.hangup_source) == (None, "caller")


def test_nobody_hangs_up_a_call_that_is_not_there(scene: House) -> None:
    assert scene.hang_up("v3:unknown").status_code == 404


# --- calls that never were ------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("refuse", status=422, times=-1, match="POST /v2/calls"), "telnyx_refused"),
        (Fault("refuse", status=401, times=-1, match="POST /v2/calls"), "telnyx_auth"),
    ],
    ids=["number refused", "key refused"],
)
def test_a_dial_that_telnyx_refuses_is_told_to_whoever_asked(scene: House, fault: Fault, error: str) -> None:
    scene.world.fail("telnyx", fault)
    answer = scene.place(telefono=scene.new_number(), nombre="Ana")
    assert (answer.status_code, answer.json()["error"]) == (500, error)
    assert answer.json()["message"]
    until(lambda: len(scene.engine.calls) == 0)


def test_a_dial_that_finds_telnyx_away_for_a_moment_is_made_once(scene: House) -> None:
    before = len(scene.world.calls())
    scene.world.fail("telnyx", Fault("refuse", status=503, match="POST /v2/calls"))
    scene.ended(scene.dial(CallerScript((HangUp(),))))
    assert len(scene.world.calls()) == before + 1


def test_a_number_that_is_none_is_refused_before_it_is_dialled(scene: House) -> None:
    before = len(scene.world.entries("telnyx"))
    answer = scene.place(telefono="no soy un número", nombre="Ana")
    assert answer.status_code == 400
    assert "telefono" in answer.json()["message"]
    assert len(scene.world.entries("telnyx")) == before


def test_how_calls_ended_is_counted(house: House, calls: dict[str, Ended]) -> None:
    page = requests.get(f"{house.url}/metrics", timeout=WITHIN_S).text
    faults = {"user_busy": "caller", "timeout": "caller", "silence": "caller", "time_limit": "none"}
    for reason, fault in {**faults, "normal_clearing": "none"}.items():
        assert f'calls_ended_total{{fault="{fault}",reason="{reason}"}}' in page
