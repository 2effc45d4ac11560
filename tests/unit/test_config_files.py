"""Files of variables: as people, editors and PowerShell write them, and beside the process's own variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.env_files import CHECKLIST_ENV, REPLACED_SERVICE_ENV
from telnyx_actors.config import load_settings, read_env
from telnyx_actors.config.docs import env_example
from telnyx_actors.config.loading import ENV_FILE_MAX_BYTES
from telnyx_actors.errors import ConfigError


def env_file(folder: Path, text: str, encoding: str = "utf-8", newline: str = "\n") -> Path:
    path = folder / ".env"
    path.write_bytes(text.replace("\n", newline).encode(encoding))
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_file_of_the_checklist_loads_whoever_saved_it(tmp_path: Path, encoding: str, newline: str) -> None:
    settings = load_settings(read_env(env_file(tmp_path, CHECKLIST_ENV, encoding, newline), {}))
    assert settings.claude.api_key.reveal() == "x" * 21
    assert settings.archive.bucket == "x" * 21
    assert settings.telnyx.use_media_streams
    assert [line.split(":")[0] for line in settings.warnings] == ["TELNYX_PUBLIC_KEY"]


def test_the_file_of_the_replaced_service_loads_unchanged(tmp_path: Path) -> None:
    settings = load_settings(read_env(env_file(tmp_path, REPLACED_SERVICE_ENV), {}))
    assert settings.telnyx.api_key.reveal() == "KEY0123_abc"
    assert settings.telnyx.phone_number == "+576012345678"
    assert settings.claude.api_key.reveal() == "sk-ant-api03-x$y"
    assert settings.claude.model == "claude-3-haiku-20240307"
    assert settings.archive.secret_access_key is not None
    assert settings.archive.secret_access_key.reveal() == "abc/def+ghi="
    assert settings.call.history_exchanges == 4
    assert settings.log.level == "INFO"
    assert not settings.telnyx.use_media_streams
    assert settings.telnyx.transcription_engine == "google"
    assert [line.split(":")[0] for line in settings.warnings] == ["TELNYX_PUBLIC_KEY"]


def test_the_process_wins_over_the_file(tmp_path: Path) -> None:
    file = env_file(tmp_path, CHECKLIST_ENV + "PORT=3001\n")
    assert load_settings(read_env(file, {"PORT": "4000"})).server.port == 4000
    assert load_settings(read_env(file, {"PORT": ""})).server.port == 3001


def test_the_process_wins_under_any_alias(tmp_path: Path) -> None:
    file = env_file(tmp_path, CHECKLIST_ENV + "LOG_LEVEL=INFO\n")
    settings = load_settings(read_env(file, {"RUST_LOG": "debug", "ANTHROPIC_API_KEY": "la-del-proceso"}))
    assert settings.log.level == "DEBUG"
    assert settings.claude.api_key.reveal() == "la-del-proceso"
    assert not [line for line in settings.warnings if "ANTHROPIC" in line or "CLAUDE" in line or "LOG" in line]


def test_without_a_file_there_is_the_process() -> None:
    assert read_env(None, {"PORT": "1"}) == {"PORT": "1"}


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="producción"):
        read_env(tmp_path / "producción.env", {})


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"PORT=\xff\xfa\x00")
    with pytest.raises(ConfigError, match="no es texto UTF-8"):
        read_env(path, {})


def test_a_line_that_is_none_is_told_and_costs_no_other(tmp_path: Path, logged: list[str]) -> None:
    path = env_file(tmp_path, "PORT=3001\nMAX_CALLS: 7\nsolo unas palabras\nHOST=::1\n")
    assert read_env(path, {}) == {"PORT": "3001", "HOST": "::1"}
    assert logged == [f"WARNING ⚠️ {path}: la línea {line} no se entiende y no cuenta\n" for line in (2, 3)]


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"#" * (ENV_FILE_MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="no parece un archivo"):
        read_env(path, {})


def test_the_example_file_asks_for_the_required_variables_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(read_env(env_file(tmp_path, env_example()), {}))
    assert all("falta" in line for line in caught.value.problems)
    assert len(caught.value.problems) == 7
