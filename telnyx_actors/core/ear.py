"""When the caller speaks: from frames as they come off the line to events with the times of the voice itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from telnyx_actors.core.audio import FRAME_MS
from telnyx_actors.core.events import VoiceConfirmed, VoiceStarted, VoiceStopped
from telnyx_actors.core.voice_activity import FrameClassifier, VoiceActivity, VoiceActivitySettings, VoiceChangeKind

GAP_S: Final = 1.0
"""Frames that are later than this are not late, but behind others that never came."""

_FRAME_S: Final = FRAME_MS / 1000
VoiceEvent: TypeAlias = VoiceStarted | VoiceConfirmed | VoiceStopped
_EVENTS: Final[dict[VoiceChangeKind, Callable[[float], VoiceEvent]]] = {
    VoiceChangeKind.STARTED: VoiceStarted,
    VoiceChangeKind.CONFIRMED: VoiceConfirmed,
    VoiceChangeKind.STOPPED: VoiceStopped,
}


class Ear:
    """One call's, on one thread. A frame costs some 3 µs."""

    def __init__(self, classifier: FrameClassifier, settings: VoiceActivitySettings) -> None:
        self._classifier = classifier
        self._activity = VoiceActivity(settings)
        self._frames = 0
        self._zero: float | None = None  # when frame 0 would have come on a line without jitter

    @property
    def is_voice(self) -> bool:
        """Whether somebody speaks in the frame that was heard last."""
        return self._activity.is_speaking

    def hear(self, at: float, frame: bytes) -> VoiceEvent | None:
        """Take the frame that came ``at``; the event that it makes, if any."""
        if self._zero is not None and (late_s := at - self._zero - (self._frames + 1) * _FRAME_S) > GAP_S:
            self._frames += round(late_s / _FRAME_S)
        position_s = self._frames * _FRAME_S
        self._frames += 1
        zero = at - position_s - _FRAME_S  # a frame arrives when its last sample has been spoken
        # The least delayed frame knows best; a slow drift back follows a clock that runs differently.
        self._zero = zero if self._zero is None else min(zero, self._zero + 1e-5)
        change = self._activity.feed(self._classifier.is_voice(frame), round(position_s * 1000))
        return None if change is None else _EVENTS[change.kind](self._zero + change.at_ms / 1000)
