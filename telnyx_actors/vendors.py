"""The vendors' clients, made from the settings: each port filled with who was configured for it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final

from loguru import logger

from telnyx_actors.actors.services import Vendors
from telnyx_actors.config import Secret, Settings
from telnyx_actors.lazy import Lazy, LazyArchive, LazyModel
from telnyx_actors.providers.deepgram import Deepgram, DeepgramOptions
from telnyx_actors.providers.elevenlabs import ElevenLabs, ElevenLabsOptions
from telnyx_actors.providers.folder import FolderArchive
from telnyx_actors.providers.http import tls_context
from telnyx_actors.providers.models import choose_model
from telnyx_actors.providers.playback_files import WithFiles
from telnyx_actors.providers.ports import Archive, Carrier
from telnyx_actors.providers.telnyx import Telnyx, TelnyxOptions
from telnyx_actors.providers.telnyx_stt import TelnyxStt, TelnyxSttOptions
from telnyx_actors.providers.voice_classifier import WebRtcClassifier
from telnyx_actors.wire.deepgram import FluxSettings, NovaSettings, is_flux
from telnyx_actors.wire.telnyx_stt import SttSettings

if TYPE_CHECKING:
    from telnyx_actors.providers.claude import Claude

CONNECTIONS_PER_CALL: Final = 2
"""To one vendor at once: a request, and the second one beside it when the first is slow."""


def open_vendors(settings: Settings, today: date, on_close: ExitStack) -> Vendors:
    """Every client, with one TLS context and pools as large as the calls we take. Connects to nobody yet."""
    tls = tls_context()
    telnyx, elevenlabs = open_telnyx(settings, tls), open_elevenlabs(settings, tls)
    for client_with_connections in (telnyx, elevenlabs):
        on_close.callback(client_with_connections.close)
    claude = Lazy(lambda: open_claude(settings, tls, on_close))
    thinking = settings.claude
    return Vendors(
        carrier=_with_files(telnyx, settings, on_close),
        transcription=open_deepgram(settings, tls),
        model=_lazy_model(claude, _model("CLAUDE_MODEL", thinking.model, today)),
        fallback=_lazy_model(claude, _model("CLAUDE_FALLBACK_MODEL", thinking.fallback_model, today)),
        voice=elevenlabs,
        archive=open_archive(settings, on_close),
        classifier=WebRtcClassifier,
        reserve=open_telnyx_stt(settings, tls) if settings.deepgram.has_reserve else None,
    )


def open_telnyx(settings: Settings, tls: ssl.SSLContext) -> Telnyx:
    telnyx = settings.telnyx
    return Telnyx(
        TelnyxOptions(
            telnyx.api_key.reveal(), telnyx.connection_id, telnyx.phone_number, telnyx.api_url, _pool_size(settings)
        ),
        tls,
    )


def open_deepgram(settings: Settings, tls: ssl.SSLContext) -> Deepgram:
    hearing = settings.deepgram
    nova_or_flux = FluxSettings if is_flux(hearing.model) else NovaSettings
    listening = nova_or_flux(model=hearing.model, language=settings.telnyx.transcription_lang)
    return Deepgram(DeepgramOptions(hearing.api_key.reveal(), listening, hearing.url), tls)


def open_telnyx_stt(settings: Settings, tls: ssl.SSLContext) -> TelnyxStt:
    telnyx = settings.telnyx
    hearing = SttSettings(telnyx.transcription_engine, telnyx.transcription_lang)
    return TelnyxStt(TelnyxSttOptions(telnyx.api_key.reveal(), hearing, telnyx.api_url), tls)


def open_elevenlabs(settings: Settings, tls: ssl.SSLContext) -> ElevenLabs:
    speaking = settings.elevenlabs
    return ElevenLabs(
        ElevenLabsOptions(
            speaking.api_key.reveal(),
            speaking.voice_id,
            speaking.model,
            settings.telnyx.transcription_lang,
            speaking.api_url,
            pool_size=_pool_size(settings),
        ),
        tls,
    )


def open_claude(settings: Settings, tls: ssl.SSLContext, on_close: ExitStack) -> Callable[[str], Claude]:
    """What makes models by their names, all on one client."""
    from telnyx_actors.providers.claude import Claude, ClaudeOptions, open_client  # noqa: PLC0415 - see lazy.py

    thinking = settings.claude
    client = open_client(ClaudeOptions(thinking.api_key.reveal(), thinking.base_url, _pool_size(settings)), tls)
    on_close.callback(client.close)
    return partial(Claude, client)


def _lazy_model(claude: Lazy[Callable[[str], Claude]], name: str) -> LazyModel:
    return LazyModel(name, Lazy(lambda: claude.get()(name)))


def _pool_size(settings: Settings) -> int:
    return settings.server.max_calls * CONNECTIONS_PER_CALL


def _model(variable: str, wanted: str, today: date) -> str:
    choice = choose_model(wanted, today, variable)
    if choice.warning:
        logger.warning("⚠️ {}", choice.warning)
    return choice.model


def _with_files(telnyx: Telnyx, settings: Settings, on_close: ExitStack) -> Carrier:
    """A call's orders wait behind one that has a file to upload: that has no time for an archive that is slow."""
    if settings.archive.bucket is None:
        return telnyx
    return WithFiles(telnyx, open_archive(settings, on_close, is_hurried=True), settings.archive.folder)


def open_archive(settings: Settings, on_close: ExitStack, *, is_hurried: bool = False) -> Archive:
    archive = settings.archive
    if archive.bucket is None:
        return FolderArchive(archive.data_dir / "archive")
    bucket = archive.bucket

    def open_s3() -> Archive:
        from telnyx_actors.providers.s3 import S3Archive, S3Options  # noqa: PLC0415 - see lazy.py

        options = S3Options(
            bucket,
            archive.region,
            _reveal(archive.access_key_id),
            _reveal(archive.secret_access_key),
            _reveal(archive.session_token),
            archive.endpoint_url,
        )
        s3 = S3Archive(options.hurried() if is_hurried else options)
        on_close.callback(s3.close)
        return s3

    return LazyArchive(Lazy(open_s3))


def _reveal(secret: Secret | None) -> str | None:
    """None lets boto3 look where it usually looks: a profile, the machine's role."""
    return None if secret is None else secret.reveal()
