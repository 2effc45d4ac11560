"""The lane of frames: bounded, one wake for many, none lost between two threads."""

from __future__ import annotations

import threading

from telnyx_actors.actors.lane import AudioLane


def counting(lane: AudioLane) -> list[int]:
    woken: list[int] = []
    lane.listen(lambda: woken.append(1))
    return woken


def test_frames_come_out_in_order_with_their_times() -> None:
    lane = AudioLane()
    lane.put(1.0, b"a")
    lane.put(2.0, b"b")
    assert lane.take() == [(1.0, b"a"), (2.0, b"b")]
    assert lane.take() == []


def test_many_frames_wake_the_reader_once() -> None:
    lane = AudioLane()
    woken = counting(lane)
    for _ in range(5):
        lane.put(0.0, b"a")
    assert len(woken) == 1
    lane.take()
    lane.put(0.0, b"a")
    assert len(woken) == 2


def test_a_full_lane_gives_up_the_oldest_and_counts_it() -> None:
    lane = AudioLane(frames_max=2)
    for frame in (b"a", b"b", b"c", b"d"):
        lane.put(0.0, frame)
    assert lane.take() == [(0.0, b"c"), (0.0, b"d")]
    assert lane.dropped == 2


def test_a_reader_that_comes_late_is_woken_for_what_waits() -> None:
    lane = AudioLane()
    lane.put(0.0, b"a")
    assert counting(lane) == [1]


def test_a_successor_is_woken_for_what_its_predecessor_was_woken_for() -> None:
    lane = AudioLane()
    counting(lane)
    lane.put(0.0, b"a")  # the wake reaches an actor that dies before it reads
    assert counting(lane) == [1]
    lane.take()
    woken = counting(lane)
    lane.put(0.0, b"b")
    assert woken == [1]


def test_no_frame_and_no_wake_is_lost_between_two_threads() -> None:
    lane, wake, frames = AudioLane(100_000), threading.Event(), 20_000
    lane.listen(wake.set)

    def write() -> None:
        for number in range(frames):
            lane.put(float(number), b"")

    writer = threading.Thread(target=write)
    writer.start()
    read: list[float] = []
    while len(read) < frames:
        assert wake.wait(5), f"asleep with {frames - len(read)} frames to come"
        wake.clear()
        read += [at for at, _ in lane.take()]
    writer.join()
    assert read == [float(number) for number in range(frames)]
