"""The children of a call, and what the loss of one means to the conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pykka

from telnyx_actors.actors.archiver import ArchiverActor
from telnyx_actors.actors.base import Birth
from telnyx_actors.actors.carrier import CarrierActor
from telnyx_actors.actors.memory import CallMemory
from telnyx_actors.actors.responder import ResponderActor
from telnyx_actors.actors.services import Services
from telnyx_actors.actors.speaker import SpeakerActor
from telnyx_actors.actors.supervision import Child, ChildSpec
from telnyx_actors.actors.transcriber import TranscriberActor
from telnyx_actors.core import events as ev
from telnyx_actors.core.state import State
from telnyx_actors.logs import CallLog


class CallParts:
    """Made in the call's ``setup``; ``start_child`` is the call's. For the call's thread only."""

    def __init__(
        self,
        start_child: Callable[[ChildSpec], Child],
        call: pykka.ActorRef[Any],
        memory: CallMemory,
        services: Services,
    ) -> None:
        self._start_child = start_child
        self._call = call
        self._memory = memory
        self._services = services
        vendors, settings = services.vendors, services.settings
        self.carrier = self._start("carrier", lambda birth: CarrierActor.start(birth, call, vendors.carrier))
        self.responder = self._start(
            "responder",
            lambda birth: ResponderActor.start(
                birth, call, vendors.model, vendors.fallback, settings.max_response_chars
            ),
        )
        self.speaker = self._start(
            "speaker", lambda birth: SpeakerActor.start(birth, call, vendors.voice, services.phrases)
        )
        folder = settings.spool_dir / memory.plan.ref
        self.archiver = self._start(
            "archiver",
            lambda birth: ArchiverActor.start(
                birth, call, vendors.archive, settings.archive_folder, folder, memory.session
            ),
        )
        self.transcriber: Child | None = None

    def start_hearing(self, log: CallLog) -> None:
        """The caller's audio flows: somebody has to listen."""
        memory = self._memory
        assert memory.session.encoding is not None
        factory = partial(
            TranscriberActor.start,
            call=self._call,
            vendors=self._services.vendors,
            session=memory.session,
            replay=memory.replay,
            encoding=memory.session.encoding,
            log=log,
        )
        self.transcriber = self._start("transcriber", factory)

    def stop_talking(self) -> None:
        """The call is over: stop what costs money."""
        for child in (self.transcriber, self.responder, self.speaker):
            if child is not None:
                child.stop()

    def _start(self, name: str, factory: Callable[[Birth], pykka.ActorRef[Any]]) -> Child:
        return self._start_child(ChildSpec(name, factory))


def what_is_lost(part: str, state: State) -> Iterator[ev.CallEvent]:
    """What the conversation has to hear when this part of the call died: its work in hand has failed."""
    match part:
        case "responder":
            turn = state.turn
            for attempt in sorted(turn.live_attempts) if turn is not None else ():
                assert turn is not None
                yield ev.ReplyFailed(turn.number, attempt, "responder lost")
        case "speaker":
            for clause in list(state.playout.clauses()):
                if not clause.is_complete and not clause.by_carrier:
                    yield ev.SpeechFailed(clause.id, "speaker lost")
        case _:
            pass
