"""What looking costs, with a hundred calls: ``python -m pytest -s tests/bench/test_page_cost.py``."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from support.browser import Browser, browsing
from support.console import Bench, answered_turn, bench
from support.front_page import FakeAudience, Page
from support.stepping import StillRuntime, hand
from telnyx_actors.actors.address import Address
from telnyx_actors.actors.base import Birth
from telnyx_actors.actors.sinks import Viewer
from telnyx_actors.actors.tally import Sample
from telnyx_actors.console import page_views
from telnyx_actors.console.live import LOOK_EVERY_S, LiveActor, ViewerAsked, ViewerCame
from telnyx_actors.core import actions as ac
from telnyx_actors.core import events as ev
from telnyx_actors.core.turn import Latency

CALLS = 100
PARTS = ("archiver", "carrier", "responder", "speaker", "transcriber")
SAMPLES = 20_000
TIMES = 50
LOOKS = 20


class Drain:
    """A viewer who takes everything."""

    def __init__(self) -> None:
        self.bytes = 0

    def send(self, messages: Sequence[str]) -> bool:
        self.bytes += sum(map(len, messages))
        return True

    def close(self, code: int, reason: str) -> None: ...


def test_what_a_look_costs(tmp_path: Path) -> None:
    desk = full_house(bench(tmp_path))
    print()
    for name, look in (
        ("the engine's line", lambda: page_views.engine(desk.desk)),
        (f"{CALLS} calls", lambda: page_views.calls(desk.desk, 0.0)),
        (f"{CALLS * (1 + len(PARTS))} actors", lambda: page_views.actors(desk.desk)),
        (f"health, {SAMPLES} answers (every 5 s)", lambda: page_views.health(desk.desk, 0.0)),
    ):
        print(f"{name:<40} {median_ms(look):8.2f} ms")
    live, viewer = LiveActor(Birth("engine/page", None, StillRuntime()), desk.desk, Address()), Drain()
    live.setup()
    hand(live, ViewerCame(viewer))
    for name, asked in (("a look, the calls shown", False), ("a look, the tree shown too", True)):
        hand(live, ViewerAsked(viewer, "ref-0", tree=asked))
        viewer.bytes = 0
        spent_ms = median_ms(lambda: busy(desk, live))
        rate_kb_s = viewer.bytes / TIMES / LOOK_EVERY_S / 1000
        print(f"{name:<40} {spent_ms:8.2f} ms  {spent_ms / LOOK_EVERY_S / 10:5.2f} % of a core  {rate_kb_s:6.1f} kB/s")
        assert spent_ms < 100
    live._timeouts.cancel_all()


def busy(desk: Bench, live: LiveActor) -> None:
    """A look after 0.4 s in which every tenth call answered, and every actor took a message."""
    views = desk.desk.services.calls.all()
    for view in views[::10]:
        view.turns += 1
        view.trail.decided(desk.clock.now(), ev.TranscriptFinal("una cita"), [ac.EndTurn(answered_turn(view.turns))])
    for stats in desk.desk.runtime.stats.under():
        stats.handled += 1
    live._look()


def full_house(desk: Bench) -> Bench:
    desk.actor("engine", "SupervisorActor")
    for number in range(CALLS):
        view = desk.call(f"ref-{number}", f"v3:{number}", state="live", turns=10)
        for at in range(200):
            view.trail.decided(float(at), ev.TranscriptFinal("una cita"), [])
        desk.actor(f"engine/ref-{number}", "CallActor")
        for part in PARTS:
            desk.actor(f"engine/ref-{number}/{part}", part)
    for number in range(SAMPLES):
        latency = Latency(0.1, 0.3, 0.1, 0.1, 0.4 + number % 700 / 1000)
        desk.desk.services.tally.answered(Sample(desk.clock.now() - number % 900, "ref", number, latency))
    return desk


def median_ms(action: Callable[[], object]) -> float:
    spent = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        action()
        spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent)


class Crowd(FakeAudience):
    """Shows a hundred calls to who comes, and changes ten of them at every look."""

    def came(self, viewer: Viewer) -> bool:
        self.viewer = viewer
        whole = {ref: self.call(number) for number, ref in enumerate(self.refs)}
        return viewer.send(
            [json.dumps({"at": 1, "whole": ["calls", "engine"], "calls": whole, "engine": {"calls": CALLS}})]
        )

    @property
    def refs(self) -> list[str]:
        return [f"{number:032x}" for number in range(CALLS)]

    def change(self, look: int) -> None:
        changed = {ref: self.call(number, look) for number, ref in enumerate(self.refs) if number % 10 == look % 10}
        self.viewer.send([json.dumps({"at": 1 + look, "calls": changed})])

    @staticmethod
    def call(number: int, look: int = 0) -> dict[str, object]:
        return {
            "id": f"v3:{number}", "name": f"Ana {number}", "number": "+57300•••4567", "direction": "outgoing",
            "state": "live", "is_alive": True, "is_at_pause": bool(look % 2), "reason": "", "started": number, "answered": 1,
            "answered_s": 0, "turns": look, "response_ms": 600 + look, "failures": 0, "has_record": False,
        }  # fmt: skip


def test_a_hundred_calls_are_smooth_in_the_browser(tmp_path: Path) -> None:
    crowd = Crowd()
    page = Page(None, crowd)
    with browsing(tmp_path / "profile") as browser:
        browser.open(f"{page.here}/console")
        browser.wait(lambda: browser.count(".line") == CALLS, "a hundred lines")
        browser.run(
            "window.gaps = []; let last = performance.now();"
            "const frame = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(frame); }; requestAnimationFrame(frame)"
        )
        browser.command("Performance.enable")
        before = task_seconds(browser)
        for look in range(1, LOOKS + 1):
            crowd.change(look)
            time.sleep(LOOK_EVERY_S)
        spent_s = task_seconds(browser) - before
        gaps = sorted(browser.run("return gaps"))
    page.close()
    share = spent_s / LOOKS / LOOK_EVERY_S
    worst = gaps[int(len(gaps) * 0.99)]
    print(f"\nthe browser, {CALLS} calls: {share:.1%} of a core; of its frames 99 % came within {worst:.0f} ms")
    assert share < 0.25


def task_seconds(browser: Browser) -> float:
    metrics = browser.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")
