"""What commands do to a call: each method named as the action in its path."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from telnyx_actors.standins import telnyx_requests as read
from telnyx_actors.standins.telnyx_audio import Item, decode, fetch
from telnyx_actors.standins.telnyx_errors import ApiError, missing
from telnyx_actors.standins.telnyx_exchange import REFUSALS, Exchange
from telnyx_actors.standins.telnyx_leg import Leg, Terms
from telnyx_actors.standins.telnyx_transcription import Transcription

Action = Callable[[Leg, read.Body], Awaitable[None]]
ANYTIME: Final = ("answer", "reject", "hangup")
ANSWERED: Final = (
    "playback_start",
    "playback_stop",
    "speak",
    "streaming_start",
    "streaming_stop",
    "transcription_start",
    "transcription_stop",
    "transfer",
    "send_dtmf",
)
CAUSES: Final = {"CALL_REJECTED": "reject", "USER_BUSY": "busy", "NOT_FOUND": "not_found"}
MAX_SPEAK_CHARS: Final = 3000
CARRIER_VOICE: Final = "operadora"


class Commands:
    """Raises ApiError for what the state of the call does not allow; everything else happens in the background."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._settings = exchange.settings

    def find(self, name: str) -> Action | None:
        action: Action | None = getattr(self, name) if name in ANYTIME + ANSWERED else None
        return action

    # --- life ---

    async def answer(self, leg: Leg, body: read.Body) -> None:
        if leg.record.direction == "outgoing":
            raise ApiError(422, "90102", "An outbound call cannot be answered")
        if leg.record.state != "parked":
            raise ApiError(422, "90102", "The call is answered already")
        terms = self.terms(body)
        leg.client_state = terms.client_state or leg.client_state
        if body.get("transcription"):
            self.transcribe(leg, body)
        self._exchange.answer(leg, replace(terms, webhook_url=terms.webhook_url or leg.terms.webhook_url))

    async def reject(self, leg: Leg, body: read.Body) -> None:
        cause, _, sip = REFUSALS[CAUSES.get(read.text(body, "cause", required=True), "busy")]
        self._exchange.spawn(self._exchange.end(leg, (cause, "callee", sip)))

    async def hangup(self, leg: Leg, body: read.Body) -> None:
        source = "caller" if leg.record.direction == "outgoing" else "callee"
        self._exchange.spawn(self._exchange.end(leg, ("normal_clearing", source, "200")))

    def terms(self, body: read.Body) -> Terms:
        """What a dial says about its leg."""
        settings = self._settings
        return Terms(
            client_state=read.text(body, "client_state") or None,
            webhook_url=read.text(body, "webhook_url"),
            retries_s=read.retries_s(body),
            ring_limit_s=read.number(body, "timeout_secs", settings.ring_limit_s),
            time_limit_s=read.number(body, "time_limit_secs", settings.time_limit_s),
            detection=read.text(body, "answering_machine_detection") or "disabled",
            stream=read.stream_request(body),
        )

    # --- media ---

    async def streaming_start(self, leg: Leg, body: read.Body) -> None:
        if leg.stream is not None or (leg.connecting is not None and not leg.connecting.done()):
            raise ApiError(422, "90045", "The call is streamed already")
        wanted = read.stream_request(body, required=True)
        assert wanted is not None
        leg.connecting = self._exchange.spawn(self._exchange.streams.open(leg, wanted))

    async def streaming_stop(self, leg: Leg, body: read.Body) -> None:
        if leg.stream is None:
            raise ApiError(422, "90048", "The call is not streamed")
        self._exchange.spawn(self._exchange.streams.close(leg))

    async def transcription_start(self, leg: Leg, body: read.Body) -> None:
        if leg.transcription is not None:
            raise ApiError(422, "90054", "Transcription has been started already")
        self.transcribe(leg, body)

    def transcribe(self, leg: Leg, body: read.Body) -> None:
        """From now on, the rest of the sentence that is being spoken included."""
        config = body.get("transcription_engine_config") or body.get("transcription_config") or {}
        config = config if isinstance(config, dict) else {}
        engine = str(body.get("transcription_engine") or config.get("transcription_engine") or "Google")
        interim = bool(config.get("interim_results")) and engine not in ("Telnyx", "B")
        settings = self._settings
        interim_ms = settings.transcription_interim_ms if interim else 0
        leg.transcription = Transcription(engine, interim_ms, settings.transcription_final_ms)
        now = leg.record.position()
        if now is not None and leg.record.utterances:
            leg.transcription.began(leg.record.utterances[-1], now)

    async def transcription_stop(self, leg: Leg, body: read.Body) -> None:
        leg.transcription = None

    async def transfer(self, leg: Leg, body: read.Body) -> None:
        to = read.phone_number(body, "to")
        if (read.text(body, "from") or leg.record.to) != self._settings.phone_number:
            raise ApiError(403, "10010", "Caller id is not a number of the account (D35)", "/from")
        state = read.text(body, "target_leg_client_state") or None
        self._exchange.transfer(leg, to, replace(self.terms(body), client_state=state))

    async def send_dtmf(self, leg: Leg, body: read.Body) -> None:
        leg.record.note("dtmf_sent", digits=read.digits(body))

    # --- the carrier's own sound ---

    async def speak(self, leg: Leg, body: read.Body) -> None:
        payload = read.text(body, "payload", required=True)
        read.text(body, "voice", required=True)
        if len(payload) > MAX_SPEAK_CHARS:
            raise ApiError(422, "90010", f"At most {MAX_SPEAK_CHARS} characters", "/payload")
        leg.record.note("speak", text=payload)

        async def load() -> bytes:
            await asyncio.sleep(self._settings.speak_delay_ms / 1000)
            return self._exchange.render(payload, CARRIER_VOICE)

        leg.audio.add(Item("speak", load, {}))

    async def playback_start(self, leg: Leg, body: read.Body) -> None:
        url, content = read.text(body, "audio_url"), read.text(body, "playback_content")
        if not url and not content:
            raise missing("audio_url")
        kind = read.text(body, "audio_type") or "mp3"
        inline = self._decode_base64(content)

        async def load() -> bytes:
            await asyncio.sleep(self._settings.playback_delay_ms / 1000)
            return decode(inline or await fetch(url), kind)

        loops = body.get("loop", 1)
        count = loops if isinstance(loops, int) and 1 <= loops <= 100 else 100 if loops == "infinity" else 0
        if count == 0:
            raise ApiError(422, "90009", "loop is 1 to 100, or infinity", "/loop")
        extra = {"media_url": url, "media_name": None, "overlay": bool(body.get("overlay"))}
        leg.audio.add(Item("playback", load, extra, count))

    def _decode_base64(self, content: str) -> bytes:
        try:
            return base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ApiError(422, "10015", "playback_content must be base64", "/playback_content") from error

    async def playback_stop(self, leg: Leg, body: read.Body) -> None:
        leg.record.note("playback_stop")
        leg.audio.stop(everything=read.text(body, "stop") != "current")
