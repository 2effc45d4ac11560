from __future__ import annotations

from telnyx_actors.actors.headroom import Headroom


def test_there_is_room_on_an_idle_machine() -> None:
    assert Headroom().refusal() is None


def test_a_late_front_takes_no_more_calls_and_says_why() -> None:
    refusal = Headroom(lambda: 300.0, lag_ms_max=250.0).refusal()

    assert refusal is not None
    assert "300 ms" in refusal
    assert "MAX_FRONT_LAG_MS=250" in refusal


def test_a_process_that_is_too_large_takes_no_more_calls_and_says_why() -> None:
    refusal = Headroom(memory_mb_max=1.0).refusal()

    assert refusal is not None
    assert "MAX_MEMORY_MB=1" in refusal
