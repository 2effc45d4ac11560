"""Where to reach an actor that may be restarted."""

from __future__ import annotations

from typing import Any

import pykka

from telnyx_actors.actors.inbox import tell


class Address:
    """Its parent sets ``ref`` anew after each restart; anyone tells."""

    __slots__ = ("ref",)

    def __init__(self) -> None:
        self.ref: pykka.ActorRef[Any] | None = None

    def tell(self, message: object) -> bool:
        """False when nobody is there."""
        return self.ref is not None and tell(self.ref, message)
