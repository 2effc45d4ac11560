"""``trace``: the messages of a part of the tree as they are handled, until the operator has seen enough."""

from __future__ import annotations

from telnyx_actors.actors.trace import Trace
from telnyx_actors.console.call_views import wall_time
from telnyx_actors.console.desk import Desk
from telnyx_actors.console.protocol import Json
from telnyx_actors.console.views import STUCK_S, actor


class Tracing:
    """One watcher at work, until ``close``."""

    def __init__(self, desk: Desk, path: str) -> None:
        self.path = path
        self._desk = desk
        self._trace = Trace(path)
        self._told: set[tuple[str, float]] = set()  # who was stuck, since when
        self._lost = 0
        desk.runtime.stats.watch(self._trace)

    def close(self) -> None:
        self._desk.runtime.stats.unwatch(self._trace)

    def look(self) -> Json | None:
        """What went by since the last look, and who got stuck; None when there is nothing to tell."""
        rows = [
            {
                "time": f"{wall_time(self._desk, each.at):%H:%M:%S.%f}"[:-3],
                "path": each.path,
                "message": each.message,
                "waited_ms": round(each.waited_s * 1000, 2),
                "took_ms": round(each.took_s * 1000, 2),
                "failed": each.failed,
            }
            for each in self._trace.take()
        ]
        stuck = self._newly_stuck()
        lost, self._lost = self._trace.lost - self._lost, self._trace.lost
        return {"messages": rows, "stuck": stuck, "lost": lost} if rows or stuck or lost else None

    def _newly_stuck(self) -> list[Json]:
        """A message in hand is seen when it is done: of one that takes long, its actor has to be told about."""
        now = self._desk.now()
        found: list[Json] = []
        for stats in self._desk.runtime.stats.under(self.path):
            since = stats.busy_since
            if since is not None and now - since >= STUCK_S and (stats.path, since) not in self._told:
                self._told.add((stats.path, since))
                found.append(actor(stats, now))
        return found
