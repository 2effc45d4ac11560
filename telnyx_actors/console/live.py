"""The page's actor: looks a few times a second while somebody looks at the page, and not at all otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from telnyx_actors.actors.address import Address
from telnyx_actors.actors.base import Birth, EngineActor
from telnyx_actors.actors.sinks import SERVICE_RESTART, TRY_AGAIN_LATER, Viewer
from telnyx_actors.console import page_views
from telnyx_actors.console.desk import Desk
from telnyx_actors.console.page_views import CallStory, Differences

LOOK_EVERY_S: Final = 0.4
HEALTH_EVERY_S: Final = 5.0
VIEWERS_MAX: Final = 16

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class ViewerCame:
    viewer: Viewer


@dataclass(frozen=True, slots=True)
class ViewerAsked:
    """``call``: the one that is open on their page, by our name for it; "" for none. ``tree``: every actor."""

    viewer: Viewer
    call: str
    tree: bool


@dataclass(frozen=True, slots=True)
class ViewerLeft:
    viewer: Viewer


class _LookDue:
    pass


@dataclass(slots=True)
class _Watch:
    """What one viewer is shown. The topics are those of which they have been told everything once."""

    topics: set[str] = field(default_factory=set)
    tree: bool = False
    story: CallStory | None = None


class LiveActor(EngineActor):
    """Tells every viewer what changed. One that does not keep up is let go, and may come again.

    Everything is made by reading plain attributes: no actor is asked, and the front's thread only writes.
    """

    def __init__(self, birth: Birth, desk: Desk, address: Address) -> None:
        """``address`` is where the front finds this actor, and its successors."""
        super().__init__(birth)
        self._desk = desk
        self._address = address
        self._viewers: dict[Viewer, _Watch] = {}
        self._topics = {name: Differences() for name in ("engine", "calls", "tree", "health")}
        self._is_looking = False
        self._health_at = 0.0

    def setup(self) -> None:
        # Once and for all, so that a moment has the same name every time it is told.
        self._zero_s = self.clock.wall().timestamp() - self.clock.now()
        self._address.ref = self.actor_ref

    def handle(self, message: object) -> None:
        match message:
            case ViewerCame():
                self._welcome(message.viewer)
            case ViewerAsked():
                self._show(message)
            case ViewerLeft():
                self._viewers.pop(message.viewer, None)
            case _LookDue():
                self._look_again()
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        self._address.ref = None
        for viewer in self._viewers:
            viewer.close(SERVICE_RESTART, "console restarting")

    def _welcome(self, viewer: Viewer) -> None:
        if len(self._viewers) >= VIEWERS_MAX:
            viewer.close(TRY_AGAIN_LATER, "too many viewers")
            return
        self._viewers[viewer] = _Watch()
        self._begin()

    def _show(self, wish: ViewerAsked) -> None:
        watch = self._viewers.get(wish.viewer)
        if watch is None:
            return
        if not wish.tree:
            watch.topics.discard("tree")  # what changes meanwhile is not told: next time, everything is
        watch.tree = wish.tree
        if watch.story is None or watch.story.ref != wish.call:
            watch.story = CallStory(wish.call) if wish.call else None
        self._look()  # they have just clicked

    def _begin(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self._look_again()
        else:
            self._look()

    def _look_again(self) -> None:
        self._is_looking = bool(self._viewers)
        if self._is_looking:
            self._look()
            self.send_later(LOOK_EVERY_S, _LookDue())

    def _look(self) -> None:
        news = self._news()
        shared: dict[frozenset[str], str] = {}  # most viewers are told the same: it is encoded once
        for viewer, watch in list(self._viewers.items()):
            self._tell(viewer, watch, news, shared)

    def _news(self) -> Mapping[str, Mapping[str, object]]:
        desk, topics = self._desk, self._topics
        news = {
            "engine": topics["engine"].since(page_views.engine(desk)),
            "calls": topics["calls"].since(page_views.calls(desk, self._zero_s)),
        }
        if any(watch.tree for watch in self._viewers.values()):
            news["tree"] = topics["tree"].since(page_views.actors(desk))
        if self.clock.now() >= self._health_at:
            self._health_at = self.clock.now() + HEALTH_EVERY_S
            news["health"] = topics["health"].since(page_views.health(desk, self._zero_s))
        return news

    def _tell(
        self,
        viewer: Viewer,
        watch: _Watch,
        news: Mapping[str, Mapping[str, object]],
        shared: dict[frozenset[str], str],
    ) -> None:
        wanted = {"engine", "calls", "health"} | ({"tree"} if watch.tree else set())
        old, new = wanted & watch.topics, wanted - watch.topics
        watch.topics |= wanted
        messages = []
        if fresh := frozenset(topic for topic in old if news.get(topic)):
            if fresh not in shared:
                shared[fresh] = self._encoded({topic: news[topic] for topic in fresh})
            messages.append(shared[fresh])
        if new:
            whole = {topic: self._topics[topic].whole for topic in new}
            messages.append(self._encoded({**whole, "whole": sorted(new)}))
        if watch.story is not None and (told := watch.story.since(self._desk)):
            messages.append(self._encoded({"call": {"ref": watch.story.ref, **told}}))
        if messages and not viewer.send(messages):
            del self._viewers[viewer]
            viewer.close(TRY_AGAIN_LATER, "too slow")  # the front counts it: telnyx_actors_front_sinks_full

    def _encoded(self, news: Mapping[str, object]) -> str:
        at = page_views.epoch_ms(self._zero_s, self.clock.now())
        return _encode({"at": at, **news}).decode()
