"""What of a changed configuration can take effect while calls go on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from loguru import logger

from telnyx_actors.actors.services import Mode
from telnyx_actors.config import Settings, differences, load_settings, read_env
from telnyx_actors.errors import ConfigError
from telnyx_actors.logs import LogOutput

LIVE: Final = ("USE_MEDIA_STREAMS", "LOG_LEVEL")
"""Variables that need no restart."""


class Reloader:
    """Reads the configuration again when told to. One thread at a time."""

    def __init__(self, settings: Settings, env_file: Path | None, mode: Mode, output: LogOutput) -> None:
        self._settings = settings
        self._env_file = env_file
        self._mode = mode
        self._output = output

    def reload(self) -> None:
        """Apply what can be, and name what cannot. A configuration with problems changes nothing. Never raises."""
        try:
            wanted = load_settings(read_env(self._env_file))
        except ConfigError as error:
            for problem in error.problems:
                logger.error("La configuración nueva no se aplica: {}", problem)
            return
        changed = differences(self._in_force(), wanted)
        if "LOG_LEVEL" in changed:
            self._output.set_level(wanted.log.level)
        if "USE_MEDIA_STREAMS" in changed:
            self._mode.uses_stream = wanted.telnyx.use_media_streams
        for name in changed:
            if name in LIVE:
                logger.warning("🔁 {} tiene efecto desde ahora{}", name, _remark(name, wanted))
            else:
                logger.warning("🔁 {} ha cambiado, pero necesita reiniciar el servicio", name)
        if not changed:
            logger.warning("🔁 Configuración releída: no hay cambios")

    def _in_force(self) -> Settings:
        """What the process works by: what it began with, and what was changed since, here or in the console."""
        return replace(
            self._settings,
            telnyx=replace(self._settings.telnyx, use_media_streams=self._mode.uses_stream),
            log=replace(self._settings.log, level=self._output.level),
        )


def _remark(name: str, wanted: Settings) -> str:
    if name == "LOG_LEVEL":
        return f": {wanted.log.level}"
    how = "con audio en directo" if wanted.telnyx.use_media_streams else "en modo webhook"
    return f": las llamadas nuevas van {how}; las que están en curso siguen como empezaron"
