"""Which connections exist, and whether one more may."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from telnyx_actors.front.counters import FrontCounters
from telnyx_actors.front.exchange import Response, error_response
from telnyx_actors.front.security import is_loopback
from telnyx_actors.front.settings import FrontLimits


class Connection(Protocol):
    """What the server can do to any connection."""

    def shut_down(self) -> None:
        """End soon and politely: what is being answered is answered."""

    def abort(self) -> None: ...


class Admission:
    """The connections of the front. Front thread only."""

    def __init__(self, limits: FrontLimits, counters: FrontCounters) -> None:
        self._limits = limits
        self._counters = counters
        self._open: set[Connection] = set()
        self._per_peer: Counter[str] = Counter()

    @property
    def connections(self) -> list[Connection]:
        return list(self._open)

    @property
    def is_flooded(self) -> bool:
        """Even the refusals are too many: the next connection is cut without one."""
        return len(self._open) >= 2 * self._limits.connections_max

    def enter(self, connection: Connection, peer: str) -> Response | None:
        """Count a connection in, always; the refusal to send if it is one too many."""
        self._open.add(connection)
        self._per_peer[peer] += 1
        self._counters.connections_open = len(self._open)
        self._counters.connections_total += 1
        if len(self._open) > self._limits.connections_max:
            self._counters.connections_refused["too_many"] += 1
            busy = "El servidor tiene demasiadas conexiones abiertas; intente de nuevo."
            return error_response(503, "busy", busy, ("Retry-After", "2"))
        # Behind a proxy or a tunnel on this machine every client has the same, loopback, address.
        if self._per_peer[peer] > self._limits.connections_per_peer_max and not is_loopback(peer):
            self._counters.connections_refused["too_many_of_peer"] += 1
            too_many = "Demasiadas conexiones desde la misma dirección; intente de nuevo."
            return error_response(429, "too_many_connections", too_many, ("Retry-After", "2"))
        return None

    def replace(self, connection: Connection, successor: Connection, peer: str) -> None:
        """A connection became a WebSocket. It no longer counts against its address: the
        carrier brings all its calls from a few of them, and has a limit of its own."""
        self._open.remove(connection)
        self._open.add(successor)
        self._forget_peer(peer)

    def leave(self, connection: Connection, peer: str | None = None) -> None:
        """``peer`` as it entered; None for a connection that was replaced by then."""
        self._open.discard(connection)
        self._counters.connections_open = len(self._open)
        if peer is not None:
            self._forget_peer(peer)

    def _forget_peer(self, peer: str) -> None:
        self._per_peer[peer] -= 1
        if self._per_peer[peer] <= 0:
            del self._per_peer[peer]
