"""The voices: real speech, telephone format, words where they sound."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from telnyx_actors.standins import sound, voices

TEXT = "Buenos días, ¿cómo está? Quiero una cita a las 3:30 p. m. para mi perro."


def frames(audio: bytes) -> list[bytes]:
    return [audio[at : at + 160] for at in range(0, len(audio), 160)]


@pytest.mark.parametrize("voice", voices.VOICES)
def test_every_voice_speaks_whole_frames_without_silence_at_the_ends(voice: str) -> None:
    speech = voices.speak(TEXT, voice=voice)
    assert len(speech.audio) % sound.FRAME_BYTES == 0
    assert 2_000 < speech.duration_ms < 9_000
    assert sound.is_voice(speech.audio[:240])
    assert sound.is_voice(speech.audio[-320:])


def test_two_people_do_not_sound_alike() -> None:
    spoken = [voices.synthesize(TEXT, voice=voice) for voice in voices.VOICES]
    heard = [set(frames(audio)) for audio in spoken]
    # Next to silence a frame may be anybody's.
    assert all(len(one & other) < len(one) / 10 for n, one in enumerate(heard) for other in heard[n + 1 :])


def test_all_voices_are_equally_loud() -> None:
    loudness = [sound.linear_rms(sound.ulaw_to_linear(voices.synthesize(TEXT, voice=voice))) for voice in voices.VOICES]
    assert max(loudness) < 1.5 * min(loudness)


def test_words_are_those_of_the_text_in_order_and_within_the_sound() -> None:
    speech = voices.speak(TEXT, voice="cliente")
    assert " ".join(word.text for word in speech.words) == TEXT
    edges = [edge for word in speech.words for edge in (word.start_ms, word.end_ms)]
    assert edges == sorted(edges)
    assert edges[0] == 0
    assert abs(edges[-1] - speech.duration_ms) <= sound.FRAME_MS


def test_marks_without_sound_stay_with_a_word() -> None:
    words = [word.text for word in voices.speak("— Hola … ¿ bien ?").words]
    assert words[0].startswith("— Hola")
    assert " ".join(words) == "— Hola … ¿ bien ?"


@pytest.mark.parametrize("text", ["", "   ", "¿ — ?"])
def test_nothing_to_say_is_no_sound(text: str) -> None:
    assert voices.speak(text) == voices.Speech(b"", ())


def test_the_same_request_gives_the_same_samples_from_any_thread() -> None:
    with ThreadPoolExecutor(4) as pool:
        spoken = list(pool.map(lambda n: voices.synthesize(f"Frase {n % 3}.", voice="cliente"), range(24)))
    assert len(set(spoken)) == 3
    assert all(spoken[n] == spoken[n % 3] for n in range(24))


def test_linear_samples_come_at_the_rate_asked_for() -> None:
    seconds = voices.speak(TEXT).duration_ms / 1000
    for rate_hz in (8000, 16000, 22050, 24000, 44100):
        assert len(voices.linear(TEXT, rate_hz=rate_hz)) / 2 / rate_hz == pytest.approx(seconds, abs=0.03)


def test_lowering_the_rate_removes_what_it_could_not_carry() -> None:
    hiss = b"".join(value.to_bytes(2, "little", signed=True) for value in (9000, -9000) * 2000)
    assert sound.linear_rms(sound.resample(hiss, 22050, 8000)) < 200


def test_an_unknown_voice_is_an_error() -> None:
    with pytest.raises(KeyError):
        voices.speak("hola", voice="nadie")


def test_a_recording_gets_words_at_an_even_pace() -> None:
    speech = voices.spread("uno dos", b"\x10" * 1599)
    assert [(word.text, word.start_ms, word.end_ms) for word in speech.words] == [("uno", 0, 99), ("dos", 99, 199)]
    assert len(speech.audio) == 1600
