"""The clauses of the agent's speech, in the order in which they are to be heard.

The audio itself stays in the shell; here are only its sizes. Three numbers per clause tell
the story: ``size`` bytes exist, ``sent`` were handed to the carrier, ``heard`` were
confirmed by a mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from telnyx_actors.core.audio import FRAME_BYTES, SAMPLE_RATE_HZ

S_PER_CHAR = 0.065
"""How long a voice takes for a character of Spanish: an estimate where nothing confirms."""

UNKNOWN_BYTES: Final = SAMPLE_RATE_HZ
"""So much more than is noted down may have been heard: what is noted is half a second old, and a mark a quarter behind."""


@dataclass(slots=True)
class Clause:
    """One clause of the agent's speech."""

    id: int
    turn: int
    text: str
    size: int = 0
    sent: int = 0
    heard: int = 0
    tries: int = 0  # how often its audio failed
    asked_at: float = 0.0  # when its audio was asked for, or last came
    is_complete: bool = False  # all its audio has arrived
    is_done: bool = False  # all of it was heard
    by_carrier: bool = False  # the carrier's own voice says it
    is_told: bool = False  # the carrier was told to say it
    is_lost: bool = False  # nobody could say it
    is_phrase: bool = False  # known by heart: its audio should be at hand

    @property
    def is_nearly_done(self) -> bool:
        """Whether its end may have been heard by now, and is not known to have been."""
        return self.is_complete and self.heard > 0 and self.size - self.heard <= UNKNOWN_BYTES

    @property
    def is_all_sent(self) -> bool:
        """Whether nothing of it is left to be handed to the carrier."""
        return self.is_done or (not self.by_carrier and self.is_complete and self.sent >= self.size)

    @property
    def sendable(self) -> int:
        """Bytes that may be sent now: whole frames, and the odd rest once it is the last."""
        ready = self.size - self.sent
        return ready if self.is_complete else ready - ready % FRAME_BYTES

    def hear(self, size: int) -> None:
        """So many bytes of it were heard."""
        self.heard = max(self.heard, size)
        if self.is_complete and self.heard >= self.size:
            self.is_done = True

    def heard_text(self) -> str:
        """The words whose audio was heard."""
        return self.text if self.is_done and not self.is_lost else self.text_up_to(self.heard)

    def text_up_to(self, size: int) -> str:
        """The whole words that the first ``size`` bytes carry, by their share of the audio."""
        expected = float(self.size)
        if not self.is_complete:
            expected = max(expected, len(self.text) * S_PER_CHAR * SAMPLE_RATE_HZ)
        if size >= expected:
            return self.text
        return self.text[: self.text.rfind(" ", 0, int(len(self.text) * size / expected) + 1) + 1].rstrip()


@dataclass(slots=True)
class Clauses:
    """A queue that is filled from behind while its head is played."""

    _queue: list[Clause] = field(default_factory=list, init=False)

    def add(self, clause: Clause, *, first: bool = False) -> None:
        """Queue a clause: last, or ``first`` of all that was not begun."""
        at = len(self._queue)
        if first:
            at = next((i for i, queued in enumerate(self._queue) if not queued.sent and not queued.is_told), at)
        self._queue.insert(at, clause)

    def audio(self, clause_id: int, size: int, now: float) -> bool:
        """More audio of a clause; False when the clause is not wanted any more."""
        clause = self.find(clause_id)
        if clause is None or clause.by_carrier or clause.is_complete:
            return False
        clause.size += size
        clause.asked_at = now
        return True

    def complete(self, clause_id: int) -> bool:
        """All audio of a clause is there."""
        clause = self.find(clause_id)
        if clause is None or clause.by_carrier:
            return False
        clause.is_complete = True
        clause.hear(clause.heard)  # the last mark may have come before we knew it was the last
        return True

    def break_off(self, clause_id: int, successor_id: int) -> Clause | None:
        """The audio of a clause broke off. Returns the clause to be made in its stead, if any.

        Of a clause that was begun, the audio that there is stays, with its words, so that
        none is said twice. The successor has a number of its own: audio of the broken one
        that is still on its way cannot pass for its.
        """
        clause = self.find(clause_id)
        if clause is None or clause.is_complete:
            return None
        at, rest = self._queue.index(clause), clause.text
        if clause.sent or clause.heard:
            clause.size -= clause.size % FRAME_BYTES
            words = clause.text_up_to(clause.size)
            rest = clause.text[len(words) :].strip()
            clause.text = words
            self.complete(clause_id)
            at += 1
        else:
            del self._queue[at]
        if not rest:
            return None
        successor = Clause(successor_id, clause.turn, rest, tries=clause.tries + 1, is_phrase=clause.is_phrase)
        self._queue.insert(at, successor)
        return successor

    # --- looking ---

    def head(self) -> Clause | None:
        """The clause whose turn it is to be sent."""
        return next((clause for clause in self._queue if not clause.is_all_sent), None)

    def find(self, clause_id: int) -> Clause | None:
        return next((clause for clause in self._queue if clause.id == clause_id), None)

    def clauses(self) -> Iterator[Clause]:
        return iter(self._queue)

    def is_finished(self) -> bool:
        """Whether everything queued has been heard."""
        return all(clause.is_done for clause in self._queue)

    def needs_carrier(self) -> bool:
        """Whether the carrier's own voice has something to say, or is saying it."""
        return any(clause.by_carrier and not clause.is_done for clause in self._queue)

    def has_audio(self, clause_ids: list[int]) -> bool:
        """Whether there is something of these clauses to be heard that was not heard yet."""
        return any(not c.is_done and (c.size > 0 or c.by_carrier) for c in self._queue if c.id in clause_ids)
