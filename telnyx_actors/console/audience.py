"""The page as the front knows it: files, and viewers who come, ask and leave. Any thread; nothing waits."""

from __future__ import annotations

from collections.abc import Mapping

from telnyx_actors.actors.address import Address
from telnyx_actors.actors.sinks import Viewer
from telnyx_actors.console.assets import Asset, load_assets
from telnyx_actors.console.live import ViewerAsked, ViewerCame, ViewerLeft


class Audience:
    """``actor`` is where the page's actor is reached; while nobody is there, nobody comes in."""

    def __init__(self, actor: Address) -> None:
        self.assets: Mapping[str, Asset] = load_assets()
        self._actor = actor

    def came(self, viewer: Viewer) -> bool:
        """False when there is nobody to tell them anything."""
        return self._actor.tell(ViewerCame(viewer))

    def asked(self, viewer: Viewer, call: str, *, tree: bool) -> None:
        self._actor.tell(ViewerAsked(viewer, call, tree))

    def left(self, viewer: Viewer) -> None:
        self._actor.tell(ViewerLeft(viewer))
