"""The route Telnyx posts its events to: proven, answered, and only then worked on."""

from __future__ import annotations

from functools import partial
from typing import Final

from telnyx_actors.clock import Clock
from telnyx_actors.errors import WireError
from telnyx_actors.front.counters import FrontCounters
from telnyx_actors.front.exchange import Request, Respond, Response, error_response, json_response
from telnyx_actors.front.ports import Engine
from telnyx_actors.front.security import same_secret
from telnyx_actors.wire.telnyx_webhook import (
    KNOWN_EVENT_TYPES,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    SignatureError,
    load_public_key,
    parse_webhook,
    verify_signature,
)

_HANDLED: Final = json_response(200, {"status": "handled"})
_RECEIVED: Final = json_response(200, {"status": "received"})
_NO_CALL_ID: Final = error_response(400, "missing_call_control_id", "El evento no trae call_control_id.")
# One text for every reason: whoever guesses learns nothing. The reason is counted.
_UNPROVEN: Final = error_response(401, "unauthorized", "No se pudo comprobar que el webhook viene de Telnyx.")


class WebhookRoute:
    """``POST /webhook/telnyx``. Front thread only.

    With a public key, an event is genuine when Telnyx signed it; without one, when it comes
    to the URL with the secret of a call of ours (``?call=<ref>&token=<secret>``).
    """

    def __init__(
        self, engine: Engine, counters: FrontCounters, clock: Clock, public_key: str | None, ids_max: int
    ) -> None:
        """Raises ``ValueError`` when ``public_key`` is not a key."""
        self._engine = engine
        self._counters = counters
        self._clock = clock
        self._public_key = load_public_key(public_key) if public_key else None
        self._latest = _LatestIds(ids_max)

    def post(self, request: Request, _respond: Respond) -> Response:
        reason = self._refusal(request)
        if reason is not None:
            return self._reject(reason, _UNPROVEN)
        try:
            event = parse_webhook(request.body)
        except WireError:
            return self._reject("malformed", error_response(400, "invalid_webhook", "El cuerpo no es un evento."))
        if event.event_type == "call.recording.saved" and not event.call_control_id:
            return _RECEIVED  # the one event that Telnyx itself sends without a call_control_id
        if not event.call_control_id:
            return self._reject("no_call_control_id", _NO_CALL_ID)
        if event.event_type not in KNOWN_EVENT_TYPES:
            return _RECEIVED
        if self._is_duplicate(event.event_id):
            self._counters.webhooks_duplicate += 1
            return _HANDLED
        work = partial(self._engine.webhook, event, request.query.get("call"))
        return Response(_HANDLED.status, _HANDLED.body, after=work)

    def _refusal(self, request: Request) -> str | None:
        """Why the request is not proven to come from Telnyx, or None."""
        if self._public_key is None:
            return self._refusal_by_secret(request)
        signature = request.headers.get(SIGNATURE_HEADER)
        timestamp = request.headers.get(TIMESTAMP_HEADER)
        try:
            verify_signature(request.body, signature, timestamp, self._public_key, self._clock.wall().timestamp())
        except SignatureError as error:
            return f"signature_{error.fault}"
        return None

    def _refusal_by_secret(self, request: Request) -> str | None:
        call_ref, token = request.query.get("call"), request.query.get("token")
        if not call_ref or not token:
            return "no_secret"
        secret = self._engine.webhook_secret(call_ref)
        if not secret:
            return "unknown_call"
        return None if same_secret(token, secret) else "bad_secret"

    def _reject(self, reason: str, response: Response) -> Response:
        self._counters.webhooks_rejected[reason] += 1
        return response

    def _is_duplicate(self, event_id: str) -> bool:
        """Telnyx delivers at least once."""
        return bool(event_id) and not self._latest.add(event_id)


class _LatestIds:
    """Eight bytes of each, in memory that is all taken at the start. Looking through ten thousand takes 30 µs."""

    def __init__(self, ids_max: int) -> None:
        self._hashes = bytearray(8 * ids_max)
        self._at = 0

    def add(self, event_id: str) -> bool:
        """False when it is there. The oldest is forgotten first."""
        hashed = hash(event_id).to_bytes(8, "little", signed=True)
        if hashed in self._hashes:
            return False
        self._hashes[self._at : self._at + 8] = hashed
        self._at = (self._at + 8) % len(self._hashes)
        return True
