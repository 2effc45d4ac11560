"""Telnyx's REST commands, retried so that a lost answer never does anything twice."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec
import requests
import urllib3
from loguru import logger

from telnyx_actors.errors import Failure, ProviderError, WireError
from telnyx_actors.providers.http import (
    failure_of,
    open_session,
    read_error_body,
    reason_of,
    seconds_in,
    transport_failure,
)
from telnyx_actors.providers.ports import CallCommand, CarrierCall, DialledCall, DialRequest
from telnyx_actors.wire.telnyx_client_state import decode_client_state, encode_client_state
from telnyx_actors.wire.telnyx_rest import (
    ApplicationFields,
    NumberFields,
    action_path,
    application_path,
    call_path,
    number_path,
    parse_application,
    parse_call,
    parse_error,
    parse_numbers,
    stream_fields,
    verified_number_path,
)

_T = TypeVar("_T")

PROVIDER: Final = "telnyx"

_ALREADY_TRANSCRIBING: Final = "90054"
_NOT_ALLOWED: Final = "10010"
"""The text may say what: too many at once, or this number, this prefix, this caller id."""
_WHAT_IS_NOT: Final = re.compile(r"\bD\d{1,3}\b")
_TOO_MANY_AT_ONCE: Final = ("D1", "D2", "D3")
_KINDS: Final = {
    "90015": Failure.GONE,  # no such call: it ended long ago, or never was
    "90018": Failure.GONE,  # the call has ended
    "10009": Failure.AUTH,
    _NOT_ALLOWED: Failure.AUTH,
    "20002": Failure.AUTH,
    "20100": Failure.PAYMENT,
    "90103": Failure.RATE_LIMIT,
    "90041": Failure.CAPACITY,  # channel limits of the account, the profile, the connection
    "90042": Failure.CAPACITY,
    "90043": Failure.CAPACITY,
}
_FATE_UNKNOWN: Final = frozenset({Failure.UNAVAILABLE, Failure.TIMEOUT})
_REPEATED: Final = _FATE_UNKNOWN | {Failure.RATE_LIMIT}
_RATE_LIMIT_PAUSE_S: Final = 0.25  # where Telnyx does not say how long
_RATE_LIMIT_PAUSE_MAX_S: Final = 1.0  # the call's other commands wait behind it
_MAX_ANSWER_BYTES: Final = 256 * 1024
_TRANSPORT_ERRORS: Final = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


@dataclass(frozen=True, slots=True)
class TelnyxOptions:
    """``answer_timeouts_s``: one try for each, with its wait for an answer, and ``pauses_s`` between them.

    Telnyx advises to repeat a command at once when there is a 5xx, or no answer within 500 ms;
    it runs a ``command_id`` only once within 60 s, so all tries together stay far below that.
    """

    api_key: str = field(repr=False)
    connection_id: str
    phone_number: str
    base_url: str = "https://api.telnyx.com/v2"
    pool_size: int = 50
    connect_timeout_s: float = 2.0
    answer_timeouts_s: tuple[float, ...] = (1.0, 2.0, 4.0)
    dial_timeouts_s: tuple[float, ...] = (3.0, 5.0)
    pauses_s: tuple[float, ...] = (0.0, 0.25)


class Telnyx:
    """A ``Carrier``."""

    def __init__(
        self, options: TelnyxOptions, tls: ssl.SSLContext, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._options = options
        self._sleep = sleep
        self._base = options.base_url.rstrip("/")
        self._session = open_session(options.pool_size, tls)
        self._session.headers["Authorization"] = f"Bearer {options.api_key}"
        self._session.headers["Content-Type"] = "application/json"

    def dial(self, request: DialRequest) -> DialledCall:
        body, timeouts_s = self._dial_body(request), self._options.dial_timeouts_s
        # Whoever dials waits for the account's turn by themselves, for longer than we would.
        answer = self._ask("POST", "/calls", body, timeouts_s, repeated=_FATE_UNKNOWN)
        call = _understood(parse_call, answer)
        return DialledCall(call.call_control_id, call.call_leg_id, call.call_session_id)

    def command(self, call_control_id: str, command: CallCommand) -> None:
        body = {**command.body, "command_id": command.command_id}
        path = action_path(call_control_id, command.name)
        try:
            self._ask("POST", path, body, self._options.answer_timeouts_s)
        except ProviderError as error:
            # Started by a try whose answer was lost, or by whoever had the call before: it runs, as asked.
            if not (command.name == "transcription_start" and error.code == _ALREADY_TRANSCRIBING):
                raise

    def status(self, call_control_id: str) -> CarrierCall:
        answer = self._ask("GET", call_path(call_control_id), None, self._options.answer_timeouts_s)
        call = _understood(parse_call, answer)
        return CarrierCall(call.call_control_id, call.is_alive, decode_client_state(call.client_state))

    def application(self) -> ApplicationFields:
        """The application of ``connection_id``: raises ``ProviderError`` when the key or the id is wrong."""
        path = application_path(self._options.connection_id)
        return _understood(parse_application, self._ask("GET", path, None, self._options.answer_timeouts_s))

    def number(self) -> NumberFields | None:
        """Our number as the account has it; None when it is not one of the account's."""
        own = self._options.phone_number
        answer = self._ask("GET", number_path(own), None, self._options.answer_timeouts_s)
        return next((number for number in _understood(parse_numbers, answer) if number.phone_number == own), None)

    def is_verified_number(self) -> bool:
        """Whether our number, though not the account's, may be shown to those we call."""
        path = verified_number_path(self._options.phone_number)
        try:
            self._ask("GET", path, None, self._options.answer_timeouts_s)
        except ProviderError as error:
            if error.status == 404:
                return False
            raise
        return True

    def close(self) -> None:
        """Close idle connections."""
        self._session.close()

    def _dial_body(self, request: DialRequest) -> dict[str, object]:
        body: dict[str, object] = {
            "connection_id": self._options.connection_id,
            "from": self._options.phone_number,
            "to": request.to,
            "webhook_url": request.webhook_url,
            "webhook_url_method": "POST",
            "client_state": encode_client_state(request.client_state),
            "command_id": request.command_id,
            "timeout_secs": request.timeout_secs,
            "time_limit_secs": request.time_limit_secs,
        }
        if request.stream is not None:
            stream = request.stream
            body |= stream_fields(stream.url, stream.track, stream.codec, stream.target_legs)
        return body

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        timeouts_s: tuple[float, ...],
        *,
        repeated: frozenset[Failure] = _REPEATED,
    ) -> bytes:
        """The body of a 2xx answer, after at most as many tries as there are timeouts."""
        data = msgspec.json.encode(body) if body is not None else None
        *early, last = timeouts_s
        for timeout_s, pause_s in zip(early, self._options.pauses_s, strict=False):
            try:
                return self._try(method, path, data, timeout_s)
            except ProviderError as error:
                if error.kind not in repeated:
                    raise
                logger.debug("Telnyx {} {} failed and is repeated: {}", method, path, error)
                self._sleep(_rate_limit_pause_s(error) if error.kind is Failure.RATE_LIMIT else pause_s)
        return self._try(method, path, data, last)

    def _try(self, method: str, path: str, data: bytes | None, timeout_s: float) -> bytes:
        try:
            response = self._session.request(
                method,
                self._base + path,
                data=data,
                timeout=(self._options.connect_timeout_s, timeout_s),
                stream=True,
            )
            with response:
                if not 200 <= response.status_code < 300:
                    raise _refusal(response)
                answer: bytes = response.raw.read(_MAX_ANSWER_BYTES)
                return answer
        except _TRANSPORT_ERRORS as error:
            raise transport_failure(PROVIDER, error) from error


