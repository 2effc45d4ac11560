"""What the carrier sounds by itself: whose end it is that it tells."""

from __future__ import annotations

import pytest

from telnyx_actors.actors.carrier_sound import EARLY_S, CarrierSound
from telnyx_actors.core import events as ev


@pytest.fixture
def sound() -> CarrierSound:
    return CarrierSound()


def test_files_end_in_the_order_in_which_they_were_begun(sound: CarrierSound) -> None:
    sound.play("one", "0.1.800", 0.0, 0.1)
    sound.play("two", "0.2.800", 0.0, 0.1)
    assert sound.played("completed", 0.2) == ev.MarkReturned("0.1.800")
    assert sound.played("failed", 0.2) == ev.PlayFailed("0.2.800")
    assert sound.played("completed", 0.2) is None


@pytest.mark.parametrize("status", ["cancelled", "cancelled_amd", "call_hangup"])
def test_a_file_that_was_stopped_tells_nothing_of_the_next(sound: CarrierSound, status: str) -> None:
    sound.play("one", "0.1.800", 0.0, 0.1)
    sound.stop()
    sound.play("two", "1.1.800", 0.0, 0.1)
    assert sound.played(status, 0.2) is None
    assert sound.played("completed", 0.2) == ev.MarkReturned("1.1.800")


def test_a_file_that_ended_as_it_was_stopped_does_not_end_the_next(sound: CarrierSound) -> None:
    sound.play("one", "0.1.32000", 0.0, 4.0)
    sound.stop()
    sound.play("two", "1.1.32000", 5.0, 4.0)
    assert sound.played("completed", 5.5) is None
    assert sound.played("completed", 9.0 - EARLY_S) == ev.MarkReturned("1.1.32000")


def test_a_file_that_the_carrier_cannot_play_may_fail_at_once(sound: CarrierSound) -> None:
    sound.play("one", "0.1.32000", 0.0, 4.0)
    assert sound.played("failed", 0.1) == ev.PlayFailed("0.1.32000")


def test_what_is_said_ends_by_its_order(sound: CarrierSound) -> None:
    sound.say("one", 7)
    sound.stop()
    sound.say("two", 7)  # the same clause, once more
    assert sound.said("one") is None
    assert sound.said("two") == ev.CarrierSpoke(7)
    assert sound.said("two") is None


def test_an_end_that_does_not_say_whose_is_the_last_ones(sound: CarrierSound) -> None:
    assert sound.said("") is None
    sound.say("one", 7)
    sound.say("two", 8)
    assert sound.said("") == ev.CarrierSpoke(8)


def test_what_the_carrier_refuses_is_not_what_it_sounds(sound: CarrierSound) -> None:
    sound.play("one", "0.1.800", 0.0, 0.1)
    sound.play("two", "0.2.800", 0.0, 0.1)
    sound.say("three", 3)
    assert sound.refused("two", "no") == ev.PlayFailed("0.2.800")
    assert sound.refused("three", "no") == ev.SpeechFailed(3, "no", retryable=False)
    assert sound.refused("three", "no") is None
    assert sound.played("completed", 0.2) == ev.MarkReturned("0.1.800")
