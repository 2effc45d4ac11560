"""What of a changed configuration takes effect while calls go on, and what is only named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loguru import logger

from telnyx_actors.actors.services import Mode
from telnyx_actors.config import load_settings, read_env
from telnyx_actors.logs import LogOutput
from telnyx_actors.reload import Reloader

ENV = """\
TELNYX_API_KEY=k
TELNYX_CONNECTION_ID=1234
TELNYX_PHONE_NUMBER=+576012345678
DEEPGRAM_API_KEY=k
ANTHROPIC_API_KEY=k
ELEVENLABS_API_KEY=k
WEBHOOK_BASE_URL=https://tu-dominio.com
"""

Change = Callable[[str], list[str]]


class Levels(LogOutput):
    """Remembers the levels that were set."""

    def __init__(self) -> None:
        self.set: list[str] = []

    @property
    def level(self) -> str:
        return self.set[-1] if self.set else "INFO"

    def set_level(self, level: str) -> None:
        self.set.append(level)


@pytest.fixture
def mode() -> Mode:
    return Mode(uses_stream=True)


@pytest.fixture
def levels() -> Levels:
    return Levels()


@pytest.fixture
def change(tmp_path: Path, mode: Mode, levels: Levels) -> Iterator[Change]:
    """Writes the file anew, has it read again, and returns what was logged."""
    file = tmp_path / ".env"
    file.write_text(ENV, encoding="utf-8")
    reloader = Reloader(load_settings(read_env(file)), file, mode, levels)
    lines: list[str] = []
    handler = logger.add(lambda message: lines.append(message.record["message"]), level="DEBUG")

    def change(text: str) -> list[str]:
        lines.clear()
        file.write_text(ENV + text, encoding="utf-8")
        reloader.reload()
        return list(lines)

    yield change
    logger.remove(handler)


def test_new_calls_change_their_mode_and_change_it_back(change: Change, mode: Mode) -> None:
    (line,) = change("USE_MEDIA_STREAMS=false")
    assert mode == Mode(uses_stream=False)
    assert "USE_MEDIA_STREAMS tiene efecto desde ahora: las llamadas nuevas van en modo webhook" in line
    (line,) = change("USE_MEDIA_STREAMS=true")
    assert mode == Mode(uses_stream=True)
    assert "con audio en directo" in line


def test_the_level_of_the_log_changes(change: Change, levels: Levels) -> None:
    (line,) = change("RUST_LOG=debug")
    assert levels.set == ["DEBUG"]
    assert line.endswith("LOG_LEVEL tiene efecto desde ahora: DEBUG")


def test_what_needs_a_restart_is_named_each_time_until_there_is_one(change: Change, mode: Mode) -> None:
    expected = [f"🔁 {name} ha cambiado, pero necesita reiniciar el servicio" for name in ("DEEPGRAM_API_KEY", "PORT")]
    assert change("PORT=4000\nDEEPGRAM_API_KEY=otra") == expected
    assert change("PORT=4000\nDEEPGRAM_API_KEY=otra") == expected
    assert change("") == ["🔁 Configuración releída: no hay cambios"]
    assert mode.uses_stream


def test_a_secret_that_changed_is_not_shown(change: Change) -> None:
    assert "otra-clave" not in "".join(change("DEEPGRAM_API_KEY=otra-clave"))


def test_a_configuration_with_problems_changes_nothing(change: Change, mode: Mode, levels: Levels) -> None:
    lines = change("USE_MEDIA_STREAMS=false\nLOG_LEVEL=mucho\nPORT=x")
    assert mode.uses_stream
    assert levels.set == []
    assert len(lines) == 2
    assert all(line.startswith("La configuración nueva no se aplica: ") for line in lines)


def test_a_file_that_has_gone_changes_nothing(change: Change, mode: Mode, tmp_path: Path) -> None:
    lines: list[str] = []
    handler = logger.add(lambda message: lines.append(message.record["message"]), level="ERROR")
    reloader = Reloader(load_settings(read_env(tmp_path / ".env")), tmp_path / "no.env", mode, Levels())
    reloader.reload()
    logger.remove(handler)
    assert "no se puede leer" in lines[0]


def test_what_the_console_chose_lasts_until_the_file_is_read_again(change: Change, mode: Mode, levels: Levels) -> None:
    mode.uses_stream = False
    levels.set_level("TRACE")
    lines = change("")
    assert mode.uses_stream
    assert levels.level == "INFO"
    assert [line.split()[1] for line in lines] == ["USE_MEDIA_STREAMS", "LOG_LEVEL"]
    assert change("") == ["🔁 Configuración releída: no hay cambios"]
