"""The daemon with the ``.env`` files that the team has, unchanged; and with one that changes while it runs."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from measure.daemon import ROOT, Daemon, free_port
from support.env_files import CHECKLIST_ENV, REPLACED_SERVICE_ENV, X
from telnyx_actors.standins.caller import Answer, CallerScript, Stay
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.claude import ClaudeSettings
from telnyx_actors.standins.deepgram import DeepgramSettings
from telnyx_actors.standins.elevenlabs import ElevenLabsSettings
from telnyx_actors.standins.telnyx_settings import TelnyxSettings
from telnyx_actors.standins.world import World, WorldSettings

WHERE: Final = ("TELNYX_API_URL", "DEEPGRAM_URL", "ANTHROPIC_BASE_URL", "ELEVENLABS_API_URL")
PICKS_UP: Final = CallerScript((Stay(60),), Answer(after_s=0))


class FileDaemon(Daemon):
    """A daemon whose ``.env`` is this text, to the letter. The process's variables say where the stand-ins are."""

    def __init__(self, folder: Path, world: World, text: str, **process_env: str) -> None:
        port = str(free_port())
        own = {
            "PORT": port,
            "HOST": "127.0.0.1",
            "WEBHOOK_BASE_URL": f"http://127.0.0.1:{port}",
            "WS_STREAM_URL": f"ws://127.0.0.1:{port}/stream/media",
            "DRAIN_SECONDS": "0",
            **{name: url for name, url in world.env.items() if name in WHERE},
        }
        super().__init__(folder, {"PORT": port}, {**own, **process_env})
        self.text = text

    def write_env(self) -> None:
        (self.folder / ".env").write_text(self.text, encoding="utf-8")

    def rewrite(self, old: str, new: str) -> None:
        """Change the file and have it read again."""
        assert old in self.text
        self.text = self.text.replace(old, new)
        self.write_env()
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)


def world_with(telnyx_key: str, connection_id: str, *others: str) -> World:
    """A world that takes the keys of one file and no others: Deepgram's, Claude's and ElevenLabs'."""
    deepgram, claude, elevenlabs = others
    return World(
        WorldSettings(
            s3=False,
            telnyx=TelnyxSettings(api_key=telnyx_key, connection_id=connection_id, phone_number="+576012345678"),
            deepgram=DeepgramSettings(api_key=deepgram),
            claude=ClaudeSettings(api_key=claude),
            elevenlabs=ElevenLabsSettings(api_key=elevenlabs),
        )
    )


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with world_with(X, X, X, X, X) as world:
        world.answer_with(PICKS_UP)
        yield world


@pytest.fixture
def daemon(world: World, tmp_path: Path) -> Iterator[FileDaemon]:
    with FileDaemon(tmp_path, world, CHECKLIST_ENV, AWS_ENDPOINT_URL_S3="http://127.0.0.1:9") as daemon:
        yield daemon


def next_call(daemon: Daemon, world: World) -> CarrierCall:
    """Place a call; what the carrier has of it."""
    return world.call(daemon.dial())


def dialled_with(world: World, call: CarrierCall) -> dict[str, object]:
    """The body of the dial."""
    dials = [entry.data for entry in world.entries("telnyx") if entry.kind == "dial"]
    body = next(data["body"] for data in dials if data["call_control_id"] == call.call_control_id)
    assert isinstance(body, dict)
    return body


def test_the_checklists_file_makes_a_call_with_live_audio(daemon: FileDaemon, world: World) -> None:
    body = dialled_with(world, next_call(daemon, world))
    assert body["from"] == "+576012345678"
    assert str(body["stream_url"]).startswith(f"ws://127.0.0.1:{daemon.port}/stream/media?")
    daemon.wait_line("Recibiendo audio de Telnyx")


def test_at_start_it_is_said_that_incoming_calls_need_a_public_key(daemon: FileDaemon) -> None:
    line = daemon.wait_line("TELNYX_PUBLIC_KEY", "se rechazan las llamadas entrantes")
    assert line.level == "WARNING"


def test_a_persona_of_before_still_speaks_and_what_it_says_in_vain_is_named(world: World, tmp_path: Path) -> None:
    shipped = (ROOT / "telnyx_actors" / "personas" / "maria.toml").read_text(encoding="utf-8")
    (tmp_path / "lia.toml").write_text('language = "es"\n' + shipped, encoding="utf-8")
    with FileDaemon(tmp_path, world, CHECKLIST_ENV, PERSONA_FILE="lia.toml") as daemon:
        assert daemon.wait_line("PERSONA_FILE: la clave language ya no se usa").level == "WARNING"


