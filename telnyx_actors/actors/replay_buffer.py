"""The caller's last seconds, kept until the transcriber has made final words of them.

When the connection to the transcriber is lost, the next one is given again what the lost
one had not finished, so that no word is lost.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from telnyx_actors.core.audio import BYTES_PER_MS, SAMPLE_RATE_HZ

REPLAY_MAX_MS: Final = 10_000
"""More would come too late to be answered: vendors take a backlog at 1.25 times real time."""

QUIET_MAX_MS: Final = 1_000
"""Of a silent line: what our own voice activity may have missed of a first word."""


class ReplayBuffer:
    """Positions count bytes of the call's audio. One thread at a time: the transcriber's."""

    def __init__(self, max_ms: int = REPLAY_MAX_MS) -> None:
        self._max_bytes = max_ms * BYTES_PER_MS
        self._pieces: deque[bytes] = deque()
        self._begin = 0  # position of the first byte kept
        self._end = 0
        self._sent = 0
        self._origin = 0  # where the current connection began
        self._voice_end = 0  # behind the last byte of a voice
        self.lost_bytes = 0  # of a voice, never sent anywhere, because they had to give way

    def add(self, audio: bytes, *, is_voice: bool = True) -> None:
        """The caller's next audio."""
        self._pieces.append(audio)
        self._end += len(audio)
        if is_voice:
            self._voice_end = self._end
        while self._end - self._begin > self._limit():
            self._drop_first()

    def unsent(self) -> bytes:
        """What the current connection has not been given."""
        missing, pieces = self._end - self._sent, list[bytes]()
        for piece in reversed(self._pieces):
            if missing <= 0:
                break
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(reversed(pieces))[-missing:]  # the first of them may have been sent in part

    def sent(self, size: int) -> None:
        """The connection took so many bytes of ``unsent``."""
        self._sent += size

    def settled(self, audio_s: float | None = None) -> None:
        """The words of the connection's first ``audio_s`` seconds are final: they need not be sent again.

        None: of all that it was given.
        """
        given = self._sent - self._origin
        end = self._origin + (given if audio_s is None else min(audio_s * SAMPLE_RATE_HZ, given))
        while self._pieces and self._begin + len(self._pieces[0]) <= end:
            self._begin += len(self._pieces.popleft())

    @property
    def given_s(self) -> float:
        """How much the current connection has been given."""
        return (self._sent - self._origin) / SAMPLE_RATE_HZ

    @property
    def has_voice(self) -> bool:
        """Whether somebody speaks in what is kept."""
        return self._voice_end > self._begin

    def forget(self) -> None:
        """Somebody else has heard it all."""
        self._pieces.clear()
        self._begin = self._sent = self._end

    def rewind(self) -> None:
        """A new connection knows nothing: begin with the oldest byte kept."""
        self._sent = self._origin = self._begin

    def _limit(self) -> int:
        return self._max_bytes if self.has_voice else QUIET_MAX_MS * BYTES_PER_MS

    def _drop_first(self) -> None:
        first = self._pieces.popleft()
        if self._sent < self._begin + len(first):
            if self.has_voice:
                self.lost_bytes += self._begin + len(first) - self._sent
            self._sent = self._begin + len(first)
        self._begin += len(first)
