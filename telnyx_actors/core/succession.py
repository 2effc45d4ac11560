"""Who is to transcribe next, when a connection to a transcriber is lost.

Our own first. Where it fails twice in a row, or refuses us, the reserve takes over at once and is given
what nobody has heard; ours is tried again beside it. Where both fail, the carrier has to hear.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from telnyx_actors.core.backoff import Backoff

AGAIN: Final = Backoff(first_s=0.2, limit_s=5.0)
REFUSED: Final = Backoff(first_s=30.0, limit_s=120.0, least=0.5)
"""After a refusal that asking again cannot help, such as a wrong key: somebody may mend it meanwhile."""

BACK: Final = Backoff(first_s=5.0, limit_s=120.0, least=0.5)
"""While the reserve hears, nothing is urgent."""

FAILURES_MAX: Final = 5
"""So many in a row are as good as a refusal, where there is no reserve."""


class Source(Enum):
    """Whose ears."""

    OWN = "own"
    RESERVE = "reserve"


@dataclass(frozen=True, slots=True)
class Next:
    """Connect there, after so long. ``is_final``: the carrier has to hear until then."""

    source: Source
    delay_s: float = 0.0
    is_final: bool = False


class Succession:
    """One call's. ``random`` is chance in [0, 1)."""

    def __init__(self, *, has_reserve: bool) -> None:
        self._has_reserve = has_reserve
        self._own_failures = 0
        self._is_refused = False
        self._reserve_has_lasted = False

    def lasted(self, source: Source) -> None:
        """A connection is as it should be."""
        if source is Source.OWN:
            self._own_failures, self._is_refused = 0, False
        else:
            self._reserve_has_lasted = True

    def lost(self, source: Source, random: float, *, is_refused: bool) -> Next:
        """A connection was lost, or could not be made, and nobody hears."""
        if source is Source.RESERVE:
            if self._reserve_has_lasted and not is_refused:
                self._reserve_has_lasted = False
                return Next(Source.RESERVE)
            return Next(Source.OWN, self._own_delay_s(AGAIN, random), is_final=True)
        self._own_failed(is_refused=is_refused)
        if self._has_reserve and (is_refused or self._own_failures > 1):
            return Next(Source.RESERVE)
        return Next(Source.OWN, self._own_delay_s(AGAIN, random), is_final=self._is_hopeless)

    def not_back(self, *, is_refused: bool) -> None:
        """Our own failed once more, beside a reserve that hears."""
        self._own_failed(is_refused=is_refused)

    def back_s(self, random: float) -> float:
        """How long until our own is tried again beside the reserve."""
        return self._own_delay_s(BACK, random)

    def _own_failed(self, *, is_refused: bool) -> None:
        self._own_failures += 1
        self._is_refused = is_refused

    @property
    def _is_hopeless(self) -> bool:
        return self._is_refused or self._own_failures > FAILURES_MAX

    def _own_delay_s(self, usual: Backoff, random: float) -> float:
        backoff = REFUSED if self._is_hopeless else usual
        return backoff.delay_s(max(0, self._own_failures - 1), random)
