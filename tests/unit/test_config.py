"""The environment becomes settings, or one error that names everything wrong with it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from telnyx_actors.config import Call, Secret, Server, Settings, Timing, differences, load_settings
from telnyx_actors.config.docs import configuration_page, env_example
from telnyx_actors.config.settings import GROUPS, all_settings
from telnyx_actors.errors import ConfigError

ROOT = Path(__file__).parents[2]

REQUIRED = {
    "TELNYX_API_KEY": "KEY0123456789",
    "TELNYX_CONNECTION_ID": "1293384261075731499",
    "TELNYX_PHONE_NUMBER": "+576012345678",
    "DEEPGRAM_API_KEY": "deepgram-key",
    "ANTHROPIC_API_KEY": "sk-ant-key",
    "ELEVENLABS_API_KEY": "elevenlabs-key",
    "WEBHOOK_BASE_URL": "https://tu-dominio.com",
}


PUBLIC_KEY = base64.b64encode(bytes(32)).decode()


def load(**changes: str) -> Settings:
    return load_settings({**REQUIRED, **changes})


def problems_of(env: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_settings(env)
    return caught.value.problems


def test_what_is_required_is_enough() -> None:
    settings = load()
    assert settings.telnyx.phone_number == "+576012345678"
    assert settings.server.port == 3000
    assert settings.archive.bucket is None
    assert settings.call.history_exchanges == 20
    assert [line.split(":")[0] for line in settings.warnings] == ["TELNYX_PUBLIC_KEY"]
    assert load(TELNYX_PUBLIC_KEY=PUBLIC_KEY).warnings == ()


def test_nothing_at_all_names_every_required_variable_with_an_example() -> None:
    problems = problems_of({})
    assert {line.split(":")[0] for line in problems} == set(REQUIRED)
    assert all(f"falta. Ejemplo: {line.split(':')[0]}=" in line for line in problems)


def test_blank_is_the_same_as_missing() -> None:
    assert problems_of({**REQUIRED, "DEEPGRAM_API_KEY": "   "}) == (
        "DEEPGRAM_API_KEY: falta. Ejemplo: DEEPGRAM_API_KEY=xxxxxxxxxxxxxxxxxxxxx",
    )
    assert load(PORT="").server.port == 3000


def test_all_problems_come_together_one_line_each() -> None:
    problems = problems_of(
        {**REQUIRED, "PORT": "tres mil", "TIMEZONE": "Bogotá", "USE_MEDIA_STREAMS": "quizás", "MAX_CALLS": "0"}
        | {"TELNYX_PHONE_NUMBER": "3001234567", "WEBHOOK_BASE_URL": "tu-dominio.com", "ANTHROPIC_API_KEY": ""}
    )
    assert sorted(line.split(":")[0] for line in problems) == [
        "ANTHROPIC_API_KEY",
        "MAX_CALLS",
        "PORT",
        "TELNYX_PHONE_NUMBER",
        "TIMEZONE",
        "USE_MEDIA_STREAMS",
        "WEBHOOK_BASE_URL",
    ]
    assert all("Ejemplo: " in line and "\n" not in line for line in problems)
    assert "PORT: «tres mil» no es un número entero. Ejemplo: PORT=3000" in problems


def test_a_problem_is_told_under_the_name_that_was_used() -> None:
    assert problems_of({**REQUIRED, "RUST_LOG": "mucho"}) == (
        "RUST_LOG: «mucho» no es un nivel de registro. Ejemplo: RUST_LOG=INFO",
    )


@pytest.mark.parametrize("name", ["CLAUDE_MODEL", "ELEVENLABS_VOICE_ID", "AWS_REGION", "S3_BUCKET", "HOST"])
@pytest.mark.parametrize("text", ["dos palabras", "mañana", "una\tpestaña", "“comillas”"])
def test_what_cannot_be_a_name_is_told(name: str, text: str) -> None:
    (line,) = problems_of({**REQUIRED, name: text})
    assert line.startswith(f"{name}: ")
    assert "contiene espacios o caracteres que no van en un nombre. Ejemplo: " in line


def test_a_wrong_secret_is_never_repeated() -> None:
    (line,) = problems_of({**REQUIRED, "DEEPGRAM_API_KEY": "secreto con espacios"})
    assert "secreto con" not in line


def test_a_long_wrong_value_is_cut_in_the_message() -> None:
    (line,) = problems_of({**REQUIRED, "PORT": "9x" * 5_000})
    assert len(line) < 200


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "3000.5"),
        ("TRANSCRIPTION_MIN_CONFIDENCE", "1.1"),
        ("TRANSCRIPTION_MIN_CONFIDENCE", "nan"),
        ("TRANSCRIPTION_MIN_CONFIDENCE", "0,3"),
        ("TELNYX_TRANSCRIPTION_ENGINE", "whisper"),
        ("TELNYX_PUBLIC_KEY", "no es base64"),
        ("TELNYX_PUBLIC_KEY", base64.b64encode(b"corta").decode()),
        ("TELNYX_PHONE_NUMBER", "+xxxxxxxxxxxx"),
        ("TELNYX_PHONE_NUMBER", "+1"),
        ("TRANSFER_NUMBER", "tel:+57"),
        ("WEBHOOK_BASE_URL", "https://"),
        ("WEBHOOK_BASE_URL", "ftp://tu-dominio.com"),
        ("WEBHOOK_BASE_URL", "https://tu-dominio.com:puerto"),
        ("WEBHOOK_BASE_URL", "https://tu-dominio.com/?a=1"),
        ("WEBHOOK_BASE_URL", "https://ana:clave@tu-dominio.com"),
        ("WEBHOOK_BASE_URL", "https://tu dominio.com"),
        ("WEBHOOK_BASE_URL", "https://[::1"),
        ("WS_STREAM_URL", "https://tu-dominio.com"),
        ("TIMEZONE", "America"),
        ("TIMEZONE", "../../etc/passwd"),
        ("S3_BUCKET_FOLDER", "../otra"),
        ("S3_BUCKET_FOLDER", "//"),
        ("DATA_DIR", "C:\telnyx\new"),
        ("LOG_FILE", "D:\registro\ttelnyx.log"),
        ("MAX_CALLS", "cien\nmil"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "info,ruido=mucho"),
    ],
)
def test_wrong_values_are_refused(name: str, wrong: str) -> None:
    (line,) = problems_of({**REQUIRED, name: wrong})
    assert line.startswith(f"{name}: ")
    assert line.isprintable()


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("FALSE", False), ("1", True), ("no", False), ("sí", True)]
)
def test_switches_are_read_as_people_write_them(text: str, value: bool) -> None:
    assert load(USE_MEDIA_STREAMS=text).telnyx.use_media_streams is value


def test_a_number_is_kept_in_one_form() -> None:
    assert load(TRANSFER_NUMBER="+57 (318) 383-8417").call.transfer_number == "+573183838417"


def test_a_folder_has_no_slashes_around_it() -> None:
    assert load(S3_BUCKET_FOLDER="/audios/clinica/").archive.folder == "audios/clinica"


def test_addresses_lose_their_last_slash_so_that_paths_can_follow() -> None:
    assert load(TELNYX_API_URL="http://127.0.0.1:9999/v2/").telnyx.api_url == "http://127.0.0.1:9999/v2"


# --- aliases ------------------------------------------------------------------


@pytest.mark.parametrize("alias", ["S3_BUCKET", "AWS_BUCKET_NAME", "AWS_S3_BUCKET"])
def test_the_bucket_has_three_names(alias: str) -> None:
    assert load(**{alias: "grabaciones"}).archive.bucket == "grabaciones"


def test_the_key_of_the_model_has_two_names() -> None:
    env = {**REQUIRED, "CLAUDE_API_KEY": "la-otra"}
    del env["ANTHROPIC_API_KEY"]
    assert load_settings(env).claude.api_key == Secret("la-otra")


def test_two_names_that_disagree_are_warned_of_without_showing_either() -> None:
    settings = load(CLAUDE_API_KEY="la-otra", TELNYX_PUBLIC_KEY=PUBLIC_KEY)
    assert settings.claude.api_key.reveal() == "sk-ant-key"
    assert settings.warnings == (
        "ANTHROPIC_API_KEY: se usa esta; CLAUDE_API_KEY dice otra cosa y no se tiene en cuenta",
    )


def test_the_one_setting_without_effect_says_so_when_it_asks_for_one() -> None:
    assert [declared.name for declared in all_settings() if declared.unused] == ["STREAM_TRACK"]
    assert load(STREAM_TRACK="inbound", TELNYX_PUBLIC_KEY=PUBLIC_KEY).warnings == ()
    (warning,) = load(STREAM_TRACK="both", TELNYX_PUBLIC_KEY=PUBLIC_KEY).warnings
    assert warning.startswith("STREAM_TRACK: se acepta, pero no tiene efecto")


def test_incoming_calls_without_a_public_key_are_warned_of() -> None:
    (warning,) = load().warnings
    assert "se rechazan las llamadas entrantes" in warning


def test_what_differs_between_two_settings_is_named_by_its_variable() -> None:
    before = load(CLAUDE_API_KEY="la-otra")
    assert differences(before, before) == []
    assert differences(before, load(PORT="4000", USE_MEDIA_STREAMS="false", RUST_LOG="debug", API_TOKEN="t")) == [
        "USE_MEDIA_STREAMS",
        "PORT",
        "API_TOKEN",
        "LOG_LEVEL",
    ]


@pytest.mark.parametrize(
    ("directives", "level"),
    [
        ("debug", "DEBUG"),
        ("WARN", "WARNING"),
        ("warning", "WARNING"),
        ("trace", "TRACE"),
        ("off", "CRITICAL"),
        ("info,tower_http=debug", "INFO"),
        ("tower_http=debug,info", "INFO"),
        ("tower_http=debug", "INFO"),
        ("telnyx_ai_service=debug,tower_http=warn", "DEBUG"),
        ("warn,telnyx_ai_service=debug", "DEBUG"),
        ("telnyx_ai_service", "TRACE"),
        ("telnyx_ai_service::handlers=error, info,", "ERROR"),
    ],
)
def test_log_directives_of_the_replaced_service_become_a_level(directives: str, level: str) -> None:
    assert load(RUST_LOG=directives).log.level == level


# --- between settings -----------------------------------------------------------


def test_the_ladder_of_dead_air_goes_up() -> None:
    (line,) = problems_of({**REQUIRED, "DEAD_AIR_FILLER_MS": "3000"})
    assert line == (
        "DEAD_AIR_HEDGE_MS: 2500 tiene que ser mayor que DEAD_AIR_FILLER_MS (3000). Ejemplo: DEAD_AIR_HEDGE_MS=4000"
    )


def test_an_unfinished_sentence_is_not_waited_for_less_than_a_finished_one() -> None:
    (line,) = problems_of({**REQUIRED, "ENDPOINT_COMPLETE_MS": "1500"})
    assert line.startswith("ENDPOINT_INCOMPLETE_MS: 1000 no puede ser menor")


def test_half_a_pair_of_access_keys_is_refused() -> None:
    (line,) = problems_of({**REQUIRED, "AWS_ACCESS_KEY_ID": "AKIA0123456789"})
    assert line.startswith("AWS_SECRET_ACCESS_KEY: falta")


@pytest.mark.parametrize(
    ("base", "stream", "expected"),
    [
        ("https://tu-dominio.com", "", "wss://tu-dominio.com/stream/media"),
        ("http://127.0.0.1:3000/voz/", "", "ws://127.0.0.1:3000/voz/stream/media"),
        ("HTTPS://tu-dominio.com", "", "wss://tu-dominio.com/stream/media"),
        ("https://tu-dominio.com", "WSS://audio.tu-dominio.com", "wss://audio.tu-dominio.com/stream/media"),
        ("https://tu-dominio.com", "wss://audio.tu-dominio.com", "wss://audio.tu-dominio.com/stream/media"),
        ("https://tu-dominio.com", "wss://audio.tu-dominio.com/m", "wss://audio.tu-dominio.com/m"),
    ],
)
def test_where_the_carrier_streams_to(base: str, stream: str, expected: str) -> None:
    assert load(WEBHOOK_BASE_URL=base, WS_STREAM_URL=stream).server.stream_url == expected


# --- secrets --------------------------------------------------------------------


def test_secrets_do_not_show_in_any_text_made_of_the_settings() -> None:
    settings = load(API_TOKEN="token-de-la-api", AWS_ACCESS_KEY_ID="AKIA0123", AWS_SECRET_ACCESS_KEY="secreto-de-aws")
    shown = f"{settings!r} {settings} {settings.claude.api_key} {settings.claude.api_key!r}"
    assert settings.secrets() == {
        *(REQUIRED[name] for name in REQUIRED if name.endswith("API_KEY")),
        "token-de-la-api",
        "AKIA0123",
        "secreto-de-aws",
    }
    assert not [secret for secret in settings.secrets() if secret in shown]


def test_a_token_that_can_be_guessed_is_warned_of() -> None:
    (warning,) = load(API_TOKEN="quince-letras-x", TELNYX_PUBLIC_KEY=PUBLIC_KEY).warnings
    assert warning.startswith("API_TOKEN: con menos de 16 caracteres se adivina")
    assert "quince" not in warning
    assert load(API_TOKEN="dieciseis-letras", TELNYX_PUBLIC_KEY=PUBLIC_KEY).warnings == ()


# --- the declarations -------------------------------------------------------------


def test_no_name_is_declared_twice() -> None:
    names = [name for declared in all_settings() for name in declared.names]
    assert len(names) == len(set(names))


def test_every_default_and_every_example_is_a_good_value() -> None:
    for declared in all_settings():
        declared.kind.parse(declared.example)
        assert declared.means.es.endswith(".")
        assert declared.means.en.endswith(".")


def test_groups_have_their_defaults_without_an_environment() -> None:
    assert Timing().filler_ms == 1200
    assert Call().timezone.key == "America/Bogota"
    assert Server(webhook_base_url="https://x.test").port == 3000
    assert next(iter(GROUPS)) == "telnyx"


@pytest.mark.parametrize(
    ("file", "made"), [(".env.example", env_example()), ("docs/configuration.md", configuration_page())]
)
def test_written_documentation_is_that_of_the_declarations(file: str, made: str) -> None:
    assert (ROOT / file).read_text(encoding="utf-8") == made, "run `make docs`"
