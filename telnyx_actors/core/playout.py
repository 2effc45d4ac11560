"""What is being played to the caller, and what of it has been heard.

Clauses wait between the voice that makes audio and the carrier that plays it. Audio is
sent ahead of the caller's ear by at most ``lead_s``, so that ``clear`` can take
it back and a hiccup of ours is not heard. ``play_end`` is our estimate of the moment when
the carrier runs dry: exact but for the network, since the carrier plays in real time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from telnyx_actors.core.actions import (
    Action,
    CancelSpeech,
    ClearAudio,
    PlayClause,
    SendAudio,
    SendMark,
    SpeakByCarrier,
    StopPlayback,
)
from telnyx_actors.core.audio import FRAME_BYTES, SAMPLE_RATE_HZ
from telnyx_actors.core.clauses import S_PER_CHAR, Clause, Clauses

MARK_GRACE_S = 1.5
"""How late a mark may be before the estimate is believed instead of the carrier."""


@dataclass(slots=True)
class Playout(Clauses):
    """The queue, and what the carrier does with it.

    ``is_open`` says whether audio may leave: the turn is ours, and the caller is silent.
    """

    lead_s: float
    mark_every_s: float
    is_open: bool = False
    may_begin: bool = True  # another clause; the one in progress goes on
    by_clause: bool = False  # no stream: the carrier plays whole clauses, as files
    play_end: float = 0.0
    _marks: dict[str, tuple[int, int]] = field(default_factory=dict)
    _epoch: int = 0  # grows with every clear: marks of an earlier epoch confirm nothing

    # --- playing ---

    def release(self, now: float) -> list[Action]:
        """Send what may leave now."""
        actions: list[Action] = []
        while self.is_open and (clause := self.head()) is not None and (self.may_begin or clause.sent):
            if clause.by_carrier:
                return actions + self._tell_carrier(clause, now)
            actions += self._play(clause, now) if self.by_clause else self._send(clause, now)
            if not clause.is_all_sent:
                break
        return actions

    def _send(self, clause: Clause, now: float) -> list[Action]:
        actions: list[Action] = []
        step = int(self.mark_every_s * SAMPLE_RATE_HZ) // FRAME_BYTES * FRAME_BYTES
        room = int((self.lead_s - max(self.play_end - now, 0.0)) * SAMPLE_RATE_HZ)
        while (ready := clause.sendable) and room >= FRAME_BYTES:
            size = min(ready, room - room % FRAME_BYTES, step)
            actions.append(SendAudio(clause.id, clause.sent, clause.sent + size))
            clause.sent += size
            actions.append(self._mark(clause))
            padded = -(-size // FRAME_BYTES) * FRAME_BYTES
            self.play_end = max(self.play_end, now) + padded / SAMPLE_RATE_HZ
            room -= padded
        return actions

    def _play(self, clause: Clause, now: float) -> list[Action]:
        if not clause.is_complete:
            return []
        clause.sent = clause.size
        self.play_end = max(self.play_end, now) + clause.size / SAMPLE_RATE_HZ
        return [PlayClause(clause.id, clause.size, self._mark_name(clause))]

    def _mark(self, clause: Clause) -> Action:
        return SendMark(self._mark_name(clause))

    def _mark_name(self, clause: Clause) -> str:
        name = f"{self._epoch}.{clause.id}.{clause.sent}"
        self._marks[name] = (clause.id, clause.sent)
        return name

    def _tell_carrier(self, clause: Clause, now: float) -> list[Action]:
        if clause.is_told or self.play_end > now or self._awaits_confirmation():
            return []  # its voice does not wait for what plays, as ours does
        clause.is_told = True
        self.play_end = now + len(clause.text) * S_PER_CHAR
        return [SpeakByCarrier(clause.id, clause.text)]

    # --- hearing back ---

    def mark_returned(self, name: str, now: float) -> bool:
        """A mark came back; False when it confirms nothing (cleared, unknown, twice).

        What lies before it was heard too, whether or not the marks there have come: they may be lost.
        """
        if name not in self._marks:
            return False
        for passed in list(self._marks):
            self._confirm(*self._marks.pop(passed))
            if passed == name:
                break
        if not self._marks and self.head() is None:
            self.play_end = min(self.play_end, now)
        return True

    def _confirm(self, clause_id: int, size: int) -> None:
        clause = self.find(clause_id)
        if clause is not None:
            clause.hear(size)

    def play_failed(self, name: str) -> bool:
        """The carrier could not play a clause: its own voice has to say it."""
        place = self._marks.pop(name, None)
        clause = self.find(place[0]) if place else None
        if clause is None or clause.is_done:
            return False
        clause.by_carrier, clause.sent = True, 0
        return True

    def carrier_spoke(self, clause_id: int, now: float) -> bool:
        """The carrier's voice has finished a clause."""
        clause = self.find(clause_id)
        if clause is None or not clause.is_told or clause.is_done:
            return False
        clause.is_done = True
        self.play_end = min(self.play_end, now)
        return True

    def carrier_failed(self, clause_id: int, now: float) -> bool:
        """The carrier's voice cannot say a clause either: there is no other."""
        clause = self.find(clause_id)
        if clause is None or not clause.is_told or clause.is_done:
            return False
        clause.is_done = clause.is_lost = True
        self.play_end = min(self.play_end, now)
        return True

    def believe_estimate(self, now: float) -> bool:
        """Count as heard what the carrier must have played long ago without confirming it."""
        if not self.is_overdue(now):
            return False
        for clause in self._queue:
            if clause.is_told or (clause.sent and clause.heard < clause.sent):
                clause.heard = clause.sent
                clause.is_done = clause.is_told or clause.is_all_sent
        self._marks.clear()
        return True

    def is_overdue(self, now: float) -> bool:
        """Whether everything sent should have been confirmed by now and was not."""
        return self._awaits_confirmation() and now >= self.play_end + MARK_GRACE_S

    def _awaits_confirmation(self) -> bool:
        return any((c.is_told and not c.is_done) or c.heard < c.sent for c in self._queue)

    # --- taking back ---

    def clear(self, now: float) -> list[Action]:
        """Stop the caller's ear at once; what was not heard stays, to be sent again or dropped."""
        if not self.is_audible(now) and not self._awaits_confirmation():
            return []
        carrier_speaks = any(clause.is_told and not clause.is_done for clause in self._queue)
        if self.by_clause:
            self._credit_heard(now)
        self._forget_sent()
        self.play_end = now
        stops: list[Action] = [] if self.by_clause else [ClearAudio()]
        return [*stops, StopPlayback()] if carrier_speaks or self.by_clause else stops

    def _credit_heard(self, now: float) -> None:
        """Where no mark will tell, the clock does: what was sent and is not still to play was heard."""
        unheard = max(self.play_end - now, 0.0) * SAMPLE_RATE_HZ
        for clause in reversed(self._queue):
            if clause.sent and not clause.is_done:
                clause.heard = max(clause.heard, int(clause.sent - min(unheard, clause.sent)))
                clause.is_done = clause.is_complete and clause.heard >= clause.size
                unheard -= min(unheard, clause.sent)

    def lose_stream(self, now: float) -> None:
        """The socket is gone, and with it the marks: what should have played by now did, and the rest is sent again.

        The carrier's own voice goes on.
        """
        self._credit_heard(now)
        told = [clause for clause in self._queue if clause.is_told and not clause.is_done]
        self._forget_sent()
        for clause in told:
            clause.is_told = True
        if not told:
            self.play_end = now

    def _forget_sent(self) -> None:
        self._epoch += 1
        self._marks.clear()
        for clause in self._queue:
            if not clause.is_done:
                clause.sent = 0
                clause.is_told = False

    def drop(self) -> list[Action]:
        """Forget everything queued. Call ``clear`` first if something may be audible."""
        wanted = tuple(clause.id for clause in self._queue if not clause.is_complete or not clause.is_done)
        self._queue.clear()
        self._marks.clear()
        self._epoch += 1
        return [CancelSpeech(wanted)] if wanted else []

    def skip(self, clause_ids: list[int]) -> list[Action]:
        """Take out those of the clauses that were not begun."""
        idle = [c for c in self._queue if c.id in clause_ids and not (c.sent or c.is_told or c.is_done)]
        self._queue = [clause for clause in self._queue if clause not in idle]
        return [CancelSpeech(tuple(clause.id for clause in idle))] if idle else []

    # --- looking ---

    def is_audible(self, now: float) -> bool:
        """Whether the caller hears us now, or will without our doing anything."""
        return self.play_end > now

    def is_in_clause(self) -> bool:
        """Whether the caller has heard, or will have, the beginning of a clause and not its end."""
        return any((clause.sent or clause.is_told) and not clause.is_done for clause in self._queue)

    def rest_s(self, now: float) -> float:
        """How long the caller would have to listen for the rest; infinite while its length is not known."""
        unplayed_s = 0.0
        for clause in self._queue:
            if clause.by_carrier and not clause.is_done and not clause.is_told:
                unplayed_s += len(clause.text) * S_PER_CHAR
            elif not clause.by_carrier and not clause.is_complete:
                return math.inf
            elif not clause.by_carrier and not clause.is_done:
                unplayed_s += (clause.size - max(clause.sent, clause.heard)) / SAMPLE_RATE_HZ
        return max(self.play_end - now, 0.0) + unplayed_s

    def deadlines(self) -> Iterator[float]:
        """When to call ``release`` or ``believe_estimate`` again."""
        if self._awaits_confirmation():
            yield self.play_end + MARK_GRACE_S
        head = self.head() if self.is_open else None
        if head is not None and head.by_carrier and not head.is_told:
            yield self.play_end
        elif head is not None and head.sendable:
            yield self.play_end - self.lead_s * 0.75
