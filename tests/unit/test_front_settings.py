"""What the front is told of the settings."""

from __future__ import annotations

from support.env_files import CHECKLIST_ENV
from telnyx_actors.app import front_settings
from telnyx_actors.config import load_settings
from telnyx_actors.front.settings import FrontLimits


def test_the_sockets_of_calls_take_no_connection_from_anybody_else() -> None:
    env = dict(line.split("=", 1) for line in CHECKLIST_ENV.splitlines())
    limits = front_settings(load_settings(env | {"MAX_CALLS": "5000"})).limits
    assert limits.connections_max == FrontLimits().connections_max + 5000
