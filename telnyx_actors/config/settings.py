"""All settings together, in the order in which they are documented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, get_type_hints

from telnyx_actors.config.engine import Call, Log, Server, Timing
from telnyx_actors.config.fields import Group, Setting, declarations
from telnyx_actors.config.prices import Prices
from telnyx_actors.config.values import Secret
from telnyx_actors.config.vendors import Archive, Claude, Deepgram, ElevenLabs, Telnyx


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. ``warnings``: lines for the operator that are no reason not to start."""

    telnyx: Telnyx
    deepgram: Deepgram
    claude: Claude
    elevenlabs: ElevenLabs
    server: Server
    call: Call
    timing: Timing
    archive: Archive
    prices: Prices
    log: Log
    warnings: tuple[str, ...] = ()

    def secrets(self) -> frozenset[str]:
        """Every secret in clear, for the log to keep out."""
        groups: list[Group] = [getattr(self, name) for name in GROUPS]
        values = (getattr(group, name) for group in groups for name, _ in declarations(type(group)))
        return frozenset(value.reveal() for value in values if isinstance(value, Secret))


def differences(old: Settings, new: Settings) -> list[str]:
    """The variables whose values are not the same in both."""
    return [
        declared.name
        for group in GROUPS
        for name, declared in declarations(GROUPS[group])
        if getattr(getattr(old, group), name) != getattr(getattr(new, group), name)
    ]


GROUPS: Final[Mapping[str, type[Group]]] = {
    name: hint for name, hint in get_type_hints(Settings).items() if isinstance(hint, type) and issubclass(hint, Group)
}
"""The groups by their field in ``Settings``."""


def all_settings() -> Iterator[Setting]:
    """Every declaration, in order."""
    for group in GROUPS.values():
        for _, declared in declarations(group):
            yield declared
