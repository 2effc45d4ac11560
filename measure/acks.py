"""How fast webhooks are acknowledged while many calls talk, by the clock of whoever delivers them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from measure.daemon import Daemon
from measure.stage import GREETING, SENTENCES, caller
from telnyx_actors.standins.percentile import percentile
from telnyx_actors.standins.world_client import WorldClient

CALL_LIMIT_S = 120.0
DIAL_EVERY_S = 0.45


@dataclass(frozen=True, slots=True)
class AckFigures:
    """Times in ms, of every delivery of the run."""

    took_ms: tuple[float, ...]
    refused: int
    calls: int
    failed: int

    def percentile_ms(self, percent: int) -> float:
        return percentile(self.took_ms, percent)


def measure_acks(daemon: Daemon, world: WorldClient, calls: int) -> AckFigures:
    """Calls that begin one after the other, as calls do, and then all talk; one before them has everything warm."""
    world.answer_with(caller(SENTENCES[:1]))
    world.wait_ended(daemon.dial(saludo=GREETING), CALL_LIMIT_S)
    before = len(world.entries("telnyx"))
    world.answer_with(caller())
    ids = []
    for index in range(calls):
        ids.append(daemon.dial(f"+5730012{index:05d}", saludo=GREETING))
        time.sleep(DIAL_EVERY_S)
    records = [world.wait_ended(call_control_id, CALL_LIMIT_S) for call_control_id in ids]
    entries = world.entries("telnyx")[before:]
    deliveries = [entry["data"] for entry in entries if entry["kind"] == "webhook"]
    return AckFigures(
        took_ms=tuple(delivery["took_ms"] for delivery in deliveries),
        refused=sum(delivery["status"] != 200 for delivery in deliveries),
        calls=len(records),
        failed=sum(bool(record.script_error) for record in records),
    )


def summary(figures: AckFigures) -> str:
    """One line."""
    p50, p99 = figures.percentile_ms(50), figures.percentile_ms(99)
    return (
        f"{figures.calls} llamadas a la vez, {len(figures.took_ms)} webhooks: acuse p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
        f"máximo {max(figures.took_ms):.1f} ms; {figures.refused} rechazados; {figures.failed} llamadas con problemas"
    )
