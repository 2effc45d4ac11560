"""The record of a call has the call's length, and each side where it was heard."""

from __future__ import annotations

import io
import random
import wave
from collections.abc import Sequence

import pytest

from telnyx_actors.core.audio import Encoding, to_pcm16
from telnyx_actors.core.recording import AgentTrack, CallerTrack, render, wav_header

ULAW = Encoding.PCMU
ORIGIN_S = 1000.0  # any clock


def frame(number: int) -> bytes:
    return bytes([number % 100]) * 160


def recorded(arrivals: Sequence[float | None], *, end_s: float) -> bytes:
    """The caller's track when frame n arrives at ``arrivals[n]``; None: the socket was lost there."""
    track = CallerTrack(ULAW, origin_s=ORIGIN_S)
    out = b""
    for number, at_s in enumerate(arrivals):
        if at_s is None:
            track.interrupted()
        else:
            out += track.received([(ORIGIN_S + at_s, frame(number))])
    return out + track.finished(ORIGIN_S + end_s)


def test_the_first_frame_is_placed_by_its_arrival() -> None:
    out = recorded([0.52, 0.54], end_s=1.0)

    assert out.index(frame(0)) == 4000
    assert out.index(frame(1)) == 4160
    assert len(out) == 8000


def test_jitter_moves_nothing() -> None:
    rng = random.Random(1)
    steady = [0.02 * (n + 1) for n in range(1500)]
    jittered = [at_s + rng.uniform(0, 0.3) * (rng.random() < 0.3) for at_s in steady]
    jittered[0] = steady[0]

    assert recorded(sorted(jittered), end_s=30.0) == recorded(steady, end_s=30.0)


def test_frames_that_were_stuck_and_come_in_a_burst_are_placed_as_if_they_had_not() -> None:
    steady = [0.02 * (n + 1) for n in range(500)]
    stuck = [max(at_s, 6.0) if 4.0 < at_s < 6.0 else at_s for at_s in steady]

    assert recorded(stuck, end_s=10.0) == recorded(steady, end_s=10.0)


def test_a_call_that_begins_with_a_burst_is_recorded_as_if_it_had_not() -> None:
    steady = [0.02 * (n + 1) for n in range(50)]
    stuck = [(ORIGIN_S + max(at_s, 0.2), frame(n)) for n, at_s in enumerate(steady)]
    track = CallerTrack(ULAW, origin_s=ORIGIN_S)

    assert track.received([]) + track.received(stuck) == recorded(steady, end_s=1.0)


def test_what_arrived_before_the_beginning_of_the_record_is_not_in_it() -> None:
    track = CallerTrack(ULAW, origin_s=ORIGIN_S)

    out = track.received([(ORIGIN_S - 0.02, frame(1)), (ORIGIN_S, frame(2)), (ORIGIN_S + 0.02, frame(3))])

    assert out == frame(3)


def test_a_side_that_is_found_to_be_late_is_put_right_at_once() -> None:
    held_up = [0.3, *(0.32 + 0.02 * n for n in range(10)), *(0.22 + 0.02 * n for n in range(600))]
    track = CallerTrack(ULAW, origin_s=ORIGIN_S)
    for number, at_s in enumerate(held_up):
        track.received([(ORIGIN_S + at_s, frame(number))])

    assert abs(track.position / 8000 - held_up[-1]) <= 0.05


def test_after_a_lost_socket_the_caller_goes_on_at_the_time_of_the_call() -> None:
    before = [0.02 * (n + 1) for n in range(50)]
    after = [3.5 + 0.02 * n for n in range(50)]

    out = recorded([*before, None, *after], end_s=5.0)

    assert out.index(frame(51)) == round(3.48 * 8000)
    assert out[8000 : round(3.48 * 8000)] == b"\xff" * (round(3.48 * 8000) - 8000)
    assert len(out) == 40_000


@pytest.mark.parametrize(("lost", "skew"), [(0, 1.0), (100, 1.0), (0, 1.0005), (0, 0.9995), (0, 0.999)])
def test_after_ten_minutes_the_record_is_off_by_less_than_100_ms(lost: int, skew: float) -> None:
    """Whether frames were lost without notice, or the carrier's clock runs faster or slower than ours."""
    track = CallerTrack(ULAW, origin_s=ORIGIN_S)
    rng = random.Random(3)
    at_s = 0.0
    for number in range(30_000):
        at_s = 0.02 * skew * (number + 1)
        if not 1000 <= number < 1000 + lost:
            track.received([(ORIGIN_S + at_s + rng.expovariate(200), frame(number))])

    assert abs(track.position / 8000 - at_s) < 0.1
    track.finished(ORIGIN_S + at_s)
    assert track.position / 8000 >= at_s - 0.001


