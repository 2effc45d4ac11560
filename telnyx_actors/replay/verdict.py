"""What came of holding a call again, and the exit code that says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from telnyx_actors.core.chronicle import Part, Replayed, replay
from telnyx_actors.replay.shelf import Chronicle

EXIT_SAME: Final = 0
EXIT_DIFFERS: Final = 1
EXIT_NOT_FOUND: Final = 2
EXIT_UNJUDGED: Final = 3
"""Not all of it could be read; or it differs, but another version of the core had decided."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The call's parts with their steps, then and now."""

    chronicle: Chronicle
    parts: list[tuple[Part, list[Replayed]]] = field(repr=False)

    @property
    def steps(self) -> int:
        return sum(len(replayed) for _, replayed in self.parts)

    @property
    def differences(self) -> list[tuple[Part, Replayed]]:
        return [(part, step) for part, replayed in self.parts for step in replayed if step.differs]

    @property
    def is_whole(self) -> bool:
        """Whether everything that was written down could be read."""
        chronicle = self.chronicle
        return not chronicle.complaint and bool(chronicle.parts) and not any(part.missing for part in chronicle.parts)

    @property
    def exit_code(self) -> int:
        if self.differences:
            return EXIT_DIFFERS if self.chronicle.is_of_this_core else EXIT_UNJUDGED
        return EXIT_SAME if self.is_whole else EXIT_UNJUDGED


def judge(chronicle: Chronicle) -> Verdict:
    """Hold it again, all parts of it."""
    return Verdict(chronicle, [(part, list(replay(part))) for part in chronicle.parts])
