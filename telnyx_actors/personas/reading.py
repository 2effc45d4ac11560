"""A persona's file, read. ``maria.toml`` beside this is the one shipped, and shows every key."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, Final

from telnyx_actors.core.persona import NAME_MAX_CHARS, PLACEHOLDER, PLACEHOLDERS, Goodbyes, Greetings, Persona, Phrases
from telnyx_actors.core.sentences import speakable
from telnyx_actors.errors import ConfigError

FILE_MAX_CHARS: Final = 64_000
PROMPT_MAX_CHARS: Final = 20_000
LINE_MAX_CHARS: Final = 200
LINES_MAX: Final = 8

_RETIRED: Final = ("language", "goodbyes.polite", "lines.dtmf")
"""Keys that once were obligatory, and did nothing: files that have them are still good."""

_Check = Callable[[object], "str | None"]
"""What is wrong with a value, or nothing."""


def parse_persona(text: str) -> Persona:
    """Raises ``ConfigError`` with every problem at once, in Spanish, each beginning with the key."""
    if len(text) > FILE_MAX_CHARS:
        raise ConfigError((f"persona: tiene {len(text)} caracteres; el máximo es {FILE_MAX_CHARS}",))
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError((f"persona: no es TOML válido: {error}",)) from error
    retired = _take_out_retired(found)
    checks: dict[str, _Check] = {
        "name": _short_text,
        "business": _short_text,
        "system_prompt": _prompt,
        "greetings": _table,
        "goodbyes": _table,
        "lines": _table,
    }
    problems = _problems(found, checks, path="")
    for key, model in (("greetings", Greetings), ("goodbyes", Goodbyes), ("lines", Phrases)):
        table = found.get(key)
        if isinstance(table, dict):
            problems += _problems(table, _line_checks(model), path=f"{key}.")
    if problems:
        raise ConfigError(tuple(problems))
    return Persona(
        name=found["name"].strip(),
        business=found["business"].strip(),
        system_prompt=found["system_prompt"],
        greetings=Greetings(**_spoken(found["greetings"])),
        goodbyes=Goodbyes(**_spoken(found["goodbyes"])),
        lines=Phrases(**_spoken(found["lines"])),
        retired=retired,
    )


def _take_out_retired(found: dict[str, Any]) -> tuple[str, ...]:
    """Take them out of the file, and say which there were."""
    taken = []
    for path in _RETIRED:
        section, _, key = path.rpartition(".")
        table = found.get(section) if section else found
        if isinstance(table, dict) and key in table:
            del table[key]
            taken.append(path)
    return tuple(taken)


def _spoken(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value.strip() if isinstance(value, str) else tuple(map(str.strip, value)) for key, value in table.items()
    }


def _line_checks(model: type[Greetings | Goodbyes | Phrases]) -> dict[str, _Check]:
    checks: dict[str, _Check] = {}
    for field in fields(model):
        checks[field.name] = _line if field.type == "str" else _line_list
    return checks


def _problems(found: Mapping[str, object], checks: Mapping[str, _Check], *, path: str) -> list[str]:
    problems = [_unknown(path, key, checks) for key in found if key not in checks]
    for key, check in checks.items():
        problem = check(found[key]) if key in found else "falta"
        if problem is not None:
            problems.append(f"{path}{key}: {problem}")
    return problems


def _unknown(path: str, key: str, known: Iterable[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"{path}{key[:NAME_MAX_CHARS]}: clave desconocida" + (f"; ¿quiso decir {close[0]}?" if close else "")


def _text(value: object, max_chars: int) -> str | None:
    if not isinstance(value, str):
        return f"debe ser un texto entre comillas, no {_type_name(value)}"
    if not value.strip():
        return "está vacío"
    if len(value) > max_chars:
        return f"tiene {len(value)} caracteres; el máximo es {max_chars}"
    return None


def _short_text(value: object) -> str | None:
    return _text(value, NAME_MAX_CHARS)


def _prompt(value: object) -> str | None:
    problem = _text(value, PROMPT_MAX_CHARS)
    if problem is None:
        unknown = [match[0] for match in PLACEHOLDER.finditer(str(value)) if match[1] not in PLACEHOLDERS]
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            return f"no conoce {', '.join(unknown[:5])}; se reemplazan {known}"
    return problem


def _line(value: object) -> str | None:
    problem = _text(value, LINE_MAX_CHARS)
    if problem is None and speakable(str(value)) != " ".join(str(value).split()):
        return "tiene algo que una voz no puede decir (emoji, asterisco, corchete…)"
    return problem


def _line_list(value: object) -> str | None:
    if not isinstance(value, list):
        return f"debe ser una lista de textos, no {_type_name(value)}"
    if not 1 <= len(value) <= LINES_MAX:
        return f"debe tener de 1 a {LINES_MAX} textos, no {len(value)}"
    problems = [f"el {number}.º {problem}" for number, line in enumerate(value, 1) if (problem := _line(line))]
    return "; ".join(problems) or None


def _table(value: object) -> str | None:
    return None if isinstance(value, dict) else f"debe ser una tabla, no {_type_name(value)}"


def _type_name(value: object) -> str:
    names = {bool: "sí o no", int: "un número", float: "un número", list: "una lista", dict: "una tabla"}
    return names.get(type(value), "un texto" if isinstance(value, str) else "una fecha")
