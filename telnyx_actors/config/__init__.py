"""Configuration: the environment, read whole and validated at once.

    settings = load_settings(read_env(Path(".env")))

``load_settings`` is pure. Every problem of every variable is in the one ``ConfigError``
that it raises, in words for the operator.
"""

from __future__ import annotations

from telnyx_actors.config.engine import MEDIA_PATH, WEBHOOK_PATH, Call, Log, Server, Timing
from telnyx_actors.config.loading import data_dir_in, load_settings, read_env
from telnyx_actors.config.prices import Prices
from telnyx_actors.config.settings import Settings, differences
from telnyx_actors.config.values import Secret
from telnyx_actors.config.vendors import Archive, Claude, Deepgram, ElevenLabs, Telnyx

__all__ = [
    "MEDIA_PATH",
    "WEBHOOK_PATH",
    "Archive",
    "Call",
    "Claude",
    "Deepgram",
    "ElevenLabs",
    "Log",
    "Prices",
    "Secret",
    "Server",
    "Settings",
    "Telnyx",
    "Timing",
    "data_dir_in",
    "differences",
    "load_settings",
    "read_env",
]
