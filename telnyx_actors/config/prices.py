"""What vendors charge, for what calls cost to be known. Bills differ by contract: nothing is assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from telnyx_actors.config.fields import Group, Text, setting
from telnyx_actors.config.values import fraction

_PRICE: Final = fraction(0, 10_000)


@dataclass(frozen=True, slots=True)
class Prices(Group):
    """In the currency of the bills. 0: not counted."""

    title: ClassVar[Text] = Text(es="Precios: lo que cobra cada proveedor", en="Prices: what each vendor charges")

    telnyx_minute: float = setting(
        "PRICE_TELNYX_MINUTE",
        _PRICE,
        "0",
        Text(es="Telnyx, por minuto contestado.", en="Telnyx, a minute of an answered call."),
    )
    telnyx_stt_minute: float = setting(
        "PRICE_TELNYX_STT_MINUTE",
        _PRICE,
        "0",
        Text(
            es="Telnyx, por minuto transcrito: al lado de Deepgram (TELNYX_LISTENS_ALONG), o en su lugar.",
            en="Telnyx, a minute transcribed: beside Deepgram (TELNYX_LISTENS_ALONG), or instead of it.",
        ),
    )
    deepgram_minute: float = setting(
        "PRICE_DEEPGRAM_MINUTE",
        _PRICE,
        "0",
        Text(es="Deepgram, por minuto escuchado.", en="Deepgram, a minute listened to."),
    )
    claude_input_mtok: float = setting(
        "PRICE_CLAUDE_INPUT_MTOK",
        _PRICE,
        "0",
        Text(es="Claude, por millón de tokens leídos.", en="Claude, a million tokens read."),
    )
    claude_cached_mtok: float = setting(
        "PRICE_CLAUDE_CACHED_MTOK",
        _PRICE,
        "0",
        Text(es="Claude, por millón de tokens leídos de su caché.", en="Claude, a million tokens read from its cache."),
    )
    claude_output_mtok: float = setting(
        "PRICE_CLAUDE_OUTPUT_MTOK",
        _PRICE,
        "0",
        Text(es="Claude, por millón de tokens escritos.", en="Claude, a million tokens written."),
    )
    elevenlabs_kchar: float = setting(
        "PRICE_ELEVENLABS_KCHAR",
        _PRICE,
        "0",
        Text(es="ElevenLabs, por mil letras dichas.", en="ElevenLabs, a thousand characters spoken."),
    )
