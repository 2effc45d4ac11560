"""Telnyx's REST commands: request bodies out, answers and error envelopes in."""

from __future__ import annotations

import base64
import io
import wave
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from telnyx_actors.core.audio import PCM16_BYTES, SAMPLE_RATE_HZ, Encoding, to_pcm16
from telnyx_actors.errors import WireError

# Without "rtp", Telnyx accepts the audio we send and nobody hears it.
_BIDIRECTIONAL_MODE: Final = "rtp"


def call_path(call_control_id: str) -> str:
    """``/calls/<id>``; ids look like ``v3:…`` and must be encoded."""
    return f"/calls/{quote(call_control_id, safe='')}"


def application_path(connection_id: str) -> str:
    """The Call Control application that makes and takes our calls."""
    return f"/call_control_applications/{quote(connection_id, safe='')}"


def number_path(phone_number: str) -> str:
    """The numbers of the account that contain this one. With its "+" in the filter there would be none."""
    return "/phone_numbers?" + urlencode({"filter[phone_number]": phone_number.lstrip("+"), "page[size]": 20})


def verified_number_path(phone_number: str) -> str:
    """A number of another carrier that the account may show to those it calls."""
    return f"/verified_numbers/{quote(phone_number, safe='')}"


def action_path(call_control_id: str, action: str) -> str:
    """Where a command for a call is posted."""
    return f"{call_path(call_control_id)}/actions/{quote(action, safe='')}"


def stream_fields(url: str, track: str, codec: Encoding, target_legs: str) -> dict[str, object]:
    """The media socket, as fields of a dial, an ``answer`` or a ``streaming_start``.

    ``codec`` is that of what we send; what comes to us keeps the call's own.
    """
    return {
        "stream_url": url,
        "stream_track": track,
        "stream_bidirectional_mode": _BIDIRECTIONAL_MODE,
        "stream_bidirectional_codec": codec.value,
        "stream_bidirectional_target_legs": target_legs,
    }


def transcription_fields(engine: str, language: str) -> dict[str, object]:
    """The carrier's own transcription, as fields of a ``transcription_start``; interim words wherever the engine has them."""
    name = ENGINES.get(engine.lower(), engine)
    config: dict[str, object] = {"transcription_engine": name, "language": language}
    if name == "Deepgram":  # words as they are said, as we ask our own for them: what both heard is compared
        config |= {"transcription_model": "deepgram/nova-3", "interim_results": True, "smart_format": False}
    elif name == "Telnyx":
        config["transcription_model"] = "openai/whisper-large-v3-turbo"
    else:
        config["interim_results"] = True
    return {"transcription_engine": name, "transcription_tracks": "inbound", "transcription_engine_config": config}


ENGINES: Final = {"deepgram": "Deepgram", "google": "Google", "telnyx": "Telnyx", "azure": "Azure"}


def playback_fields(encoding: Encoding, audio: bytes) -> dict[str, object]:
    """Audio to be played as a file, inside a ``playback_start``."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(PCM16_BYTES)
        out.setframerate(SAMPLE_RATE_HZ)
        out.writeframes(to_pcm16(encoding, audio))
    return {"playback_content": base64.b64encode(file.getvalue()).decode("ascii"), "audio_type": "wav"}


# --- answers ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallFields:
    """What an answer says about a call. ``client_state`` is still base64."""

    call_control_id: str
    call_leg_id: str = ""
    call_session_id: str = ""
    is_alive: bool = False
    client_state: str | None = None


@dataclass(frozen=True, slots=True)
class OutboundFields:
    """What an application may dial with."""

    channel_limit: int | None = None
    outbound_voice_profile_id: str | None = None


@dataclass(frozen=True, slots=True)
class ApplicationFields:
    """A Call Control application."""

    application_name: str | None = None
    active: bool | None = True
    webhook_api_version: str | None = None
    webhook_event_url: str | None = None
    outbound: OutboundFields | None = None


@dataclass(frozen=True, slots=True)
class NumberFields:
    """A number of the account. ``connection_id``: the application that its incoming calls go to."""

    phone_number: str
    status: str | None = None
    connection_id: str | None = None


@dataclass(frozen=True, slots=True)
class VendorError:
    """The first error of an envelope. ``pointer`` names the field at fault, such as ``/to``."""

    code: str
    title: str = ""
    detail: str = ""
    pointer: str = ""

    @property
    def reason(self) -> str:
        text = self.detail or self.title or "no reason given"
        return f"{text} [{self.pointer}]" if self.pointer else text


def parse_call(body: bytes) -> CallFields:
    """The call in ``{"data": {...}}``. Raises ``WireError``."""
    return _decode(body, _CallAnswer).data


def parse_application(body: bytes) -> ApplicationFields:
    """The application in ``{"data": {...}}``. Raises ``WireError``."""
    return _decode(body, _ApplicationAnswer).data


def parse_numbers(body: bytes) -> list[NumberFields]:
    """The numbers in ``{"data": [...]}``. Raises ``WireError``."""
    return _decode(body, _NumbersAnswer).data


def parse_error(body: bytes | str) -> VendorError | None:
    """The first error of ``{"errors": [...]}``; None when the body is not that, as a proxy's page is not."""
    try:
        errors = _decode(body, _Envelope).errors
    except WireError:
        return None
    if not errors:
        return None
    first = errors[0]
    return VendorError(str(first.code), first.title or "", first.detail or "", _pointer(first.source))


class _CallAnswer(msgspec.Struct):
    data: CallFields


class _ApplicationAnswer(msgspec.Struct):
    data: ApplicationFields


class _NumbersAnswer(msgspec.Struct):
    data: list[NumberFields]


class _ErrorItem(msgspec.Struct):
    code: str | int = ""
    title: str | None = None
    detail: str | None = None
    source: object = None


class _Envelope(msgspec.Struct):
    errors: list[_ErrorItem]


def _pointer(source: object) -> str:
    pointer = source.get("pointer") if isinstance(source, dict) else None
    return pointer if isinstance(pointer, str) else ""


_T = TypeVar("_T")


def _decode(body: bytes | str, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise WireError(f"telnyx: {error}") from None
