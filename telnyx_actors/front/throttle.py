"""Whoever guesses at the login has to wait. Pure: the time is an argument."""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import Final

GUESSES_MAX: Final = 5
WITHIN_S: Final = 60.0
ADDRESSES_MAX: Final = 1024


class Throttle:
    """The last wrong guesses of each address; of the addresses, those that guessed last."""

    def __init__(self) -> None:
        self._guesses: dict[str, deque[float]] = {}

    def wait_s(self, address: str, now: float) -> int:
        """How long this address may not guess again; 0 when it may. Who asks meanwhile waits no longer for that."""
        guesses = self._guesses.get(address)
        if guesses is None or len(guesses) < GUESSES_MAX:
            return 0
        return max(0, ceil(guesses[0] + WITHIN_S - now))

    def guessed(self, address: str, now: float) -> None:
        """A wrong guess was made."""
        guesses = self._guesses.pop(address, None) or deque(maxlen=GUESSES_MAX)
        guesses.append(now)
        if len(self._guesses) >= ADDRESSES_MAX:
            del self._guesses[next(iter(self._guesses))]
        self._guesses[address] = guesses

    def forget(self, address: str) -> None:
        """It knew the token."""
        self._guesses.pop(address, None)
