"""The vendors' clients, made from the settings: each port filled with who was configured for it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from typing import Final

from loguru import logger

from telnyx_actors.actors.services import Vendors
from telnyx_actors.config import Secret, Settings
from telnyx_actors.providers.archive import FolderArchive, S3Archive, S3Options
from telnyx_actors.providers.claude import Claude, ClaudeOptions, open_client
from telnyx_actors.providers.deepgram import Deepgram, DeepgramOptions
from telnyx_actors.providers.elevenlabs import ElevenLabs, ElevenLabsOptions
from telnyx_actors.providers.http import tls_context
from telnyx_actors.providers.models import choose_model
from telnyx_actors.providers.ports import Archive
from telnyx_actors.providers.telnyx import Telnyx, TelnyxOptions
from telnyx_actors.providers.voice_classifier import WebRtcClassifier
from telnyx_actors.wire.deepgram import FluxSettings, NovaSettings, is_flux

CONNECTIONS_PER_CALL: Final = 2
"""To one vendor at once: a request, and the second one beside it when the first is slow."""


def open_vendors(settings: Settings, today: date, on_close: ExitStack) -> Vendors:
    """Every client, with one TLS context and pools as large as the calls we take. Connects to nobody yet."""
    tls = tls_context()
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
    client = open_client(ClaudeOptions(thinking.api_key.reveal(), thinking.base_url, pool_size), tls)
    voice = ElevenLabs(
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
    for client_with_connections in (telnyx, client, voice):
        on_close.callback(client_with_connections.close)
    return Vendors(
        carrier=telnyx,
        transcription=deepgram,
        model=Claude(client, _model(thinking.model, today)),
        fallback=Claude(client, _model(thinking.fallback_model, today)),
        voice=voice,
        archive=_archive(settings, on_close),
        classifier=WebRtcClassifier,
    )


def _model(wanted: str, today: date) -> str:
    choice = choose_model(wanted, today)
    if choice.warning:
        logger.warning("⚠️ {}", choice.warning)
    return choice.model


def _archive(settings: Settings, on_close: ExitStack) -> Archive:
    archive = settings.archive
    if archive.bucket is None:
        return FolderArchive(archive.data_dir / "archive")
    s3 = S3Archive(
        S3Options(
            archive.bucket,
            archive.region,
            _reveal(archive.access_key_id),
            _reveal(archive.secret_access_key),
            _reveal(archive.session_token),
            archive.endpoint_url,
        )
    )
    on_close.callback(s3.close)
    return s3


def _reveal(secret: Secret | None) -> str | None:
    """None lets boto3 look where it usually looks: a profile, the machine's role."""
    return None if secret is None else secret.reveal()
