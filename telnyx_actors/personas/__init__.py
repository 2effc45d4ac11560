"""The personas that come with the engine, and how one is loaded."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from telnyx_actors.core.persona import Persona
from telnyx_actors.errors import ConfigError
from telnyx_actors.personas.reading import parse_persona


def load_persona(path: Path | None) -> Persona:
    """The persona in a file, or the one shipped. Raises ``ConfigError`` that names the file."""
    if path is None:
        return parse_persona(resources.files(__name__).joinpath("maria.toml").read_text(encoding="utf-8"))
    try:
        return parse_persona(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError((f"PERSONA_FILE: no se puede leer {path} ({error})",)) from error
    except ConfigError as error:
        raise ConfigError(tuple(f"PERSONA_FILE {path}: {problem}" for problem in error.problems)) from error
