"""The way of our audio from the voice to the caller's ear."""

from __future__ import annotations

from telnyx_actors.actors.media import MediaSink
from telnyx_actors.core.audio import FRAME_BYTES, Encoding
from telnyx_actors.wire.telnyx_media import encode_clear, encode_mark, encode_media

_SILENCE = bytes((Encoding.PCMU.silence,))


class Outlet:
    """Keeps the audio of clauses, and collects what is to be sent at one moment.

    The order of what is collected is the order in which it is sent: after a ``clear``
    nothing of before can follow.
    """

    def __init__(self) -> None:
        self._audio: dict[int, bytearray] = {}
        self._messages: list[str] = []

    def keep(self, clause: int, audio: bytes) -> None:
        """More audio of a clause."""
        self._audio.setdefault(clause, bytearray()).extend(audio)

    def forget_all(self) -> None:
        self._audio.clear()

    def audio(self, clause: int, start: int, end: int) -> bytes:
        """Queue a piece of a clause for the caller, in whole frames; returns it."""
        piece = bytes(self._audio[clause][start:end])
        piece += _SILENCE * (-len(piece) % FRAME_BYTES)
        self._messages.append(encode_media(piece))
        return piece

    def file(self, clause: int, size: int) -> bytes:
        """So many bytes of a clause: more may have come since, which nobody wants."""
        return bytes(self._audio.get(clause, b"")[:size])

    def mark(self, name: str) -> None:
        self._messages.append(encode_mark(name))

    def clear(self) -> None:
        # What was collected before it would be cleared at once: it need not travel.
        self._messages = [encode_clear()]

    def flush(self, sink: MediaSink | None) -> bool:
        """Send what was collected. False when it could not be sent."""
        messages, self._messages = self._messages, []
        return not messages or (sink is not None and sink.send(messages))
