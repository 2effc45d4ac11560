"""What ElevenLabs' stand-in makes of text, and when: formats, pieces, alignment, contexts."""

from __future__ import annotations

from typing import Any

import pytest

from telnyx_actors.standins import sound, voices
from telnyx_actors.standins.elevenlabs_audio import (
    ElevenLabsSettings,
    OutputFormat,
    alignment,
    parse_format,
    pieces,
    render,
)
from telnyx_actors.standins.elevenlabs_contexts import Contexts, Ended, Said, Violation
from telnyx_actors.standins.elevenlabs_request import Refused, error_body, parse_body

TEXT = "Con mucho gusto, le ayudo."
SETTINGS = ElevenLabsSettings()


def known(name: str) -> OutputFormat:
    output = parse_format(name)
    assert output is not None
    return output


# --- formats ---


@pytest.mark.parametrize("name", ["ulaw_8000", "alaw_8000", "pcm_8000", "pcm_16000", "pcm_24000", "pcm_44100"])
def test_every_format_lasts_as_long_as_the_speech(name: str) -> None:
    speech, audio = render(TEXT, "agente", known(name))
    assert len(audio) / known(name).bytes_per_ms == pytest.approx(speech.duration_ms, abs=25)


def test_alaw_sounds_like_ulaw() -> None:
    speech, audio = render(TEXT, "agente", known("alaw_8000"))
    assert len(audio) == len(speech.audio)
    assert sum(a != b for a, b in zip(sound.alaw_to_ulaw(audio), speech.audio, strict=True)) < len(audio) / 3


@pytest.mark.parametrize("name", ["mp3_44100_128", "opus_48000_64", "pcm_11025", "ulaw_16000", "", "pcm_"])
def test_what_needs_an_encoder_is_not_made(name: str) -> None:
    assert parse_format(name) is None


def test_pieces_are_the_whole_audio_in_odd_sizes_ahead_of_real_time() -> None:
    output, audio = known("ulaw_8000"), bytes(range(256)) * 100
    cut = list(pieces(audio, output, speed=10.0))
    assert b"".join(piece for piece, _ in cut) == audio
    assert all(len(piece) % 160 for piece, _ in cut)
    assert cut[0][1] == 0
    assert cut[-1][1] == pytest.approx(sum(len(piece) for piece, _ in cut[:-1]) / 8000 / 10)


def test_alignment_of_the_parts_is_the_text_in_order() -> None:
    speech = voices.speak(TEXT)
    edges = [(at, at + 300.0) for at in range(0, speech.duration_ms + 300, 300)]
    parts = [alignment(speech, *edge) for edge in edges]
    assert "".join("".join(characters) for characters, _, _ in parts).strip() == TEXT
    assert all(0 <= start < 300 or start == 300 for _, starts, _ in parts for start in starts)


