"""The carrier of calls whose other side is a browser: what Telnyx would do, without Telnyx.

The browser brings its audio to the same socket as Telnyx, in the same frames. What Telnyx tells by webhooks is
``deliver``ed as the same events; what it does by itself, the browser is told to do.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.ports import CallCommand, Carrier, CarrierCall, DialledCall, DialRequest
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

PROVIDER: Final = "softphone"
NUMBER: Final = "web"
"""What is dialled to reach a browser."""
LINES_MAX: Final = 8

_ID_PREFIX: Final = "web:"


@dataclass(slots=True)
class _Line:
    """One call. ``tell`` takes a command to the browser, and says whether it is there."""

    call_control_id: str
    client_state: str
    media_query: str
    tell: Callable[[Mapping[str, object]], bool] = lambda _: False


class Softphone:
    """A ``Carrier``. Any thread; nothing here blocks."""

    number: Final = NUMBER

    def __init__(self, deliver: Callable[[WebhookEvent], object]) -> None:
        self._deliver = deliver
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()

    # --- for the engine ---

    def dial(self, request: DialRequest) -> DialledCall:
        if request.stream is None:
            raise ProviderError(PROVIDER, Failure.REFUSED, "en modo webhook no hay audio para un navegador")
        line = _Line(f"{_ID_PREFIX}{uuid.uuid4()}", request.client_state, urlsplit(request.stream.url).query)
        with self._lock:
            if len(self._lines) >= LINES_MAX:
                raise ProviderError(PROVIDER, Failure.CAPACITY, f"ya hay {LINES_MAX} softphones en uso")
            self._lines[line.call_control_id] = line
        self._happened(line, "call.initiated", direction="outgoing", state="bridging")
        return DialledCall(line.call_control_id, "", "")

    def command(self, call_control_id: str, command: CallCommand) -> None:
        line = self._line(call_control_id)
        match command.name:
            case "hangup":
                self._end(line, "normal_clearing", "caller")
            case "speak":
                self._pass_on(line, {"command": "speak", "text": command.body.get("payload", "")})
            case "playback_stop":
                self._pass_on(line, {"command": "stop"})
            case "streaming_start":
                line.media_query = urlsplit(str(command.body.get("stream_url", ""))).query
                self._pass_on(line, {"command": "stream", "media": line.media_query})
            case _:
                raise ProviderError(PROVIDER, Failure.REFUSED, f"un softphone no hace «{command.name}»")

    def status(self, call_control_id: str) -> CarrierCall:
        """A line lives as long as this process: a browser cannot be found again by another."""
        line = self._lines.get(call_control_id)
        return CarrierCall(call_control_id, line is not None, line.client_state if line else None)

    # --- for the browser ---

    def media_query(self, call_control_id: str) -> str:
        """What the media socket's address ends in: the secret of the stream. "" for a call that is over."""
        line = self._lines.get(call_control_id)
        return line.media_query if line is not None else ""

    def attach(self, call_control_id: str, tell: Callable[[Mapping[str, object]], bool]) -> bool:
        line = self._lines.get(call_control_id)
        if line is not None:
            line.tell = tell
        return line is not None

    def spoken(self, call_control_id: str) -> None:
        line = self._lines.get(call_control_id)
        if line is not None:
            self._happened(line, "call.speak.ended", status="completed")

    def hung_up(self, call_control_id: str) -> bool:
        line = self._lines.get(call_control_id)
        if line is not None:
            self._end(line, "normal_clearing", "callee")
        return line is not None

    # --- inside ---

    def _line(self, call_control_id: str) -> _Line:
        line = self._lines.get(call_control_id)
        if line is None:
            raise ProviderError(PROVIDER, Failure.GONE, "la llamada del navegador terminó")
        return line

    def _pass_on(self, line: _Line, command: Mapping[str, object]) -> None:
        """A browser that is not there any more has taken its call with it."""
        if not line.tell({"id": line.call_control_id, **command}):
            self._end(line, "normal_clearing", "callee")
            raise ProviderError(PROVIDER, Failure.GONE, "el navegador se cerró")

    def _end(self, line: _Line, cause: str, source: str) -> None:
        with self._lock:
            is_first = self._lines.pop(line.call_control_id, None) is not None
        if is_first:
            self._happened(line, "call.hangup", hangup_cause=cause, hangup_source=source)

    def _happened(self, line: _Line, event_type: str, **payload: object) -> None:
        event_id, call = str(uuid.uuid4()), line.call_control_id
        self._deliver(WebhookEvent(event_id, event_type, "", call, "", "", line.client_state, payload))


class WithSoftphone:
    """A ``Carrier`` that gives each call to who can carry it: the softphone or the phone network."""

    def __init__(self, network: Carrier, softphone: Carrier) -> None:
        self._network = network
        self._softphone = softphone

    def dial(self, request: DialRequest) -> DialledCall:
        return (self._softphone if request.to == NUMBER else self._network).dial(request)

    def command(self, call_control_id: str, command: CallCommand) -> None:
        self._of(call_control_id).command(call_control_id, command)

    def status(self, call_control_id: str) -> CarrierCall:
        return self._of(call_control_id).status(call_control_id)

    def _of(self, call_control_id: str) -> Carrier:
        return self._softphone if call_control_id.startswith(_ID_PREFIX) else self._network
