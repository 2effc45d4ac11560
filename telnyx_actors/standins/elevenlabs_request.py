"""What ElevenLabs checks in a request, and the shapes of its errors, new and old."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from telnyx_actors.standins.elevenlabs_audio import (
    CHARACTERS_MAX,
    ElevenLabsSettings,
    OutputFormat,
    parse_format,
)

MODELS: Final = {
    "eleven_flash_v2_5": "Eleven Flash v2.5",
    "eleven_flash_v2": "Eleven Flash v2",
    "eleven_turbo_v2_5": "Eleven Turbo v2.5",
    "eleven_turbo_v2": "Eleven Turbo v2",
    "eleven_multilingual_v2": "Eleven Multilingual v2",
    "eleven_v3": "Eleven v3",
    "eleven_v3_conversational": "Eleven v3 Conversational",
    "eleven_v4": "Eleven v4",
    "eleven_v4_turbo": "Eleven v4 Turbo",
}
_DEFAULT_MODEL: Final = "eleven_multilingual_v2"
_DEFAULT_FORMAT: Final = "mp3_44100_128"
_NO_SOCKET_MODELS: Final = ("eleven_v3", "eleven_v4")
_TYPE_OF_STATUS: Final = {
    400: "validation_error",
    401: "authentication_error",
    402: "payment_required",
    403: "authorization_error",
    404: "not_found",
    429: "rate_limit_error",
}
_LEGACY_STATUS: Final = {"concurrent_limit_exceeded": "too_many_concurrent_requests"}


class Refused(Exception):
    """The request is answered with this status, ``code`` and message."""

    def __init__(self, status: int, code: str, message: str, param: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param = status, code, message, param


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A valid request for speech."""

    voice_id: str
    model_id: str
    output: OutputFormat
    text: str = ""


def error_body(refused: Refused, *, legacy: bool) -> dict[str, object]:
    """The JSON of a refusal: a list for 422, the legacy pair, or today's object."""
    if refused.status == 422:
        return {"detail": [{"loc": ["body", refused.param], "msg": refused.message, "type": refused.code}]}
    status = _LEGACY_STATUS.get(refused.code, refused.code)
    if legacy:
        return {"detail": {"status": status, "message": refused.message}}
    return {
        "detail": {
            "type": _TYPE_OF_STATUS.get(refused.status, "internal_error"),
            "code": refused.code,
            "message": refused.message,
            "status": status,
            "request_id": uuid.uuid4().hex,
            "param": refused.param or None,
        }
    }


def check_key(key: str, settings: ElevenLabsSettings) -> None:
    if not key or settings.api_key not in ("", key):
        raise Refused(401, "invalid_api_key", "Invalid API key")


def check_voice(voice_id: str, settings: ElevenLabsSettings) -> None:
    if settings.voices and voice_id not in settings.voices:
        raise Refused(404, "voice_not_found", f"A voice with the voice_id {voice_id} was not found.", "voice_id")


def parse_query(voice_id: str, query: Mapping[str, str], settings: ElevenLabsSettings) -> SpeechRequest:
    """What the address of a WebSocket says, or ``Refused``."""
    check_voice(voice_id, settings)
    model_id = query.get("model_id", _DEFAULT_MODEL)
    _check_model(model_id)
    if model_id.startswith(_NO_SOCKET_MODELS):
        raise Refused(400, "unsupported_model", f"Model {model_id} is not available on this WebSocket.", "model_id")
    return SpeechRequest(voice_id, model_id, _format(query))


def parse_body(voice_id: str, query: Mapping[str, str], body: object, settings: ElevenLabsSettings) -> SpeechRequest:
    """What an HTTP request asks for, or ``Refused``."""
    check_voice(voice_id, settings)
    given = body if isinstance(body, dict) else {}
    text = given.get("text")
    if not isinstance(text, str):
        raise Refused(422, "missing", "Field required", "text")
    model_id = given.get("model_id", _DEFAULT_MODEL)
    _check_model(model_id)
    if not text.strip():
        raise Refused(400, "invalid_text", "The text is empty.", "text")
    if len(text) > CHARACTERS_MAX:
        message = f"This request's text has {len(text)} characters and exceeds the {CHARACTERS_MAX} allowed."
        raise Refused(400, "max_character_limit_exceeded", message, "text")
    if model_id.startswith("eleven_v3") and ("previous_text" in given or "next_text" in given):
        raise Refused(400, "unsupported_parameter", "previous_text is not supported by this model.", "previous_text")
    check_voice_settings(given.get("voice_settings"))
    return SpeechRequest(voice_id, model_id, _format(query), text)


def check_voice_settings(given: object) -> None:
    """Stability, similarity and style go from 0 to 1, speed from 0.7 to 1.2."""
    if given is None:
        return
    if not isinstance(given, dict):
        raise Refused(422, "dict_type", "Input should be a valid dictionary", "voice_settings")
    limits = {"stability": (0, 1), "similarity_boost": (0, 1), "style": (0, 1), "speed": (0.7, 1.2)}
    for name, (least, most) in limits.items():
        value = given.get(name)
        if value is not None and not (isinstance(value, int | float) and least <= value <= most):
            raise Refused(400, "invalid_voice_settings", f"Invalid setting for {name}: {value}", "voice_settings")


def _check_model(model_id: object) -> None:
    if model_id not in MODELS:
        raise Refused(400, "model_not_found", f"A model with model ID {model_id} does not exist.", "model_id")


def _format(query: Mapping[str, str]) -> OutputFormat:
    name = query.get("output_format", _DEFAULT_FORMAT)
    output = parse_format(name)
    if output is None:
        message = f"Output format {name} is not available here: this stand-in makes ulaw_8000, alaw_8000 and pcm_*."
        raise Refused(400, "output_format_not_allowed", message, "output_format")
    return output