def _rate_limit_pause_s(error: ProviderError) -> float:
    return min(error.retry_after_s or _RATE_LIMIT_PAUSE_S, _RATE_LIMIT_PAUSE_MAX_S)


def _refusal(response: requests.Response) -> ProviderError:
    body = read_error_body(response)
    error = parse_error(body)
    code = error.code if error is not None else None
    reason = reason_of(error.reason) if error is not None else reason_of(body) or response.reason or ""
    return ProviderError(
        PROVIDER,
        _kind(code, reason) or failure_of(response.status_code),
        reason,
        status=response.status_code,
        code=code,
        retry_after_s=seconds_in(response.headers, "retry-after", "x-ratelimit-reset"),
    )


def _kind(code: str | None, reason: str) -> Failure | None:
    """What the error says; None where it says no more than its status."""
    if code == _NOT_ALLOWED and (what := _WHAT_IS_NOT.search(reason)):
        return Failure.CAPACITY if what[0] in _TOO_MANY_AT_ONCE else Failure.REFUSED
    return _KINDS.get(code or "")


def _understood(parse: Callable[[bytes], _T], answer: bytes) -> _T:
    try:
        return parse(answer)
    except WireError as error:
        raise ProviderError(PROVIDER, Failure.PROTOCOL, str(error)) from error
