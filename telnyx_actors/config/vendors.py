"""Settings of the vendors: who they are, how we authenticate, and where they live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from telnyx_actors.config.fields import Group, Text, optional, required, setting
from telnyx_actors.config.values import (
    BOOLEAN,
    ED25519_KEY,
    FOLDER,
    HTTP_URL,
    PATH,
    PHONE,
    SECRET,
    Secret,
    address,
    choice,
    fraction,
    text_like,
    whole,
)


@dataclass(frozen=True, slots=True)
class Telnyx(Group):
    """The phone network."""

    title: ClassVar[Text] = Text(es="Telnyx: la red telefónica", en="Telnyx: the phone network")

    api_key: Secret = required(
        "TELNYX_API_KEY",
        SECRET,
        Text(es="Clave de la API v2 de Telnyx.", en="Key of Telnyx's API v2."),
    )
    connection_id: str = required(
        "TELNYX_CONNECTION_ID",
        text_like("1234567890123456789"),
        Text(
            es="Id de la aplicación de Call Control que hace y recibe las llamadas.",
            en="Id of the Call Control application that makes and takes the calls.",
        ),
    )
    phone_number: str = required(
        "TELNYX_PHONE_NUMBER",
        PHONE,
        Text(es="Número propio desde el que se llama.", en="Our own number, from which calls are made."),
    )
    public_key: str | None = optional(
        "TELNYX_PUBLIC_KEY",
        ED25519_KEY,
        Text(
            es="Clave pública con la que se verifican los webhooks; sin ella vale el secreto de cada llamada que "
            "hacemos, y las entrantes se rechazan.",
            en="Public key that webhooks are verified with; without it the secret of each call that we make must do, "
            "and incoming calls are refused.",
        ),
    )
    api_url: str = setting(
        "TELNYX_API_URL",
        HTTP_URL,
        "https://api.telnyx.com/v2",
        Text(es="Dónde está la API de Telnyx.", en="Where Telnyx's API is."),
    )
    use_media_streams: bool = setting(
        "USE_MEDIA_STREAMS",
        BOOLEAN,
        "true",
        Text(
            es="true: audio en directo por WebSocket; false: modo webhook.",
            en="true: live audio by WebSocket; false: webhook mode.",
        ),
    )
    transcription_engine: str = setting(
        "TELNYX_TRANSCRIPTION_ENGINE",
        choice("deepgram", "google", "telnyx", "azure"),
        "deepgram",
        Text(
            es="Motor de Telnyx cuando transcribe él: en modo webhook, o si Deepgram falla.",
            en="Telnyx's engine when it transcribes: in webhook mode, or when Deepgram fails.",
        ),
    )
    listens_along: bool = setting(
        "TELNYX_LISTENS_ALONG",
        BOOLEAN,
        "true",
        Text(
            es="true: Telnyx transcribe además todas las llamadas (lo cobra aparte), y sus palabras llenan lo que no "
            "llegó hasta aquí: mientras el socket de audio calla, o mientras el demonio está caído. "
            "false: lo que se dice entonces se pierde.",
            en="true: Telnyx transcribes all calls as well (at its price), and its words fill what never came here: "
            "while the media socket is mute, or while the daemon is dead. false: what is said then is lost.",
        ),
    )
    transcription_lang: str = setting(
        "TELNYX_TRANSCRIPTION_LANG",
        text_like("es"),
        "es",
        Text(es="Idioma de quien llama.", en="The caller's language."),
    )
    stream_track: str = setting(
        "STREAM_TRACK",
        choice("inbound", "outbound", "both", "inbound_track", "outbound_track", "both_tracks"),
        "inbound",
        Text(es="Qué lado de la llamada se pide a Telnyx.", en="Which side of the call Telnyx is asked for."),
        unused=Text(
            es="se pide siempre el lado de quien llama; lo que dice el agente ya se conoce",
            en="the caller's side is always what is asked for; what the agent says is known already",
        ),
    )
    dials_per_s: int = setting(
        "DIALS_PER_SECOND",
        whole(1, 1_000),
        "30",
        Text(
            es="Llamadas que la cuenta puede iniciar por segundo; las demás esperan su turno.",
            en="Calls that the account may begin each second; more wait for their turn.",
        ),
    )

    def cautions(self) -> Iterator[str]:
        if self.public_key is None:
            yield (
                "TELNYX_PUBLIC_KEY: falta, y sin ella se rechazan las llamadas entrantes: "
                "nada prueba que sus webhooks vengan de Telnyx. Las salientes funcionan"
            )


@dataclass(frozen=True, slots=True)
class Deepgram(Group):
    """Hearing."""

    title: ClassVar[Text] = Text(es="Deepgram: el oído", en="Deepgram: hearing")

    api_key: Secret = required("DEEPGRAM_API_KEY", SECRET, Text(es="Clave de Deepgram.", en="Deepgram's key."))
    model: str = setting(
        "DEEPGRAM_MODEL",
        text_like("nova-3"),
        "nova-3",
        Text(
            es="Modelo; uno que empiece por flux decide él mismo el fin de turno.",
            en="Model; one whose name begins with flux finds the end of a turn itself.",
        ),
    )
    url: str = setting(
        "DEEPGRAM_URL",
        address("wss", "ws", "https", "http", example="wss://api.deepgram.com"),
        "wss://api.deepgram.com",
        Text(es="Dónde está Deepgram.", en="Where Deepgram is."),
    )
    has_reserve: bool = setting(
        "TRANSCRIPTION_RESERVE",
        BOOLEAN,
        "true",
        Text(
            es="Si Deepgram falla, Telnyx STT (la misma clave de Telnyx) oye lo que nadie oyó y releva a Deepgram hasta "
            "que vuelva; false: solo transcribe Telnyx en la llamada, y lo dicho entretanto se pierde.",
            en="When Deepgram fails, Telnyx STT (by the same Telnyx key) hears what nobody heard and stands in until "
            "Deepgram is back; false: only Telnyx's transcription of the call, and what was said meanwhile is lost.",
        ),
    )
    min_confidence: float = setting(
        "TRANSCRIPTION_MIN_CONFIDENCE",
        fraction(0.0, 1.0),
        "0.3",
        Text(
            es="Por debajo de esta confianza, lo transcrito no cuenta como palabras.",
            en="Below this confidence, a transcript does not count as words.",
        ),
    )


@dataclass(frozen=True, slots=True)
class Claude(Group):
    """Thinking."""

    title: ClassVar[Text] = Text(es="Claude: las respuestas", en="Claude: thinking")

    api_key: Secret = required(
        "ANTHROPIC_API_KEY",
        SECRET,
        Text(es="Clave de Anthropic.", en="Anthropic's key."),
        aliases=("CLAUDE_API_KEY",),
    )
    model: str = setting(
        "CLAUDE_MODEL",
        text_like("claude-haiku-5-5"),
        "claude-haiku-5-5",
        Text(
            es="Modelo; uno retirado se avisa al arrancar y se cambia por el de omisión.",
            en="Model; a retired one is warned of at start and replaced by the default.",
        ),
    )
    fallback_model: str = setting(
        "CLAUDE_FALLBACK_MODEL",
        text_like("claude-haiku-4-5"),
        "claude-haiku-4-5",
        Text(
            es="Segundo modelo, al que se pregunta cuando el primero tarda o falla.",
            en="Second model, asked when the first is slow or fails.",
        ),
    )
    base_url: str = setting(
        "ANTHROPIC_BASE_URL",
        HTTP_URL,
        "https://api.anthropic.com",
        Text(es="Dónde está la API de Anthropic.", en="Where Anthropic's API is."),
    )


@dataclass(frozen=True, slots=True)
class ElevenLabs(Group):
    """Speaking."""

    title: ClassVar[Text] = Text(es="ElevenLabs: la voz", en="ElevenLabs: speaking")

    api_key: Secret = required("ELEVENLABS_API_KEY", SECRET, Text(es="Clave de ElevenLabs.", en="ElevenLabs' key."))
    voice_id: str = setting(
        "ELEVENLABS_VOICE_ID",
        text_like("21m00Tcm4TlvDq8ikWAM"),
        "21m00Tcm4TlvDq8ikWAM",
        Text(es="Id de la voz.", en="Id of the voice."),
    )
    model: str = setting(
        "ELEVENLABS_MODEL",
        text_like("eleven_flash_v2_5"),
        "eleven_flash_v2_5",
        Text(es="Modelo de voz.", en="Speech model."),
    )
    api_url: str = setting(
        "ELEVENLABS_API_URL",
        HTTP_URL,
        "https://api.elevenlabs.io",
        Text(es="Dónde está la API de ElevenLabs.", en="Where ElevenLabs' API is."),
    )


@dataclass(frozen=True, slots=True)
class Archive(Group):
    """Where recordings and transcripts go: S3 if a bucket is named, else a folder under ``data_dir``."""

    title: ClassVar[Text] = Text(es="Archivo: grabaciones y transcripciones", en="Archive: recordings and transcripts")

    data_dir: Path = setting(
        "DATA_DIR",
        PATH,
        "./var",
        Text(
            es="Carpeta de trabajo: diario, grabaciones en curso y, sin S3, el archivo.",
            en="Working folder: journal, running recordings and, without S3, the archive.",
        ),
    )
    keep_replay: bool = setting(
        "KEEP_REPLAY",
        BOOLEAN,
        "true",
        Text(
            es="Guardar 7 días lo que hace falta para repetir una llamada (run.py --replay), con lo que se dijo.",
            en="Keep what replaying a call takes (run.py --replay) for 7 days, with what was said.",
        ),
    )
    bucket: str | None = optional(
        "S3_BUCKET",
        text_like("mi-bucket"),
        Text(
            es="Bucket de S3; sin él, el archivo es una carpeta de DATA_DIR.",
            en="S3 bucket; without one, the archive is a folder of DATA_DIR.",
        ),
        aliases=("AWS_BUCKET_NAME", "AWS_S3_BUCKET"),
    )
    folder: str = setting(
        "S3_BUCKET_FOLDER",
        FOLDER,
        "audios",
        Text(es="Carpeta dentro del archivo.", en="Folder inside the archive."),
    )
    region: str = setting(
        "AWS_REGION",
        text_like("us-east-1"),
        "us-east-1",
        Text(es="Región del bucket.", en="The bucket's region."),
        aliases=("AWS_DEFAULT_REGION",),
    )
    access_key_id: Secret | None = optional(
        "AWS_ACCESS_KEY_ID",
        SECRET,
        Text(
            es="Clave de acceso; sin ella, la que boto3 encuentre (perfil, rol de la máquina).",
            en="Access key; without it, what boto3 finds (profile, role of the machine).",
        ),
    )
    secret_access_key: Secret | None = optional(
        "AWS_SECRET_ACCESS_KEY",
        SECRET,
        Text(es="Secreto de la clave de acceso.", en="The access key's secret."),
    )
    session_token: Secret | None = optional(
        "AWS_SESSION_TOKEN",
        SECRET,
        Text(es="Solo con claves temporales.", en="With temporary keys only."),
    )
    endpoint_url: str | None = optional(
        "AWS_ENDPOINT_URL_S3",
        HTTP_URL,
        Text(
            es="Dónde está S3, si no es el de Amazon.",
            en="Where S3 is, if it is not Amazon's.",
        ),
    )

    def contradictions(self) -> Iterator[str]:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            missing = "AWS_ACCESS_KEY_ID" if self.access_key_id is None else "AWS_SECRET_ACCESS_KEY"
            yield (
                f"{missing}: falta, y AWS_ACCESS_KEY_ID y AWS_SECRET_ACCESS_KEY van juntas. "
                f"Ejemplo: {missing}=xxxxxxxxxxxxxxxxxxxxx"
            )
