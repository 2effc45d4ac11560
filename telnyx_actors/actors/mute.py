"""Whether a transcriber that should be saying something has fallen silent."""

from __future__ import annotations

import math
from typing import Final

from telnyx_actors.core.catching_up import behind_for_s
from telnyx_actors.providers.ports import Habits

NEW_VOICE_S: Final = 1.0
"""Of a voice that has just begun, without any message, where the transcriber announces voices: it does so within half a second."""

NEW_AFTER_S: Final = 0.5
"""Of silence, behind which a voice is a new one to the transcriber too, whatever a pause is to it."""

ANSWER_S: Final = 0.6
"""For the answer to a request for final words, which takes a tenth of a second."""

PROBE_AFTER_S: Final = 0.4
"""Of a voice without any message, until the other end is asked whether it is there."""

PROBE_S: Final = 0.5
"""For the answer to that, which takes no longer than the way there and back."""

BUSY_ANSWER_S: Final = 3.0
"""For the answer of one that has a backlog to hear first: since it last said anything."""

DOUBTED_AGAIN_S: Final = 60.0
"""Who is taken for mute twice in such a time, in one call, may be no more than slow."""

PATIENCE_MAX: Final = 8


class MuteWatch:
    """An open connection that says nothing looks like a caller who says nothing: our own ear knows better.

    What our ear takes for a voice may be a noise, so each connection that was as mute as the
    one before is given twice the time, until one speaks. What a transcriber has never been seen
    to do is not expected of it. One thread.
    """

    def __init__(self, habits: Habits | None = None) -> None:
        self._habits = habits or Habits()
        self._messages = 0
        self._voice_s = 0.0
        self._silence_s = 0.0
        self._is_new_voice = False
        self._asked_at: float | None = None
        self._probed: tuple[float, int] | None = None  # when, and how many signs of life there had been
        self._probe_from_s = 0.0  # of the voice
        self._busy_until = 0.0
        self._doubted_at = -math.inf
        self._patience = 1

    def connected(self, habits: Habits, now: float = 0.0, backlog_s: float = 0.0) -> None:
        """A new connection, of a transcriber with these ``habits``: it has said nothing yet.

        It has a backlog to work off, and whatever it is asked waits behind that.
        """
        self._habits, self._busy_until = habits, now + behind_for_s(backlog_s)
        self._begin_anew()

    def given(self, voice_s: float, silence_s: float) -> None:
        """The connection was given so much of each, in this order. Words are due in a short pause of a voice, too."""
        if voice_s and self._silence_s >= NEW_AFTER_S:
            self._is_new_voice = True
            self._voice_s = self._probe_from_s = 0.0
        elif voice_s and self._voice_s:
            self._voice_s += self._silence_s
        self._voice_s += voice_s
        self._silence_s = silence_s if voice_s else self._silence_s + silence_s

    def asked(self, now: float) -> None:
        """It was asked for the final words of a voice."""
        self._asked_at = now if self._asked_at is None else self._asked_at

    def is_to_probe(self, now: float) -> bool:
        """Whether it is time to ask for a sign of life."""
        is_quiet = self._voice_s >= self._probe_from_s + PROBE_AFTER_S
        return is_quiet and self._probed is None and now >= self._busy_until

    def probed(self, now: float, signs: int) -> None:
        """It was asked for one, when ``signs`` had come."""
        self._probed = (now, signs)

    def is_mute(self, messages: int, signs: int, now: float) -> bool:
        """How many messages and signs of life have come over this connection. True once for each."""
        if messages != self._messages:
            if self._voice_s and not self._silence_s:
                self._habits.cadence.saw(self._voice_s, now)
            is_asked = self._asked_at is not None and now < self._busy_until
            self._begin_anew(messages)
            self._asked_at = now if is_asked else None  # what it told was of before
            self._patience = 1
        is_slow = self._owes_words()
        if not is_slow and not self._owes_an_answer(signs, now):
            return False
        if is_slow:
            if now < self._doubted_at + DOUBTED_AGAIN_S:
                self._habits.cadence.was_doubted(now)
            self._doubted_at = now
        self._begin_anew()
        self._patience = min(2 * self._patience, PATIENCE_MAX)
        return True

    def _owes_words(self) -> bool:
        habits = self._habits
        if self._is_new_voice and habits.announces_voices:
            return self._voice_s >= NEW_VOICE_S * self._patience
        return habits.tells_interims and self._voice_s >= habits.cadence.limit_s * self._patience

    def _owes_an_answer(self, signs: int, now: float) -> bool:
        habits = self._habits
        if self._probed is not None and habits.answers_probes:
            at, before = self._probed
            if signs != before:
                self._probed, self._probe_from_s = None, self._voice_s
            elif now >= at + PROBE_S:
                return True
        if self._asked_at is None or not habits.answers_requests:
            return False
        answer_s = BUSY_ANSWER_S if now < self._busy_until else ANSWER_S
        return now >= self._asked_at + answer_s * self._patience

    def _begin_anew(self, messages: int = 0) -> None:
        self._messages, self._is_new_voice = messages, False
        self._voice_s = self._probe_from_s = 0.0
        self._asked_at = self._probed = None
