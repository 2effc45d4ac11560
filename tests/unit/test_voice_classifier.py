"""Real speech, coded as a telephone carries it, through the classifier and the state machine."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Callable, Sequence

import pytest

from telnyx_actors.core.audio import FRAME_BYTES, Encoding, from_pcm16, to_pcm16
from telnyx_actors.core.voice_activity import VoiceActivity, VoiceChange, VoiceChangeKind
from telnyx_actors.providers.voice_classifier import WebRtcClassifier
from telnyx_actors.standins.voices import synthesize

STARTED, CONFIRMED, STOPPED = VoiceChangeKind


def speech(text: str) -> list[int]:
    return array("h", to_pcm16(Encoding.PCMU, synthesize(text, voice="cliente"))).tolist()


def pause(seconds: float) -> list[int]:
    return [0] * round(8000 * seconds)


def noise(samples: Sequence[int], rms: float) -> list[int]:
    rng = random.Random(5)
    return [max(-32768, min(32767, round(sample + rng.gauss(0, rms)))) for sample in samples]


def hum(seconds: float) -> list[int]:
    return [round(4000 * math.sin(2 * math.pi * 440 * i / 8000)) for i in range(round(8000 * seconds))]


def watch(samples: Sequence[int], encoding: Encoding) -> list[tuple[int, VoiceChange]]:
    """The changes, each with the end of the frame that told it."""
    audio = from_pcm16(encoding, array("h", samples).tobytes())
    classifier, activity, told = WebRtcClassifier(encoding), VoiceActivity(), []
    for index in range(len(audio) // FRAME_BYTES):
        frame = audio[index * FRAME_BYTES : (index + 1) * FRAME_BYTES]
        if change := activity.feed(classifier.is_voice(frame), index * 20):
            told.append((index * 20 + 20, change))
    return told


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("add_noise", [list, lambda s: noise(s, 30), lambda s: noise(s, 300)], ids=["0", "40", "20"])
def test_a_sentence_is_found_where_it_is(
    encoding: Encoding, add_noise: Callable[[Sequence[int]], Sequence[int]]
) -> None:
    sentence = speech("Quisiera una cita mañana.")
    end_ms = 3000 + len(sentence) // 8

    told = watch(add_noise(pause(3) + sentence + pause(1)), encoding)

    within = [(at_ms, change) for at_ms, change in told if at_ms > 3000]
    assert [change.kind for _, change in within] == [STARTED, CONFIRMED, STOPPED]
    assert within[0][1].at_ms in range(2980, 3081)
    assert within[0][0] <= 3100
    assert within[1][0] <= 3180
    assert within[2][1].at_ms in range(end_ms - 60, end_ms + 101)
    assert within[2][0] <= end_ms + 200


def test_one_syllable_is_enough() -> None:
    assert [change.kind for _, change in watch(pause(1) + speech("Sí.") + pause(1), Encoding.PCMU)][::2] == [
        STARTED,
        STOPPED,
    ]


def test_a_tone_is_not_a_voice_for_long() -> None:
    told = watch(pause(1) + hum(20) + pause(0.5), Encoding.PCMU)

    assert max((at_ms for at_ms, _ in told), default=0) <= 4000


def test_a_click_is_nothing() -> None:
    assert watch(pause(1) + hum(0.03) + pause(1), Encoding.PCMU) == []


@pytest.mark.parametrize("size", [0, 1, 159, 161, 320])
def test_a_piece_that_is_no_frame_is_no_voice(size: int) -> None:
    assert not WebRtcClassifier(Encoding.PCMU).is_voice(bytes(size))
