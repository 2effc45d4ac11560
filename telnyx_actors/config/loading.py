"""From the environment to ``Settings``: files first, then text to values, then every complaint at once."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Final

from dotenv.parser import parse_stream  # what is above it tells in English of the lines that it leaves out
from loguru import logger

from telnyx_actors.config.fields import Group, Setting, declarations
from telnyx_actors.config.settings import GROUPS, Settings, all_settings
from telnyx_actors.errors import ConfigError

ENV_FILE_MAX_BYTES: Final = 256 * 1024


def read_env(env_file: Path | None, process: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Join the process's environment with a file's. What the process sets wins, also under another alias.

    Raises ``ConfigError`` when there is no such file or it is not text.
    """
    if env_file is None:
        return dict(process)
    values = _values_in(env_file)
    taken = {name for name, text in process.items() if text.strip()}
    for declared in all_settings():
        if not taken.isdisjoint(declared.names):
            taken.update(declared.names)
    return {**process, **{name: text for name, text in values.items() if name not in taken}}


def data_dir_in(env: Mapping[str, str]) -> Path:
    """``DATA_DIR`` alone, for who looks at what an engine keeps and needs none of its keys."""
    declared = next(each for each in all_settings() if each.name == "DATA_DIR")
    path: Path = declared.kind.parse(env.get(declared.name, "").strip() or declared.default or "")
    return path


def _values_in(env_file: Path) -> dict[str, str]:
    """A line that is none of a variable is left out and told, as its neighbours have always worked without it."""
    values: dict[str, str] = {}
    for binding in parse_stream(StringIO(_text_of(env_file))):
        if binding.error:
            logger.warning("⚠️ {}: la línea {} no se entiende y no cuenta", env_file, binding.original.line)
        elif binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
    return values


def _text_of(env_file: Path) -> str:
    try:
        with env_file.open("rb") as file:
            raw = file.read(ENV_FILE_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError((f"{env_file}: no se puede leer ({error.strerror})",)) from error
    if len(raw) > ENV_FILE_MAX_BYTES:
        raise ConfigError((f"{env_file}: pasa de {ENV_FILE_MAX_BYTES} bytes; no parece un archivo .env",))
    # PowerShell 5.1 writes UTF-16 with a mark when output is redirected to a file.
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError((f"{env_file}: no es texto UTF-8 (byte {error.start})",)) from error


def load_settings(env: Mapping[str, str]) -> Settings:
    """Make ``Settings`` of variables. Pure. Raises ``ConfigError`` naming every problem there is."""
    problems: list[str] = []
    groups: dict[str, Any] = {name: _load_group(group, env, problems) for name, group in GROUPS.items()}
    if problems:
        raise ConfigError(tuple(problems))
    cautions = (caution for group in groups.values() for caution in group.cautions())
    return Settings(**groups, warnings=(*_warnings(env), *cautions))


def _load_group(group: type[Group], env: Mapping[str, str], problems: list[str]) -> Group | None:
    values: dict[str, object] = {}
    before = len(problems)
    for field_name, declared in declarations(group):
        given = _given(declared, env)
        if given:
            name, text = given[0]
            try:
                values[field_name] = declared.kind.parse(text)
            except ValueError as reason:
                problems.append(f"{name}: {reason}. Ejemplo: {name}={declared.example}")
        elif declared.required:
            problems.append(f"{declared.name}: falta. Ejemplo: {declared.name}={declared.example}")
    if len(problems) > before:
        return None
    loaded = group(**values)
    problems.extend(loaded.contradictions())
    return loaded


def _given(declared: Setting, env: Mapping[str, str]) -> list[tuple[str, str]]:
    """The names of a setting that have a value, in order of precedence; blank is not a value."""
    stripped = ((name, env.get(name, "").strip()) for name in declared.names)
    return [(name, text) for name, text in stripped if text]


def _warnings(env: Mapping[str, str]) -> Iterator[str]:
    for declared in all_settings():
        given = _given(declared, env)
        if len({text for _, text in given}) > 1:
            others = ", ".join(name for name, _ in given[1:])
            yield f"{given[0][0]}: se usa esta; {others} dice otra cosa y no se tiene en cuenta"
        if given and declared.unused and given[0][1] != declared.default:
            yield f"{given[0][0]}: se acepta, pero no tiene efecto: {declared.unused.es}"
