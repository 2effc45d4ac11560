"""Frames that arrive in any order leave in the right one."""

from __future__ import annotations

import pytest

from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.reorder import MAX_GAP_FRAMES, Reorderer

SILENCE = b"\xff" * 4


def frame(chunk: int) -> bytes:
    return chunk.to_bytes(4, "big")


def heard(reorderer: Reorderer, chunks: list[int]) -> list[bytes]:
    return [payload for chunk in chunks for payload in reorderer.push(chunk, frame(chunk))]


@pytest.mark.parametrize("base", [0, 1, 7, 2_000_000_000])
def test_frames_in_order_pass_at_once_from_any_base(base: int) -> None:
    reorderer = Reorderer(Encoding.PCMU)

    for chunk in range(base, base + 20):
        assert reorderer.push(chunk, frame(chunk)) == (frame(chunk),)


@pytest.mark.parametrize("order", [[1, 3, 2, 4], [1, 4, 3, 2, 5], [1, 3, 4, 5, 2, 6]])
def test_late_frames_are_put_back(order: list[int]) -> None:
    reorderer = Reorderer(Encoding.PCMU)

    assert heard(reorderer, order) == [frame(chunk) for chunk in sorted(order)]
    assert (reorderer.lost_frames, reorderer.late_frames) == (0, 0)


@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_lost_frame_becomes_silence_of_the_same_law(encoding: Encoding) -> None:
    reorderer = Reorderer(encoding, hold_frames=2)

    assert heard(reorderer, [1, 3, 4]) == [frame(1)]
    assert heard(reorderer, [5]) == [bytes([encoding.silence]) * 4, frame(3), frame(4), frame(5)]
    assert reorderer.lost_frames == 1


def test_two_gaps_are_filled_one_after_the_other() -> None:
    reorderer = Reorderer(Encoding.PCMU)

    out = heard(reorderer, [1, 3, 4, 6, 7]) + list(reorderer.flush())

    assert out == [frame(1), SILENCE, frame(3), frame(4), SILENCE, frame(6), frame(7)]
    assert reorderer.lost_frames == 2


def test_duplicates_are_dropped_whether_heard_or_waiting() -> None:
    reorderer = Reorderer(Encoding.PCMU)

    assert heard(reorderer, [1, 1, 3, 3, 2, 2, 3, 4]) == [frame(1), frame(2), frame(3), frame(4)]
    assert reorderer.late_frames == 4


def test_a_frame_that_was_given_up_is_dropped_when_it_comes() -> None:
    reorderer = Reorderer(Encoding.PCMU, hold_frames=1)

    assert heard(reorderer, [1, 3, 4, 2, 5]) == [frame(1), SILENCE, frame(3), frame(4), frame(5)]
    assert reorderer.late_frames == 1


@pytest.mark.parametrize("base", [0, 1, 5_000, 1_000_000_000])
def test_a_far_jump_is_a_new_numbering_and_not_a_gap(base: int) -> None:
    reorderer = Reorderer(Encoding.PCMU)
    heard(reorderer, list(range(2_000, 2_010)))

    assert heard(reorderer, [base, base + 1]) == [frame(base), frame(base + 1)]
    assert reorderer.lost_frames == 0


def test_what_waits_is_heard_before_a_new_numbering_begins() -> None:
    reorderer = Reorderer(Encoding.PCMU)

    assert heard(reorderer, [1, 3, 9_000]) == [frame(1), SILENCE, frame(3), frame(9_000)]


def test_a_new_numbering_close_below_the_old_one_is_found_within_ten_frames() -> None:
    reorderer = Reorderer(Encoding.PCMU)
    heard(reorderer, list(range(1, 50)))

    assert heard(reorderer, list(range(1, 14))) == [frame(chunk) for chunk in range(10, 14)]
    assert reorderer.late_frames == 9


def test_a_carrier_that_sends_everything_twice_does_not_look_like_a_new_numbering() -> None:
    reorderer = Reorderer(Encoding.PCMU)

    assert heard(reorderer, [chunk // 2 for chunk in range(60)]) == [frame(chunk) for chunk in range(30)]
    assert reorderer.late_frames == 30


def test_the_longest_gap_is_bounded() -> None:
    reorderer = Reorderer(Encoding.PCMU, hold_frames=0)
    heard(reorderer, [1])

    assert len(reorderer.push(2 + MAX_GAP_FRAMES, frame(0))) == MAX_GAP_FRAMES + 1
    assert len(reorderer.push(2 + MAX_GAP_FRAMES + 1 + MAX_GAP_FRAMES + 1, frame(0))) == 1


def test_flushing_nothing_gives_nothing() -> None:
    assert Reorderer(Encoding.PCMU).flush() == ()
