"""Getting a call under way: dialling it, again if the carrier wants patience, and hearing of it at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telnyx_actors.actors.memory import CallMemory
from telnyx_actors.actors.messages import CallStatus, CommandFailed, Redial, WebhookDue
from telnyx_actors.actors.orders import hang_up
from telnyx_actors.actors.performer import Performer
from telnyx_actors.actors.services import Services
from telnyx_actors.core import events as ev
from telnyx_actors.core.endings import found_over
from telnyx_actors.core.state import Phase
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.logs import CallLog, mask_phone

DIALS_MAX: Final = 7
DIAL_AGAIN_S: Final = 1.0
"""Where the carrier does not say how long to wait. It counts dials over five seconds, so patience pays."""
DIAL_AGAIN_MAX_S: Final = 2.0
WEBHOOK_WITHIN_S: Final = 10.0
STREAM_WITHIN_S: Final = 1.0
"""How long a stream may take to open. Usually it is a few tenths."""

Later = Callable[[float, object], object]
"""Has a message come back after so many seconds."""


class CallSetup:
    """One call's. For the call's thread only."""

    def __init__(self, memory: CallMemory, performer: Performer, services: Services, later: Later) -> None:
        self._memory = memory
        self._performer = performer
        self._services = services
        self._later = later
        self._is_stream_coming = False  # asked for while it rang

    def begin(self, log: CallLog) -> None:
        """Dial, or answer."""
        plan = self._memory.plan
        if plan.direction == "outgoing":
            self._dial()
        else:
            log.info("📞", f"Llamada entrante de {mask_phone(plan.number)}")
            self._performer.order(self._performer.orders.answer(self._stream_secret()))

    def dialled(self) -> None:
        """The carrier took the call on. It may have to be hung up already."""
        self._memory.dial = None
        self._later(WEBHOOK_WITHIN_S, WebhookDue())
        self._performer.order_again()
        if self._memory.conversation.is_over:
            self._performer.order(hang_up())

    def go_on(self, log: CallLog) -> None:
        """The call's actor is new: ask the carrier again what it has not answered, and whether the call is alive."""
        memory = self._memory
        self._performer.order_again()
        if memory.session.call_control_id:
            self._performer.ask_status()
        elif memory.dial is None and memory.conversation.state.phase is Phase.RINGING:
            self.begin(log)  # it died before it dialled, or while the carrier wanted patience

    def found(self, status: CallStatus) -> ev.CallEvent:
        """The carrier has looked for the call, because this process did not see how it went until now.

        Who was called may have picked up while nobody was there to be told, and of a phone that rings the carrier
        need not say that the call is alive. But it streams answered calls only: asked for a stream, it opens one,
        or the phone rings still, or the call is gone.
        """
        state = self._memory.conversation.state
        if state.phase is Phase.RINGING and state.is_stream_void and state.rules.uses_stream:
            self._is_stream_coming = True
            self._performer.order(self._performer.orders.start_stream(self._services.gate.renew(self._memory.session)))
        elif not status.is_alive:
            is_answered = state.answered_at is not None
            return ev.CallEnded(found_over(is_answered=is_answered, is_orphan=self._memory.is_orphan))
        return ev.TimePassed()

    def answered(self) -> ev.CallEvent:
        """Somebody picked up. A stream that is coming will say so too, and a second one would make it void."""
        if not self._is_stream_coming:
            return ev.CallAnswered()
        self._later(STREAM_WITHIN_S, ev.CallAnswered())
        return ev.TimePassed()

    def rings_still(self, failed: CommandFailed) -> bool:
        """Whether the carrier refused no more than the stream of a call that nobody has answered yet."""
        if failed.name != "streaming_start":
            return False
        self._is_stream_coming = False
        return failed.error.kind is Failure.REFUSED and self._memory.conversation.state.phase is Phase.RINGING

    def dial_failed(self, error: ProviderError, log: CallLog) -> bool:
        """Whether it did for good: not where patience helps, nor where the call rings and only the answer was lost."""
        if self._memory.dial is None:
            return False
        self._memory.dial = None
        if error.kind is not Failure.RATE_LIMIT or self._memory.dials >= DIALS_MAX:
            return True
        log.warning("⏳", f"Telnyx pide esperar antes de marcar: {error.message}")
        self._later(min(error.retry_after_s or DIAL_AGAIN_S, DIAL_AGAIN_MAX_S), Redial())
        return False

    def remember(self, message: Redial | WebhookDue, log: CallLog) -> None:
        """What was to come back has come."""
        state = self._memory.conversation.state
        if isinstance(message, Redial):
            if state.phase is Phase.RINGING:
                self._dial()
        elif not self._memory.has_webhook and state.phase is not Phase.ENDED:
            self._miss_webhooks(log)

    def _dial(self) -> None:
        self._memory.dials += 1
        self._performer.dial(self._stream_secret())

    def _stream_secret(self) -> str | None:
        """A new one for the media socket; None where there shall be none."""
        uses_stream = self._memory.conversation.state.rules.uses_stream
        return self._services.gate.renew(self._memory.session) if uses_stream else None

    def _miss_webhooks(self, log: CallLog) -> None:
        """The world does not find us, or we do not believe it."""
        self._memory.counts["no_webhook"] += 1
        self._services.tally.count("event", "no_webhook")
        log.warning(
            "📭",
            f"Telnyx aceptó la llamada hace {WEBHOOK_WITHIN_S:.0f} s y no ha llegado ningún webhook suyo: compruebe que "
            f"{self._services.settings.webhook_url} se alcanza desde Internet y que TELNYX_PUBLIC_KEY es la de la "
            "cuenta (python run.py --check)",
        )