def test_a_new_track_goes_on_where_the_spool_ended() -> None:
    track = CallerTrack(ULAW, origin_s=ORIGIN_S, position=8000)

    assert track.received([(ORIGIN_S + 2.02, frame(5))]) == b"\xff" * 8000 + frame(5)


# --- the agent -----------------------------------------------------------------


def test_what_is_sent_at_once_is_heard_one_after_the_other() -> None:
    track = AgentTrack(ULAW, origin_s=ORIGIN_S)

    out = track.sent(ORIGIN_S + 1.0, b"a" * 8000)
    out += track.sent(ORIGIN_S + 1.1, b"b" * 8000)
    out += track.finished(ORIGIN_S + 4.0)

    assert out == b"\xff" * 8000 + b"a" * 8000 + b"b" * 8000 + b"\xff" * 8000


def test_what_was_cleared_was_never_heard() -> None:
    track = AgentTrack(ULAW, origin_s=ORIGIN_S)

    out = track.sent(ORIGIN_S, b"a" * 80_000)
    out += track.cleared(ORIGIN_S + 1.25)
    out += track.sent(ORIGIN_S + 2.0, b"b" * 4000)
    out += track.finished(ORIGIN_S + 3.0)

    assert out == b"a" * 10_000 + b"\xff" * 6000 + b"b" * 4000 + b"\xff" * 4000


def test_nothing_is_recorded_before_it_was_heard() -> None:
    track = AgentTrack(ULAW, origin_s=ORIGIN_S)
    track.sent(ORIGIN_S, b"a" * 16_000)

    assert track.advanced(ORIGIN_S + 0.5) == b"a" * 4000
    assert track.advanced(ORIGIN_S + 0.5) == b""
    assert track.position == 4000


def test_a_hangup_cuts_the_agent_off() -> None:
    track = AgentTrack(ULAW, origin_s=ORIGIN_S)
    track.sent(ORIGIN_S, b"a" * 16_000)

    assert track.finished(ORIGIN_S + 1.0) == b"a" * 8000


@pytest.mark.parametrize("encoding", list(Encoding))
def test_silence_is_that_of_the_track_s_law(encoding: Encoding) -> None:
    assert AgentTrack(encoding, origin_s=0).advanced(0.01) == bytes([encoding.silence]) * 80


# --- the file ------------------------------------------------------------------


def wav(caller: bytes, agent: bytes, *, samples: int, caller_encoding: Encoding = ULAW) -> wave.Wave_read:
    blocks = render(io.BytesIO(caller).read, io.BytesIO(agent).read, samples=samples, caller_encoding=caller_encoding)
    return wave.Wave_read(io.BytesIO(b"".join(blocks)))


@pytest.mark.parametrize("encoding", list(Encoding))
def test_the_caller_is_left_and_the_agent_right(encoding: Encoding) -> None:
    caller, agent = bytes(range(256)), bytes(reversed(range(256)))

    with wav(caller, agent, samples=256, caller_encoding=encoding) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        pcm = file.readframes(256)

    frames = [pcm[index : index + 4] for index in range(0, len(pcm), 4)]
    assert b"".join(frame[:2] for frame in frames) == to_pcm16(encoding, caller)
    assert b"".join(frame[2:] for frame in frames) == to_pcm16(ULAW, agent)


@pytest.mark.parametrize("samples", [0, 1, 79_999, 80_000, 80_001, 200_000])
def test_the_file_is_as_long_as_the_call_whatever_was_spooled(samples: int) -> None:
    with wav(b"\x10" * 100_000, b"", samples=samples) as file:
        assert file.getnframes() == samples
        pcm = file.readframes(samples)

    assert len(pcm) == 4 * samples
    assert pcm[400_000:] == bytes(len(pcm[400_000:]))


def test_a_long_call_is_rendered_in_small_blocks_from_a_reader_that_gives_little_at_once() -> None:
    spool = io.BytesIO(b"\x20" * 300_000)

    blocks = list(
        render(lambda size: spool.read(min(size, 1000)), lambda _: b"", samples=300_000, caller_encoding=ULAW)
    )

    assert max(map(len, blocks)) == 320_000
    assert sum(map(len, blocks)) == 44 + 1_200_000


def test_a_call_of_any_length_has_a_header() -> None:
    blocks = render(lambda _: b"", lambda _: b"", samples=10**12, caller_encoding=ULAW)

    assert len(next(blocks)) == 44
    assert len(wav_header(0)) == 44
