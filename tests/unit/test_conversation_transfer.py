"""Giving the caller to a person, and what becomes of them when nobody is there."""

from __future__ import annotations

import pytest

from support.simulation import LINES, NEVER, Nature, Simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.saved import SavedCall
from telnyx_actors.core.state import Transfer
from telnyx_actors.core.turn import TurnEnd

NUMBER = "+573001112233"
RULES = Rules(transfer_number=NUMBER)


@pytest.fixture
def sim() -> Simulation:
    """A call whose model never answers: the caller waits from 7.0 on."""
    sim = Simulation(RULES, Nature(first_token_s=lambda: NEVER))
    sim.connect()
    sim.says(6.0, 1.0, "Quiero una cita.")
    sim.run(until=20.0)
    return sim


def last_line(sim: Simulation) -> str:
    return sim.spoken()[-1][2]


def test_the_caller_is_told_and_then_given_to_a_person(sim: Simulation) -> None:
    assert last_line(sim) == LINES.transfer
    ((when, action),) = sim.actions(ac.TransferCall)
    assert action == ac.TransferCall(NUMBER)
    assert when >= sim.spoken()[-1][1], "not a word is cut off"
    assert sim.actions(ac.HangUp) == []


def test_whom_a_person_has_taken_we_leave_in_peace(sim: Simulation) -> None:
    sim.at(30.0, ev.TransferConnected())
    sim.says(40.0, 2.0, "Buenas, es que necesito una cita.")
    sim.at(600.0, ev.CallEnded("normal_clearing", "caller"))
    sim.run(until=NEVER)
    assert sim.spoken()[-1][1] < 20.0, "not a word of ours since"
    assert [record.said for record in sim.replies()] == ["Quiero una cita."], "nor do we write down theirs"
    assert sim.conversation.state.closing_reason == "transferred"


def resumed(transfer: Transfer) -> Conversation:
    """By a process that was started at 100.0; the one before had given the caller away."""
    saved = SavedCall("r", turns=3, is_greeted=True, unanswered="Hola.", transfer=transfer)
    return Conversation.resume(RULES, LINES, 100.0, saved, answered_s_ago=60.0)


@pytest.mark.parametrize("transfer", [Transfer.ASKED, Transfer.TAKEN])
def test_a_new_process_leaves_them_in_peace_too(transfer: Transfer) -> None:
    conversation = resumed(transfer)
    assert conversation.handle(ev.TimePassed(), 100.1) == []
    assert conversation.handle(ev.TransferConnected(), 110.0) == []
    assert conversation.handle(ev.TimePassed(), 400.0) == []
    deadline = conversation.next_deadline()
    assert deadline is not None
    assert ac.HangUp("transferred") in conversation.handle(ev.TimePassed(), deadline)
    assert deadline > RULES.transfer_max_s


def test_whom_nobody_takes_hears_a_goodbye_from_the_new_process() -> None:
    conversation = resumed(Transfer.ASKED)
    actions = conversation.handle(ev.TransferFailed(), 110.0)
    (clause,) = [action.clause for action in actions if isinstance(action, ac.Synthesize)]
    conversation.handle(ev.SpeechArrived(clause, 8000), 110.2)
    actions = conversation.handle(ev.SpeechFinished(clause), 110.3)
    assert [type(action) for action in actions] == [ac.PlayClause], "there is no stream"


@pytest.mark.parametrize("news", ["refused", "nobody picks up"])
def test_whom_nobody_takes_hears_a_goodbye(sim: Simulation, news: str) -> None:
    if news == "refused":
        sim.at(21.0, ev.TransferFailed())
    sim.run(until=100.0)
    assert last_line(sim) == LINES.goodbye_failure
    assert sim.records[-1].end is TurnEnd.COMPLETED
    assert sim.actions(ac.HangUp)[0][1] == ac.HangUp("failure")
    assert sim.conversation.is_over


def test_a_transfer_is_not_for_ever(sim: Simulation) -> None:
    sim.at(30.0, ev.TransferConnected())
    sim.run(until=NEVER)
    assert [round(at) for at, _ in sim.actions(ac.HangUp)] == [30 + RULES.transfer_max_s]
    assert sim.conversation.is_over


@pytest.mark.parametrize("news", [ev.TransferConnected(), ev.TransferFailed()])
def test_news_of_a_transfer_that_we_never_asked_for_is_none(news: ev.CallEvent) -> None:
    sim = Simulation()
    sim.connect()
    sim.at(1.0, news)
    sim.run(until=10.0)
    assert [text for _, _, text in sim.spoken()] == [LINES.greeting]
    assert sim.actions(ac.HangUp) == []
