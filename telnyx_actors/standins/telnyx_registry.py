"""Which calls there are, and which script the next one meets."""

from __future__ import annotations

import asyncio
from collections import deque

from telnyx_actors.standins.caller import CallerScript
from telnyx_actors.standins.telnyx_leg import Leg


class Scripts:
    """Who picks up when an application dials."""

    def __init__(self) -> None:
        self.default = CallerScript()
        self._expected: dict[str, deque[CallerScript]] = {}

    def expect(self, script: CallerScript, number: str = "") -> None:
        """The next outbound call (to ``number``, or to any) meets this script."""
        self._expected.setdefault(number, deque()).append(script)

    def take(self, number: str) -> CallerScript:
        for key in (number, ""):
            if self._expected.get(key):
                return self._expected[key].popleft()
        return self.default


class Registry:
    """Every leg by its id, and by its number from 0."""

    def __init__(self) -> None:
        self.legs: dict[str, Leg] = {}
        self._numbered: list[Leg | None] = []
        self._arrivals: dict[int, asyncio.Event] = {}

    def add(self, leg: Leg) -> None:
        self.legs[leg.id] = leg
        self._numbered.append(leg)
        self._arrival(len(self._numbered) - 1).set()

    def alive(self) -> list[Leg]:
        return [leg for leg in self.legs.values() if leg.alive]

    async def arrived(self, index: int) -> Leg:
        """The call with this number, as soon as there is one. Raises KeyError if it was forgotten."""
        await self._arrival(index).wait()
        leg = self._numbered[index]
        if leg is None:
            raise KeyError(index)
        return leg

    def forget_ended(self) -> None:
        """Drop the records of calls that are over: a long run would keep every second of them."""
        for index, leg in enumerate(self._numbered):
            if leg is not None and leg.ended.is_set():
                del self.legs[leg.id]
                self._numbered[index] = None

    def _arrival(self, index: int) -> asyncio.Event:
        return self._arrivals.setdefault(index, asyncio.Event())
