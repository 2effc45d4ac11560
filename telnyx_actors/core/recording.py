"""The record of a call: caller left, agent right, each where it was heard.

    CallerTrack ──bytes──▶ caller.spool ─┐
                                         ├─ render ──▶ WAV, PCM16 stereo, 8 kHz
    AgentTrack  ──bytes──▶ agent.spool ──┘

A track turns what happened at which time into one unbroken run of bytes, so that the
shell only ever appends to a file, while the call runs; whatever was appended is good
after a crash, and its length tells where a new track goes on (``position``).

The traps, all seen in the field: caller audio placed by arrival time grows with every
jitter (863 s of call became 950 s of file), and agent audio placed by when it was sent
sounds seconds before it was heard, and still sounds after it was cleared.

Times are seconds of any monotonic clock, never going back; positions are samples from
``origin_s``, the moment the call began: one byte each.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from telnyx_actors.core.audio import PCM16_BYTES, SAMPLE_RATE_HZ, Encoding, silence, stereo, to_pcm16

_SETTLED_SAMPLES: Final = 5 * SAMPLE_RATE_HZ  # lateness that lasts this long is no jitter
_DRIFT_MAX_SAMPLES: Final = SAMPLE_RATE_HZ // 20  # 50 ms: how far a side may be off


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


def origin_of(origin_s: float, *, now: float, position: int) -> float:
    """When a record began of which ``position`` samples are there already.

    Not after ``origin_s``; earlier, where they are of a process whose beginning nobody knows: they end now, then.
    """
    return min(origin_s, now - position / SAMPLE_RATE_HZ)


class CallerTrack:
    """Places the caller's frames by counting them, and by the clock only where counting fails.

    After ``interrupted`` (the socket was lost) the next frames are placed by the arrival of
    the one among them that was least held up: they may have come in a burst. Beyond that,
    only lateness that every frame of five seconds shares is believed: frames lost without
    notice, or a clock that runs differently.
    """

    def __init__(self, encoding: Encoding, *, origin_s: float, position: int = 0) -> None:
        self._encoding = encoding
        self._origin_s = origin_s
        self.position = position  # samples recorded so far
        self._is_interrupted = True  # the first frame, too, comes when it comes
        self._least_late = 0
        self._watched = 0
        self._surplus = 0  # samples to be left out: the track is ahead of the clock by so many

    def received(self, frames: Sequence[tuple[float, bytes]]) -> bytes:
        """What to append for these frames, each with when it had arrived whole; the more at once, the better."""
        if self._is_interrupted and frames:
            self._is_interrupted = False
            self._watch_anew()
            return self._begin(frames)
        return b"".join([self._next(at_s, audio) for at_s, audio in frames])

    def _begin(self, frames: Sequence[tuple[float, bytes]]) -> bytes:
        ends = accumulate(len(audio) for _, audio in frames)
        late = [_samples(at_s - self._origin_s) - end for (at_s, _), end in zip(frames, ends, strict=True)]
        gap = min(late) - self.position
        audio = b"".join([audio for _, audio in frames])
        return self._append(silence(self._encoding, gap) + audio[max(0, -gap) :])

    def _next(self, at_s: float, audio: bytes) -> bytes:
        if self._surplus:
            kept = audio[self._surplus :]
            self._surplus -= len(audio) - len(kept)
            return self._append(kept)
        late = _samples(at_s - self._origin_s) - len(audio) - self.position
        self._least_late = min(late, self._least_late) if self._watched else late
        self._watched += len(audio)
        if self._watched < _SETTLED_SAMPLES:
            return self._append(audio)
        drift = self._least_late
        self._watch_anew()
        if abs(drift) <= _DRIFT_MAX_SAMPLES:
            return self._append(audio)
        self._surplus = max(0, -drift - len(audio))
        return self._append(silence(self._encoding, drift) + audio[max(0, -drift) :])

    def interrupted(self) -> None:
        """The stream broke off: what comes next does not follow what came before."""
        self._is_interrupted = True

    def finished(self, at_s: float) -> bytes:
        """What to append at the end of the call, so that the track lasts as long as it."""
        return self._append(silence(self._encoding, _samples(at_s - self._origin_s) - self.position))

    def _watch_anew(self) -> None:
        self._watched = 0

    def _append(self, audio: bytes) -> bytes:
        self.position += len(audio)
        return audio


class AgentTrack:
    """Models the carrier's playout: what is sent queues behind what still plays.

    Only what was already heard is given out, so that a ``cleared`` can take back the rest.
    What waits is as much as was sent ahead, no more.
    """

    def __init__(self, encoding: Encoding, *, origin_s: float, position: int = 0) -> None:
        self._encoding = encoding
        self._origin_s = origin_s
        self.position = position  # samples recorded so far: the past
        self._waiting: deque[bytes] = deque()  # the future, beginning at ``position``

    def sent(self, at_s: float, audio: bytes) -> bytes:
        """What to append: everything heard until ``at_s``. ``audio`` will be heard behind it."""
        heard = self.advanced(at_s)
        if audio:
            self._waiting.append(audio)
        return heard

    def cleared(self, at_s: float) -> bytes:
        """What to append; what was not heard by now never will be."""
        heard = self.advanced(at_s)
        self._waiting.clear()
        return heard

    def advanced(self, at_s: float) -> bytes:
        """What to append: what was heard until ``at_s``, silence where nothing played. For every second or so."""
        heard = []
        missing = _samples(at_s - self._origin_s) - self.position
        while missing > 0 and self._waiting:
            audio = self._waiting.popleft()
            if len(audio) > missing:
                self._waiting.appendleft(audio[missing:])
                audio = audio[:missing]
            heard.append(audio)
            missing -= len(audio)
        heard.append(silence(self._encoding, missing))
        appended = b"".join(heard)
        self.position += len(appended)
        return appended

    def finished(self, at_s: float) -> bytes:
        """What to append at the end of the call; what still waits was cut off by the hang-up."""
        return self.cleared(at_s)


# --- the file ------------------------------------------------------------------

_BLOCK_SAMPLES: Final = 10 * SAMPLE_RATE_HZ  # 320 KB of WAV at a time, however long the call
_CHANNELS: Final = 2
_MAX_SAMPLES: Final = (2**32 - 64) // (_CHANNELS * PCM16_BYTES)  # 37 hours: what a WAV can say of its length

Reader = Callable[[int], bytes]
"""Gives up to so many next bytes of a spool, and none at its end: a file's ``read``."""


