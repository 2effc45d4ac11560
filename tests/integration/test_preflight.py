"""The preflight against the vendors' stand-ins: what is right passes, and each thing that is wrong is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from loguru import logger

from measure.daemon import free_port
from support.fake_engine import FakeEngine
from support.front_client import serving
from support.manual_time import ManualClock
from support.raw_server import Peer, RawServer
from telnyx_actors.clock import SystemClock
from telnyx_actors.config import load_settings
from telnyx_actors.preflight import Report, preflight, self_check
from telnyx_actors.preflight.report import Finding, Status
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.elevenlabs import ElevenLabsSettings
from telnyx_actors.standins.world import World, WorldSettings

RUN = Path(__file__).parents[2] / "run.py"
EVERYTHING = [
    *("telnyx_application", "telnyx_number", "deepgram_key", "deepgram_model", "telnyx_stt"),
    *(
        "claude_model",
        "claude_fallback_model",
        "elevenlabs_voice",
        "archive",
        "webhook_address",
        "media_socket",
        "disk",
        "clock",
        "persona",
        "webhook_key",
    ),
]
VOICE = "21m00Tcm4TlvDq8ikWAM"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(WorldSettings(elevenlabs=ElevenLabsSettings(first_audio_ms=5, speed=200))) as world:
        yield world


@pytest.fixture(autouse=True)
def fair_weather(world: World) -> Iterator[None]:
    yield
    world.heal()


def env_of(world: World, folder: Path, **changes: str) -> dict[str, str]:
    """The engine's variables, with an address that leads straight to the engine's port."""
    port = changes.get("PORT") or str(free_port())
    base = f"http://127.0.0.1:{port}"
    world.set_webhook_url(f"{changes.get('WEBHOOK_BASE_URL', base)}/webhook/telnyx")
    own = {"HOST": "127.0.0.1", "PORT": port, "WEBHOOK_BASE_URL": base, "DATA_DIR": str(folder)}
    return {**world.env, **own, **changes}


def check(world: World, folder: Path, **changes: str) -> Report:
    return preflight(load_settings(env_of(world, folder, **changes)), SystemClock())


def found(report: Report, name: str) -> Finding:
    return next(finding for finding in report.findings if finding.name == name)


def failures(report: Report) -> list[str]:
    return [finding.name for finding in report.findings if finding.outcome.status is Status.FAILED]


def test_when_all_is_well_everything_was_tried_and_passes(world: World, tmp_path: Path) -> None:
    report = check(world, tmp_path)
    assert [finding.name for finding in report.findings] == EVERYTHING
    assert [finding for finding in report.findings if finding.outcome.status is not Status.OK] == []
    assert "servicio de prueba" in found(report, "webhook_address").outcome.detail
    assert "s3://" in found(report, "archive").outcome.detail


@pytest.mark.parametrize(
    ("vendor", "match", "checks", "advice"),
    [
        ("telnyx", "call_control_applications", ["telnyx_application"], "TELNYX_API_KEY"),
        ("telnyx", "phone_numbers", ["telnyx_number"], "TELNYX_PHONE_NUMBER"),
        ("deepgram", "/v1/projects", ["deepgram_key"], "DEEPGRAM_API_KEY"),
        ("deepgram", "/v1/listen connect", ["deepgram_model"], "DEEPGRAM_MODEL"),
        ("claude", "haiku-5-5", ["claude_model"], "ANTHROPIC_API_KEY"),
        ("claude", "haiku-4-5", ["claude_fallback_model"], "CLAUDE_FALLBACK_MODEL"),
        ("elevenlabs", "/v1/voices", ["elevenlabs_voice"], "ELEVENLABS_API_KEY"),
        ("elevenlabs", "text-to-speech", ["elevenlabs_voice"], "ELEVENLABS_MODEL"),
    ],
)
def test_a_vendor_that_refuses_fails_alone_and_says_which_variable(
    world: World, tmp_path: Path, vendor: str, match: str, checks: list[str], advice: str
) -> None:
    world.fail(vendor, Fault("refuse", status=401, times=-1, match=match))
    report = check(world, tmp_path)
    assert failures(report) == checks
    assert "(HTTP 401)" in found(report, checks[0]).outcome.detail
    assert advice in found(report, checks[0]).outcome.action


@pytest.mark.parametrize("engine", ["deepgram", "azure"])
def test_a_reserve_that_does_not_work_is_a_warning(world: World, tmp_path: Path, engine: str) -> None:
    assert found(check(world, tmp_path, TELNYX_TRANSCRIPTION_ENGINE=engine), "telnyx_stt").outcome.status is Status.OK
    world.fail("telnyx", Fault("refuse", status=503, times=-1, match="speech-to-text"))
    report = check(world, tmp_path, TELNYX_TRANSCRIPTION_ENGINE=engine)
    assert failures(report) == []
    assert found(report, "telnyx_stt").outcome.status is Status.WARNING


def test_a_reserve_that_is_not_wanted_is_not_tried(world: World, tmp_path: Path) -> None:
    report = check(world, tmp_path, TRANSCRIPTION_RESERVE="false")
    assert "telnyx_stt" not in [finding.name for finding in report.findings]


def test_wrong_settings_are_found_all_at_once(world: World, tmp_path: Path) -> None:
    persona = tmp_path / "persona.toml"
    persona.write_text("", encoding="utf-8")
    report = check(
        world,
        tmp_path,
        TELNYX_API_KEY="otra",
        CLAUDE_MODEL="claude-inexistente",
        DEEPGRAM_URL="ws://127.0.0.1:9",
        S3_BUCKET="otro-bucket",
        PERSONA_FILE=str(persona),
        WEBHOOK_BASE_URL="http://127.0.0.1:9",
    )
    telnyx, deepgram = ["telnyx_application", "telnyx_number"], ["deepgram_key", "deepgram_model"]
    address = ["webhook_address", "media_socket"]
    assert failures(report) == [*telnyx, *deepgram, "claude_model", "archive", *address, "persona"]
    assert "No se llega a ws://127.0.0.1:9" in found(report, "deepgram_key").outcome.action


def test_a_retired_model_is_a_warning_as_the_default_answers(world: World, tmp_path: Path) -> None:
    outcome = found(check(world, tmp_path, CLAUDE_MODEL="claude-3-haiku-20240307"), "claude_model").outcome
    assert outcome.status is Status.WARNING
    assert "CLAUDE_MODEL=claude-haiku-5-5" in outcome.action


def test_an_account_without_credit_is_found_though_its_key_and_model_are_right(world: World, tmp_path: Path) -> None:
    world.fail("claude", Fault("refuse", status=402, times=-1, match="/v1/messages claude-haiku-5-5"))
    report = check(world, tmp_path)
    assert failures(report) == ["claude_model"]
    assert found(report, "claude_model").outcome.action == "Recargue la cuenta."


def test_a_folder_serves_where_there_is_no_bucket(world: World, tmp_path: Path) -> None:
    env = {name: text for name, text in env_of(world, tmp_path).items() if "AWS" not in name and "S3" not in name}
    finding = found(preflight(load_settings(env), SystemClock()), "archive")
    assert finding.outcome.status is Status.OK
    assert str(tmp_path) in finding.outcome.detail


def test_a_wrong_clock_is_compared_with_the_carriers(world: World, tmp_path: Path) -> None:
    clock = ManualClock(wall=datetime.now(UTC) + timedelta(seconds=400))
    report = preflight(load_settings(env_of(world, tmp_path)), clock)
    assert failures(report) == ["clock"]


# --- the address ---


def test_an_engine_that_runs_is_recognized_and_left_alone(world: World, tmp_path: Path) -> None:
    with serving(FakeEngine()) as server:
        report = check(world, tmp_path, PORT=str(server.port))
        assert server.counters.webhooks_rejected.total() == 0
    assert failures(report) == []
    assert "el motor en marcha" in found(report, "webhook_address").outcome.detail


@pytest.mark.parametrize(
    ("status", "body", "detail"),
    [(404, "<html>nginx</html>", "otro servicio (HTTP 404)"), (502, "Bad Gateway", "el proxy o el túnel no llega")],
)
def test_a_proxy_that_does_not_lead_to_us_is_found_out(
    world: World, tmp_path: Path, status: int, body: str, detail: str
) -> None:
    def answer(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.respond(status, body)

    with RawServer(answer) as proxy:
        report = check(world, tmp_path, WEBHOOK_BASE_URL=proxy.url)
    assert failures(report) == ["webhook_address", "media_socket"]
    assert detail in found(report, "webhook_address").outcome.detail
    assert "Upgrade" in found(report, "media_socket").outcome.action


def test_in_webhook_mode_a_media_socket_is_not_needed(world: World, tmp_path: Path) -> None:
    report = check(world, tmp_path, USE_MEDIA_STREAMS="false", WS_STREAM_URL="ws://127.0.0.1:9/stream/media")
    assert failures(report) == []
    assert found(report, "media_socket").outcome.status is Status.WARNING


def test_the_media_socket_is_tried_where_ws_stream_url_says(world: World, tmp_path: Path) -> None:
    report = check(world, tmp_path, WS_STREAM_URL="ws://127.0.0.1:9/otra")
    assert failures(report) == ["media_socket"]


def test_a_port_that_cannot_be_had_is_named(world: World, tmp_path: Path) -> None:
    report = check(world, tmp_path, HOST="192.0.2.1")
    assert failures(report) == ["webhook_address"]
    assert "192.0.2.1" in found(report, "webhook_address").outcome.detail


def test_no_vendor_of_the_real_world_can_reach_an_address_of_this_machine(world: World, tmp_path: Path) -> None:
    settings = load_settings({**env_of(world, tmp_path), "TELNYX_API_URL": "https://telnyx.invalid/v2"})
    outcome = found(preflight(settings, SystemClock(), limit_s=10), "webhook_address").outcome
    assert outcome.status is Status.FAILED
    assert "solo existe en esta máquina" in outcome.detail


# --- an engine looks at itself ---


def warnings_of(world: World, folder: Path, **changes: str) -> list[str]:
    lines: list[str] = []
    handler = logger.add(lambda message: lines.append(message.record["message"]), level="WARNING")
    try:
        self_check(load_settings(env_of(world, folder, **changes)), SystemClock())
    finally:
        logger.remove(handler)
    return lines


def test_an_engine_that_can_be_reached_has_nothing_to_say(world: World, tmp_path: Path) -> None:
    with serving(FakeEngine()) as server:
        assert warnings_of(world, tmp_path, PORT=str(server.port)) == []


def test_an_engine_that_cannot_be_reached_says_so_and_what_to_do(world: World, tmp_path: Path) -> None:
    lines = warnings_of(world, tmp_path, WEBHOOK_BASE_URL="http://127.0.0.1:9")
    assert [line.split(":")[0] for line in lines] == ["⚠️ WEBHOOK_BASE_URL", "⚠️ Socket de audio"]
    assert "Lleve el túnel" in lines[0]


# --- the command ---


def run(world: World, folder: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    file = folder / "produccion.env"
    file.write_text(
        "".join(f"{name}={text}\n" for name, text in env_of(world, folder, **changes).items()), encoding="utf-8"
    )
    # As a Windows console would have it: the output must not depend on what the system calls its code page.
    env = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, str(RUN), "--check", "--env-file", str(file), *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8", timeout=50, check=False)


def test_the_command_prints_a_table_and_passes(world: World, tmp_path: Path) -> None:
    done = run(world, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK     Telnyx: número propio" in done.stdout
    assert done.stdout.endswith("Todo en orden: 15 comprobaciones, 0 fallas, 0 avisos.\n")


def test_the_command_fails_with_what_to_do_and_keeps_secrets(world: World, tmp_path: Path) -> None:
    done = run(world, tmp_path, "--json", TELNYX_API_KEY="KEY-que-nadie-debe-ver", LOG_FILE=str(tmp_path / "x.log"))
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["passed"] is False
    assert {item["name"] for item in report["checks"] if item["status"] == "failed"} == {
        "telnyx_application",
        "telnyx_number",
    }
    assert "KEY-que-nadie-debe-ver" not in done.stdout + done.stderr
    assert not (tmp_path / "x.log").exists(), "the log file belongs to the engine that runs"


def test_a_configuration_that_is_wrong_is_told_before_anything_is_tried(world: World, tmp_path: Path) -> None:
    done = run(world, tmp_path, "--json", MAX_CALLS="mil", PERSONA_FILE="no-existe.toml")
    assert done.returncode == 2
    problems = json.loads(done.stdout)["problems"]
    assert [problem.split(":")[0] for problem in problems] == ["MAX_CALLS", "PERSONA_FILE"]
