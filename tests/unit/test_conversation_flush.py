"""How long the conversation waits for the words of a pause."""

from __future__ import annotations

from support.simulation import Nature, Simulation
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev


def asked(simulation: Simulation) -> tuple[float, str]:
    """When the model was first asked, and what about."""
    at, action = simulation.actions(ac.AskModel)[0]
    assert isinstance(action, ac.AskModel)
    return at, action.messages[-1][1]


def test_an_endpoint_that_comes_before_the_finalize_leaves_nothing_to_wait_for() -> None:
    """The transcriber found the end by itself: it has nothing left to flush, and does not answer."""
    simulation = Simulation(nature=Nature(final_s=lambda: 60.0))
    simulation.connect()
    simulation.says(6.0, 1.0, words=False)
    simulation.at(7.12, ev.TranscriptFinal("¿A qué hora cierran?", endpoint=True))
    simulation.run(until=9.0)
    assert asked(simulation)[0] < 7.2


def test_a_final_in_the_middle_of_speech_does_not_stand_for_the_flush() -> None:
    simulation = Simulation(nature=Nature(final_s=lambda: 0.3))
    simulation.connect()
    simulation.says(6.0, 1.0, "cierran?")
    simulation.at(7.12, ev.TranscriptFinal("¿A qué hora"))
    simulation.run(until=9.0)
    at, text = asked(simulation)
    assert at > 7.39
    assert text == "¿A qué hora cierran?"
