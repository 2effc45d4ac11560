"""A line that breaks, a stream that does not come, marks that are lost, and the carrier as the second way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.simulated_line import Source
from support.simulation import LINES, NEVER, Nature, Simulation, script
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.turn import TurnEnd

CITA = "Quiero una cita."
RULES = Rules()
FILES = Rules(uses_stream=False)


def call(rules: Rules = RULES, nature: Nature | None = None) -> Simulation:
    sim = Simulation(rules, nature)
    sim.connect()
    return sim


def said(sim: Simulation) -> list[str]:
    return [record.said for record in sim.replies()]


def sources(sim: Simulation) -> set[Source]:
    return {span.source for span in sim.heard()}


# --- the stream ----------------------------------------------------------------------------


def test_a_stream_that_is_lost_is_asked_for_again_and_the_sentence_is_finished() -> None:
    sim = call()
    sim.says(6.0, 1.0, CITA)
    sim.at(9.0, ev.MediaLost())
    sim.run(until=20.0)
    assert [at for at, _ in sim.actions(ac.StartStream)] == [9.0]
    assert sim.heard_after(9.0) == 0.4, "as soon as the new one is there"
    (record,) = sim.replies()
    assert record.end is TurnEnd.COMPLETED
    assert record.heard == record.generated


def test_nothing_is_sent_while_there_is_no_stream() -> None:
    sim = call()
    sim.says(6.0, 1.0, CITA)
    sim.at(7.3, ev.MediaLost(is_stopped=True))
    sim.run(until=10.0)
    assert sim.heard_after(7.3) > 2.0
    assert sim.actions(ac.StartStream) == []


def test_a_stream_that_the_carrier_stopped_may_mean_that_the_caller_has_hung_up() -> None:
    sim = call()
    sim.at(5.0, ev.MediaLost(is_stopped=True))
    sim.at(5.3, ev.CallEnded("normal_clearing", "caller"))
    sim.run(until=20.0)
    assert sim.actions(ac.StartStream) == []
    assert sim.conversation.is_over


def test_a_voice_does_not_outlive_the_stream_that_brought_it() -> None:
    sim = call()
    sim.at(6.0, ev.VoiceStarted(6.0))
    sim.at(6.2, ev.MediaLost())
    sim.at(7.0, ev.SayRequested("Un aviso."))
    sim.run(until=10.0)
    assert sim.heard_after(7.0) < 1.0


def test_a_second_stream_in_the_place_of_the_first_changes_nothing_for_the_caller() -> None:
    sim = call()
    sim.at(1.0, ev.MediaStarted())
    sim.run(until=10.0)
    assert sim.records[0].heard == LINES.greeting
    assert len(sim.records) == 1, "greeted once"


def test_a_pause_for_the_caller_ends_also_without_a_stream() -> None:
    sim = call()
    sim.says(6.0, 1.0, CITA)
    sim.noise(9.0, 5.0)
    sim.at(9.5, ev.MediaLost())
    sim.run(until=25.0)
    assert [record.end for record in sim.replies()] == [TurnEnd.COMPLETED]


# --- marks ---------------------------------------------------------------------------------


def test_where_no_mark_ever_comes_back_the_clock_tells_what_was_heard() -> None:
    sim = call(nature=Nature(is_mark_lost=lambda: True))
    sim.says(8.0, 1.0, CITA)
    sim.run(until=25.0)
    assert sim.records[0].heard == LINES.greeting
    assert [record.end for record in sim.replies()] == [TurnEnd.COMPLETED]
    assert sim.replies()[0].heard == sim.replies()[0].generated
    assert "marks_missing" in sim.notes()


def test_without_marks_an_interrupted_reply_counts_as_not_heard_rather_than_heard() -> None:
    sim = call(nature=Nature(is_mark_lost=lambda: True))
    sim.says(8.0, 1.0, CITA)
    sim.says(11.0, 1.0, "No, espere.")
    sim.run(until=13.0)
    assert sim.replies()[0].heard == ""


# --- files instead of the stream ---------------------------------------------------------------


def test_without_a_stream_the_carrier_plays_files_and_transcribes() -> None:
    sim = call(FILES)
    sim.says(6.0, 1.5, "Quiero una", "cita.")
    sim.run(until=20.0)
    assert len(sim.actions(ac.StartTranscription)) == 1
    assert sources(sim) == {Source.FILE}
    assert said(sim) == ["Quiero una cita."]
    assert sim.replies()[0].heard == sim.replies()[0].generated


def test_a_stream_that_does_not_come_is_not_waited_for_for_long() -> None:
    sim = Simulation(RULES)
    sim.at(1.0, ev.CallAnswered())
    sim.run(until=10.0)
    assert sim.heard_after(1.0) < RULES.media_wait_s + 0.5
    assert sim.records[0].heard == LINES.greeting
    assert sources(sim) == {Source.FILE}


@pytest.mark.parametrize("when", [0.5, 2.0], ids=["while it rings", "when it is answered"])
def test_a_stream_that_the_carrier_refuses_is_not_waited_for_at_all(when: float) -> None:
    sim = Simulation(RULES)
    sim.at(when, ev.MediaLost(is_refused=True))
    sim.at(1.0, ev.CallAnswered())
    sim.run(until=10.0)
    assert sim.heard_after(max(when, 1.0)) < 0.5


def test_words_interrupt_files_too() -> None:
    sim = call(FILES)
    sim.says(6.0, 1.0, CITA)
    sim.says(10.0, 2.0, "No,", "espere.")
    sim.run(until=25.0)
    assert said(sim) == [CITA, "No, espere."]
    record = sim.replies()[0]
    assert record.end is TurnEnd.INTERRUPTED
    assert record.heard != record.generated and record.generated.startswith(record.heard)
    assert sim.actions(ac.StopPlayback)


def test_a_file_that_cannot_be_played_is_said_by_the_carriers_voice() -> None:
    sim = call(FILES)
    sim.at(0.4, lambda: sim.feed(ev.PlayFailed(played(sim)[0].mark)))
    sim.run(until=10.0)
    assert Source.CARRIER in sources(sim)


def played(sim: Simulation) -> list[ac.PlayClause]:
    return [action for _, action in sim.log if isinstance(action, ac.PlayClause)]


def test_when_the_stream_comes_after_all_it_is_used() -> None:
    sim = Simulation(RULES)
    sim.at(1.0, ev.CallAnswered())
    sim.at(8.0, ev.MediaStarted())
    sim.says(9.0, 1.0, CITA)
    sim.run(until=20.0)
    assert "stream_mode" in sim.notes()
    assert next(span.source for span in sim.heard() if span.start > 10.0) is Source.STREAM
    assert said(sim) == [CITA]


# --- the ear -------------------------------------------------------------------------------------


def test_a_transcriber_that_refuses_is_replaced_by_the_carriers_at_once() -> None:
    sim = call()
    sim.at(5.0, ev.HearingFailed("bad key", is_final=True))
    sim.says(6.0, 1.0, CITA)
    sim.run(until=15.0)
    assert [at for at, _ in sim.actions(ac.StartTranscription)] == [5.0]
    assert sim.actions(ac.FinalizeTranscript) == [], "nobody is there to be asked"
    assert said(sim) == [CITA]


def test_one_that_is_lost_now_and_then_is_not() -> None:
    sim = call()
    sim.at(4.0, ev.HearingFailed("reset"))
    sim.at(5.0, ev.HearingRestored())
    sim.at(5.1, ev.HearingFailed("reset"))
    sim.at(5.2, ev.HearingRestored())
    sim.run(until=8.0)
    assert sim.actions(ac.StartTranscription) == []


@pytest.mark.parametrize("restored_at", [6.9, 7.3])
def test_a_new_connection_that_has_a_voice_to_hear_again_is_waited_for(restored_at: float) -> None:
    """Whether it was there before the voice ended or came behind it."""
    sim = call()
    sim.at(6.0, ev.VoiceStarted(6.0))
    sim.at(6.1, ev.VoiceConfirmed(6.0))
    sim.at(6.4, ev.TranscriptInterim("quiero"))
    sim.at(6.8, ev.HearingFailed("reset"))
    sim.at(restored_at, ev.HearingRestored())
    sim.at(7.2, ev.VoiceStopped(7.0))
    sim.at(restored_at + 2.0, ev.TranscriptFinal(CITA, flushed=True))
    sim.run(until=20.0)
    assert said(sim) == [CITA]
    asked_at = next(at for at, _ in sim.actions(ac.AskModel))
    assert asked_at == pytest.approx(restored_at + 2.0), "and no longer than need be"


def test_a_voice_after_the_one_that_was_heard_again_is_waited_for_as_usual() -> None:
    sim = call()
    sim.at(6.0, ev.VoiceStarted(6.0))
    sim.at(6.1, ev.VoiceConfirmed(6.0))
    sim.at(6.8, ev.HearingFailed("reset"))
    sim.at(6.9, ev.HearingRestored())
    sim.at(7.2, ev.VoiceStopped(7.0))
    sim.at(7.3, ev.TranscriptFinal("quiero una", flushed=True))
    sim.at(7.4, ev.VoiceStarted(7.4))
    sim.at(7.5, ev.VoiceConfirmed(7.4))
    sim.at(7.8, ev.TranscriptInterim("cita"))
    sim.at(8.2, ev.VoiceStopped(8.0))
    sim.run(until=9.5)
    assert sim.conversation.state.replay_until == 0.0
    assert sim.actions(ac.AskModel), "an answer that does not come is not waited for as long as a replay"


def test_one_that_comes_back_is_used_again() -> None:
    sim = call()
    for at in (4.0, 4.2, 4.4):
        sim.at(at, ev.HearingFailed("reset"))
    sim.at(10.0, ev.HearingRestored())
    sim.says(12.0, 1.0, CITA)
    sim.run(until=20.0)
    assert [at for at, _ in sim.actions(ac.StopTranscription)] == [10.0]
    assert said(sim) == [CITA]


def test_a_stream_that_comes_after_all_is_heard_by_one_transcriber_not_by_two() -> None:
    sim = call(nature=Nature())
    sim.at(6.0, ev.MediaLost(is_refused=True))
    sim.at(8.0, ev.MediaStarted())
    sim.says(10.0, 1.0, CITA)
    sim.run(until=20.0)
    assert [round(at) for at, _ in sim.actions(ac.StartTranscription)] == [6]
    assert [round(at) for at, _ in sim.actions(ac.StopTranscription)] == [8]
    assert said(sim) == [CITA]


def test_a_stream_that_comes_after_all_does_not_bring_back_a_transcriber_that_is_gone() -> None:
    sim = call()
    sim.at(6.0, ev.HearingFailed("bad key", is_final=True))
    sim.at(6.5, ev.MediaLost(is_refused=True))
    sim.at(8.0, ev.MediaStarted())
    sim.run(until=10.0)
    assert sim.actions(ac.StopTranscription) == []
    sim.at(10.5, ev.HearingRestored())
    sim.run(until=11.0)
    assert [at for at, _ in sim.actions(ac.StopTranscription)] == [10.5]


@pytest.mark.parametrize("transfer_number", ["", "+573001112233"])
def test_a_caller_whom_nobody_hears_is_given_to_a_person_or_told_so(transfer_number: str) -> None:
    sim = call(replace(RULES, transfer_number=transfer_number))
    sim.at(6.0, ev.HearingFailed("bad key", is_final=True))
    sim.at(6.3, ev.CarrierHearingFailed())
    sim.run(until=20.0)
    assert sim.spoken()[-1][2] == (LINES.transfer if transfer_number else LINES.goodbye_failure)
    assert sim.conversation.state.closing_reason == ("transferred" if transfer_number else "failure")


def test_where_our_transcriber_works_the_carriers_refusal_is_no_matter() -> None:
    sim = call()
    sim.at(6.0, ev.MediaLost(is_refused=True))
    sim.at(6.1, ev.MediaStarted())
    sim.at(6.3, ev.CarrierHearingFailed())
    sim.says(8.0, 1.0, CITA)
    sim.run(until=20.0)
    assert said(sim) == [CITA]


# --- where only words tell ---------------------------------------------------------------------


def test_where_only_words_tell_a_final_is_waited_for() -> None:
    sim = call(FILES)
    sim.at(6.0, ev.TranscriptInterim("Quiero una cita."))
    sim.at(7.5, ev.TranscriptFinal("Quiero una cita para mañana."))
    sim.run(until=20.0)
    assert said(sim) == ["Quiero una cita para mañana."]


def test_and_taken_for_granted_if_it_does_not_come() -> None:
    sim = call(FILES)
    sim.at(6.0, ev.TranscriptInterim("Quiero una cita."))
    sim.run(until=20.0)
    assert said(sim) == [CITA]
    assert sim.heard_after(6.0) < FILES.interim_patience_s + 1.0


def test_words_that_go_on_while_we_have_begun_are_an_interruption() -> None:
    """Late words are over soon; these are not."""
    sim = call(FILES, Nature(clauses=lambda: 3))
    sim.at(6.0, ev.TranscriptFinal(CITA))
    sim.run(until=6.9)
    begun_at = sim.conversation.state.handed_over_at
    assert begun_at is not None
    sim.at(begun_at + 0.5, ev.TranscriptInterim("pero que sea"))
    sim.at(begun_at + 2.0, ev.TranscriptFinal("Pero que sea mañana."))
    sim.run(until=25.0)
    assert said(sim) == [CITA, "Pero que sea mañana."]
    assert sim.actions(ac.StopPlayback)[0][0] == pytest.approx(begun_at + FILES.late_words_s), "to the moment"


def test_the_same_call_in_files_takes_as_many_turns() -> None:
    turns = []
    for rules in (RULES, FILES):
        sim = call(rules, Nature(clauses=script(1), first_token_s=lambda: 0.2))
        for when in (6.0, 12.0, 18.0):
            sim.says(when, 1.0, CITA)
        sim.run(until=26.0)
        turns.append([(record.kind, record.said, record.end) for record in sim.records])
    assert turns[0] == turns[1]


# --- the carrier's ear beside ours ------------------------------------------------------------


ALONG = replace(RULES, carrier_listens=True)


def deaf_call(*, begins: float = 6.0, hears: str = "quiero") -> Simulation:
    """A caller whose audio stops coming in the middle of a sentence, and comes again behind it."""
    sim = call(ALONG)
    sim.at(begins, ev.VoiceStarted(begins))
    sim.at(begins + 0.1, ev.VoiceConfirmed(begins))
    if hears:
        sim.at(begins + 0.4, ev.TranscriptInterim(hears))
    sim.at(begins + 1.5, ev.MediaLost())
    sim.at(begins + 1.8, ev.MediaStarted())
    return sim


def test_the_carrier_listens_along_from_the_beginning_where_it_is_told_to() -> None:
    sim = call(ALONG)
    sim.run(until=3.0)
    assert [action for _, action in sim.actions(ac.StartTranscription)] == [ac.StartTranscription(is_beside_ours=True)]
    sim = call()
    sim.run(until=3.0)
    assert sim.actions(ac.StartTranscription) == []


@pytest.mark.parametrize("hears", ["", "quiero", CITA])
def test_what_was_said_while_no_audio_came_the_carrier_knows(hears: str) -> None:
    sim = deaf_call(hears=hears)
    if hears:
        sim.at(7.6, ev.TranscriptFinal(hears, flushed=True))
    sim.at(8.3, ev.CarrierHeard(CITA))
    sim.run(until=20.0)
    assert said(sim) == [CITA]


def test_the_carriers_words_wait_for_ours() -> None:
    sim = deaf_call()
    sim.at(7.51, ev.CarrierHeard(CITA))
    sim.run(until=20.0)
    assert said(sim) == [CITA]


def test_words_that_we_have_are_not_taken_twice() -> None:
    sim = call(ALONG)
    sim.says(6.0, 1.0, CITA)
    sim.at(7.9, ev.CarrierHeard(CITA))
    sim.run(until=20.0)
    assert said(sim) == [CITA]


def test_a_sentence_that_is_being_answered_is_not_answered_again() -> None:
    sim = call(ALONG)
    sim.says(6.0, 1.0, CITA)
    sim.at(8.6, ev.MediaLost())
    sim.at(8.7, ev.MediaStarted())
    sim.at(8.8, ev.CarrierHeard(CITA))
    sim.run(until=20.0)
    assert said(sim) == [CITA]


def test_a_carrier_that_tells_nothing_is_not_waited_for_long() -> None:
    sim = deaf_call()
    sim.at(7.6, ev.TranscriptFinal("quiero una cita.", flushed=True))
    sim.run(until=20.0)
    assert said(sim) == ["quiero una cita."]
    assert sim.actions(ac.AskModel)[0][0] < 11.0


def orders_to_listen(sim: Simulation) -> list[type]:
    return [type(action) for _, action in sim.log if isinstance(action, ac.StartTranscription | ac.StopTranscription)]


def test_the_carrier_does_not_listen_while_it_has_to_speak_for_us() -> None:
    """A voice that is asked of it while it transcribes may never be heard."""
    sim = call(ALONG, Nature(speech_fails=script(False, True, True, False), clauses=lambda: 1))
    sim.says(6.0, 1.0, CITA)
    sim.says(14.0, 1.0, "Para mi perro.")
    sim.run(until=25.0)
    (spoke_at, _), *_ = sim.actions(ac.SpeakByCarrier)
    ((stopped_at, _),) = sim.actions(ac.StopTranscription)
    assert stopped_at <= spoke_at
    assert orders_to_listen(sim) == [ac.StartTranscription, ac.StopTranscription, ac.StartTranscription]
    assert sim.actions(ac.StartTranscription)[1][0] > 15.0, "when our voice is back"


def test_a_voice_that_only_has_to_begin_again_stops_nobody_from_listening() -> None:
    sim = call(ALONG, Nature(speech_fails=script(False, True, False), clauses=lambda: 1))
    sim.says(6.0, 1.0, CITA)
    sim.run(until=20.0)
    assert orders_to_listen(sim) == [ac.StartTranscription]


def test_the_carrier_does_not_listen_to_two_people() -> None:
    sim = call(replace(ALONG, transfer_number="+573001112233"), Nature(first_token_s=lambda: NEVER))
    sim.says(6.0, 1.0, CITA)
    sim.run(until=20.0)
    assert sim.actions(ac.TransferCall)
    assert orders_to_listen(sim) == [ac.StartTranscription, ac.StopTranscription]


def test_a_carrier_that_hears_for_us_goes_on_beside_us() -> None:
    sim = call(ALONG)
    sim.at(6.0, ev.HearingFailed("bad key", is_final=True))
    sim.at(8.0, ev.HearingRestored())
    sim.says(10.0, 1.0, CITA)
    sim.run(until=20.0)
    assert sim.actions(ac.StopTranscription) == []
    assert said(sim) == [CITA]


def test_where_the_carrier_does_not_listen_its_words_are_none() -> None:
    sim = call()
    sim.at(6.0, ev.MediaLost())
    sim.at(6.4, ev.MediaStarted())
    sim.at(6.5, ev.CarrierHeard(CITA))
    sim.run(until=12.0)
    assert said(sim) == []
