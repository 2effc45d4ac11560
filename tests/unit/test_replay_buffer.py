"""The caller's last seconds: nothing that is not final is lost with a connection, and nothing final is said twice."""

from __future__ import annotations

import random

import pytest

from telnyx_actors.actors.replay_buffer import QUIET_MAX_MS, ReplayBuffer


def piece(number: int, ms: int = 100) -> bytes:
    return bytes([number]) * 8 * ms


def filled(*numbers: int) -> ReplayBuffer:
    buffer = ReplayBuffer()
    for number in numbers:
        buffer.add(piece(number))
    return buffer


def send(buffer: ReplayBuffer) -> bytes:
    """Give the connection all there is, and say what that was."""
    audio = buffer.unsent()
    buffer.sent(len(audio))
    return audio


def test_a_connection_is_given_everything_once() -> None:
    buffer = filled(1, 2)
    assert send(buffer) == piece(1) + piece(2)
    assert send(buffer) == b""
    buffer.add(piece(3))
    assert send(buffer) == piece(3)


def test_a_new_connection_is_given_again_what_was_not_final() -> None:
    buffer = filled(1, 2, 3)
    send(buffer)
    buffer.settled(0.2)
    buffer.rewind()
    assert send(buffer) == piece(3)


def test_what_was_said_behind_a_flush_is_not_settled_by_its_late_answer() -> None:
    buffer = filled(1)
    send(buffer)
    buffer.add(piece(2))  # the caller goes on before the answer comes
    send(buffer)
    buffer.settled(0.1)
    buffer.rewind()
    assert send(buffer) == piece(2)


def test_positions_are_those_of_the_connection() -> None:
    buffer = filled(1, 2)
    send(buffer)
    buffer.settled(0.1)
    buffer.rewind()
    send(buffer)
    buffer.add(piece(3))
    send(buffer)
    buffer.settled(0.1)  # 2, for this connection began with it
    buffer.rewind()
    assert send(buffer) == piece(3)


def test_half_a_piece_that_is_final_is_said_again_rather_than_lost() -> None:
    buffer = filled(1, 2)
    send(buffer)
    buffer.settled(0.15)
    buffer.rewind()
    assert send(buffer) == piece(2)


def test_a_transcriber_that_tells_no_position_settles_all_it_was_given() -> None:
    buffer = filled(1)
    send(buffer)
    buffer.add(piece(2))
    buffer.settled()
    buffer.rewind()
    assert send(buffer) == piece(2)


@pytest.mark.parametrize("audio_s", [-1.0, 0.0, 1e9, float("inf")])
def test_positions_that_cannot_be_are_harmless(audio_s: float) -> None:
    buffer = filled(1)
    send(buffer)
    buffer.add(piece(2))
    buffer.settled(audio_s)
    assert send(buffer) == piece(2)


def test_what_is_too_old_gives_way_and_is_counted_only_if_nobody_ever_heard_it() -> None:
    buffer = ReplayBuffer(max_ms=200)
    buffer.add(piece(1))
    send(buffer)
    for number in (2, 3, 4):
        buffer.add(piece(number))
    assert buffer.lost_bytes == len(piece(2))
    assert send(buffer) == piece(3) + piece(4)


def test_of_a_silent_line_only_the_last_moment_is_said_again() -> None:
    buffer = ReplayBuffer()
    for _ in range(50):
        buffer.add(piece(0), is_voice=False)
    buffer.rewind()
    assert len(send(buffer)) == QUIET_MAX_MS * 8
    assert buffer.lost_bytes == 0


def test_a_voice_is_kept_through_the_silence_behind_it_until_it_is_final() -> None:
    buffer = ReplayBuffer()
    buffer.add(piece(1))
    for _ in range(30):
        buffer.add(piece(0), is_voice=False)
    assert send(buffer)[:800] == piece(1)
    buffer.settled(0.1)
    buffer.add(piece(0), is_voice=False)
    buffer.rewind()
    assert len(send(buffer)) == QUIET_MAX_MS * 8


def test_what_somebody_else_heard_is_forgotten() -> None:
    buffer = filled(1, 2)
    buffer.forget()
    buffer.rewind()
    assert send(buffer) == b""
    buffer.add(piece(3))
    assert send(buffer) == piece(3)


@pytest.mark.parametrize("seed", range(50))
def test_whatever_happens_each_byte_is_final_or_still_kept(seed: int) -> None:
    """Against a model: a list of all audio, and how far it was settled."""
    rng = random.Random(seed)
    buffer, audio, settled, origin, sent = ReplayBuffer(max_ms=60_000), b"", 0, 0, 0
    for _ in range(300):
        match rng.randrange(4):
            case 0:
                new = bytes([rng.randrange(256)]) * 160 * rng.randint(1, 3)
                audio += new
                buffer.add(new)
            case 1:
                assert buffer.unsent() == audio[sent:]
                size = len(audio) - sent
                buffer.sent(size)
                sent += size
            case 2:
                heard = rng.randint(0, sent - origin)
                settled = max(settled, origin + heard)
                buffer.settled(heard / 8000)
            case _:
                buffer.rewind()
                kept = audio[len(audio) - len(buffer.unsent()) :]
                assert len(audio) - len(kept) <= settled < len(audio) - len(kept) + 480
                origin = sent = len(audio) - len(kept)
