"""The ways of audio: what is kept of a caller's words when one ear takes over from another."""

from __future__ import annotations

from support.simulation import NEVER, Nature, Simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev


def test_a_voice_that_is_heard_again_is_answered_when_all_of_it_was_heard() -> None:
    simulation = Simulation(nature=Nature(final_s=lambda: NEVER))
    simulation.connect()
    simulation.at(8.0, ev.VoiceStarted(8.0))
    simulation.at(9.5, ev.VoiceStopped(9.4))
    simulation.at(10.2, ev.HearingFailed("mute"))
    simulation.at(10.3, ev.HearingRestored())
    simulation.at(10.8, ev.TranscriptInterim("¿Y", 0.9))
    simulation.at(11.8, ev.TranscriptFinal("¿Y atienden los domingos?", 0.9, flushed=True))
    simulation.run(25.0)
    (reply,) = simulation.replies()
    assert reply.said == "¿Y atienden los domingos?"
    assert {ask.said for ask in simulation.asks()} == {"¿Y atienden los domingos?"}


def test_a_sentence_that_was_heard_is_not_said_again_over_the_next_stream() -> None:
    simulation = Simulation(nature=Nature(is_mark_lost=lambda: True))
    simulation.connect()
    simulation.says(5.0, 1.0, "Hola.")
    simulation.run(10.5)
    (first, _) = [text for _, _, text in simulation.spoken()[-2:]]
    simulation.feed(ev.MediaLost())
    simulation.run(20.0)
    assert [text for _, _, text in simulation.spoken()].count(first) == 1
    assert simulation.actions(ac.ClearAudio), "the carrier may still have some of it"
