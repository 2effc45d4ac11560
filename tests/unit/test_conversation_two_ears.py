"""Who hears the caller when it is not simply our transcriber: the carrier beside it, behind it, or instead of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.simulated_line import Source
from support.simulation import LINES, NEVER, Nature, Simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.saved import SavedCall

CITA = "Quiero una cita."
REST = "Para mi perro."
RULES = Rules()
ALONG = Rules(carrier_listens=True)


def call(rules: Rules = ALONG, nature: Nature | None = None) -> Simulation:
    sim = Simulation(rules, nature)
    sim.connect()
    return sim


def said(sim: Simulation) -> list[str]:
    return [record.said for record in sim.replies()]


def orders(sim: Simulation) -> list[type]:
    return [type(action) for _, action in sim.log if isinstance(action, ac.StartTranscription | ac.StopTranscription)]


# --- ours is behind -----------------------------------------------------------------------------


def behind_call(rules: Rules = ALONG, backlog_s: float = 4.0) -> Simulation:
    """A connection is lost in the middle of a sentence, and the next one has seconds to hear again: too many to wait for."""
    sim = call(rules, Nature(final_s=lambda: NEVER))
    sim.at(6.0, ev.VoiceStarted(6.0))
    sim.at(6.1, ev.VoiceConfirmed(6.0))
    sim.at(9.0, ev.HearingFailed("mute"))
    sim.at(9.2, ev.HearingRestored(backlog_s=backlog_s))
    sim.at(10.1, ev.VoiceStopped(10.0))
    return sim


def test_the_carrier_that_is_sooner_is_believed_and_ours_forgets_what_it_is_behind_with() -> None:
    sim = behind_call()
    sim.at(10.8, ev.CarrierHeard(CITA))
    sim.run(until=20.0)
    assert said(sim) == [CITA]
    assert sim.actions(ac.ForgetHearing)[0][0] == sim.actions(ac.AskModel)[0][0] == 10.8
    assert not sim.conversation.state.is_behind


def test_what_the_carrier_tells_a_moment_later_is_part_of_it() -> None:
    sim = behind_call()
    sim.at(10.3, ev.CarrierHeard(CITA))
    sim.at(10.7, ev.CarrierHeard(REST))
    sim.run(until=20.0)
    assert said(sim) == [f"{CITA} {REST}"]


def test_what_the_carrier_told_before_the_end_is_not_taken_for_all() -> None:
    sim = behind_call()
    sim.at(9.8, ev.CarrierHeard(CITA))
    sim.at(10.9, ev.CarrierHeard(REST))
    sim.run(until=20.0)
    assert said(sim) == [f"{CITA} {REST}"]
    assert sim.actions(ac.AskModel)[0][0] >= 10.9


def test_ours_that_is_sooner_is_not_kept_waiting_for_the_carrier() -> None:
    sim = behind_call()
    sim.at(10.4, ev.TranscriptFinal(CITA, flushed=True))
    sim.at(10.9, ev.CarrierHeard(CITA))
    sim.run(until=20.0)
    assert said(sim) == [CITA]
    assert sim.actions(ac.AskModel)[0][0] == 10.4
    assert sim.actions(ac.ForgetHearing) == []


def test_without_a_carrier_ours_is_waited_for_but_not_for_ever() -> None:
    sim = behind_call(RULES)
    sim.at(12.5, ev.TranscriptFinal(CITA, flushed=True))
    sim.run(until=20.0)
    assert said(sim) == [CITA]
    sim = behind_call(RULES, backlog_s=10.0)
    sim.at(11.0, ev.TranscriptFinal(CITA))  # of the beginning, for all we know
    sim.run(until=20.0)
    assert 13.0 <= sim.actions(ac.AskModel)[0][0] <= 13.5


def test_an_end_that_was_found_in_what_is_heard_again_is_not_the_end() -> None:
    sim = behind_call(RULES)
    sim.at(10.3, ev.TranscriptFinal("Quiero", endpoint=True))
    sim.at(10.4, ev.UtteranceEnded())
    sim.at(11.5, ev.TranscriptFinal("una cita.", flushed=True))
    sim.run(until=20.0)
    assert said(sim) == ["Quiero una cita."]
    assert sim.actions(ac.AskModel)[0][0] == 11.5


# --- the carrier instead of ours ------------------------------------------------------------------


def test_what_ours_had_told_a_moment_before_the_carrier_took_over_is_not_said_twice() -> None:
    sim = call()
    sim.at(6.0, ev.VoiceStarted(6.0))
    sim.at(7.1, ev.VoiceStopped(7.0))
    sim.at(7.2, ev.TranscriptFinal(CITA, flushed=True))
    sim.at(7.3, ev.HearingFailed("bad key", is_final=True))
    sim.at(8.2, ev.TranscriptFinal(CITA))
    sim.at(14.0, ev.TranscriptFinal(CITA))  # and later they do say it twice
    sim.run(until=25.0)
    assert said(sim) == [CITA, CITA]


def test_a_carrier_that_would_not_listen_is_not_asked_again_and_again() -> None:
    sim = call()
    sim.at(2.0, ev.CarrierHearingFailed())
    sim.run(until=10.0)
    assert orders(sim) == [ac.StartTranscription]
    sim.at(10.5, ev.HearingFailed("bad key", is_final=True))
    sim.run(until=11.0)
    assert orders(sim) == [ac.StartTranscription] * 2, "but once more where nobody else hears"


def resumed(rules: Rules) -> Conversation:
    return Conversation.resume(rules, LINES, 100.0, SavedCall("r", turns=3, is_greeted=True), answered_s_ago=60.0)


@pytest.mark.parametrize("listens", [True, False])
def test_a_new_process_has_the_carrier_do_what_it_wants_whatever_the_old_one_wanted(listens: bool) -> None:
    conversation = resumed(Rules(carrier_listens=listens))
    actions = [*conversation.handle(ev.MediaStarted(), 100.5), *conversation.handle(ev.TimePassed(), 101.0)]
    found = [action for action in actions if isinstance(action, ac.StartTranscription | ac.StopTranscription)]
    assert found == [ac.StartTranscription(is_beside_ours=True) if listens else ac.StopTranscription()]


# --- holes ----------------------------------------------------------------------------------------


def test_words_of_a_stream_that_the_carrier_stopped_count_too() -> None:
    sim = call()
    sim.at(6.0, ev.MediaLost(is_stopped=True))
    sim.at(7.5, ev.CarrierHeard(CITA))
    sim.run(until=20.0)
    assert said(sim) == [CITA]


def test_a_small_word_that_only_the_carrier_heard_is_not_answered_but_known_from_then_on() -> None:
    sim = call()
    sim.says(6.0, 1.0, "atienden los domingos?")
    sim.at(8.6, ev.MediaLost())
    sim.at(8.7, ev.MediaStarted())
    sim.at(8.8, ev.CarrierHeard("¿Y atienden los domingos?"))
    sim.says(14.0, 1.0, CITA)
    sim.run(until=25.0)
    assert said(sim) == ["atienden los domingos?", CITA]
    *_, last = sim.asks()
    assert ("user", "¿Y atienden los domingos?") in last.messages


def test_keys_are_not_doubled_by_the_carriers_words() -> None:
    sim = call()
    sim.presses(5.5, "12")
    sim.at(6.0, ev.MediaLost())
    sim.at(6.4, ev.MediaStarted())
    sim.at(6.6, ev.CarrierHeard(CITA))
    sim.run(until=20.0)
    assert "".join(said(sim)).count("marcó") == 1


# --- who is not ours any more, or nearly ----------------------------------------------------------


def test_what_two_people_say_to_each_other_is_heard_by_neither_of_our_ears() -> None:
    sim = call(replace(ALONG, transfer_number="+573001112233"), Nature(first_token_s=lambda: NEVER))
    sim.says(6.0, 1.0, CITA)
    sim.run(until=20.0)
    assert sim.actions(ac.TransferCall) and sim.actions(ac.StopStream) == []
    sim.at(21.0, ev.TransferConnected())
    sim.run(until=30.0)
    assert [at for at, _ in sim.actions(ac.StopStream)] == [21.0]
    assert orders(sim) == [ac.StartTranscription, ac.StopTranscription]


def test_a_goodbye_whose_stream_is_lost_is_said_by_files() -> None:
    sim = call(replace(RULES, call_max_s=10.0))
    sim.run(until=10.2)
    assert sim.conversation.state.phase.value == "closing"
    sim.at(10.3, ev.MediaLost(is_refused=True))
    sim.run(until=20.0)
    assert sim.heard()[-1].source is Source.FILE
    assert sim.heard_after(10.3) < 4.0


def test_webhook_mode_goes_on_in_a_new_process() -> None:
    conversation = resumed(Rules(uses_stream=False))
    actions = conversation.handle(ev.TimePassed(), 100.1)
    assert not [action for action in actions if isinstance(action, ac.StartStream)]
    assert conversation.state.playout.by_clause
