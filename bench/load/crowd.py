"""So many calls at a time: who hangs up is followed by the next."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from itertools import count
from statistics import mean
from typing import Final

import requests

from bench.load.outside import Outside

LOOK_EVERY_S: Final = 0.05
REFUSED_PAUSE_S: Final = 0.5
"""Whoever was told that there is no room tries again, but not at once."""
RAMP_S: Final = 36.0
"""About as long as a call: the beginnings of calls are spread over all of it, as they are in life."""
DIAL_LIMIT_S: Final = 10.0
CREATED: Final = 201
NO_ROOM: Final = 503


@dataclass(slots=True)
class Tally:
    """What became of the attempts to call, and how many calls there were at each look."""

    dialled: int = 0
    refused: int = 0
    failed: int = 0
    live: list[int] = field(default_factory=list)

    @property
    def held(self) -> float:
        return mean(self.live) if self.live else 0.0


class Crowd:
    """Keeps ``size`` calls going from ``start`` to ``stop``, in a thread of its own."""

    def __init__(self, outside: Outside, url: str, size: int, numbers: count[int]) -> None:
        self.tally = Tally()
        self._outside = outside
        self._url = url
        self._size = size
        self._numbers = numbers
        self._http = requests.Session()
        self._http.trust_env = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="crowd")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Nobody calls any more; those who talk go on."""
        self._over.set()
        self._thread.join()
        self._http.close()

    def forget(self) -> None:
        """Count from here."""
        self.tally = Tally()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._over.wait(LOOK_EVERY_S):
            live = self._outside.live()
            self.tally.live.append(live)
            wanted = min(self._size, 1 + int((time.monotonic() - began) / RAMP_S * self._size))
            for _ in range(wanted - live):
                if self._over.is_set():
                    break
                if not self._dial(next(self._numbers)):
                    self._over.wait(REFUSED_PAUSE_S)
                    break

    def _dial(self, number: int) -> bool:
        """False when the engine has no room for a call."""
        telephone = f"+57300{number:07d}"
        self._outside.expect(number, telephone)
        self.tally.dialled += 1
        body = {"telefono": telephone, "nombre": f"Cliente{number}"}
        try:
            answer = self._http.post(f"{self._url}/api/call/initiate", json=body, timeout=DIAL_LIMIT_S)
        except requests.RequestException:
            self.tally.failed += 1
            return False
        self.tally.refused += answer.status_code == NO_ROOM
        self.tally.failed += answer.status_code not in (CREATED, NO_ROOM)
        return answer.status_code == CREATED
