"""Bodies of the API: JSON to validated values, or a ``BadRequestError`` that names the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec
import phonenumbers

from telnyx_actors.core.persona import CONTEXT_MAX_CHARS, GREETING_MAX_CHARS, NAME_MAX_CHARS
from telnyx_actors.front.exchange import BadRequestError, Request
from telnyx_actors.front.ports import CallRequest

MENSAJE_CHARS_MAX: Final = 4000
ROW_CHARS_MAX: Final = 128

_E164: Final = re.compile(r"\+[1-9][0-9]{7,14}")
_SEPARATORS: Final = re.compile(r"[ ().\-]")
_CALL_FIELDS: Final = frozenset({"telefono", "nombre", "contexto", "saludo", "id"})
_TEST_FIELDS: Final = frozenset({"nombre", "mensaje", "contexto"})
_decode: Final = msgspec.json.Decoder().decode


def call_request(body: object) -> CallRequest:
    fields = _object(body, _CALL_FIELDS)
    return CallRequest(
        telefono=_telefono(fields),
        nombre=_nombre(fields),
        contexto=_optional(fields, "contexto", CONTEXT_MAX_CHARS),
        saludo=_optional(fields, "saludo", GREETING_MAX_CHARS),
        row=_optional(fields, "id", ROW_CHARS_MAX),
    )


def batch_rows(body: object, rows_max: int) -> list[object]:
    """The rows of a batch, each still to be validated: one bad row must not stop the others."""
    rows = _object(body, frozenset({"calls"})).get("calls")
    if not isinstance(rows, list):
        raise BadRequestError("El campo 'calls' es obligatorio y debe ser una lista.")
    if not rows:
        raise BadRequestError("El campo 'calls' está vacío: se necesita al menos una llamada.")
    if len(rows) > rows_max:
        raise BadRequestError(f"El campo 'calls' admite como máximo {rows_max} llamadas por petición.")
    return rows


def model_test(body: object) -> tuple[str, str, str | None]:
    """``(nombre, mensaje, contexto)``."""
    fields = _object(body, _TEST_FIELDS)
    mensaje = _text(fields, "mensaje", MENSAJE_CHARS_MAX)
    return _nombre(fields), mensaje, _optional(fields, "contexto", CONTEXT_MAX_CHARS)


def json_body(request: Request) -> object:
    """The body of an API request. JSON has to be declared as such: a browser cannot send that
    content type to another site without asking first, while it sends plain forms freely."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise BadRequestError(
            "El cuerpo debe ser JSON, con Content-Type: application/json.", 415, "unsupported_media_type"
        )
    try:
        return _decode(request.body)
    except UnicodeDecodeError:  # PowerShell 5.1 sends a José in Latin-1 unless it is told
        raise BadRequestError("El cuerpo tiene que ser UTF-8: Content-Type: application/json; charset=utf-8.") from None
    except (ValueError, RecursionError):
        raise BadRequestError("El cuerpo no es JSON válido.") from None


def telefono_of(row: object) -> str:
    """What a row of a batch gives as its number, for the row's own error."""
    telefono = row.get("telefono") if isinstance(row, dict) else None
    return telefono[:32] if isinstance(telefono, str) else ""


def _telefono(fields: Mapping[str, object]) -> str:
    number = _SEPARATORS.sub("", _text(fields, "telefono", 40))
    # Syntax and country code only. Whether a number of that shape exists is for the carrier
    # to say: numbering plans change faster than tables, and the validation checklist itself
    # dials numbers (+5730001234567) that are a digit too long for Colombia.
    if _E164.fullmatch(number):
        try:
            phonenumbers.parse(number, None)
        except phonenumbers.NumberParseException:
            pass  # reported below, like every other number that cannot be dialled
        else:
            return number
    raise BadRequestError("El campo 'telefono' debe ser un número en formato E.164, por ejemplo +573001234567.")


def _nombre(fields: Mapping[str, object]) -> str:
    nombre = _text(fields, "nombre", NAME_MAX_CHARS)
    if not nombre.isprintable():
        raise BadRequestError("El campo 'nombre' contiene caracteres no permitidos.")
    return nombre


def _object(body: object, known: frozenset[str]) -> Mapping[str, object]:
    if not isinstance(body, dict):
        raise BadRequestError("El cuerpo debe ser un objeto JSON.")
    for name in body:
        if name not in known:
            allowed = ", ".join(sorted(known))
            raise BadRequestError(f"El campo '{name[:40]}' no existe; los campos admitidos son: {allowed}.")
    return body


def _text(fields: Mapping[str, object], name: str, chars_max: int) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadRequestError(f"El campo '{name}' es obligatorio y debe ser un texto no vacío.")
    if len(value) > chars_max:
        raise BadRequestError(f"El campo '{name}' tiene {len(value)} caracteres; el máximo es {chars_max}.")
    return value.strip()


def _optional(fields: Mapping[str, object], name: str, chars_max: int) -> str | None:
    """Missing, null and blank all mean: not given."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadRequestError(f"El campo '{name}' debe ser un texto.")
    if len(value) > chars_max:
        raise BadRequestError(f"El campo '{name}' tiene {len(value)} caracteres; el máximo es {chars_max}.")
    return value.strip() or None
