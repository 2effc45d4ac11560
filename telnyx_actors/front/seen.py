"""What the front and the rest of the engine see of each other, while fronts come and go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from prometheus_client.core import Metric

from telnyx_actors.errors import ConfigError
from telnyx_actors.front.figures import front_figures
from telnyx_actors.front.server import FrontServer

MetricsPage: TypeAlias = Callable[[], tuple[bytes, str]]
"""Makes the Prometheus page and its content type."""


def _no_page() -> tuple[bytes, str]:
    return b"", "text/plain"


def _always() -> bool:
    return True


@dataclass(slots=True)
class FrontSeen:
    """``server`` while there is one, ``refusal`` why there is none."""

    page: MetricsPage = _no_page
    is_warm: Callable[[], bool] = _always  # a first call would find everything loaded
    server: FrontServer | None = None
    refusal: ConfigError | None = None
    settled: threading.Event = field(default_factory=threading.Event)  # one of the two is known

    def figures(self) -> Iterable[Metric]:
        server = self.server
        return () if server is None else front_figures(server)
