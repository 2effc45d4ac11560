"""Why the carrier did not dial, in the words of whoever asked for the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from telnyx_actors.errors import Failure, ProviderError

_AGAIN: Final = "Vuelva a intentarlo cuando termine alguna."
_BY_CODE: Final[Mapping[str, str]] = {
    "90041": f"la cuenta de Telnyx no permite más llamadas salientes a la vez. {_AGAIN}",
    "90042": f"el perfil de salida de Telnyx no permite más llamadas a la vez. {_AGAIN}",
    "90043": f"la aplicación de Telnyx no permite más llamadas salientes a la vez. {_AGAIN}",
    "90103": "la cuenta de Telnyx no permite iniciar tantas llamadas por segundo. Vuelva a intentarlo en un momento.",
}
_BY_KIND: Final[Mapping[Failure, str]] = {
    Failure.AUTH: "Telnyx no acepta la clave o no permite llamar a ese número",
    Failure.PAYMENT: "la cuenta de Telnyx no tiene saldo",
    Failure.RATE_LIMIT: "Telnyx recibe demasiadas peticiones de esta cuenta",
    Failure.UNAVAILABLE: "no se pudo hablar con Telnyx",
    Failure.TIMEOUT: "Telnyx no respondió a tiempo; la llamada puede estar en curso",
}


def refusal_in_words(error: ProviderError) -> str:
    """One sentence, with the carrier's own reason where ours does not say it all."""
    known = _BY_CODE.get(error.code or "")
    if known is not None:
        return f"No se pudo llamar: {known} ({error.code})"
    why = _BY_KIND.get(error.kind, "Telnyx no aceptó la llamada")
    code = f"{error.code}: " if error.code else ""
    return f"No se pudo llamar: {why} ({code}{error.message})"
