"""Settings of the engine itself: its server, how it holds a conversation, its log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from telnyx_actors.config.fields import Group, Text, optional, required, setting
from telnyx_actors.config.values import (
    BOOLEAN,
    HTTP_URL,
    LOG_LEVEL,
    PATH,
    PHONE,
    SECRET,
    TIMEZONE,
    WS_URL,
    Secret,
    choice,
    text_like,
    whole,
)

MEDIA_PATH: Final = "/stream/media"
WEBHOOK_PATH: Final = "/webhook/telnyx"
TOKEN_CHARS_MIN: Final = 16
"""A shorter token works, with a warning: nothing slows down who tries them all."""


@dataclass(frozen=True, slots=True)
class Server(Group):
    """Where we listen, and where the world finds us."""

    title: ClassVar[Text] = Text(es="Servidor", en="Server")

    webhook_base_url: str = required(
        "WEBHOOK_BASE_URL",
        HTTP_URL,
        Text(
            es="Dirección pública de este servicio, la que ve Telnyx.",
            en="Public address of this service, as Telnyx sees it.",
        ),
    )
    ws_stream_url: str | None = optional(
        "WS_STREAM_URL",
        WS_URL,
        Text(
            es=f"Dirección pública del audio; sin ella, WEBHOOK_BASE_URL con wss:// y {MEDIA_PATH}.",
            en=f"Public address of the audio; without it, WEBHOOK_BASE_URL with wss:// and {MEDIA_PATH}.",
        ),
    )
    host: str = setting(
        "HOST", text_like("0.0.0.0"), "0.0.0.0", Text(es="Interfaz en la que se escucha.", en="Interface to listen on.")
    )
    port: int = setting(
        "PORT",
        whole(0, 65_535),
        "3000",
        Text(es="Puerto (0: cualquiera que esté libre).", en="Port (0: any that is free)."),
    )
    api_token: Secret | None = optional(
        "API_TOKEN",
        SECRET,
        Text(
            es="Token que piden /api, /metrics y /console; sin él, solo responden a esta máquina.",
            en="Token that /api, /metrics and /console ask for; without it, they answer this machine only.",
        ),
    )
    max_calls: int = setting(
        "MAX_CALLS",
        whole(1, 10_000),
        "100",
        Text(es="Llamadas a la vez; las demás se rechazan.", en="Calls at once; more are refused."),
    )
    max_front_lag_ms: int = setting(
        "MAX_FRONT_LAG_MS",
        whole(20, 10_000, "ms"),
        "250",
        Text(
            es="Retraso del servicio a partir del cual no se aceptan más llamadas.",
            en="How late the service may run before no more calls are taken.",
        ),
    )
    max_memory_mb: int = setting(
        "MAX_MEMORY_MB",
        whole(200, 1_000_000, "MB"),
        "2048",
        Text(
            es="Memoria a partir de la cual no se aceptan más llamadas.",
            en="Memory in use before no more calls are taken.",
        ),
    )
    overflow_number: str | None = optional(
        "OVERFLOW_NUMBER",
        PHONE,
        Text(
            es="A quién se pasan las llamadas entrantes que no caben; sin él, comunican.",
            en="Who incoming calls go to when there is no room; without it, they hear a busy tone.",
        ),
    )
    drain_s: int = setting(
        "DRAIN_SECONDS",
        whole(0, 3_600, "s"),
        "60",
        Text(
            es="Al detener el servicio, cuánto se espera a que acaben las llamadas.",
            en="When the service is stopped, how long calls are given to end.",
        ),
    )

    def cautions(self) -> Iterator[str]:
        if self.api_token is not None and len(self.api_token.reveal()) < TOKEN_CHARS_MIN:
            yield (
                f"API_TOKEN: con menos de {TOKEN_CHARS_MIN} caracteres se adivina, y con él se hacen llamadas. "
                "Uno bueno: python -c 'import secrets; print(secrets.token_urlsafe(24))'"
            )

    @property
    def webhook_url(self) -> str:
        return self.webhook_base_url + WEBHOOK_PATH

    @property
    def stream_url(self) -> str:
        """Where the carrier opens the media socket."""
        if self.ws_stream_url is None:
            return "ws" + self.webhook_base_url.removeprefix("http") + MEDIA_PATH
        return self.ws_stream_url + ("" if urlsplit(self.ws_stream_url).path else MEDIA_PATH)


@dataclass(frozen=True, slots=True)
class Call(Group):
    """How a call is held."""

    title: ClassVar[Text] = Text(es="La llamada", en="The call")

    persona_file: Path | None = optional(
        "PERSONA_FILE",
        PATH,
        Text(
            es="Archivo TOML con la persona; sin él, María de la clínica.",
            en="TOML file of the persona; without it, the clinic's María.",
        ),
    )
    timezone: ZoneInfo = setting(
        "TIMEZONE",
        TIMEZONE,
        "America/Bogota",
        Text(es="Zona horaria que decide el saludo.", en="Time zone that decides the greeting."),
    )
    max_call_s: int = setting(
        "MAX_CALL_SECONDS",
        whole(30, 13_900, "s"),  # Telnyx ends every call after 14,000
        "1800",
        Text(es="Duración máxima de una llamada.", en="The longest a call may last."),
    )
    transfer_number: str | None = optional(
        "TRANSFER_NUMBER",
        PHONE,
        Text(
            es="A quién se pasa la llamada cuando no se puede seguir; sin él, despedirse y colgar.",
            en="Who the call goes to when we cannot go on; without it, say goodbye and hang up.",
        ),
    )
    history_exchanges: int = setting(
        "CONVERSATION_HISTORY_LIMIT",
        whole(1, 500),
        "20",
        Text(es="Intercambios que se recuerdan.", en="Exchanges that are remembered."),
    )
    max_response_chars: int = setting(
        "MAX_RESPONSE_LENGTH",
        whole(20, 4_000),
        "150",
        Text(
            es="Largo de una respuesta, en caracteres: se le pide al modelo ({maximo} en la persona), y lo que pase se calla.",
            en="Length of a reply in characters: the model is asked for it ({maximo} in the persona), what goes beyond is not said.",
        ),
    )
    silence_timeout_ms: int = setting(
        "SILENCE_TIMEOUT_MS",
        whole(1_000, 600_000, "ms"),
        "20000",
        Text(es="Silencio de quien llama antes de preguntar si sigue ahí.", en="Caller's silence before we ask."),
    )
    quick_reply: bool = setting(
        "QUICK_REPLY_ENABLED",
        BOOLEAN,
        "false",
        Text(
            es="Frase rápida («dame un segundo…»): en modo webhook en cada turno; con audio en directo, como muletilla.",
            en="Quick phrase («dame un segundo…»): each turn in webhook mode; as the filler where audio is live.",
        ),
    )


@dataclass(frozen=True, slots=True)
class Timing(Group):
    """Who speaks when."""

    title: ClassVar[Text] = Text(es="Los tiempos de la conversación", en="The timing of the conversation")

    endpoint_complete_ms: int = setting(
        "ENDPOINT_COMPLETE_MS",
        whole(50, 5_000, "ms"),
        "250",
        Text(
            es="Silencio que cierra un turno con la frase completa. En modo webhook es fijo: quien transcribe ya esperó.",
            en="Silence that ends a complete sentence's turn. Fixed in webhook mode, where the transcriber has waited already.",
        ),
    )
    endpoint_incomplete_ms: int = setting(
        "ENDPOINT_INCOMPLETE_MS",
        whole(50, 10_000, "ms"),
        "1000",
        Text(
            es="Lo mismo, si parece que sigue («y…», un número a medias). Lo dudoso queda entre los dos.",
            en="The same of a turn that seems to go on («y…», half a number). What is unclear is between the two.",
        ),
    )
    barge_in_ms: int = setting(
        "BARGE_IN_MS",
        whole(20, 2_000, "ms"),
        "120",
        Text(es="Voz de quien llama que hace callar al agente.", en="Caller's voice that silences the agent."),
    )
    false_interruption_ms: int = setting(
        "FALSE_INTERRUPTION_MS",
        whole(100, 10_000, "ms"),
        "800",
        Text(
            es="Espera por palabras antes de dar por falsa una interrupción y retomar lo dicho.",
            en="Wait for words before an interruption is taken as false and the reply goes on.",
        ),
    )
    audio_lead_ms: int = setting(
        "AUDIO_LEAD_MS",
        whole(100, 30_000, "ms"),
        "2000",
        Text(
            es="Audio que se adelanta a Telnyx sobre lo que ya suena.",
            en="Audio sent to Telnyx ahead of what is being heard.",
        ),
    )
    filler_ms: int = setting(
        "DEAD_AIR_FILLER_MS",
        whole(100, 60_000, "ms"),
        "1200",
        Text(es="Silencio del agente: muletilla.", en="Agent silent: a filler."),
    )
    hedge_ms: int = setting(
        "DEAD_AIR_HEDGE_MS",
        whole(100, 60_000, "ms"),
        "2500",
        Text(es="Silencio del agente: se pregunta otra vez.", en="Agent silent: ask a second time."),
    )
    apology_ms: int = setting(
        "DEAD_AIR_APOLOGY_MS",
        whole(100, 60_000, "ms"),
        "4000",
        Text(es="Silencio del agente: disculpa.", en="Agent silent: apologize."),
    )
    give_up_ms: int = setting(
        "DEAD_AIR_GIVE_UP_MS",
        whole(100, 120_000, "ms"),
        "10000",
        Text(
            es="Silencio del agente: transferir, o despedirse y colgar.", en="Agent silent: transfer, or say goodbye."
        ),
    )

    def contradictions(self) -> Iterator[str]:
        ladder = {
            "DEAD_AIR_FILLER_MS": self.filler_ms,
            "DEAD_AIR_HEDGE_MS": self.hedge_ms,
            "DEAD_AIR_APOLOGY_MS": self.apology_ms,
            "DEAD_AIR_GIVE_UP_MS": self.give_up_ms,
        }
        for (lower, early_ms), (upper, late_ms) in pairwise(ladder.items()):
            if early_ms >= late_ms:
                yield f"{upper}: {late_ms} tiene que ser mayor que {lower} ({early_ms}). Ejemplo: {upper}={early_ms + 1000}"
        if self.endpoint_incomplete_ms < self.endpoint_complete_ms:
            yield (
                f"ENDPOINT_INCOMPLETE_MS: {self.endpoint_incomplete_ms} no puede ser menor que "
                f"ENDPOINT_COMPLETE_MS ({self.endpoint_complete_ms}). Ejemplo: ENDPOINT_INCOMPLETE_MS=1000"
            )


@dataclass(frozen=True, slots=True)
class Log(Group):
    """What is written down while it runs."""

    title: ClassVar[Text] = Text(es="Registro", en="Log")

    level: str = setting(
        "LOG_LEVEL",
        LOG_LEVEL,
        "INFO",
        Text(
            es="Desde qué nivel se registra. Se entiende también lo que se ponía en RUST_LOG.",
            en="The least level that is logged. What used to stand in RUST_LOG is understood too.",
        ),
        aliases=("RUST_LOG",),
    )
    format: str = setting(
        "LOG_FORMAT",
        choice("text", "json"),
        "text",
        Text(es="Líneas para personas o para máquinas.", en="Lines for people or for machines."),
    )
    transcripts: bool = setting(
        "LOG_TRANSCRIPTS",
        BOOLEAN,
        "true",
        Text(
            es="false: lo que se dice en las llamadas no se ve en la consola, y en el registro solo desde DEBUG.",
            en="false: what is said in calls is not seen in the console, and in the log at DEBUG only.",
        ),
    )
    file: Path | None = optional(
        "LOG_FILE",
        PATH,
        Text(
            es="Archivo en el que se registra además; se renueva al crecer.",
            en="File to log to as well; renewed as it grows.",
        ),
    )
