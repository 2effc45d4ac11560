"""The composition root: settings in, a running engine out. The only module that imports everything."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final

import pykka
from loguru import logger

from telnyx_actors import __version__
from telnyx_actors.actors.address import Address
from telnyx_actors.actors.base import Birth, stop, tell
from telnyx_actors.actors.calls import LiveCalls
from telnyx_actors.actors.headroom import Headroom
from telnyx_actors.actors.journal import FILE as JOURNAL_FILE
from telnyx_actors.actors.journal import JournalActor
from telnyx_actors.actors.messages import Drain, EndCall, Release, WebhookReceived
from telnyx_actors.actors.phrases import PhraseCache
from telnyx_actors.actors.runtime import Runtime
from telnyx_actors.actors.services import CallSettings, Mode, Services
from telnyx_actors.actors.session import StreamGate
from telnyx_actors.actors.supervision import ChildSpec
from telnyx_actors.actors.supervisor import SupervisorActor
from telnyx_actors.actors.tally import Tally
from telnyx_actors.config import Settings
from telnyx_actors.console.actor import ConsoleActor
from telnyx_actors.console.audience import Audience
from telnyx_actors.console.desk import Desk, LogControl
from telnyx_actors.console.live import LiveActor
from telnyx_actors.console.metrics import Metrics
from telnyx_actors.core.persona import Persona
from telnyx_actors.core.rules import Rules
from telnyx_actors.core.turn_end import TurnEndSettings
from telnyx_actors.core.voice_activity import VoiceActivitySettings
from telnyx_actors.front.actor import FrontActor
from telnyx_actors.front.ports import PagePort
from telnyx_actors.front.seen import FrontSeen
from telnyx_actors.front.settings import FrontLimits, FrontSettings
from telnyx_actors.owner import Owner
from telnyx_actors.personas import load_persona
from telnyx_actors.providers.softphone import Softphone, WithSoftphone
from telnyx_actors.vendors import open_vendors
from telnyx_actors.warm_up import WarmUp
from telnyx_actors.wire.deepgram import is_flux

HANGUP_WITHIN_S: Final = 10.0
STOP_WITHIN_S: Final = 15.0
START_WITHIN_S: Final = 10.0
RELEASE_WITHIN_S: Final = 8.0
LOOK_EVERY_S: Final = 0.2


def _nothing() -> None:
    pass


class Engine:
    """A running engine. ``start`` and ``stop`` on one thread, once each.

    ``on_failure`` is called, on another thread, when it comes down without being asked to.
    ``log`` is what the console changes the level of. ``on_warm`` is called, on another thread, when what
    calls need is loaded, before balancers are told to send any.
    """

    def __init__(
        self,
        settings: Settings,
        on_failure: Callable[[], None],
        runtime: Runtime | None = None,
        log: LogControl | None = None,
        on_warm: Callable[[], None] = _nothing,
    ) -> None:
        self.settings = settings
        self.runtime = runtime or Runtime()
        self.calls = LiveCalls()
        self.mode = Mode(settings.telnyx.use_media_streams)
        self.has_failed = False
        self._owner = Owner(settings.archive.data_dir)
        self._on_failure = on_failure
        self._log = log
        self._on_warm = on_warm
        self._resources = ExitStack()
        self._supervisor: pykka.ActorRef[Any] | None = None

    def start(self, wait_for_owner_s: float = 0.0) -> None:
        """Returns when the front listens. Raises ``ConfigError`` when it cannot.

        ``wait_for_owner_s``: ask the process that owns our folder to hand its calls over, and
        wait so long for that.
        """
        settings, runtime = self.settings, self.runtime
        persona = load_persona(settings.call.persona_file)
        vendors = open_vendors(settings, runtime.clock.wall().date(), self._resources)
        supervisor, live = Address(), Address()
        softphone = Softphone(lambda event: supervisor.tell(WebhookReceived(event, None)))
        vendors = replace(vendors, carrier=WithSoftphone(vendors.carrier, softphone))
        if wait_for_owner_s:
            vendors.model.warm()  # calls in progress are about to be handed over: everything slow comes before
        self._owner.take(wait_for_owner_s)
        self._resources.callback(self._owner.release)
        data_dir, folder = settings.archive.data_dir, settings.archive.folder
        services = Services(
            vendors=vendors,
            settings=call_settings(settings, persona, vendors.model.name),
            phrases=PhraseCache(data_dir / "phrases", vendors.archive, folder, vendors.voice.identity),
            gate=StreamGate(),
            calls=self.calls,
            supervisor=supervisor,
            journal=Address(),
            tally=Tally(),
            mode=self.mode,
            headroom=Headroom(self._front_lag_ms, settings.server.max_front_lag_ms, settings.server.max_memory_mb),
        )
        self.front = FrontSeen()
        self.front.page = Metrics(runtime, self.calls, services.tally, self.front.figures).page
        journal = ChildSpec("journal", lambda birth: JournalActor.start(birth, data_dir / JOURNAL_FILE))
        desk = Desk(runtime, services, settings, self._front_lag_ms, self._log)
        page = PagePort(Audience(live), softphone)
        warm_up = WarmUp((vendors.model.warm, vendors.voice.warm), self._on_warm)
        self._resources.callback(warm_up.over.set)
        self.front.is_warm = warm_up.over.is_set
        front = ChildSpec(
            "front", lambda birth: FrontActor.start(birth, services, front_settings(settings), self.front, page)
        )
        console = ChildSpec("console", lambda birth: ConsoleActor.start(birth, desk))
        page_live = ChildSpec("page", lambda birth: LiveActor.start(birth, desk, live))
        runtime.start()
        self._resources.callback(runtime.stop)
        birth = Birth("engine", None, runtime)
        self._supervisor = SupervisorActor.start(birth, services, journal, front, (console, page_live), self._failed)
        self.front.settled.wait(START_WITHIN_S)
        if self.front.refusal is not None:
            self.stop()
            raise self.front.refusal
        warm_up.start()

    def _failed(self) -> None:
        self.has_failed = True
        self._on_failure()

    def drain(self, within_s: float, is_hurried: Callable[[], bool] = lambda: False) -> bool:
        """Take no new calls and wait for those in progress. False when some were left, and were hung up.

        ``is_hurried``: nobody wants to wait any longer.
        """
        assert self._supervisor is not None
        empty, clock = threading.Event(), self.runtime.clock
        until = clock.now() + within_s
        tell(self._supervisor, Drain(empty.set))
        while (rest_s := until - clock.now()) > 0 and not is_hurried():
            if empty.wait(min(rest_s, LOOK_EVERY_S)):
                return True
        left = self.calls.all()
        if not left:  # the supervisor has only not had the time to say so
            return empty.wait(HANGUP_WITHIN_S)
        logger.warning("No se espera más; llamadas que se cuelgan: {}", len(left))
        for view in left:
            tell(self._supervisor, EndCall(view.plan.ref, "shutdown"))
        empty.wait(HANGUP_WITHIN_S)
        return False

    def _front_lag_ms(self) -> float:
        server = self.front.server
        return server.lag_ms if server is not None else 0.0

    @property
    def is_wanted_by_successor(self) -> bool:
        """Whether another process waits to take our place."""
        return self._owner.is_wanted

    def release_calls(self, pause_within_s: float) -> None:
        """Give up every call without ending it, at a moment at which nobody speaks, if one comes in time."""
        assert self._supervisor is not None
        self.calls.is_closed = True
        # A call that is over has only its record left, which who comes finds in the spool.
        self.calls.wait_until(lambda calls: all(view.is_over or view.is_at_pause for view in calls), pause_within_s)
        tell(self._supervisor, Release())
        self.calls.wait_until(lambda calls: all(view.is_over for view in calls), RELEASE_WITHIN_S)

    def stop(self) -> bool:
        """Stop every actor. False when some did not end; they are named in the log."""
        is_clean = self._supervisor is None or stop(self._supervisor, STOP_WITHIN_S)
        survivors = pykka.ActorRegistry.get_all()
        for ref in survivors:
            logger.error("{} sigue vivo después de la parada: es un error", ref)
        self._resources.close()
        return is_clean and not survivors


def call_settings(settings: Settings, persona: Persona, model_name: str) -> CallSettings:
    """How calls are held, by the settings."""
    timing, call = settings.timing, settings.call
    rules = Rules(
        carrier_listens=settings.telnyx.listens_along,
        transcriber_ends_turns=is_flux(settings.deepgram.model),
        silences=TurnEndSettings.between(timing.endpoint_complete_ms, timing.endpoint_incomplete_ms),
        min_confidence=settings.deepgram.min_confidence,
        no_words_s=timing.false_interruption_ms / 1000,
        lead_s=timing.audio_lead_ms / 1000,
        filler_after_s=timing.filler_ms / 1000,
        hedge_after_s=timing.hedge_ms / 1000,
        apology_after_s=timing.apology_ms / 1000,
        give_up_after_s=timing.give_up_ms / 1000,
        silence_timeout_s=call.silence_timeout_ms / 1000,
        call_max_s=float(call.max_call_s),
        exchanges_max=call.history_exchanges,
        transfer_number=call.transfer_number or "",
        quick_reply=call.quick_reply,
    )
    return CallSettings(
        rules=rules,
        persona=persona,
        voice_activity=VoiceActivitySettings(confirm_voiced_ms=timing.barge_in_ms),
        timezone=call.timezone,
        webhook_url=settings.server.webhook_url,
        stream_url=settings.server.stream_url,
        own_number=settings.telnyx.phone_number,
        spool_dir=settings.archive.data_dir / "spool",
        archive_folder=settings.archive.folder,
        max_response_chars=call.max_response_chars,
        reply_max_tokens=call.max_response_chars + 20,  # Spanish takes less than a token a letter, always
        max_calls=settings.server.max_calls,
        prices=settings.prices,
        dials_per_s=settings.telnyx.dials_per_s,
        overflow_number=settings.server.overflow_number or "",
        model_name=model_name,
        transcription_engine=settings.telnyx.transcription_engine,
        transcription_language=settings.telnyx.transcription_lang,
        shows_words=settings.log.transcripts,
        keep_replay=settings.archive.keep_replay,
    )


def front_settings(settings: Settings) -> FrontSettings:
    """Where the front listens, by the settings."""
    token, limits = settings.server.api_token, FrontLimits()
    return FrontSettings(
        host=settings.server.host,
        port=settings.server.port,
        api_token=token.reveal() if token is not None else None,
        telnyx_public_key=settings.telnyx.public_key,
        version=__version__,
        # Every call keeps a connection of its own open: what is left for everybody else stays the same.
        limits=replace(limits, connections_max=limits.connections_max + settings.server.max_calls),
    )
