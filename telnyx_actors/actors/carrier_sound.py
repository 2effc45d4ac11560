"""What the carrier sounds by itself, files and its own voice: which of our orders it is that has ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from telnyx_actors.core import events as ev


@dataclass(slots=True)
class CarrierSound:
    """One call's, by the ids of our orders. What we have stopped is forgotten: its end tells nothing."""

    _files: dict[str, str] = field(default_factory=dict)  # their marks, in the order in which they are played
    _texts: dict[str, int] = field(default_factory=dict)  # their clauses

    def play(self, command_id: str, mark: str) -> None:
        self._files[command_id] = mark

    def say(self, command_id: str, clause: int) -> None:
        self._texts[command_id] = clause

    def stop(self) -> None:
        self._files.clear()
        self._texts.clear()

    def played(self, status: str) -> ev.MarkReturned | ev.PlayFailed | None:
        """Files end in the order in which they were begun."""
        if status in ("cancelled", "cancelled_amd", "call_hangup") or not self._files:
            return None
        mark = self._files.pop(next(iter(self._files)))
        return ev.MarkReturned(mark) if status == "completed" else ev.PlayFailed(mark)

    def said(self, command_id: str) -> ev.CarrierSpoke | None:
        """``command_id`` "": one has ended that does not say which; it is the last."""
        clause = self._texts.pop(command_id or next(reversed(self._texts), ""), None)
        return None if clause is None else ev.CarrierSpoke(clause)

    def refused(self, command_id: str, reason: str) -> ev.PlayFailed | ev.SpeechFailed | None:
        """The carrier would not do it."""
        if (mark := self._files.pop(command_id, None)) is not None:
            return ev.PlayFailed(mark)
        if (clause := self._texts.pop(command_id, None)) is not None:
            return ev.SpeechFailed(clause, reason, retryable=False)
        return None
