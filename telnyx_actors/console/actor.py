"""The actor that keeps the console's door. It lives as long as the door's thread."""

from __future__ import annotations

from typing import Final

from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.console.desk import Desk
from telnyx_actors.console.endpoint import new_endpoint, publish, withdraw
from telnyx_actors.console.server import ConsoleServer
from telnyx_actors.errors import EngineError

STOP_WITHIN_S: Final = 1.0


class _Died:
    """The door's thread ended by itself."""

    urgent = True


class ConsoleActor(EngineActor):
    """The engine goes on without it: its parent lets it go when it fails again and again."""

    def __init__(self, birth: Birth, desk: Desk) -> None:
        super().__init__(birth)
        self._desk = desk
        self._data_dir = desk.settings.archive.data_dir
        self._server: ConsoleServer | None = None

    def setup(self) -> None:
        self._server = ConsoleServer(self._desk, lambda: tell(self.actor_ref, _Died()))
        self._endpoint = new_endpoint(self._server.port)
        self._server.start(self._endpoint.token)
        publish(self._data_dir, self._endpoint)

    def handle(self, message: object) -> None:
        match message:
            case _Died():
                raise EngineError("el hilo de la consola terminó")
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        if self._server is None:
            return
        withdraw(self._data_dir, self._endpoint)
        if not self._server.stop(STOP_WITHIN_S):
            self.log.error("una sesión de la consola no terminó en {} s", STOP_WITHIN_S)
