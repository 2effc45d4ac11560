"""How Telnyx says no: codes, statuses and the error envelope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

TITLES: Final[Mapping[str, str]] = {
    "10004": "Missing required parameter",
    "10005": "Resource not found",
    "10007": "Unexpected error",
    "10009": "Authentication failed",
    "10011": "Too many requests",
    "10015": "Invalid value",
    "10016": "Phone number must be in +E.164 format",
    "10032": "Invalid enumeration value",
    "10033": "Value outside of range",
    "90010": "Invalid value for payload",
    "90014": "Invalid value for digits",
    "90015": "Invalid Call Control ID",
    "90017": "Invalid value for client_state",
    "90018": "Call has already ended",
    "90034": "Call not answered yet",
    "90043": "Outbound channel limit of the connection reached",
    "90045": "The command cannot be issued while media streaming is in use",
    "90048": "Media streaming not used",
    "90054": "Transcription already started",
    "90102": "Call cannot be answered",
    "90103": "Dials per second limit reached",
}
BY_STATUS: Final[Mapping[int, str]] = {401: "10009", 403: "10010", 404: "10005", 429: "10011"}


@dataclass(frozen=True)
class ApiError(Exception):
    """An answer other than 200."""

    status: int
    code: str
    detail: str
    pointer: str = ""

    def response(self) -> web.Response:
        error: dict[str, object] = {
            "code": self.code,
            "title": TITLES.get(self.code, "Error"),
            "detail": self.detail,
            "meta": {"url": f"https://developers.telnyx.com/docs/overview/errors/{self.code}"},
        }
        if self.pointer:
            error["source"] = {"pointer": self.pointer}
        headers = {}
        if self.status == 429:
            headers = {"x-ratelimit-limit": "150", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}
        return web.json_response({"errors": [error]}, status=self.status, headers=headers)


def missing(field: str) -> ApiError:
    return ApiError(422, "10004", f"The '{field}' parameter is required", f"/{field}")


def refusal(status: int, code: str) -> ApiError:
    """What an injected fault answers."""
    return ApiError(status, code or BY_STATUS.get(status, "10007"), "Injected by the stand-in")
