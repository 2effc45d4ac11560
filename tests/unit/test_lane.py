"""The lane of frames: bounded, one wake for many, none lost between two threads."""

from __future__ import annotations

import threading
from typing import Any

from telnyx_actors.actors.lane import AudioLane


def counting(lane: AudioLane[Any]) -> list[int]:
    woken: list[int] = []
    lane.listen(lambda: woken.append(1))
    return woken


def test_frames_come_out_in_order() -> None:
    lane = AudioLane[bytes]()
    lane.put(b"a")
    lane.put(b"b")
    assert lane.take() == [b"a", b"b"]
    assert lane.take() == []


def test_many_frames_wake_the_reader_once() -> None:
    lane = AudioLane[bytes]()
    woken = counting(lane)
    for _ in range(5):
        lane.put(b"a")
    assert len(woken) == 1
    lane.take()
    lane.put(b"a")
    assert len(woken) == 2


def test_a_reader_may_want_to_be_woken_for_several_frames_at_once() -> None:
    lane = AudioLane[bytes](wake_at=3)
    woken = counting(lane)
    for frame in (b"a", b"b"):
        lane.put(frame)
    assert woken == []
    lane.put(b"c")
    assert woken == [1]
    assert lane.take() == [b"a", b"b", b"c"]


def test_a_reader_may_come_for_fewer_by_itself() -> None:
    lane = AudioLane[bytes](wake_at=3)
    woken = counting(lane)
    lane.put(b"a")
    assert lane.take() == [b"a"]
    for frame in (b"b", b"c"):
        lane.put(frame)
    assert woken == []
    lane.put(b"d")
    assert woken == [1]


def test_a_full_lane_gives_up_the_oldest_and_counts_it() -> None:
    lane = AudioLane[bytes](frames_max=2)
    for frame in (b"a", b"b", b"c", b"d"):
        lane.put(frame)
    assert lane.take() == [b"c", b"d"]
    assert lane.dropped == 2


def test_a_reader_that_comes_late_is_woken_for_what_waits() -> None:
    lane = AudioLane[bytes]()
    lane.put(b"a")
    assert counting(lane) == [1]


def test_a_successor_is_woken_for_what_its_predecessor_was_woken_for() -> None:
    lane = AudioLane[bytes]()
    counting(lane)
    lane.put(b"a")  # the wake reaches an actor that dies before it reads
    assert counting(lane) == [1]
    lane.take()
    woken = counting(lane)
    lane.put(b"b")
    assert woken == [1]


def test_no_frame_and_no_wake_is_lost_between_two_threads() -> None:
    lane, wake, frames = AudioLane[int](frames_max=100_000), threading.Event(), 20_000
    lane.listen(wake.set)

    def write() -> None:
        for number in range(frames):
            lane.put(number)

    writer = threading.Thread(target=write)
    writer.start()
    read: list[int] = []
    while len(read) < frames:
        assert wake.wait(5), f"asleep with {frames - len(read)} frames to come"
        wake.clear()
        read += lane.take()
    writer.join()
    assert read == list(range(frames))
