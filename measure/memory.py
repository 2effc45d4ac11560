"""Calls for some minutes, and the memory of the engine's process meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from measure.daemon import Daemon
from measure.stage import GREETING, SENTENCES, caller
from measure.trend import slope
from telnyx_actors.standins.world_client import WorldClient

SAMPLE_EVERY_S = 5.0
FORGET_EVERY_S = 60.0


@dataclass(slots=True)
class MemoryCurve:
    """Samples of (seconds since the first call, resident MB)."""

    samples: list[tuple[float, float]] = field(default_factory=list)
    calls: int = 0
    failed: int = 0

    @property
    def peak_mb(self) -> float:
        return max(mb for _, mb in self.samples)

    def slope_mb_per_h(self) -> float:
        """Of the straight line through the second half: what is left once everything is warm."""
        return slope(self.samples[len(self.samples) // 2 :]) * 3600


def watch(daemon: Daemon, world: WorldClient, minutes: float, at_once: int) -> MemoryCurve:
    """Keep ``at_once`` calls going until the time is over; then let the last ones end."""
    curve = MemoryCurve()
    world.answer_with(caller(SENTENCES[:2]))
    began = time.monotonic()
    live: list[str] = []
    forget_at, sample_at = began + FORGET_EVERY_S, began
    while live or time.monotonic() < began + minutes * 60:
        now = time.monotonic()
        if now >= sample_at:
            curve.samples.append((now - began, daemon.memory_mb()))
            print(f"{now - began:6.0f} s  {curve.samples[-1][1]:6.1f} MB  {curve.calls} llamadas", flush=True)
            sample_at = now + SAMPLE_EVERY_S
        if now >= forget_at:  # the stand-ins keep every call's sound; this is about the engine
            world.forget_ended()
            forget_at = now + FORGET_EVERY_S
        live = [call for call in live if not _is_over(daemon, call)]
        while len(live) < at_once and now < began + minutes * 60:
            live.append(daemon.dial(saludo=GREETING))
            curve.calls += 1
        time.sleep(0.25)
    curve.samples.append((time.monotonic() - began, daemon.memory_mb()))
    curve.failed = len([line for line in daemon.lines() if line.level in ("ERROR", "CRITICAL")])
    return curve


def _is_over(daemon: Daemon, call_control_id: str) -> bool:
    return bool(daemon.lines("Llamada finalizada", call=call_control_id))


def summary(curve: MemoryCurve) -> str:
    """What the checklist asks about memory."""
    first, last = curve.samples[0][1], curve.samples[-1][1]
    return (
        f"{curve.calls} llamadas en {curve.samples[-1][0] / 60:.1f} min: al empezar {first:.0f} MB, al final {last:.0f} MB, "
        f"máximo {curve.peak_mb:.0f} MB; pendiente en la segunda mitad {curve.slope_mb_per_h():+.1f} MB/h; "
        f"{curve.failed} errores en el registro"
    )
