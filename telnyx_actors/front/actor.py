"""The actor that owns the front's thread."""

from __future__ import annotations

from typing import Final

from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.actors.services import Services
from telnyx_actors.errors import ConfigError, EngineError
from telnyx_actors.front.door import Door
from telnyx_actors.front.ports import PagePort
from telnyx_actors.front.seen import FrontSeen
from telnyx_actors.front.server import FrontServer
from telnyx_actors.front.settings import FrontSettings

STOP_WITHIN_S: Final = 3.0


class _Died:
    """The front's thread ended by itself."""

    urgent = True


class FrontActor(EngineActor):
    """Lives as long as the front's thread; when that dies, so does this, and both are made anew."""

    def __init__(
        self, birth: Birth, services: Services, settings: FrontSettings, seen: FrontSeen, page: PagePort
    ) -> None:
        super().__init__(birth)
        self._settings = settings
        self._seen = seen
        self._page = page
        self._server: FrontServer | None = None
        self._door = Door(services, self.clock, seen, page.phones)

    def setup(self) -> None:
        seen = self._seen
        try:
            self._server = FrontServer(self._door, self._settings, self._tell_of_death, page=self._page)
            self._server.start()
            seen.server, seen.refusal = self._server, None
        except ConfigError as error:
            seen.refusal = error
            raise
        finally:
            seen.settled.set()

    def _tell_of_death(self, _error: BaseException) -> None:
        tell(self.actor_ref, _Died())

    def handle(self, message: object) -> None:
        match message:
            case _Died():
                raise EngineError("el hilo del front terminó")
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        self._seen.server = None
        if self._server is not None and not self._server.stop(STOP_WITHIN_S):
            self.log.error("el hilo del front no terminó en {} s", STOP_WITHIN_S)
