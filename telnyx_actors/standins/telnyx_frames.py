"""The media socket's messages: what the application may send, and what it is told."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

MAX_NAME_CHARS = 1000


@dataclass(frozen=True, slots=True)
class AppMedia:
    payload: bytes


@dataclass(frozen=True, slots=True)
class AppMark:
    name: str


@dataclass(frozen=True, slots=True)
class AppClear:
    pass


AppFrame = AppMedia | AppMark | AppClear


class FrameError(Exception):
    """A message that earns an `error` frame."""

    def __init__(self, code: int, title: str, detail: str) -> None:
        super().__init__(f"{code} {title}: {detail}")
        self.code = code
        self.title = title
        self.detail = detail

    def frame(self, stream_id: str) -> str:
        payload = {"code": self.code, "title": self.title, "detail": self.detail}
        return json.dumps({"event": "error", "stream_id": stream_id, "payload": payload})


def malformed(detail: str) -> FrameError:
    return FrameError(100003, "malformed_frame", detail)


def invalid_media(detail: str) -> FrameError:
    return FrameError(100004, "invalid_media", detail)


def rate_limited(detail: str) -> FrameError:
    return FrameError(100005, "rate_limit_reached", detail)


def parse_app_frame(data: str | bytes) -> AppFrame:
    """One message of the application. Raises FrameError."""
    if isinstance(data, bytes):
        raise malformed("the frame is not text")
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise malformed("the frame is not JSON") from error
    match message:
        case {"event": "clear"}:
            return AppClear()
        case {"event": "mark", "mark": {"name": str(name)}} if 0 < len(name) <= MAX_NAME_CHARS:
            return AppMark(name)
        case {"event": "media", "media": {"payload": str(payload)}}:
            try:
                return AppMedia(base64.b64decode(payload, validate=True))
            except (binascii.Error, ValueError) as error:
                raise invalid_media("the payload is not base64") from error
    raise malformed("the frame is neither media nor mark nor clear")
