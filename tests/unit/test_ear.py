"""The ear: when somebody speaks, by the clock of the line, whatever the network does to the frames."""

from __future__ import annotations

import pytest

from support.fakes import fake_ear
from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.ear import VoiceEvent
from telnyx_actors.core.events import VoiceConfirmed, VoiceStarted, VoiceStopped

VOICE, SILENCE = b"\x01" * 160, b"\xff" * 160
FRAME_S = 0.02


class Line:
    """A line that begins at 0, and what the ear makes of it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[VoiceEvent] = []
        self.ear = fake_ear(Encoding.PCMU)

    def say(self, frames: int, frame: bytes = VOICE, *, late_s: float = 0.0) -> None:
        for _ in range(frames):
            self.now += FRAME_S
            self.put(frame, late_s)

    def be_silent(self, frames: int) -> None:
        self.say(frames, SILENCE)

    def put(self, frame: bytes, late_s: float = 0.0) -> None:
        event = self.ear.hear(self.now + late_s, frame)
        if event is not None:
            self.told.append(event)

    @property
    def kinds(self) -> list[type[VoiceEvent]]:
        return [type(event) for event in self.told]

    @property
    def times(self) -> list[float]:
        return [event.at for event in self.told]


@pytest.fixture
def line() -> Line:
    return Line()


def test_a_voice_is_told_with_the_times_at_which_it_was_on_the_line(line: Line) -> None:
    line.be_silent(10)
    line.say(10)
    during = line.ear.is_voice
    line.be_silent(6)
    assert (during, line.ear.is_voice) == (True, False)
    assert line.kinds == [VoiceStarted, VoiceConfirmed, VoiceStopped]
    assert line.times == pytest.approx([0.2, 0.2, 0.4], abs=0.001)


def test_jitter_does_not_move_the_voice(line: Line) -> None:
    line.be_silent(10)
    line.say(5, late_s=0.3)
    line.say(5, late_s=0.1)
    line.be_silent(6)
    assert line.told[-1].at == pytest.approx(0.4, abs=0.001)


def test_frames_that_never_came_do_not_put_what_follows_into_the_past(line: Line) -> None:
    line.say(10)
    line.now += 5.0  # the media socket was lost, and another one came
    line.be_silent(1)
    line.say(10)
    line.be_silent(6)
    assert line.kinds == [VoiceStarted, VoiceConfirmed, VoiceStopped] * 2
    assert line.times == pytest.approx([0.0, 0.0, 0.2, 5.22, 5.22, 5.42], abs=0.02)


def test_a_stall_of_the_network_is_made_up_for(line: Line) -> None:
    line.be_silent(10)
    line.now += 2.0
    for _ in range(100):  # two seconds of frames, all at once
        line.put(SILENCE)
    line.say(10)
    line.be_silent(6)
    assert line.times == pytest.approx([2.2, 2.2, 2.4], abs=0.02)
