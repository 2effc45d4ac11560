"""How long who listened to a call: each of them is paid."""

from __future__ import annotations

from dataclasses import dataclass, field

from telnyx_actors.actors.usage import Meter
from telnyx_actors.core.state import CarrierEar, Phase, State

_TRANSCRIBES = (CarrierEar.BESIDE, CarrierEar.INSTEAD)


@dataclass(slots=True)
class Ears:
    """One call's. ``own`` is the transcriber that was chosen, ``reserve`` the other that stands in for it."""

    own: Meter = field(default_factory=Meter)
    reserve: Meter = field(default_factory=Meter)
    carrier: Meter = field(default_factory=Meter)

    def follow(self, state: State) -> None:
        """To be told after each step of the conversation."""
        is_live = state.phase in (Phase.LIVE, Phase.CLOSING)
        is_heard = is_live and not state.playout.by_clause and not state.is_own_hearing_lost
        self.own.runs(is_heard and not state.hears_by_reserve, state.now)
        self.reserve.runs(is_heard and state.hears_by_reserve, state.now)
        self.carrier.runs(is_live and state.carrier_ear in _TRANSCRIBES, state.now)
