"""Recognition by sound: lost sound is lost words, and strange sound is no word."""

from __future__ import annotations

import random

import pytest

from telnyx_actors.standins import sound, voices
from telnyx_actors.standins.phrasebook import UNKNOWN, HeardWord, Listener, Phrasebook

PHRASES = ("Buenos días, ¿cómo está?", "Quiero una cita para mi perro.", "Sí, claro.", "Quiero una cita el martes.")
PAUSE = b"\xff" * 2400


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    book = Phrasebook()
    for phrase in PHRASES:
        book.add(phrase, voices.speak(phrase, voice="cliente"))
    return book


def said(*phrases: str) -> bytes:
    return b"".join(voices.synthesize(phrase, voice="cliente") + PAUSE for phrase in phrases)


def hear(book: Phrasebook, audio: bytes, step: int = 160) -> Listener:
    listener = Listener(book)
    for at in range(0, len(audio), step):
        for _ in listener.feed(audio[at : at + step]):
            pass
    return listener


def text(words: list[HeardWord]) -> str:
    return " ".join(word.text for word in words)


@pytest.mark.parametrize("step", [160, 640, 333, 1, 100_000])
def test_whatever_the_size_of_the_messages_the_words_are_the_same(book: Phrasebook, step: int) -> None:
    assert text(hear(book, said(*PHRASES), step).words()) == " ".join(PHRASES)


def test_times_are_those_of_the_sound_received(book: Phrasebook) -> None:
    lead_ms = 500
    heard = hear(book, b"\xff" * 8 * lead_ms + said(PHRASES[1])).words()
    expected = voices.speak(PHRASES[1], voice="cliente").words
    assert [word.text for word in heard] == [word.text for word in expected]
    for got, word in zip(heard, expected, strict=True):
        assert abs(got.start_ms - lead_ms - word.start_ms) <= 60
        assert got.end_ms - lead_ms <= word.end_ms + sound.FRAME_MS


def test_a_lost_word_is_not_heard(book: Phrasebook) -> None:
    speech = voices.speak(PHRASES[1], voice="cliente")
    lost = next(word for word in speech.words if word.text == "cita")
    start, end = lost.start_ms // 20 * 160, lost.end_ms // 20 * 160
    assert text(hear(book, speech.audio[:start] + speech.audio[end:]).words()) == "Quiero una para mi perro."
    assert text(hear(book, speech.audio[:start] + b"\xff" * (end - start) + speech.audio[end:]).words()) == (
        "Quiero una para mi perro."
    )


def test_a_word_is_known_when_half_of_it_arrived(book: Phrasebook) -> None:
    speech = voices.speak(PHRASES[2], voice="cliente")
    first = speech.words[0]
    listener = Listener(book)
    known_at = [frame.end_ms for frame in listener.feed(speech.audio) if listener.words()]
    assert first.start_ms < known_at[0] < first.end_ms
    assert listener.words()[0].share == 1.0


def test_it_starts_in_the_middle_of_an_utterance(book: Phrasebook) -> None:
    speech = voices.speak(PHRASES[1], voice="cliente")
    cut = next(word for word in speech.words if word.text == "una").start_ms // 20 * 160
    assert text(hear(book, speech.audio[cut:]).words()) == "una cita para mi perro."


def test_what_is_said_again_is_heard_again(book: Phrasebook) -> None:
    assert text(hear(book, said(PHRASES[2], PHRASES[2])).words()) == f"{PHRASES[2]} {PHRASES[2]}"


def test_a_stream_out_of_step_with_the_frames_is_followed(book: Phrasebook) -> None:
    audio = said(PHRASES[0], PHRASES[1])
    assert text(hear(book, b"\xff" * 77 + audio).words()) == f"{PHRASES[0]} {PHRASES[1]}"
    assert text(hear(book, b'{"type":"KeepAlive"}' + audio).words()).endswith(PHRASES[1])


def test_a_carrier_that_makes_a_law_of_it_changes_nothing(book: Phrasebook) -> None:
    returned = sound.alaw_to_ulaw(sound.ulaw_to_alaw(said(*PHRASES)))
    assert returned != said(*PHRASES)
    assert text(hear(book, returned).words()) == " ".join(PHRASES)


def test_strange_speech_is_one_unintelligible_word_and_does_not_hide_what_follows(book: Phrasebook) -> None:
    strange = voices.synthesize("Nadie me conoce.", voice="operadora") + PAUSE
    assert text(hear(book, strange + said(PHRASES[2])).words()) == f"{UNKNOWN} {PHRASES[2]}"


def test_a_damaged_frame_does_not_split_an_utterance(book: Phrasebook) -> None:
    audio = bytearray(said(*PHRASES))
    for at in range(0, len(audio), 1600):
        audio[at : at + 160] = random.Random(at).randbytes(160)
    assert text(hear(book, bytes(audio)).words()) == " ".join(PHRASES)


def test_silence_and_clicks_are_no_words(book: Phrasebook) -> None:
    click = random.Random(1).randbytes(160)
    assert hear(book, (PAUSE + click) * 20 + PAUSE).words() == []


def test_words_taken_are_not_given_again_even_when_taken_in_the_middle(book: Phrasebook) -> None:
    audio = said(*PHRASES)
    for step in (800, 1120, 4000):
        listener, heard = Listener(book), []
        for at in range(0, len(audio), step):
            for _ in listener.feed(audio[at : at + step]):
                pass
            heard += listener.words()
            listener.take(listener.words())
        assert text(heard) == " ".join(PHRASES)


def test_frames_say_where_there_is_a_voice(book: Phrasebook) -> None:
    listener = Listener(book)
    frames = list(listener.feed(PAUSE + said(PHRASES[2])))
    assert [frame.end_ms for frame in frames] == list(range(20, 20 * len(frames) + 1, 20))
    assert not any(frame.voiced for frame in frames[:15])
    assert frames[16].voiced
    assert listener.heard_ms == 20 * len(frames)


def test_the_same_recording_twice_is_one_entry() -> None:
    book, speech = Phrasebook(), voices.speak("Gracias.", voice="cliente")
    book.add("Gracias.", speech)
    book.add("Gracias.", speech)
    voiced = next(
        speech.audio[at : at + 160] for at in range(0, 8000, 160) if sound.is_voice(speech.audio[at : at + 160])
    )
    assert len(book.places(voiced)) == 1


def test_comfort_noise_is_silence(book: Phrasebook) -> None:
    noise = [sound.linear_to_ulaw(hiss(seed)) for seed in range(50)]
    listener = Listener(book)
    assert not any(frame.voiced for frame in listener.feed(b"".join(noise)))
    assert listener.words() == []


def hiss(seed: int, peak: int = 330) -> bytes:
    """A frame of noise at about -45 dB."""
    source = random.Random(seed)
    return b"".join(source.randint(-peak, peak).to_bytes(2, "little", signed=True) for _ in range(160))
