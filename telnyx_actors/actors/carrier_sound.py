"""What the carrier sounds by itself, files and its own voice: which of our orders it is that has ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from telnyx_actors.core import events as ev

EARLY_S: Final = 0.3
"""A file may be told to have ended this much before its length, for the clocks of others."""


@dataclass(slots=True)
class CarrierSound:
    """One call's, by the ids of our orders. What we have stopped is forgotten: its end tells nothing."""

    _files: dict[str, tuple[str, float]] = field(default_factory=dict)  # their marks and first ends, as they are played
    _texts: dict[str, int] = field(default_factory=dict)  # their clauses

    def play(self, command_id: str, mark: str, at: float, length_s: float) -> None:
        """A file is ordered at ``at``."""
        self._files[command_id] = mark, at + length_s

    def say(self, command_id: str, clause: int) -> None:
        self._texts[command_id] = clause

    def stop(self) -> None:
        self._files.clear()
        self._texts.clear()

    def played(self, status: str, at: float) -> ev.MarkReturned | ev.PlayFailed | None:
        """Files end in the order in which they were begun, and none sooner than it lasts.

        One that had ended as our order to stop was on its way is told of when the next one plays.
        """
        if status in ("cancelled", "cancelled_amd", "call_hangup") or not self._files:
            return None
        command_id, (mark, ends_at) = next(iter(self._files.items()))
        if status == "completed" and at < ends_at - EARLY_S:
            return None
        del self._files[command_id]
        return ev.MarkReturned(mark) if status == "completed" else ev.PlayFailed(mark)

    def said(self, command_id: str) -> ev.CarrierSpoke | None:
        """``command_id`` "": one has ended that does not say which; it is the last."""
        clause = self._texts.pop(command_id or next(reversed(self._texts), ""), None)
        return None if clause is None else ev.CarrierSpoke(clause)

    def refused(self, command_id: str, reason: str) -> ev.PlayFailed | ev.SpeechFailed | None:
        """The carrier would not do it."""
        if (file := self._files.pop(command_id, None)) is not None:
            return ev.PlayFailed(file[0])
        if (clause := self._texts.pop(command_id, None)) is not None:
            return ev.SpeechFailed(clause, reason, retryable=False)
        return None
