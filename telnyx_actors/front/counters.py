"""What the front counts, and how late its thread runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Final


@dataclass(slots=True)
class FrontCounters:
    """Written by the front's thread only, readable by any; a reader may be one event behind."""

    connections_open: int = 0
    connections_total: int = 0
    connections_refused: Counter[str] = field(default_factory=Counter)
    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    """By route pattern and status."""
    access_denied: Counter[str] = field(default_factory=Counter)
    webhooks_rejected: Counter[str] = field(default_factory=Counter)
    webhooks_duplicate: int = 0
    replies_dropped: int = 0
    """Answers that came too late, twice, or for a client that had gone."""
    errors: int = 0
    """Exceptions of our own, each with its line in the log."""

    streams_open: int = 0
    streams_total: int = 0
    streams_refused: Counter[str] = field(default_factory=Counter)
    media_frames_in: int = 0
    messages_out: int = 0
    """Messages written to WebSockets: media, marks and clears."""
    frames_garbage: int = 0
    frames_unknown: int = 0
    sinks_stalled: int = 0
    """Sockets closed because the peer had stopped reading."""
    sinks_full: int = 0
    """Batches of messages refused because the buffer of their socket was full."""
    sockets_half_open: int = 0
    """Sockets closed because the peer had stopped answering pings."""
    sockets_flooding: int = 0
    """Sockets closed because the peer sent more pings or fragments than anybody needs."""


class LagMeter:
    """How late the loop runs its callbacks: the worst of the last 5 to 10 seconds."""

    TICK_S: Final = 0.05
    WINDOW_S: Final = 5.0

    def __init__(self) -> None:
        self._due = 0.0
        self._window_ends = 0.0
        self._current_s = 0.0
        self._previous_s = 0.0

    @property
    def high_water_ms(self) -> float:
        """Readable from any thread."""
        return max(self._current_s, self._previous_s) * 1000

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        now = loop.time()
        self._window_ends = now + self.WINDOW_S
        self._schedule(now)

    def _schedule(self, now: float) -> None:
        self._due = now + self.TICK_S
        self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        self._current_s = max(self._current_s, now - self._due)
        if now >= self._window_ends:
            self._previous_s, self._current_s = self._current_s, 0.0
            self._window_ends = now + self.WINDOW_S
        self._schedule(now)
