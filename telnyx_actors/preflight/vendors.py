"""The vendors: keys, models, voices and numbers, each tried by the cheapest request that proves it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from typing import Final, Protocol

from telnyx_actors.config import Settings
from telnyx_actors.core.audio import BYTES_PER_MS
from telnyx_actors.errors import ProviderError
from telnyx_actors.lazy import Lazy
from telnyx_actors.preflight.check import Check
from telnyx_actors.preflight.report import Outcome, failed, ok, warning
from telnyx_actors.providers.archive_check import check_archive
from telnyx_actors.providers.models import choose_model
from telnyx_actors.providers.ports import Voice
from telnyx_actors.vendors import (
    open_archive,
    open_claude,
    open_deepgram,
    open_elevenlabs,
    open_telnyx,
    open_telnyx_stt,
)
from telnyx_actors.wire.telnyx_rest import ApplicationFields, NumberFields

SAMPLE: Final = "Sí."
"""What the voice is asked to say: the vendor counts three characters."""

_OF_WORKER: Final = re.compile(r"/w/\d+(?=/webhook/telnyx$)")
"""In the address of one of several workers (deploy/haproxy.cfg); calls come in at the address of all."""


def vendor_checks(settings: Settings, tls: ssl.SSLContext, today: date, on_close: ExitStack) -> Iterator[Check]:
    """All of them. Connects to nobody yet."""
    yield from _telnyx(settings, tls, on_close)
    yield from _deepgram(settings, tls)
    yield from _reserve(settings, tls)
    yield from _claude(settings, tls, today, on_close)
    yield from _elevenlabs(settings, tls, on_close)
    yield _archive(settings, tls, on_close)


# --- Telnyx ----------------------------------------------------------------------------


def _telnyx(settings: Settings, tls: ssl.SSLContext, on_close: ExitStack) -> Iterator[Check]:
    telnyx = open_telnyx(settings, tls)
    on_close.callback(telnyx.close)
    yield Check(
        "telnyx_application",
        "Telnyx: clave y aplicación",
        lambda: judge_application(telnyx.application(), settings.server.webhook_url),
        "Revise TELNYX_API_KEY (portal.telnyx.com, API Keys) y TELNYX_CONNECTION_ID (Voice, Programmable Voice: "
        "el id de la aplicación).",
        settings.telnyx.api_url,
    )
    yield Check(
        "telnyx_number",
        "Telnyx: número propio",
        lambda: judge_number(telnyx.number(), telnyx.is_verified_number, settings),
        "Revise TELNYX_API_KEY y TELNYX_PHONE_NUMBER (portal.telnyx.com, Numbers).",
        settings.telnyx.api_url,
    )


def judge_application(application: ApplicationFields, webhook_url: str) -> Outcome:
    name = f"«{application.application_name or 'sin nombre'}»"
    if application.active is False:
        return failed(f"{name} está desactivada", "Actívela en portal.telnyx.com, Voice, Programmable Voice.")
    doubts: list[tuple[str, str]] = []
    if application.outbound is None or not application.outbound.outbound_voice_profile_id:
        doubts.append(
            (
                "no tiene perfil de salida (Outbound Voice Profile)",
                "Sin perfil, Telnyx rechaza las llamadas salientes: asígnele uno en el portal.",
            )
        )
    door = _OF_WORKER.sub("", webhook_url)
    if application.webhook_event_url not in (door, webhook_url):
        doubts.append(
            (
                f"manda sus webhooks a {application.webhook_event_url or 'ninguna parte'}",
                f"Para recibir llamadas entrantes, ponga en el portal {door} como dirección de webhooks.",
            )
        )
    if application.webhook_api_version != "2":
        doubts.append(("no usa webhooks de la versión 2", "Los de la versión 1 se entienden; mejor «API v2»."))
    if doubts:
        return warning(f"{name} " + ", ".join(doubt for doubt, _ in doubts), " ".join(action for _, action in doubts))
    assert application.outbound is not None
    limit = application.outbound.channel_limit
    return ok(f"{name}, con perfil de salida" + (f", {limit} salientes a la vez" if limit is not None else ""))


def judge_number(number: NumberFields | None, is_verified: Callable[[], bool], settings: Settings) -> Outcome:
    own = settings.telnyx.phone_number
    if number is None and is_verified():
        return warning(f"{own} está verificado, pero no es de la cuenta", "Sirve para llamar; no recibirá llamadas.")
    if number is None:
        return failed(
            f"{own} no es de esta cuenta ni está verificado",
            "Ponga en TELNYX_PHONE_NUMBER un número de la cuenta: con otro, Telnyx rechaza las llamadas.",
        )
    if number.status != "active":
        return failed(f"{own} no está activo ({number.status})", "Espere a que el portal lo dé por activo, o use otro.")
    if number.connection_id != settings.telnyx.connection_id:
        return warning(
            f"{own} no está asignado a esta aplicación",
            "Sirve para llamar; para recibir, asígnelo en el portal a la aplicación de TELNYX_CONNECTION_ID.",
        )
    return ok(f"{own}, activo y asignado a la aplicación")


# --- Deepgram --------------------------------------------------------------------------


def _deepgram(settings: Settings, tls: ssl.SSLContext) -> Iterator[Check]:
    deepgram = open_deepgram(settings, tls)
    model, language = settings.deepgram.model, settings.telnyx.transcription_lang

    def key() -> Outcome:
        try:
            deepgram.check_key()
        except ProviderError as error:
            if error.status == 403:  # a key that may listen and nothing else is a good key
                return ok("válida, solo para transcribir")
            raise
        return ok("válida")

    def listening() -> Outcome:
        deepgram.check_model()
        return ok(f"{model}, idioma {language}: se abrió y cerró una escucha")

    action = "Ponga en DEEPGRAM_API_KEY una clave vigente de console.deepgram.com (API Keys)."
    yield Check("deepgram_key", "Deepgram: clave", key, action, settings.deepgram.url)
    yield Check(
        "deepgram_model",
        "Deepgram: modelo",
        listening,
        f"Si la clave vale, revise DEEPGRAM_MODEL ({model}) y TELNYX_TRANSCRIPTION_LANG ({language}). "
        "Mientras falle, las llamadas se transcriben con Telnyx.",
        settings.deepgram.url,
    )


def _reserve(settings: Settings, tls: ssl.SSLContext) -> Iterator[Check]:
    if not settings.deepgram.has_reserve:
        return
    stt, engine = open_telnyx_stt(settings, tls), settings.telnyx.transcription_engine

    def listening() -> Outcome:
        try:
            stt.check()
        except ProviderError as error:
            return warning(str(error), "Si Deepgram falla, se perderán las palabras dichas mientras Telnyx lo releva.")
        return ok(f"motor {engine}: se abrió y cerró una escucha")

    yield Check("telnyx_stt", "Telnyx STT: relevo de Deepgram", listening, "", settings.telnyx.api_url)


# --- Claude ----------------------------------------------------------------------------


def _claude(settings: Settings, tls: ssl.SSLContext, today: date, on_close: ExitStack) -> Iterator[Check]:
    claude = Lazy(lambda: open_claude(settings, tls, on_close))

    def of(variable: str, wanted: str) -> Callable[[], Outcome]:
        def look() -> Outcome:
            choice = choose_model(wanted, today, variable)
            model = claude.get()(choice.model)
            model.check()
            model.prewarm("")  # an account without credit may look models up, and ask none
            return ok(choice.model) if choice.warning is None else warning(f"{choice.model} responde", choice.warning)

        return look

    thinking = settings.claude
    yield Check(
        "claude_model",
        "Claude: clave y modelo",
        of("CLAUDE_MODEL", thinking.model),
        "Revise ANTHROPIC_API_KEY o CLAUDE_API_KEY (console.anthropic.com, API Keys) y CLAUDE_MODEL.",
        thinking.base_url,
    )
    yield Check(
        "claude_fallback_model",
        "Claude: segundo modelo",
        of("CLAUDE_FALLBACK_MODEL", thinking.fallback_model),
        "Si la clave vale, revise CLAUDE_FALLBACK_MODEL: es al que se pregunta cuando el primero tarda o falla.",
        thinking.base_url,
    )


# --- ElevenLabs ------------------------------------------------------------------------


class CheckableVoice(Voice, Protocol):
    """A voice that can be asked about."""

    def check(self) -> None: ...


def _elevenlabs(settings: Settings, tls: ssl.SSLContext, on_close: ExitStack) -> Iterator[Check]:
    voice = open_elevenlabs(settings, tls)
    on_close.callback(voice.close)
    speaking = settings.elevenlabs
    yield Check(
        "elevenlabs_voice",
        "ElevenLabs: clave, voz y modelo",
        lambda: judge_voice(voice, f"{speaking.voice_id}, {speaking.model}"),
        "Revise ELEVENLABS_API_KEY (elevenlabs.io, API Keys), ELEVENLABS_VOICE_ID y ELEVENLABS_MODEL. "
        "Mientras falle, las llamadas hablan con la voz de Telnyx.",
        speaking.api_url,
    )


def judge_voice(voice: CheckableVoice, name: str) -> Outcome:
    try:
        voice.check()
    except ProviderError as error:
        if error.code != "missing_permissions":  # a key that may speak and nothing else is a good key
            raise
    size = sum(len(piece) for piece in voice.synthesize(SAMPLE))
    return ok(f"{name}: dijo «{SAMPLE}» en {size // BYTES_PER_MS} ms de audio")


# --- the archive -----------------------------------------------------------------------


def _archive(settings: Settings, tls: ssl.SSLContext, on_close: ExitStack) -> Check:
    archive, folder = open_archive(settings, on_close), settings.archive.folder

    def look() -> Outcome:
        return ok(f"se escribió y se leyó {check_archive(archive, folder, tls)}")

    if settings.archive.bucket is None:
        return Check("archive", "Archivo: carpeta", look, "Deje que el motor escriba en DATA_DIR.")
    return Check(
        "archive",
        "Archivo: S3",
        look,
        "Revise S3_BUCKET (o AWS_BUCKET_NAME), AWS_REGION y las claves de AWS; hacen falta los permisos s3:PutObject "
        "y s3:GetObject. Mientras falle, las grabaciones esperan en DATA_DIR.",
    )
