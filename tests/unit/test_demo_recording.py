from __future__ import annotations

import wave
from array import array
from pathlib import Path

import pytest

from telnyx_actors.demo.recording import examine, side
from telnyx_actors.standins import voices
from telnyx_actors.standins.carrier_call import CarrierCall, Utterance
from telnyx_actors.standins.sound import ulaw_to_linear

SAID = voices.synthesize("Quisiera una cita.", voice="cliente")
ANSWERED = voices.synthesize("Con mucho gusto.")
LENGTH = 40_000


def channel_with(*pieces: tuple[int, bytes]) -> array[int]:
    channel = array("h", bytes(2 * LENGTH))
    for start, ulaw in pieces:
        samples = array("h", ulaw_to_linear(ulaw))
        channel[start : start + len(samples)] = samples
    return channel


def write(path: Path, left: array[int], right: array[int], channels: int = 2) -> Path:
    frames = array("h", bytes(2 * 2 * len(left)))
    frames[::2], frames[1::2] = left, right
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(frames.tobytes())
    return path


def test_sound_that_is_there_is_found_to_the_sample() -> None:
    for shift in (-400, 0, 7, 400):
        found = side(channel_with((8000 + shift, SAID)), [(8000, SAID)])
        assert found.offset_ms == abs(shift) / 8
        assert found.likeness == pytest.approx(1.0)
        assert found.extra_s == 0.0


def test_other_sound_in_its_place_is_not_alike() -> None:
    found = side(channel_with((8000, ANSWERED)), [(8000, SAID)])
    assert found.likeness < 0.5
    assert side(channel_with(), [(8000, SAID)]).likeness == 0.0


def test_sound_that_nobody_carried_is_counted() -> None:
    found = side(channel_with((0, ANSWERED), (20_000, SAID)), [(20_000, SAID)])
    assert found.likeness == pytest.approx(1.0)
    assert found.extra_s == pytest.approx(len(ANSWERED) / 8000, abs=0.3)


def test_where_a_clear_cut_some_milliseconds_more_or_less_do_not_matter() -> None:
    cut = len(ANSWERED) // 2
    found = side(channel_with((800, ANSWERED[: cut + 240])), [(800, ANSWERED[:cut])])
    assert found.likeness == pytest.approx(1.0)
    assert found.extra_s == 0.0
    assert side(channel_with((800, ANSWERED[: cut - 80])), [(800, ANSWERED[:cut])]).likeness > 0.98


def test_a_side_on_which_nothing_was_carried_has_nothing_alike_in_it() -> None:
    assert side(channel_with(), []).likeness == 0.0
    assert side(channel_with((0, SAID[:400])), [(0, SAID[:400])]).matches == ()


def test_a_recording_is_held_against_both_sides_of_the_call(tmp_path: Path) -> None:
    record = CarrierCall("v3:a", "leg", "session", "outgoing", "+576015550100", "+573001234567")
    record.media_at, record.ended_at = 0.0, LENGTH / 8000
    record.utterances.append(Utterance("Quisiera una cita.", 1600, SAID))
    record.stream.push(ANSWERED, LENGTH - 4000)  # the hang-up cuts it
    path = write(tmp_path / "call.wav", channel_with((1600, SAID)), channel_with((LENGTH - 4000, ANSWERED[:4000])))
    found = examine(path, record)
    assert found.length_s == LENGTH / 8000
    assert found.caller.likeness == pytest.approx(1.0)
    assert found.agent.likeness == pytest.approx(1.0)
    swapped = write(
        tmp_path / "swapped.wav", channel_with((LENGTH - 4000, ANSWERED[:4000])), channel_with((1600, SAID))
    )
    assert examine(swapped, record).agent.likeness < 0.5


def test_what_is_no_telephone_call_in_stereo_is_refused(tmp_path: Path) -> None:
    record = CarrierCall("v3:a", "leg", "session", "outgoing", "+576015550100", "+573001234567")
    with pytest.raises(wave.Error):
        examine(write(tmp_path / "mono.wav", channel_with(), channel_with(), channels=1), record)
    (tmp_path / "text.wav").write_text("hola", encoding="utf-8")
    with pytest.raises(wave.Error):
        examine(tmp_path / "text.wav", record)
