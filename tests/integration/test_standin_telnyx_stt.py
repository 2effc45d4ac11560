"""Telnyx's own SDK against the stand-in's speech to text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import pytest
from telnyx.lib import SpeechToTextStreamParams, SpeechToTextWS
from telnyx.lib.speech_to_text_ws import SpeechToTextWSError, SttEvent

from telnyx_actors.standins import voices
from telnyx_actors.standins.world import World, WorldSettings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the SDK's way with websockets

SAID = "Quiero una cita para mañana."
DEFAULTS: Final[dict[str, Any]] = {
    "transcription_engine": "Deepgram",
    "input_format": "mulaw",
    "sample_rate": 8000,
    "language": "es",
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(WorldSettings(s3=False)) as world:
        yield world


def hear(world: World, params: dict[str, Any]) -> list[SttEvent]:
    """What the SDK makes of one sentence and a second of silence behind it."""
    speech = voices.speak(SAID, voice="cliente")
    world.phrasebook.add(SAID, speech)
    asked = SpeechToTextStreamParams(**{**DEFAULTS, **params})
    client = SpeechToTextWS(world.env["TELNYX_API_KEY"], asked, world.env["TELNYX_API_URL"])
    heard: list[SttEvent] = []
    with client:
        with suppress(SpeechToTextWSError):  # where it was refused, the socket may be closed by now
            client.send(speech.audio + b"\xff" * 8000)
        for event in client.events(timeout=5.0):
            heard.append(event)
            if event.is_final or event.type != "transcript":
                break
    return heard


@pytest.mark.parametrize("interims", [True, False])
def test_the_sdk_hears_a_sentence(world: World, interims: bool) -> None:
    heard = hear(world, {"interim_results": interims})
    assert heard[-1].transcript == SAID
    assert heard[-1].confidence == pytest.approx(0.99)
    assert any(not event.is_final for event in heard) is interims


@pytest.mark.parametrize(
    "params",
    [
        {"transcription_engine": "Orejas"},
        {"input_format": "aac"},
        {"transcription_engine": "Azure"},
        {"sample_rate": None},
        {"sample_rate": 0},
    ],
)
def test_the_sdk_is_told_that_parameters_will_not_do(world: World, params: dict[str, Any]) -> None:
    (said,) = hear(world, params)
    assert (said.type, said.transcript) == ("unknown", None)
