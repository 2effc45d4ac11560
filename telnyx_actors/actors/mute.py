"""Whether a transcriber that should be saying something has fallen silent."""

from __future__ import annotations

from typing import Final

VOICE_S: Final = 1.6
"""Of a voice, without any message: a transcriber tells what it makes of one about once a second."""

NEW_VOICE_S: Final = 1.0
"""The same of a voice that has just begun, where the transcriber announces voices: it does so within half a second."""

NEW_AFTER_S: Final = 0.5
"""Of silence, behind which a voice is a new one to the transcriber too, whatever a pause is to it."""

ANSWER_S: Final = 0.6
"""For the answer to a request for final words, which takes a tenth of a second."""

PATIENCE_MAX: Final = 8


class MuteWatch:
    """An open connection that says nothing looks like a caller who says nothing: our own ear knows better.

    What our ear takes for a voice may be a noise, so each connection that was as mute as the
    one before is given twice the time, until one speaks. One thread.
    """

    def __init__(self) -> None:
        self._messages = 0
        self._voice_s = 0.0
        self._silence_s = 0.0
        self._is_new_voice = False
        self._asked_at: float | None = None
        self._patience = 1

    def connected(self) -> None:
        """A new connection: it has said nothing yet."""
        self._messages, self._voice_s, self._asked_at, self._is_new_voice = 0, 0.0, None, False

    def given(self, voice_s: float, silence_s: float) -> None:
        """The connection was given so much of each, in this order."""
        if voice_s and self._silence_s >= NEW_AFTER_S:
            self._is_new_voice, self._voice_s = True, 0.0
        self._voice_s += voice_s
        self._silence_s = silence_s if voice_s else self._silence_s + silence_s

    def asked(self, now: float) -> None:
        """It was asked for the final words of a voice."""
        self._asked_at = now if self._asked_at is None else self._asked_at

    def is_mute(self, messages: int, now: float, *, announces_voices: bool = False) -> bool:
        """``messages``: how many have come over this connection. True once for each."""
        if messages != self._messages:
            self._messages, self._voice_s, self._asked_at, self._patience = messages, 0.0, None, 1
            self._is_new_voice = False
        is_overdue = self._asked_at is not None and now >= self._asked_at + ANSWER_S * self._patience
        limit_s = NEW_VOICE_S if self._is_new_voice and announces_voices else VOICE_S
        if not is_overdue and self._voice_s < limit_s * self._patience:
            return False
        self.connected()
        self._patience = min(2 * self._patience, PATIENCE_MAX)
        return True
