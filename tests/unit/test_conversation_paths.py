"""The ways of audio: what is kept of a caller's words when one ear takes over from another."""

from __future__ import annotations

import pytest

from support.simulated_line import Source
from support.simulation import NEVER, Nature, Simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.turn import TurnEnd


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


# --- back to the stream ----------------------------------------------------------------------

REFUSED_AT = 6.0


def without_streams(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The carrier refuses every stream that it is asked for; when it was."""
    asked: list[float] = []
    do = simulation._perform

    def refuse(action: ac.Action) -> None:
        if isinstance(action, ac.StartStream):
            asked.append(simulation.now)
            simulation.at(simulation.now + 0.2, ev.MediaLost(is_refused=True))
        else:
            do(action)

    monkeypatch.setattr(simulation, "_perform", refuse)
    return asked


def test_a_call_whose_stream_was_refused_tries_it_again_and_goes_back_to_it() -> None:
    rules = Rules(silence_timeout_s=600.0)
    simulation = Simulation(rules)
    simulation.connect()
    simulation.at(REFUSED_AT, ev.MediaLost(is_refused=True))
    simulation.says(20.0, 1.0, "Quiero una cita.")
    simulation.says(50.0, 1.0, "¿A qué hora?")
    simulation.run(70.0)
    (asked_at,) = [at for at, _ in simulation.actions(ac.StartStream)]
    assert asked_at == REFUSED_AT + rules.stream_again_s
    assert {span.source for span in simulation.heard() if 20.0 < span.start < asked_at} == {Source.FILE}
    assert {span.source for span in simulation.heard() if span.start > 50.0} == {Source.STREAM}
    assert [reply.said for reply in simulation.replies()] == ["Quiero una cita.", "¿A qué hora?"]


def test_a_stream_is_not_tried_again_while_anybody_speaks() -> None:
    rules = Rules(silence_timeout_s=600.0)
    simulation = Simulation(rules)
    simulation.connect()
    simulation.at(REFUSED_AT, ev.MediaLost(is_refused=True))
    simulation.says(REFUSED_AT + rules.stream_again_s - 2.0, 1.0, "Quiero una cita.")
    simulation.run(70.0)
    (asked_at,) = [at for at, _ in simulation.actions(ac.StartStream)]
    assert asked_at > REFUSED_AT + rules.stream_again_s
    (reply,) = simulation.replies()
    assert (reply.end, reply.heard) == (TurnEnd.COMPLETED, reply.generated)
    assert not [span for span in simulation.heard() if span.start < asked_at < span.end]


def test_a_stream_that_never_comes_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = Rules(silence_timeout_s=6000.0, stream_again_max=3)
    simulation = Simulation(rules)
    asked = without_streams(simulation, monkeypatch)
    simulation.connect()
    simulation.at(REFUSED_AT, ev.MediaLost(is_refused=True))
    simulation.run(400.0)
    assert asked == [REFUSED_AT + number * rules.stream_again_s for number in (1, 2, 3)]
    assert simulation.notes().count("webhook_mode") == 1


def test_webhook_mode_that_was_asked_for_is_not_left() -> None:
    simulation = Simulation(Rules(uses_stream=False, silence_timeout_s=600.0))
    simulation.connect()
    simulation.run(120.0)
    assert simulation.actions(ac.StartStream) == []
