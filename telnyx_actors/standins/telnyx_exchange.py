"""The life of calls inside the stand-in: ringing, answered, streamed, transferred, over."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Coroutine, Mapping
from typing import Final, Literal

from loguru import logger

from telnyx_actors.standins.base import StandIn
from telnyx_actors.standins.caller import CallerRun, CallerScript, Render
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.telnyx_audio import CarrierAudio
from telnyx_actors.standins.telnyx_clock import MediaClock
from telnyx_actors.standins.telnyx_leg import Leg, Terms
from telnyx_actors.standins.telnyx_registry import Registry, Scripts
from telnyx_actors.standins.telnyx_settings import TelnyxSettings
from telnyx_actors.standins.telnyx_streams import Streams
from telnyx_actors.standins.telnyx_transcription import Transcript
from telnyx_actors.standins.telnyx_webhooks import Event, Webhooks, timestamp

Ending = tuple[str, str, str]  # cause, source, SIP code
REFUSALS: Final[Mapping[str, Ending]] = {
    "busy": ("user_busy", "callee", "486"),
    "reject": ("call_rejected", "callee", "603"),
    "not_found": ("not_found", "callee", "404"),
}
NO_NUMBERS: Final = ("call.playback.", "call.speak.", "call.transcription", "streaming.")


class Exchange:
    """All calls of one stand-in. Everything here runs on the stand-in's loop."""

    def __init__(self, settings: TelnyxSettings, host: StandIn, render: Render) -> None:
        self.settings = settings
        self.registry = Registry()
        self.scripts = Scripts()
        self.webhook_url = settings.webhook_url
        self.webhooks = Webhooks(settings.webhooks, self.spawn, host.record)
        self.streams = Streams(settings, host, str(uuid.uuid4()), self.emit, self.spawn)
        self.render = render
        self._host = host
        self._clock = MediaClock()
        self._tasks: set[asyncio.Task[object]] = set()

    # --- life ---

    async def start(self) -> None:
        await self.streams.start()
        await self.webhooks.start()
        self._clock.start()

    async def stop(self) -> None:
        """End everything at once, without telling anybody."""
        await self._clock.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for leg in self.registry.legs.values():
            if leg.alive:
                leg.record.state, leg.record.ended_at = "hangup", time.monotonic()
            if leg.stream is not None:
                leg.stream.abandon()
            leg.ended.set()
        await self.webhooks.stop()
        await self.streams.stop()

    def spawn(self, work: Coroutine[object, object, object]) -> asyncio.Task[object]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.opt(exception=task.exception()).error("el doble de Telnyx falló")
            self._host.record("crash", error=repr(task.exception()))

    # --- who calls whom ---

    def new_leg(
        self, direction: Literal["incoming", "outgoing"], from_: str, to: str, script: CallerScript, terms: Terms
    ) -> Leg:
        record = CarrierCall(
            call_control_id=f"v3:{uuid.uuid4().hex}{uuid.uuid4().hex}",
            call_leg_id=str(uuid.uuid1()),
            call_session_id=str(uuid.uuid1()),
            direction=direction,
            from_=from_,
            to=to,
            script_name=script.name,
            state="bridging" if direction == "outgoing" else "parked",
        )
        run = CallerRun(script, self.render)
        audio = CarrierAudio(record, lambda kind, extra: self.emit(leg, kind, extra))
        leg = Leg(record, run, self, audio, terms, terms.client_state)
        self.registry.add(leg)
        record.note("created")
        return leg

    def ring(self, script: CallerScript, from_: str, to: str, webhook_url: str = "") -> Leg:
        """Someone calls our number: parked until it is answered, or until the caller loses patience."""
        terms = Terms(webhook_url=webhook_url)
        leg = self.new_leg("incoming", from_, to, script, terms)
        leg.life = self.spawn(self._ring(leg))
        return leg

    def dial(self, from_: str, to: str, terms: Terms) -> Leg:
        """An application calls somebody. Returns before anything happens."""
        leg = self.new_leg("outgoing", from_, to, self.scripts.take(to), terms)
        leg.life = self.spawn(self._dial(leg))
        return leg

    async def _ring(self, leg: Leg) -> None:
        self._initiated(leg)
        await asyncio.sleep(self.settings.inbound_patience_s)
        await self.end(leg, ("originator_cancel", "caller", "487"))

    async def _dial(self, leg: Leg) -> None:
        self._initiated(leg)
        answer = leg.run.script.answer
        if leg.terms.stream is not None:
            leg.connecting = self.spawn(self.streams.connect(leg, leg.terms.stream))
        if answer.kind == "no_answer" or answer.after_s > leg.terms.ring_limit_s:
            await asyncio.sleep(leg.terms.ring_limit_s)
            await self.end(leg, ("timeout", "callee", "487"))
            return
        await asyncio.sleep(answer.after_s)
        if answer.kind == "answer":
            await self._answered(leg)
        else:
            await self.end(leg, REFUSALS[answer.kind])

    def _initiated(self, leg: Leg) -> None:
        record = leg.record
        extra = {
            "direction": record.direction,
            "state": record.state,
            "start_time": timestamp(record.created_at),
            "caller_id_name": record.from_,
            "connection_codecs": "PCMU,PCMA",
            "offered_codecs": "PCMU,PCMA",
            "calling_party_type": "pstn",
            "tags": [],
        }
        to_app = record.direction == "outgoing" and self.settings.initiated_to_app
        self.emit(leg, "call.initiated", extra, self.webhook_url if to_app else "")

    # --- answered ---

    def answer(self, leg: Leg, terms: Terms) -> None:
        """The application answers an incoming call."""
        if leg.life is not None:
            leg.life.cancel()
        leg.terms = terms
        leg.record.state = "answered"
        leg.life = self.spawn(self._answered(leg))

    async def _answered(self, leg: Leg) -> None:
        leg.record.state, leg.record.answered_at = "answered", time.monotonic()
        leg.record.note("answered")
        leg.settled.set()
        wanted = leg.terms.stream
        echo = {"stream_url": wanted.url, "stream_track": wanted.track} if wanted is not None else {}
        self.emit(
            leg,
            "call.answered",
            {"state": "answered", "start_time": timestamp(leg.record.created_at), "tags": [], **echo},
        )
        if leg.terms.detection != "disabled":
            self.spawn(self._detect(leg))
        if wanted is not None:
            leg.connecting = leg.connecting or self.spawn(self.streams.connect(leg, wanted))
            # The caller is on the line in any case: a socket that takes long begins later.
            await asyncio.wait([leg.connecting], timeout=self.settings.media.start_wait_s)
        leg.record.media_at = self._clock.join(leg)
        if leg.connecting is not None:
            await leg.connecting
            await self.streams.begin(leg)
        await asyncio.sleep(leg.terms.time_limit_s)
        await self.end(leg, ("time_limit", "unknown", "unspecified"))

    async def _detect(self, leg: Leg) -> None:
        """The events of answering-machine detection."""
        result = leg.run.script.answer.machine
        premium = leg.terms.detection.startswith("premium")
        await asyncio.sleep(self.settings.detection_s)
        if premium:
            found = "human_residence" if result == "human" else result
            self.emit(leg, "call.machine.premium.detection.ended", {"result": found})
        else:
            self.emit(leg, "call.machine.detection.ended", {"result": result})
        if result == "machine" and leg.terms.detection != "detect":
            await asyncio.sleep(self.settings.detection_s)
            kind = "call.machine.premium.greeting.ended" if premium else "call.machine.greeting.ended"
            self.emit(leg, kind, {"result": "beep_detected"})

    # --- what the caller does ---

    def pressed(self, leg: Leg, digit: str) -> None:
        self.emit(leg, "call.dtmf.received", {"digit": digit})
        if leg.stream is not None:
            self.spawn(leg.stream.dtmf(digit))

    def hung_up(self, leg: Leg) -> None:
        source = "callee" if leg.record.direction == "outgoing" else "caller"
        self.spawn(self.end(leg, ("normal_clearing", source, "unspecified")))

    def transcribed(self, leg: Leg, transcript: Transcript) -> None:
        if leg.transcription is not None:
            self.emit(leg, "call.transcription", {"transcription_data": leg.transcription.data(transcript)})

    # --- the end ---

    async def end(self, leg: Leg, ending: Ending) -> None:
        """Whoever ended it: sound stops, `stop`, then the webhooks. Does nothing the second time."""
        if not leg.alive:
            return
        record = leg.record
        record.ended_at = time.monotonic()
        record.state = "hangup"
        record.hangup_cause, record.hangup_source, sip = ending
        record.note("hangup", cause=record.hangup_cause, source=record.hangup_source)
        self._clock.leave(leg)
        if leg.life is not None and leg.life is not asyncio.current_task():
            leg.life.cancel()
        if record.answered_at is not None:
            leg.run.cut_off()
        record.outcomes, record.script_error = leg.run.outcomes, leg.run.error
        record.stream.clear(record.length)
        await leg.audio.abort()
        await self.streams.close(leg)
        self.emit(leg, "call.hangup", self._hangup_extra(leg, sip))
        if self.settings.call_cost:
            cost = {"billed_duration_secs": round(record.duration_s), "total_cost": "0.0100", "status": "success"}
            self.emit(leg, "call.cost", cost)
        leg.settled.set()
        leg.ended.set()
        if leg.other is not None:
            await self.end(leg.other, ending)

    def _hangup_extra(self, leg: Leg, sip: str) -> dict[str, object]:
        frames = str(leg.record.length // 160)
        inbound = {"mos": "4.50", "packet_count": frames, "skip_packet_count": "0"}
        stats = {"inbound": inbound, "outbound": {"packet_count": frames, "skip_packet_count": "0"}}
        return {
            "state": "hangup",
            "hangup_cause": leg.record.hangup_cause,
            "hangup_source": leg.record.hangup_source,
            "sip_hangup_cause": sip,
            "start_time": timestamp(leg.record.created_at),
            "end_time": timestamp(),
            "call_quality_stats": stats if leg.record.media_at is not None else None,
            "telnyx_error": None,
        }

    # --- webhooks ---

    def emit(self, leg: Leg, kind: str, extra: Mapping[str, object], url: str = "") -> None:
        """Tell the application."""
        record = leg.record
        payload: dict[str, object] = {
            "call_control_id": record.call_control_id,
            "call_leg_id": record.call_leg_id,
            "call_session_id": record.call_session_id,
            "connection_id": self.settings.connection_id,
            "client_state": leg.client_state,
        }
        if not kind.startswith(NO_NUMBERS):
            payload |= {"from": record.from_, "to": record.to}
        record.note("webhook", type=kind)
        target = url or leg.terms.webhook_url or self.webhook_url
        self.webhooks.send(Event(kind, {**payload, **extra}), target, leg.terms.retries_s.get(kind))

    # --- transfer ---

    def transfer(self, leg: Leg, to: str, terms: Terms) -> Leg:
        """Ring a third party and, once it answers, connect it with the caller."""
        other = self.dial(leg.record.to, to, terms)
        other.record.call_session_id = leg.record.call_session_id
        leg.record.transferred_to = to
        leg.record.note("transfer", to=to)
        self.spawn(self._bridge(leg, other))
        return other

    async def _bridge(self, leg: Leg, other: Leg) -> None:
        await other.settled.wait()
        if other.alive and leg.alive:
            leg.other, other.other = other, leg
            self.emit(leg, "call.bridged", {})
            self.emit(other, "call.bridged", {})
