"""Telnyx on loopback: REST, signed webhooks and the media socket, with people who pick up.

    TELNYX_API_URL = <url>/v2        TELNYX_PUBLIC_KEY = <public_key>

Every call leaves a ``CarrierCall``: what the human heard and said, to the byte.
"""

from __future__ import annotations

import asyncio

from telnyx_actors.standins.base import Fault, StandIn
from telnyx_actors.standins.caller import CallerScript, Render
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.phrasebook import Phrasebook
from telnyx_actors.standins.telnyx_api import TelnyxApi
from telnyx_actors.standins.telnyx_exchange import Exchange
from telnyx_actors.standins.telnyx_settings import LineSettings, TelnyxSettings, WebhookChaos
from telnyx_actors.standins.telnyx_stt import SpeechToText

NEW_SETTINGS = TelnyxSettings()


class TelnyxStandIn(StandIn):
    """``render`` turns a sentence and a voice's name into mu-law, for callers and for `speak`; ``phrasebook``: what
    its speech to text understands.

    Faults (``fail``) apply to the operation they match: ``"POST /v2/calls"`` and the like
    for REST, ``"media <url>"`` for a media socket, those of ``telnyx_stt.py`` for speech to text. On REST ``stall`` and ``drop`` carry the
    command out and lose the answer; ``half_open`` does not carry it out.
    """

    name = "telnyx"

    def __init__(
        self, render: Render, settings: TelnyxSettings = NEW_SETTINGS, phrasebook: Phrasebook | None = None
    ) -> None:
        super().__init__()
        self.settings = settings
        self._exchange = Exchange(settings, self, render)
        TelnyxApi(self, self._exchange)
        self._stt = SpeechToText(self, phrasebook or Phrasebook())

    @property
    def public_key(self) -> str:
        """Base64, as the portal shows it."""
        return self._exchange.webhooks.public_key

    @property
    def api_url(self) -> str:
        return f"{self.url}/v2"

    async def start(self, port: int = 0) -> None:
        await self._exchange.start()
        await super().start(port)

    async def stop(self) -> None:
        await super().stop()
        await self._exchange.stop()

    # --- who calls ---

    def expect(self, script: CallerScript, number: str = "") -> None:
        """The next outbound call (to ``number``, or to any) meets this script."""
        self._exchange.scripts.expect(script, number)

    def answer_with(self, script: CallerScript) -> None:
        """Every outbound call for which nothing is expected meets this script."""
        self._exchange.scripts.default = script

    def ring(self, script: CallerScript, from_: str, to: str = "", webhook_url: str = "") -> CarrierCall:
        """Someone calls our number; the webhooks go to ``webhook_url`` or to the application's."""
        return self._exchange.ring(script, from_, to or self.settings.phone_number, webhook_url).record

    def set_webhook_url(self, url: str) -> None:
        """Where the application's webhooks go, for calls that do not say it themselves."""
        self._exchange.webhook_url = url

    # --- how bad the world is ---

    def set_line(self, line: LineSettings) -> None:
        """The line of streams opened from now on."""
        self._exchange.streams.line = line

    def misbehave(self, *chaos: WebhookChaos) -> None:
        """How webhooks go wrong from now on; nothing heals them."""
        self._exchange.webhooks.misbehave(*chaos)

    def fail_stream(self, call_control_id: str, fault: Fault) -> None:
        """Let this happen to the open media socket of one call, if there is one."""
        stream = self._exchange.registry.legs[call_control_id].stream
        if stream is not None:
            stream.fail(fault)

    # --- what happened ---

    @property
    def stt_streams_asked(self) -> int:
        """Connections to speech to text so far, refused ones too."""
        return self._stt.streams_asked

    def calls(self) -> list[CarrierCall]:
        """In the order in which they began."""
        return [leg.record for leg in self._exchange.registry.legs.values()]

    def call(self, call_control_id: str) -> CarrierCall:
        return self._exchange.registry.legs[call_control_id].record

    async def wait_call(self, index: int, timeout_s: float) -> CarrierCall:
        """The call with this number (from 0, in either direction) once it exists. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            return (await self._exchange.registry.arrived(index)).record

    def forget_ended(self) -> None:
        """Drop the records of calls that are over; their numbers and ids become unknown."""
        self._exchange.registry.forget_ended()

    async def wait_ended(self, call_control_id: str, timeout_s: float) -> CarrierCall:
        """The call's record once it is over. Raises TimeoutError."""
        leg = self._exchange.registry.legs[call_control_id]
        async with asyncio.timeout(timeout_s):
            await leg.ended.wait()
        return leg.record