# --- requests ---


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "missing"),
        ([], 422, "missing"),
        ({"text": 7}, 422, "missing"),
        ({"text": " "}, 400, "invalid_text"),
        ({"text": "a" * 40_001}, 400, "max_character_limit_exceeded"),
        ({"text": "a", "model_id": "eleven_v99"}, 400, "model_not_found"),
        ({"text": "a", "model_id": "eleven_v3", "previous_text": "b"}, 400, "unsupported_parameter"),
        ({"text": "a", "voice_settings": {"stability": 7}}, 400, "invalid_voice_settings"),
        ({"text": "a", "voice_settings": "alta"}, 422, "dict_type"),
    ],
)
def test_wrong_bodies_are_refused(body: Any, status: int, code: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_body("v", {"output_format": "ulaw_8000"}, body, SETTINGS)
    assert (refused.value.status, refused.value.code) == (status, code)


def test_an_unknown_voice_is_not_found_where_voices_are_listed() -> None:
    with pytest.raises(Refused, match="otra"):
        parse_body("otra", {}, {"text": "a"}, ElevenLabsSettings(voices=frozenset({"maría"})))


def test_errors_have_the_shape_of_their_age_and_status() -> None:
    refused = Refused(429, "concurrent_limit_exceeded", "Too many.")
    today: Any = error_body(refused, legacy=False)["detail"]
    assert (today["code"], today["status"]) == ("concurrent_limit_exceeded", "too_many_concurrent_requests")
    assert error_body(refused, legacy=True) == {
        "detail": {"status": "too_many_concurrent_requests", "message": "Too many."}
    }
    assert isinstance(error_body(Refused(422, "missing", "Field required", "text"), legacy=True)["detail"], list)


# --- contexts ---


def single(*, auto: bool = False) -> Contexts:
    contexts = Contexts(multi=False, contexts_max=5, auto=auto)
    assert contexts.take({"text": " "}) == []
    return contexts


def several() -> Contexts:
    return Contexts(multi=True, contexts_max=5, auto=False)


def spoken(work: list[Said | Ended]) -> list[str]:
    return [said.text for said in work if isinstance(said, Said)]


def test_text_waits_for_the_schedule() -> None:
    contexts = single()
    assert contexts.take({"text": "a" * 119}) == []
    assert spoken(contexts.take({"text": "b "})) == ["a" * 119 + "b"]
    assert contexts.take({"text": "c" * 159}) == []
    assert len(contexts.take({"text": "dd "})) == 1


def test_auto_mode_speaks_each_message() -> None:
    contexts = single(auto=True)
    assert spoken(contexts.take({"text": "Hola. "})) == ["Hola."]
    assert contexts.take({"text": " "}) == []


def test_flush_speaks_what_waits_and_keeps_the_context() -> None:
    contexts = single()
    assert spoken(contexts.take({"text": "Hola. ", "flush": True})) == ["Hola."]
    assert not contexts.finished


def test_a_trigger_needs_enough_text() -> None:
    contexts = single()
    assert contexts.take({"text": "Hola. ", "try_trigger_generation": True}) == []
    assert len(contexts.take({"text": "a" * 50, "try_trigger_generation": True})) == 1


def test_empty_text_ends_the_single_context() -> None:
    contexts = single()
    contexts.take({"text": "Adiós. "})
    work = contexts.take({"text": ""})
    assert spoken(work) == ["Adiós."]
    assert work[-1] == Ended("")
    assert contexts.finished


def test_the_first_message_must_be_a_space() -> None:
    with pytest.raises(Violation, match="' '"):
        Contexts(multi=False, contexts_max=5, auto=False).take({"text": "Hola"})


@pytest.mark.parametrize(
    "message",
    [{"text": 7}, {"text": "a", "voice_settings": {}}],
)
def test_what_is_no_text_message_breaks_the_protocol(message: dict[str, Any]) -> None:
    with pytest.raises(Violation):
        single().take(message)


@pytest.mark.parametrize("schedule", [[10], [600], ["a"], 50])
def test_a_schedule_has_limits(schedule: Any) -> None:
    with pytest.raises(Violation, match="chunk_length_schedule"):
        several().take({"text": " ", "generation_config": {"chunk_length_schedule": schedule}})


def test_a_sixth_context_is_one_too_many_until_one_is_gone() -> None:
    contexts = several()
    for n in range(5):
        contexts.take({"text": " ", "context_id": f"c{n}"})
    with pytest.raises(Violation) as violation:
        contexts.take({"text": " ", "context_id": "c5"})
    assert violation.value.code == "max_active_conversations"
    assert contexts.take({"context_id": "c0", "close_context": True}) == [Ended("c0")]
    contexts.gone("c0")
    assert contexts.take({"text": " ", "context_id": "c5"}) == []


def test_an_empty_text_keeps_a_context_alive_and_says_nothing() -> None:
    contexts = several()
    contexts.take({"text": " ", "context_id": "c"})
    assert contexts.take({"text": "", "context_id": "c"}) == []
    assert not contexts.finished


def test_closing_the_socket_speaks_what_waits_everywhere() -> None:
    contexts = several()
    for name in ("uno", "dos"):
        contexts.take({"text": " ", "context_id": name})
        contexts.take({"text": name, "context_id": name})
    assert spoken(contexts.take({"close_socket": True})) == ["uno", "dos"]
    assert contexts.finished
