"""The page's actor: looks while somebody looks, tells each what is new to them, and lets go who does not keep up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from support.console import Bench, answered_turn, bench
from support.stepping import StillRuntime, hand, step_all
from telnyx_actors.actors.address import Address
from telnyx_actors.actors.base import Birth
from telnyx_actors.console.audience import Audience
from telnyx_actors.console.live import (
    HEALTH_EVERY_S,
    LOOK_EVERY_S,
    VIEWERS_MAX,
    LiveActor,
    ViewerAsked,
    ViewerCame,
    ViewerLeft,
)
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev

REF = "9f3c1e0ab3f44b0c8a7d5e6f70819203"


class FakeViewer:
    def __init__(self) -> None:
        self.raw: list[str] = []
        self.closed: list[tuple[int, str]] = []
        self.is_full = False

    def send(self, messages: Sequence[str]) -> bool:
        if not self.is_full:
            self.raw += messages
        return not self.is_full

    def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))

    def take(self) -> list[dict[str, Any]]:
        told, self.raw = [json.loads(message) for message in self.raw], []
        return told


@pytest.fixture
def desk(tmp_path: Path) -> Bench:
    made = bench(tmp_path)
    made.actor("engine", "SupervisorActor")
    return made


@pytest.fixture
def address() -> Address:
    return Address()


@pytest.fixture
def still() -> StillRuntime:
    return StillRuntime()


@pytest.fixture
def live(desk: Bench, address: Address, still: StillRuntime) -> Iterator[LiveActor]:
    actor = LiveActor(Birth("engine/page", None, still), desk.desk, address)
    actor.setup()
    yield actor
    actor.teardown(None)
    actor._timeouts.cancel_all()


@pytest.fixture
def viewer(live: LiveActor) -> FakeViewer:
    viewer = FakeViewer()
    hand(live, ViewerCame(viewer))
    return viewer


def look(live: LiveActor, still: StillRuntime, seconds: float = LOOK_EVERY_S) -> None:
    still.manual.advance(seconds)
    step_all(live)


def test_nobody_looks_so_nothing_is_done(live: LiveActor, still: StillRuntime) -> None:
    look(live, still, 60.0)
    assert live.stats.last_message is None
    assert not live._is_looking


def test_who_comes_is_told_everything_and_then_what_changes(
    live: LiveActor, still: StillRuntime, viewer: FakeViewer, desk: Bench
) -> None:
    (whole,) = viewer.take()
    assert whole["whole"] == ["calls", "engine", "health"]
    assert (whole["calls"], whole["engine"]["actors"]) == ({}, 1)
    look(live, still)
    assert viewer.take() == []
    desk.call(REF, "v3:1")
    look(live, still)
    (news,) = viewer.take()
    assert set(news) == {"at", "calls", "engine"}
    assert (list(news["calls"]), news["engine"]) == ([REF], {"calls": 1, "calls_total": 1})


def test_a_second_viewer_is_told_everything_and_the_first_only_what_is_new(
    live: LiveActor, viewer: FakeViewer, desk: Bench
) -> None:
    viewer.take()
    desk.call(REF)
    second = FakeViewer()
    hand(live, ViewerCame(second))
    assert list(second.take()[0]["calls"]) == [REF]
    (news,) = viewer.take()
    assert (list(news["calls"]), "whole" in news) == ([REF], False)


def test_the_tree_is_told_to_who_looks_at_it_and_whole_each_time(
    live: LiveActor, still: StillRuntime, viewer: FakeViewer, desk: Bench
) -> None:
    viewer.take()
    hand(live, ViewerAsked(viewer, "", tree=True))
    (whole,) = viewer.take()
    assert (whole["whole"], list(whole["tree"])) == (["tree"], ["engine"])
    hand(live, ViewerAsked(viewer, "", tree=False))
    desk.actor("engine/journal", "JournalActor")
    look(live, still)
    assert not any("tree" in news for news in viewer.take())
    hand(live, ViewerAsked(viewer, "", tree=True))
    assert list(viewer.take()[-1]["tree"]) == ["engine", "engine/journal"]


def test_a_call_is_told_to_who_has_it_open(
    live: LiveActor, still: StillRuntime, viewer: FakeViewer, desk: Bench
) -> None:
    view = desk.call(REF)
    other = FakeViewer()
    hand(live, ViewerCame(other), ViewerAsked(viewer, REF, tree=False))
    viewer.take()
    other.take()
    view.trail.decided(1.0, ev.TimePassed(), [ac.EndTurn(answered_turn())])
    look(live, still)
    (news,) = (each for each in viewer.take() if "call" in each)
    assert (news["call"]["ref"], [turn["number"] for turn in news["call"]["turns"]]) == (REF, [1])
    assert not any("call" in each for each in other.take())


def test_health_is_looked_at_less_often(live: LiveActor, still: StillRuntime, viewer: FakeViewer, desk: Bench) -> None:
    viewer.take()
    desk.desk.services.tally.count("dead_air", "filler", "thinking")
    look(live, still)
    assert not any("health" in each for each in viewer.take())
    for _ in range(round(HEALTH_EVERY_S / LOOK_EVERY_S) + 1):
        look(live, still)
    assert [each["health"]["dead_air"] for each in viewer.take() if "health" in each] == [[["filler", "thinking", 1]]]


def test_who_does_not_keep_up_is_let_go_and_the_others_are_not(
    live: LiveActor, still: StillRuntime, viewer: FakeViewer, desk: Bench
) -> None:
    slow = FakeViewer()
    hand(live, ViewerCame(slow))
    viewer.take()
    slow.is_full = True
    desk.call(REF)
    look(live, still)
    assert (slow.closed, len(live._viewers)) == ([(1013, "too slow")], 1)
    assert viewer.take()


def test_when_the_last_one_has_left_it_looks_no_more(live: LiveActor, still: StillRuntime, viewer: FakeViewer) -> None:
    hand(live, ViewerLeft(viewer), ViewerLeft(viewer))
    look(live, still)
    assert not live._is_looking
    again = FakeViewer()
    hand(live, ViewerCame(again))
    assert (live._is_looking, len(again.take())) == (True, 1)


def test_only_so_many_look_at_once(live: LiveActor) -> None:
    viewers = [FakeViewer() for _ in range(VIEWERS_MAX + 1)]
    hand(live, *map(ViewerCame, viewers))
    assert [len(viewer.closed) for viewer in viewers] == [*[0] * VIEWERS_MAX, 1]
    hand(live, ViewerAsked(viewers[-1], REF, tree=True))  # said before they knew


def test_a_restart_sends_everybody_away_to_come_again(live: LiveActor, viewer: FakeViewer, address: Address) -> None:
    assert address.ref is live.actor_ref
    live.teardown(RuntimeError("crash"))
    assert viewer.closed == [(1012, "console restarting")]
    assert not Audience(address).came(viewer)


def test_the_page_has_all_its_files() -> None:
    assets = Audience(Address()).assets
    assert {"index.html", "login.html", "style.css", "app.js", "phone_worklet.js", "caller_1.ulaw"} <= assets.keys()
    assert assets["app.js"].content_type == "text/javascript; charset=utf-8"
    text = b"".join(asset.body for asset in assets.values())
    assert b"://" not in text.replace(b"http://www.w3.org/2000/svg", b"").replace(b"${scheme}://", b"")
    assert b" style=" not in text
    assert b"<script>" not in text
    assert b"innerHTML" not in text
