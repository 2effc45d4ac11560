"""What the model is told of the conversation: what was said, and what was heard."""

from __future__ import annotations

from dataclasses import dataclass, field

OPENING = "(La llamada comienza.)"
"""Stands for the caller where the agent spoke first: the model's protocol begins with the user."""

CUT_OFF = "—"
"""Ends what the caller heard of a reply that was interrupted."""


@dataclass(slots=True)
class History:
    """Exchanges, oldest first. ``exchanges_max`` bounds what the model is sent."""

    exchanges_max: int
    _entries: list[tuple[str, str]] = field(default_factory=list)  # (role, text), never two of one role in a row

    @property
    def last_said(self) -> str:
        """What the caller said last, as far as it was answered."""
        return next((text for role, text in reversed(self._entries) if role == "user"), "")

    def caller(self, text: str) -> None:
        """The caller said this."""
        self._add("user", text)

    def correct(self, text: str) -> None:
        """What the caller said last was this, as it turns out."""
        last = max(index for index, (role, _) in enumerate(self._entries) if role == "user")
        self._entries[last] = ("user", text)

    def agent(self, heard: str, *, is_cut: bool = False) -> None:
        """The caller heard this of the agent; nothing heard leaves no trace."""
        if heard:
            self._add("assistant", heard + CUT_OFF if is_cut else heard)

    def _add(self, role: str, text: str) -> None:
        if not text:
            return
        if self._entries and self._entries[-1][0] == role:
            self._entries[-1] = (role, f"{self._entries[-1][1]} {text}")
        else:
            self._entries.append((role, text))
        while sum(entry[0] == "user" for entry in self._entries) > self.exchanges_max:
            del self._entries[0]

    def messages(self, said: str) -> tuple[tuple[str, str], ...]:
        """The request for a reply to ``said`` (empty: to what is remembered); begins and ends with the caller."""
        entries = list(self._entries)
        if entries and entries[-1][0] == "user":
            entries[-1] = ("user", f"{entries[-1][1]} {said}".rstrip())
        else:
            entries.append(("user", said))
        if entries[0][0] == "assistant":
            entries.insert(0, ("user", OPENING))
        return tuple(entries)
