"""What the carrier is asked to do: the bodies of the commands of one call."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from urllib.parse import urlencode

from telnyx_actors.actors.messages import CallPlan
from telnyx_actors.actors.services import CallSettings
from telnyx_actors.core.audio import Encoding
from telnyx_actors.providers.ports import CallCommand, DialRequest, StreamRequest
from telnyx_actors.wire.telnyx_client_state import encode_client_state
from telnyx_actors.wire.telnyx_rest import playback_fields, stream_fields, transcription_fields

TARGET_LEGS = "both"
TIME_LIMIT_MARGIN_S = 60
"""The carrier ends the call this long after we should have: for the day when we cannot."""
TIME_LIMIT_MAX_S = 14_000
"""What Telnyx takes at most: so its table of errors; its schema says 14,400."""

CLIENT_STATE_MAX_BYTES = 760
"""Telnyx names no limit; as base64 this is just above 1 KB, and it comes back with every webhook."""

CONTEXTO_MAX_CHARS = 300

CARRIER_VOICE = "AWS.Polly.Lupe-Neural"
LANGUAGE = "es-MX"


class Orders:
    """Makes the orders of one call. Each has a ``command_id`` of its own, so that a retry does nothing twice."""

    def __init__(self, plan: CallPlan, secret: str, settings: CallSettings) -> None:
        self._plan = plan
        self._settings = settings
        self.webhook_url = f"{settings.webhook_url}?{urlencode({'call': plan.ref, 'token': secret})}"

    def dial(self, stream_secret: str | None, ring_s: int = 45) -> DialRequest:
        """``stream_secret`` None: no stream."""
        stream = (
            None if stream_secret is None else StreamRequest(self._stream_url(stream_secret), target_legs=TARGET_LEGS)
        )
        return DialRequest(
            to=self._plan.number,
            webhook_url=self.webhook_url,
            client_state=self._client_state(),
            command_id=str(uuid.uuid4()),
            stream=stream,
            timeout_secs=ring_s,
            time_limit_secs=min(int(self._settings.rules.held_max_s) + TIME_LIMIT_MARGIN_S, TIME_LIMIT_MAX_S),
        )

    def answer(self, stream_secret: str | None) -> CallCommand:
        return self._command(
            "answer",
            webhook_url=self.webhook_url,
            client_state=encode_client_state(self._client_state()),
            **({} if stream_secret is None else self._stream(stream_secret)),
        )

    def start_stream(self, stream_secret: str) -> CallCommand:
        return self._command("streaming_start", **self._stream(stream_secret))

    def speak(self, text: str) -> CallCommand:
        """Its end is told with the state that came with it, which is how one is known from another."""
        command_id = str(uuid.uuid4())
        state = encode_client_state(self._client_state(order=command_id))
        body = {"payload": text[:3000], "voice": CARRIER_VOICE, "language": LANGUAGE, "client_state": state}
        return CallCommand("speak", command_id, body)

    def play(self, audio: bytes) -> CallCommand:
        """``audio`` is mu-law."""
        return self._command("playback_start", **playback_fields(Encoding.PCMU, audio))

    def stop_playing(self) -> CallCommand:
        """Stops files and the carrier's own voice."""
        return self._command("playback_stop", stop="all")

    def transcribe(self) -> CallCommand:
        settings = self._settings
        fields = transcription_fields(settings.transcription_engine, settings.transcription_language)
        return self._command("transcription_start", **fields)

    def stop_stream(self) -> CallCommand:
        return self._command("streaming_stop")

    def stop_transcribing(self) -> CallCommand:
        return self._command("transcription_stop")

    def transfer(self, number: str) -> CallCommand:
        """The other side's webhooks come to this call too: what becomes of it is the caller's matter.

        Without a ``from`` the carrier shows the number that was called, which for a call of ours is not ours to show.
        """
        return transfer(number, {"from": self._settings.own_number, "webhook_url": self.webhook_url})

    def _stream(self, secret: str) -> dict[str, object]:
        return stream_fields(self._stream_url(secret), "inbound_track", Encoding.PCMU, TARGET_LEGS)

    def _stream_url(self, secret: str) -> str:
        return f"{self._settings.stream_url}?{urlencode({'secret': secret})}"

    def _command(self, name: str, **body: object) -> CallCommand:
        return CallCommand(name, str(uuid.uuid4()), body)

    def _client_state(self, **more: str) -> str:
        """What the replaced service put there, our own name for the call, and what an order adds."""
        plan, contexto = self._plan, self._plan.contexto[:CONTEXTO_MAX_CHARS]
        while True:
            fields = {"nombre": plan.nombre, "telefono": plan.number, "contexto": contexto, "ref": plan.ref, **more}
            state = json.dumps(fields, ensure_ascii=False)
            if not contexto or len(state.encode()) <= CLIENT_STATE_MAX_BYTES:
                return state
            contexto = contexto[: len(contexto) // 2]


def hang_up() -> CallCommand:
    return CallCommand("hangup", str(uuid.uuid4()))


def transfer(number: str, more: Mapping[str, object] | None = None) -> CallCommand:
    """Give the caller to somebody else. An incoming call is shown as coming from the number that it came to."""
    return CallCommand("transfer", str(uuid.uuid4()), {"to": number, **(more or {})})


def reject(reason: str = "USER_BUSY") -> CallCommand:
    """Refuse an incoming call."""
    return CallCommand("reject", str(uuid.uuid4()), {"cause": reason})


def ref_in(client_state: str | None) -> str:
    """Our name for the call in a webhook's ``client_state``; "" when there is none."""
    return fields_in(client_state).get("ref", "")


def order_in(client_state: str | None) -> str:
    """The ``command_id`` of the order that brought a webhook's ``client_state``; "" when it was none that says so."""
    return fields_in(client_state).get("order", "")


def fields_in(client_state: str | None) -> dict[str, str]:
    """What an order of ours put there; nothing where it is not one's of ours."""
    if not client_state:
        return {}
    try:
        state = json.loads(client_state)
    except (ValueError, RecursionError):  # anybody on the same account may have written it
        return {}
    return {name: value for name, value in state.items() if isinstance(value, str)} if isinstance(state, dict) else {}
