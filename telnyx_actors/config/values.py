"""Kinds of values: how the text of a variable becomes a value, and what is said when it cannot.

A parser raises ``ValueError`` with a reason in Spanish that fits after "VARIABLE: ".
Parsers of secrets never repeat what they were given.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import phonenumbers

T = TypeVar("T")

_SHOWN_MAX: Final = 60
"""Characters of a wrong value that are repeated in the message about it."""


class Secret:
    """Text that shows itself only when asked to."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(•••)"

    def __str__(self) -> str:
        return "•••"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """``form`` describes the values in a notation that needs no language, if there is one."""

    form: str
    example: str
    parse: Callable[[str], T]
    is_secret: bool = False


def _shown(text: str) -> str:
    """A wrong value for a message of one line."""
    printable = text if text.isprintable() else ascii(text)[1:-1]
    return f"«{printable}»" if len(printable) <= _SHOWN_MAX else f"«{printable[:_SHOWN_MAX]}…»"


def whole(low: int, high: int, unit: str = "") -> Kind[int]:
    """Whole numbers in a range, both ends included."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError(f"{_shown(text)} no es un número entero") from None
        if not low <= value <= high:
            raise ValueError(f"{_shown(text)} está fuera de {low}–{high}")
        return value

    return Kind(f"{low}–{high} {unit}".rstrip(), str(low), parse)


def fraction(low: float, high: float) -> Kind[float]:
    """Decimal numbers in a range, both ends included."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{_shown(text)} no es un número decimal (con punto)") from None
        if not low <= value <= high:  # also what is not a number at all
            raise ValueError(f"{_shown(text)} está fuera de {low}–{high}")
        return value

    return Kind(f"{low}–{high}", str(low), parse)


def choice(*options: str) -> Kind[str]:
    """One of a few words, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in options:
            raise ValueError(f"{_shown(text)} no es ninguno de: {', '.join(options)}")
        return text.lower()

    return Kind(" | ".join(options), options[0], parse)


def address(*schemes: str, example: str) -> Kind[str]:
    """Addresses that a path is appended to: scheme in lower case, no query, no fragment, no slash at the end."""

    def parse(text: str) -> str:
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError(f"{_shown(text)} no es una dirección válida") from None
        if parts.scheme not in schemes or not host or " " in text or not text.isprintable():
            expected = " o ".join(f"{scheme}://" for scheme in schemes)
            raise ValueError(f"{_shown(text)} no es una dirección que empiece por {expected}")
        if parts.username is not None:
            raise ValueError("la dirección no puede llevar usuario ni contraseña")
        if parts.query or parts.fragment:
            raise ValueError(f"{_shown(text)} no puede llevar «?» ni «#»")
        return parts.geturl().rstrip("/")

    return Kind(" | ".join(f"{scheme}://…" for scheme in schemes), example, parse)


def text_like(example: str) -> Kind[str]:
    """What a vendor or the system calls something."""

    def parse(text: str) -> str:
        if not _is_one_word(text):
            raise ValueError(f"{_shown(text)} contiene espacios o caracteres que no van en un nombre")
        return text

    return Kind("", example, parse)


def _is_one_word(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in ("true", "1", "yes", "on", "sí", "si"):
        return True
    if word in ("false", "0", "no", "off"):
        return False
    raise ValueError(f"{_shown(text)} no es true ni false")


def _secret(text: str) -> Secret:
    if not _is_one_word(text):
        raise ValueError("contiene espacios o caracteres que no van en una clave (no se muestra)")
    return Secret(text)


def _phone(text: str) -> str:
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValueError(f"{_shown(text)} no es un número en formato E.164 (+, país y número)")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _folder(text: str) -> str:
    parts = [part for part in text.split("/") if part]
    if not parts or ".." in parts or not text.isprintable():
        raise ValueError(f"{_shown(text)} no es una carpeta (nombres separados por /)")
    return "/".join(parts)


def _path(text: str) -> Path:
    if not text.isprintable():  # a .env reads "C:\telnyx\new" with a tab and an end of line
        raise ValueError(f"{_shown(text)} no es una ruta; con «\\» va entre comillas simples, o use «/»")
    return Path(text)


def _timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # unknown, not a name at all, a folder of the database
        raise ValueError(f"{_shown(text)} no es una zona horaria de la base IANA") from None


def _ed25519_key(text: str) -> str:
    try:
        size = len(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        size = 0
    if size != 32:
        raise ValueError("no es una clave pública Ed25519 (32 bytes en base64, del portal de Telnyx)")
    return text


_LEVELS: Final = {
    "trace": "TRACE",
    "debug": "DEBUG",
    "info": "INFO",
    "warn": "WARNING",
    "warning": "WARNING",
    "error": "ERROR",
    "critical": "CRITICAL",
    "off": "CRITICAL",
}

_OWN_TARGET: Final = "telnyx"
"""What the targets of the replaced service's own log directives begin with."""


def _log_level(text: str) -> str:
    """Read a level, or the directives of ``RUST_LOG``: ``info,tower_http=debug``.

    The replaced service's own directive wins, then the one for everything; those for
    libraries that are not here any more are passed over.
    """
    everything: str | None = None
    own: str | None = None
    for directive in filter(None, (part.strip() for part in text.split(","))):
        target, _, word = directive.rpartition("=")
        if not target and word.lower() not in _LEVELS and word.startswith(_OWN_TARGET):
            target, word = word, "trace"  # a bare target asks for everything it has
        level = _LEVELS.get(word.strip().lower())
        if level is None:
            raise ValueError(f"{_shown(directive)} no es un nivel de registro")
        if not target:
            everything = level
        elif target.startswith(_OWN_TARGET):
            own = level
    return own or everything or "INFO"


BOOLEAN: Final = Kind("true | false", "true", _boolean)
ED25519_KEY: Final = Kind("base64, 32 bytes", base64.b64encode(bytes(range(32))).decode(), _ed25519_key)
FOLDER: Final = Kind("", "audios", _folder)
HTTP_URL: Final = address("https", "http", example="https://tu-dominio.com")
WS_URL: Final = address("wss", "ws", example="wss://tu-dominio.com/stream/media")
LOG_LEVEL: Final = Kind("TRACE | DEBUG | INFO | WARNING | ERROR | CRITICAL", "INFO", _log_level)
PATH: Final = Kind("", "./archivo", _path)
PHONE: Final = Kind("E.164", "+576012345678", _phone)
SECRET: Final = Kind("", "xxxxxxxxxxxxxxxxxxxxx", _secret, is_secret=True)
TIMEZONE: Final[Kind[ZoneInfo]] = Kind("IANA", "America/Bogota", _timezone)