def wav_header(samples: int) -> bytes:
    """The 44 bytes before ``samples`` stereo samples of PCM16 at 8 kHz."""
    frame_bytes = _CHANNELS * PCM16_BYTES
    data_bytes = samples * frame_bytes
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + data_bytes,
        b"WAVE",
        b"fmt ",
        16,
        1,  # PCM
        _CHANNELS,
        SAMPLE_RATE_HZ,
        SAMPLE_RATE_HZ * frame_bytes,
        frame_bytes,
        8 * PCM16_BYTES,
        b"data",
        data_bytes,
    )


def render(
    caller: Reader,
    agent: Reader,
    *,
    samples: int,
    caller_encoding: Encoding,
    agent_encoding: Encoding = Encoding.PCMU,
) -> Iterator[bytes]:
    """The WAV, block by block; each side is cut, or filled with silence, to ``samples``."""
    samples = max(0, min(samples, _MAX_SAMPLES))
    yield wav_header(samples)
    for begin in range(0, samples, _BLOCK_SAMPLES):
        size = min(_BLOCK_SAMPLES, samples - begin)
        yield stereo(
            to_pcm16(caller_encoding, _read(caller, size, caller_encoding)),
            to_pcm16(agent_encoding, _read(agent, size, agent_encoding)),
        )


def _read(reader: Reader, size: int, encoding: Encoding) -> bytes:
    pieces: list[bytes] = []
    missing = size
    while missing > 0 and (piece := reader(missing)):
        pieces.append(piece[:missing])
        missing -= len(pieces[-1])
    return b"".join(pieces) + silence(encoding, missing)