def test_the_replaced_services_file_makes_a_call_in_webhook_mode(tmp_path: Path) -> None:
    keys = ("KEY0123_abc", "1293384261075731499", "dg", "sk-ant-api03-x$y", "sk_1")
    with world_with(*keys) as world:
        world.answer_with(PICKS_UP)
        with FileDaemon(tmp_path, world, REPLACED_SERVICE_ENV, AWS_ENDPOINT_URL_S3="http://127.0.0.1:9") as daemon:
            call = next_call(daemon, world)
            assert "stream_url" not in dialled_with(world, call)
            daemon.wait_line("Webhook recibido: call.answered", call=call.call_control_id)
            daemon.wait_line("CLAUDE_MODEL=claude-3-haiku-20240307", "se usa claude-haiku-5-5")
            assert not daemon.lines("no tiene efecto")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP; there the console switches")
def test_new_calls_change_their_mode_without_a_restart_and_old_ones_go_on(daemon: FileDaemon, world: World) -> None:
    old = next_call(daemon, world)
    assert "stream_url" in dialled_with(world, old)
    daemon.rewrite("USE_MEDIA_STREAMS=true", "USE_MEDIA_STREAMS=false")
    daemon.wait_line("USE_MEDIA_STREAMS tiene efecto desde ahora: las llamadas nuevas van en modo webhook")
    new = next_call(daemon, world)
    assert "stream_url" not in dialled_with(world, new)
    daemon.rewrite("USE_MEDIA_STREAMS=false", "USE_MEDIA_STREAMS=true")
    daemon.wait_line("las llamadas nuevas van con audio en directo")
    assert "stream_url" in dialled_with(world, next_call(daemon, world))
    assert daemon.get("/api/sessions/stats").json()["active_sessions"] == 3


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP; there the console switches")
def test_the_level_of_the_log_changes_without_a_restart(daemon: FileDaemon, world: World) -> None:
    assert not [line for line in daemon.lines() if line.level == "DEBUG"]
    daemon.rewrite("S3_BUCKET_FOLDER=audios\n", "S3_BUCKET_FOLDER=otros\nRUST_LOG=debug\n")
    daemon.wait_line("LOG_LEVEL tiene efecto desde ahora: DEBUG")
    daemon.wait_line("S3_BUCKET_FOLDER ha cambiado, pero necesita reiniciar el servicio")
    call = next_call(daemon, world)
    daemon.wait_line("CallAnswered", call=call.call_control_id)


def test_every_problem_of_a_file_is_told_at_once_and_nothing_starts(tmp_path: Path) -> None:
    text = CHECKLIST_ENV.replace("+576012345678", "+xxxxxxxxxxxx").replace("https://tu-dominio.com", "tu-dominio.com")
    file = tmp_path / "mal.env"
    file.write_text(text.replace(f"DEEPGRAM_API_KEY={X}\n", "") + "PERSONA_FILE=no-existe.toml\n", encoding="utf-8")
    command = [sys.executable, str(ROOT / "run.py"), "--env-file", str(file)]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, encoding="utf-8", timeout=30, check=False)
    assert done.returncode == 2
    problems = [line.strip(" •") for line in done.stderr.splitlines() if "•" in line]
    names = ["TELNYX_PHONE_NUMBER", "DEEPGRAM_API_KEY", "WEBHOOK_BASE_URL", "PERSONA_FILE"]
    assert [problem.split(":")[0] for problem in problems] == names
    assert all("Ejemplo: " in problem for problem in problems[:-1])


def test_a_log_file_that_cannot_be_written_is_a_problem_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "carpeta").write_text("", encoding="utf-8")
    file = tmp_path / "mal.env"
    file.write_text(CHECKLIST_ENV + f"LOG_FILE={tmp_path / 'carpeta' / 'motor.log'}\n", encoding="utf-8")
    command = [sys.executable, str(ROOT / "run.py"), "--env-file", str(file)]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, encoding="utf-8", timeout=30, check=False)
    assert done.returncode == 2
    assert "LOG_FILE: no se puede escribir" in done.stderr
    assert "Traceback" not in done.stderr
