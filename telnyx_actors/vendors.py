"""The vendors' clients, made from the settings: each port filled with who was configured for it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
import ssl
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from loguru import logger

from telnyx_actors.actors.services import Vendors
from telnyx_actors.config import Claude as ClaudeConfig
from telnyx_actors.config import Secret, Settings
from telnyx_actors.lazy import Lazy, LazyArchive, LazyModel
from telnyx_actors.providers.deepgram import Deepgram, DeepgramOptions
from telnyx_actors.providers.elevenlabs import ElevenLabs, ElevenLabsOptions
from telnyx_actors.providers.folder import FolderArchive
from telnyx_actors.providers.http import tls_context
from telnyx_actors.providers.models import choose_model
from telnyx_actors.providers.ports import Archive, LanguageModel
from telnyx_actors.providers.telnyx import Telnyx, TelnyxOptions
from telnyx_actors.providers.voice_classifier import WebRtcClassifier
from telnyx_actors.wire.deepgram import FluxSettings, NovaSettings, is_flux

CONNECTIONS_PER_CALL: Final = 2
"""To one vendor at once: a request, and the second one beside it when the first is slow."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The vendors' clients by what they are, for those who check them."""

    telnyx: Telnyx
    deepgram: Deepgram
    claude: Claude
    fallback: Claude
    elevenlabs: ElevenLabs
    archive: Archive


def open_vendors(settings: Settings, today: date, on_close: ExitStack) -> Vendors:
    """Every port filled. Connects to nobody yet."""
    clients = open_clients(settings, today, tls_context(), on_close)
    return Vendors(
        carrier=clients.telnyx,
        transcription=clients.deepgram,
        model=clients.claude,
        fallback=clients.fallback,
        voice=clients.elevenlabs,
        archive=clients.archive,
        classifier=WebRtcClassifier,
    )


def open_clients(settings: Settings, today: date, tls: ssl.SSLContext, on_close: ExitStack) -> Clients:
    """Every client, with one TLS context and pools as large as the calls we take. Connects to nobody yet."""
    pool_size = settings.server.max_calls * CONNECTIONS_PER_CALL
    language = settings.telnyx.transcription_lang
    telnyx = Telnyx(
        TelnyxOptions(
            settings.telnyx.api_key.reveal(),
            settings.telnyx.connection_id,
            settings.telnyx.phone_number,
            settings.telnyx.api_url,
            pool_size,
        ),
        tls,
    )
    hearing = settings.deepgram
    nova_or_flux = FluxSettings if is_flux(hearing.model) else NovaSettings
    deepgram = Deepgram(
        DeepgramOptions(hearing.api_key.reveal(), nova_or_flux(model=hearing.model, language=language), hearing.url),
        tls,
    )
    thinking = settings.claude
    anthropic = open_client(ClaudeOptions(thinking.api_key.reveal(), thinking.base_url, pool_size), tls)
    elevenlabs = ElevenLabs(
        ElevenLabsOptions(
            settings.elevenlabs.api_key.reveal(),
            settings.elevenlabs.voice_id,
            settings.elevenlabs.model,
            language,
            settings.elevenlabs.api_url,
            pool_size=pool_size,
        ),
        tls,
    )
    for client_with_connections in (telnyx, anthropic, elevenlabs):
        on_close.callback(client_with_connections.close)
    return Clients(
        telnyx,
        deepgram,
        claude=Claude(anthropic, _model("CLAUDE_MODEL", thinking.model, today)),
        fallback=Claude(anthropic, _model("CLAUDE_FALLBACK_MODEL", thinking.fallback_model, today)),
        elevenlabs=elevenlabs,
        archive=_archive(settings, on_close),
    )


def _model(variable: str, wanted: str, today: date) -> str:
    choice = choose_model(wanted, today, variable)
    if choice.warning:
        logger.warning("⚠️ {}", choice.warning)
    return choice.model


def _archive(settings: Settings, on_close: ExitStack) -> Archive:
    archive = settings.archive
    if archive.bucket is None:
        return FolderArchive(archive.data_dir / "archive")
    bucket = archive.bucket

    def open_s3() -> Archive:
        from telnyx_actors.providers.s3 import S3Archive, S3Options  # noqa: PLC0415 - see lazy.py

        s3 = S3Archive(
            S3Options(
                bucket,
                archive.region,
                _reveal(archive.access_key_id),
                _reveal(archive.secret_access_key),
                _reveal(archive.session_token),
                archive.endpoint_url,
            )
        )
        on_close.callback(s3.close)
        return s3

    return LazyArchive(Lazy(open_s3))


def _reveal(secret: Secret | None) -> str | None:
    """None lets boto3 look where it usually looks: a profile, the machine's role."""
    return None if secret is None else secret.reveal()
