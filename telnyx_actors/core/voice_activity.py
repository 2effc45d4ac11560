"""When the caller's voice begins and ends, from one flag a frame.

    FrameClassifier: is this frame a voice?  ──flag──▶  VoiceActivity: started, confirmed, stopped

The times are milliseconds of the call, of the frame's beginning. Frames come in order
(see ``reorder``); they may be missing, and then count as no voice.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from telnyx_actors.core.audio import FRAME_MS


class FrameClassifier(Protocol):
    """Tells voice from anything else. Made for one call, fed in order, on one thread."""

    def is_voice(self, frame: bytes) -> bool:
        """Whether this frame (20 ms, in the call's encoding) is a voice."""


class VoiceChangeKind(StrEnum):
    STARTED = "started"  # a voice, not just a click
    CONFIRMED = "confirmed"  # strong enough to interrupt the agent
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class VoiceChange:
    """``at_ms`` is when it happened, not when it was noticed.

    For ``STARTED`` and ``CONFIRMED`` the beginning of the first voiced frame, for
    ``STOPPED`` the end of the last one.
    """

    kind: VoiceChangeKind
    at_ms: int


@dataclass(frozen=True, slots=True)
class VoiceActivitySettings:
    """How much voice means what. Voiced milliseconds are counted within a sliding window."""

    start_voiced_ms: int = 60  # shorter is a click, a tap on the phone, a cough's edge
    start_window_ms: int = 100
    confirm_voiced_ms: int = 120
    confirm_window_ms: int = 160
    stop_ms: int = 100  # the gap inside a plosive is up to 80 ms


class VoiceActivity:
    """Feed it every frame's flag; it answers with the change that this frame made, if any.

    It has no opinion on a voice that never stops: ``reset`` ends it without a word.
    """

    def __init__(self, settings: VoiceActivitySettings | None = None, *, frame_ms: int = FRAME_MS) -> None:
        self._settings = settings or VoiceActivitySettings()
        self._frame_ms = frame_ms
        window_ms = max(self._settings.start_window_ms, self._settings.confirm_window_ms)
        self._recent: deque[int] = deque(maxlen=window_ms // frame_ms)
        self._onset_ms: int | None = None
        self._last_voiced_end_ms = 0
        self._is_confirmed = False

    @property
    def is_speaking(self) -> bool:
        """Whether ``STARTED`` was reported and ``STOPPED`` not yet."""
        return self._onset_ms is not None

    def feed(self, is_voice: bool, at_ms: int) -> VoiceChange | None:
        """Take the flag of the frame that begins at ``at_ms``."""
        silent_ms = at_ms - self._last_voiced_end_ms + (0 if is_voice else self._frame_ms)
        change = None
        if self._onset_ms is not None and silent_ms >= self._settings.stop_ms:
            self.reset()
            change = VoiceChange(VoiceChangeKind.STOPPED, self._last_voiced_end_ms)
        if is_voice:
            self._recent.append(at_ms)
            self._last_voiced_end_ms = at_ms + self._frame_ms
            # A voice that ends and another that begins behind missing frames: one change at a time.
            change = change or self._grown()
        return change

    def reset(self) -> None:
        """Forget this voice, and begin anew."""
        self._recent.clear()
        self._onset_ms = None
        self._is_confirmed = False

    def _grown(self) -> VoiceChange | None:
        """What the voice has become by one more voiced frame."""
        settings = self._settings
        if self._onset_ms is None:
            if self._voiced_within(settings.start_window_ms) < settings.start_voiced_ms:
                return None
            self._onset_ms = next(at for at in self._recent if at >= self._window_begin(settings.start_window_ms))
            return VoiceChange(VoiceChangeKind.STARTED, self._onset_ms)
        if not self._is_confirmed and self._voiced_within(settings.confirm_window_ms) >= settings.confirm_voiced_ms:
            self._is_confirmed = True
            return VoiceChange(VoiceChangeKind.CONFIRMED, self._onset_ms)
        return None

    def _window_begin(self, window_ms: int) -> int:
        return self._last_voiced_end_ms - window_ms

    def _voiced_within(self, window_ms: int) -> int:
        begin = self._window_begin(window_ms)
        return self._frame_ms * sum(at >= begin for at in self._recent)


# --- the energy gate -----------------------------------------------------------

_FLOOR_BLOCK_FRAMES: Final = 12  # 240 ms
_FLOOR_KNOWN_BLOCKS: Final = 5  # 1.2 s: a call that begins in the middle of a word has no floor until then
_PEAK_DECAY: Final = 0.96  # a frame: halved in a third of a second, so that a quiet word may follow a loud one
_FLOOR_BLOCKS: Final = 10  # 2.4 s: longer than any syllable, so that speech does not raise its own floor


@dataclass(frozen=True, slots=True)
class EnergyGateSettings:
    """Loudness is the root mean square of 16-bit samples (0 to 32768)."""

    open_above_floor: float = 2.8  # times the floor: 9 dB, beyond what noise varies by itself
    close_above_floor: float = 2.0  # 6 dB: the weak syllables of a voice that is already there
    min_loudness: int = 60  # -55 dB of full scale: comfort noise and quantizing hum stay below
    below_peak: float = 30.0  # times below the voice itself, 30 dB: the hiss behind a last "s", not a syllable
    noisy_hold_frames: int = 4  # on a noisy line, how long a syllable may sink into the noise


class EnergyGate:
    """Opens for what stands out of the line's noise.

    The floor is the quietest moment of the last 2.4 s. Speech has a quiet moment between
    any two words; a tone, a fan or a bad line has none, so within that time it becomes
    the floor itself and the gate shuts. It falls at once and rises within 2.4 s.
    """

    __slots__ = ("_block_count", "_block_min", "_hold", "_minima", "_peak", "_settings", "floor")

    def __init__(self, settings: EnergyGateSettings | None = None) -> None:
        self._settings = settings or EnergyGateSettings()
        self._minima: deque[int] = deque(maxlen=_FLOOR_BLOCKS)
        self._block_min = 32768
        self._block_count = 0
        self._hold = 0
        self._peak = 0.0
        self.floor = 0

    def is_open(self, loudness: int) -> bool:
        """Take the loudness of the next frame."""
        if loudness < self._block_min:
            self._block_min = loudness
            self.floor = min(loudness, self.floor)
        self._block_count += 1
        if self._block_count == _FLOOR_BLOCK_FRAMES:
            self._minima.append(self._block_min)
            if len(self._minima) >= _FLOOR_KNOWN_BLOCKS:
                self.floor = min(self._minima)
            self._block_min, self._block_count = 32768, 0
        self._peak = max(float(loudness), self._peak * _PEAK_DECAY)
        settings = self._settings
        factor = settings.close_above_floor if self._hold else settings.open_above_floor
        if loudness >= max(settings.min_loudness, self.floor * factor, self._peak / settings.below_peak):
            is_noisy = self.floor >= settings.min_loudness
            self._hold = 1 + (settings.noisy_hold_frames if is_noisy else 0)
        elif self._hold:
            self._hold -= 1
        return self._hold > 0
