"""The actor that gives the carrier its orders, one at a time and in order."""

from __future__ import annotations

from typing import Any

import pykka

from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.actors.messages import AskStatus, CallStatus, Command, CommandDone, CommandFailed, Dial, Dialled
from telnyx_actors.errors import ProviderError
from telnyx_actors.providers.ports import Carrier


class CarrierActor(EngineActor):
    """Blocks on the carrier's REST interface, so that the call does not have to."""

    def __init__(self, birth: Birth, call: pykka.ActorRef[Any], carrier: Carrier) -> None:
        super().__init__(birth)
        self._call = call
        self._carrier = carrier

    def handle(self, message: object) -> None:
        match message:
            case Dial():
                self._dial(message)
            case Command():
                self._command(message)
            case AskStatus():
                self._status(message)
            case _:
                self.unexpected(message)

    def _dial(self, message: Dial) -> None:
        try:
            call = self._carrier.dial(message.request)
        except ProviderError as error:
            self._failed("dial", error)
        else:
            tell(self._call, Dialled(call))

    def _status(self, message: AskStatus) -> None:
        try:
            call = self._carrier.status(message.call_control_id)
        except ProviderError as error:
            self._failed("status", error)
        else:
            tell(self._call, CallStatus(call.is_alive))

    def _command(self, message: Command) -> None:
        try:
            self._carrier.command(message.call_control_id, message.command)
        except ProviderError as error:
            self._failed(message.command.name, error, message.command.command_id, message.call_control_id)
        else:
            tell(self._call, CommandDone(message.command.command_id))

    def _failed(self, name: str, error: ProviderError, command_id: str = "", call_control_id: str = "") -> None:
        self.runtime.stats.vendor_failed(error)
        tell(self._call, CommandFailed(name, error, command_id, call_control_id))
