"""Phase 4: the server, its port, a call by media stream, and how long the caller waits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from measure.daemon import Daemon
from support.checklist import commands
from support.stage import WISH, as_powershell_writes, assert_blanks_filled, hurried, run
from telnyx_actors.config import load_settings, read_env
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.world import World

TELEFONO = "+5730001234567"


@pytest.fixture(scope="module")
def daemon(start_daemon: Callable[..., Daemon]) -> Daemon:
    return start_daemon(HOST="0.0.0.0").wait_ready()


@dataclass(frozen=True, slots=True)
class Placed:
    """The call of box 4.3.2: what ``curl`` printed, and what the carrier knows of the call."""

    status: str
    answer: dict[str, str]
    record: CarrierCall

    @property
    def id(self) -> str:
        return self.record.call_control_id


@pytest.fixture(scope="module")
def call(daemon: Daemon, world: World) -> Placed:
    world.expect(hurried(WISH), TELEFONO)
    (command,) = commands("4.3.2", daemon.port, as_powershell_writes(nombre="TestUser", telefono=TELEFONO))
    printed = run([*command, "--silent", "--write-out", "\n%{http_code}"], daemon.folder).stdout
    body, _, status = printed.rpartition("\n")
    answer = json.loads(body)
    record = world.wait_ended(answer["call_control_id"], 30)
    daemon.wait_line("Llamada finalizada", call=record.call_control_id)
    return Placed(status, answer, record)


# --- 4.1: start the server ---


def test_4_1_1_the_server_starts(daemon: Daemon) -> None:
    assert daemon.is_alive


def test_4_1_2_the_log_says_where_it_listens(daemon: Daemon) -> None:
    assert daemon.lines(f"Server listening on 0.0.0.0:{daemon.port}")
    plain = load_settings(read_env(daemon.folder / ".env", {"PORT": "", "HOST": ""})).server
    assert plain.port == daemon.port


def test_4_1_3_it_starts_without_errors(daemon: Daemon) -> None:
    assert [line.text for line in daemon.lines() if line.level not in ("INFO", "WARNING")] == []
    assert daemon.get("/ready").status_code == 200


def test_4_1_4_every_line_has_a_time_a_level_and_a_text(daemon: Daemon, call: Placed) -> None:
    assert [line.text for line in daemon.lines() if not (line.stamp and line.level)] == []


# --- 4.2: reach it ---


def test_4_2_1_curl_reaches_the_server(daemon: Daemon) -> None:
    (command,) = commands("4.2.1", daemon.port)
    assert run(command, daemon.folder).returncode == 0


def test_4_2_2_it_answers_200_and_that_it_is_healthy(daemon: Daemon) -> None:
    (command,) = commands("4.2.1", daemon.port)
    answer = run([*command, "--silent", "--include"], daemon.folder).stdout
    assert answer.startswith("HTTP/1.1 200 ")
    assert json.loads(answer.splitlines()[-1])["status"] == "healthy"


@pytest.fixture(scope="module")
def handshake(daemon: Daemon) -> str:
    """``curl -N`` stays on the socket, so it is given a second."""
    (command,) = commands("4.2.3", daemon.port)
    return run([*command, "--silent", "--max-time", "1"], daemon.folder).stdout


def test_4_2_3_the_websocket_can_be_reached(handshake: str) -> None:
    assert re.search(r"^upgrade: websocket$", handshake, re.IGNORECASE | re.MULTILINE)


def test_4_2_4_it_switches_protocols(handshake: str) -> None:
    assert handshake.splitlines()[0] == "HTTP/1.1 101 Switching Protocols"


# --- 4.3: a call ---


def test_4_3_1_media_streams_are_on(daemon: Daemon) -> None:
    assert daemon.env["USE_MEDIA_STREAMS"] == "true"


def test_4_3_2_the_call_is_placed(call: Placed) -> None:
    assert call.status == "201"
    assert call.answer.keys() == {"call_control_id", "call_id", "status", "timestamp"}
    assert call.answer["status"] == "initiated"
    assert (call.record.to, call.record.script_error, call.record.violations) == (TELEFONO, "", [])


def test_4_3_3_every_line_of_the_call_carries_its_id(daemon: Daemon, call: Placed) -> None:
    signs = ("📞", "📨", "🔌", "✅", "🎤", "⚡", "📝", "💬", "🔊", "☎️")
    for sign in signs:
        assert daemon.lines(f"{sign} [CALL:{call.id}] "), sign


def test_4_3_4_it_connects_to_deepgram(daemon: Daemon, call: Placed) -> None:
    assert daemon.lines(f"🔌 [CALL:{call.id}] Conectando a Deepgram WebSocket")


def test_4_3_5_it_is_connected_to_deepgram(daemon: Daemon, call: Placed) -> None:
    assert daemon.lines(f"✅ [CALL:{call.id}] Conectado a Deepgram WebSocket")


def test_4_3_6_it_receives_audio(daemon: Daemon, call: Placed) -> None:
    assert daemon.lines(f"🎤 [CALL:{call.id}] Recibiendo audio de Telnyx")


def test_4_3_7_it_takes_interim_transcripts(daemon: Daemon, call: Placed) -> None:
    assert daemon.lines(f"⚡ [CALL:{call.id}] Procesando transcript INTERMEDIO")


# --- 4.4: how long the caller waits ---


def test_4_4_1_times_have_milliseconds(daemon: Daemon, call: Placed) -> None:
    stamps = [datetime.fromisoformat(line.stamp) for line in daemon.lines(call=call.id)]
    assert stamps == sorted(stamps)
    assert any(stamp.microsecond for stamp in stamps)


def test_4_4_2_a_turn_begins_with_what_was_heard(daemon: Daemon, call: Placed) -> None:
    heard = " ".join(line.text.split("'")[1] for line in daemon.lines("📝", "Transcripción recibida: '", call=call.id))
    assert heard == WISH


def test_4_4_3_a_turn_ends_with_what_was_played(daemon: Daemon, call: Placed) -> None:
    (said,) = daemon.lines("💬", "Claude respuesta generada: '", call=call.id)
    assert daemon.lines("🔊", "Audio reproducido", call=call.id, after=said.at)


def test_4_4_4_the_caller_waits_less_than_two_and_a_half_seconds(daemon: Daemon, call: Placed) -> None:
    (response,) = [response.seconds for response in call.record.response_times()]
    assert response is not None and response < 2.5
    (line,) = daemon.lines("⏱️", "Turno 1", call=call.id)
    match = re.search(r"respuesta (\d+) ms", line.text)
    assert match is not None
    assert abs(int(match[1]) / 1000 - response) < 0.3  # the log tells what the caller's ear knows


def test_4_4_5_a_command_fills_in_the_blanks(call: Placed) -> None:
    assert_blanks_filled("4.4.5", "WebSocket", call.record)
