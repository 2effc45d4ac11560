"""The frames of a Telnyx media socket: JSON text to values, and back.

Parsing is lenient where Telnyx is vague (counters come as strings or numbers, fields come
and go) and strict where a mistake would be heard (the payload must be base64).
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

import msgspec

from telnyx_actors.errors import WireError
from telnyx_actors.wire.telnyx_client_state import decode_client_state

# Telnyx counts from zero and never needs more; a parser that lets any integer through
# hands a peer the choice of how much memory a number takes.
_Counter = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Connected:
    """The socket is open; nothing is known about the call yet."""


@dataclass(frozen=True, slots=True)
class StreamStart:
    """The call's audio begins. ``encoding`` is how what comes in is coded (``PCMU``, ``PCMA``…);
    what goes out is coded as we asked for, whatever is said here. ``client_state`` is decoded.
    """

    stream_id: str
    call_control_id: str
    encoding: str
    sample_rate: int
    channels: int
    client_state: str | None
    from_: str | None
    to: str | None
    custom_parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Media:
    """Audio of one ``track`` (``inbound``: the caller). ``chunk`` orders the frames of a track;
    the unit of ``timestamp`` is not documented, so no clock can be read from it.
    """

    track: str
    chunk: _Counter
    timestamp: _Counter
    payload: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything sent before the mark of this name has been played, or was cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class Dtmf:
    """A key was pressed. Frames may overtake each other: order by ``occurred_at`` (ISO 8601)."""

    digit: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-D*#]\Z")]
    occurred_at: str | None = None


@dataclass(frozen=True, slots=True)
class StreamError:
    """Telnyx refused something that we sent (100002…100005)."""

    code: int = 0
    title: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """The stream ends: the call is over, or streaming was stopped."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A well-formed frame of a kind that this engine does not know."""

    event: str


Frame: TypeAlias = Connected | StreamStart | Media | Mark | Dtmf | StreamError | Stop | Unknown


def parse(text: str | bytes) -> Frame:
    """The frame in one message. Raises ``WireError``, and nothing else, on anything that is not one."""
    try:
        frame = _decode_frame(text)
        return frame.media if type(frame) is _Media else _public(frame)
    except msgspec.ValidationError as error:
        return _unknown(text, error)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a media frame: {error}") from None


def encode_media(payload: bytes) -> str:
    """Audio for the caller: raw codec bytes, 20 ms to 30 s of them."""
    # Base64 needs no JSON escaping: joining text is several times cheaper than an encoder.
    encoded = binascii.b2a_base64(payload, newline=False).decode("ascii")
    return f'{{"event":"media","media":{{"payload":"{encoded}"}}}}'


def encode_mark(name: str) -> str:
    """Ask to be told when what was sent before this has been played."""
    return msgspec.json.encode({"event": "mark", "mark": {"name": name}}).decode()


def encode_clear() -> str:
    """Drop everything that was sent and not yet played; queued marks come back at once."""
    return '{"event":"clear"}'


# --- the shapes on the wire ---------------------------------------------------
# One tagged union, decoded in one pass straight into the values above.


class _Connected(msgspec.Struct, tag_field="event", tag="connected"):
    pass


class _MediaFormat(msgspec.Struct):
    # A `start` without a format is not documented; PCMU at 8 kHz is Telnyx's default.
    encoding: str = "PCMU"
    sample_rate: _Counter = 8000
    channels: _Counter = 1


class _StartBody(msgspec.Struct):
    call_control_id: Annotated[str, msgspec.Meta(min_length=1)]
    media_format: _MediaFormat = msgspec.field(default_factory=_MediaFormat)
    client_state: str | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None
    custom_parameters: dict[str, object] | None = None


class _Start(msgspec.Struct, tag_field="event", tag="start"):
    start: _StartBody
    stream_id: str = ""


class _Media(msgspec.Struct, tag_field="event", tag="media", gc=False):
    media: Media


class _Mark(msgspec.Struct, tag_field="event", tag="mark"):
    mark: Mark


class _Dtmf(msgspec.Struct, tag_field="event", tag="dtmf"):
    dtmf: Dtmf
    occurred_at: str | None = None


class _Error(msgspec.Struct, tag_field="event", tag="error"):
    payload: StreamError = msgspec.field(default_factory=StreamError)


class _Stop(msgspec.Struct, tag_field="event", tag="stop"):
    pass


class _Tag(msgspec.Struct):
    event: str


_Wire: TypeAlias = _Connected | _Start | _Media | _Mark | _Dtmf | _Error | _Stop
_KNOWN: Final = frozenset({"connected", "start", "media", "mark", "dtmf", "error", "stop"})
# strict=False: Telnyx sends its counters as strings.
_decode_frame: Final = msgspec.json.Decoder(_Wire, strict=False).decode
_decode_tag: Final = msgspec.json.Decoder(_Tag).decode


def _public(frame: _Wire) -> Frame:
    match frame:
        case _Start():
            return _stream_start(frame)
        case _Mark():
            return frame.mark
        case _Dtmf():
            return Dtmf(frame.dtmf.digit, frame.occurred_at)
        case _Error():
            return frame.payload
        case _Stop():
            return Stop()
        case _Media():
            return frame.media
        case _Connected():
            return Connected()


def _stream_start(frame: _Start) -> StreamStart:
    body = frame.start
    parameters = body.custom_parameters or {}
    return StreamStart(
        stream_id=frame.stream_id,
        call_control_id=body.call_control_id,
        encoding=body.media_format.encoding,
        sample_rate=body.media_format.sample_rate,
        channels=body.media_format.channels,
        client_state=decode_client_state(body.client_state),
        from_=body.from_,
        to=body.to,
        custom_parameters={key: value for key, value in parameters.items() if isinstance(value, str)},
    )


def _unknown(text: str | bytes, error: msgspec.ValidationError) -> Unknown:
    """A frame of an unknown kind is no mistake of the peer's; a known kind with a wrong shape is."""
    try:
        event = _decode_tag(text).event
    except (ValueError, RecursionError):
        event = None
    if event is None or event in _KNOWN:
        raise WireError(f"not a media frame: {error}") from None
    return Unknown(event)
