"""Voice or not, frame by frame: webrtcvad behind a gate for the line's own noise.

Why both, and the figures: ``docs/decisions.md``, "Voice activity".
"""

from __future__ import annotations

from typing import Final

import webrtcvad

from telnyx_actors.core.audio import FRAME_BYTES, SAMPLE_RATE_HZ, Encoding, loudness, to_pcm16
from telnyx_actors.core.voice_activity import EnergyGate, EnergyGateSettings

DEFAULT_MODE: Final = 3  # of 0 (takes much for voice) to 3 (takes little)


class WebRtcClassifier:
    """A ``FrameClassifier`` for one call; 2 to 5 µs a frame.

    The gate shuts the moment the voice falls silent, where webrtcvad alone hangs on for
    60 to 100 ms, and it shuts out tones and steady noise, which webrtcvad takes for voice.
    """

    def __init__(
        self, encoding: Encoding, *, mode: int = DEFAULT_MODE, gate_settings: EnergyGateSettings | None = None
    ) -> None:
        self._encoding = encoding
        self._vad = webrtcvad.Vad(mode)
        self._gate = EnergyGate(gate_settings)

    def is_voice(self, frame: bytes) -> bool:
        """A frame of another length than 20 ms is no voice."""
        if len(frame) != FRAME_BYTES:
            return False
        pcm = to_pcm16(self._encoding, frame)
        # Both see every frame: each keeps its own picture of the noise.
        is_open = self._gate.is_open(loudness(pcm))
        return self._vad.is_speech(pcm, SAMPLE_RATE_HZ) and is_open
