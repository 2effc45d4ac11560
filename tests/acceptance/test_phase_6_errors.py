"""Phase 6.4: the network to Deepgram goes, its key is wrong, our public address leads nowhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from measure.daemon import Daemon, free_port
from support.stage import WISH, hurried
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.world import World

# --- the network to Deepgram is cut in the middle of a sentence ---


@pytest.fixture(scope="module")
def cut_off(start_daemon: Callable[..., Daemon], world: World) -> tuple[Daemon, CarrierCall]:
    daemon = start_daemon().wait_ready()
    world.fail("deepgram", Fault("drop", after=2, match="/v1/listen"))
    world.expect(hurried(WISH))
    call_control_id = daemon.dial()
    record = world.wait_ended(call_control_id, 30)
    daemon.wait_line("Llamada finalizada", call=call_control_id)
    return daemon, record


def test_6_4_1_the_network_is_cut_in_the_middle_of_a_call(world: World, cut_off: tuple[Daemon, CarrierCall]) -> None:
    assert [entry for entry in world.entries("deepgram") if entry.kind == "fault"]


def test_6_4_2_the_log_tells_of_it(cut_off: tuple[Daemon, CarrierCall]) -> None:
    daemon, record = cut_off
    (line,) = daemon.lines("🔁", "Deepgram desconectado", "reintento en", call=record.call_control_id)
    assert line.level == "WARNING"


def test_6_4_3_it_connects_again_and_no_word_is_lost(cut_off: tuple[Daemon, CarrierCall]) -> None:
    daemon, record = cut_off
    assert len(daemon.lines("✅", "Conectado a Deepgram", call=record.call_control_id)) == 2
    heard = " ".join(line.text.split("'")[1] for line in daemon.lines("📝", call=record.call_control_id))
    assert heard == WISH
    assert record.script_error == ""
    assert [response.seconds is not None for response in record.response_times()] == [True]


# --- the key is wrong ---


@pytest.fixture(scope="module")
def wrong_key(start_daemon: Callable[..., Daemon], world: World) -> tuple[Daemon, CarrierCall]:
    daemon = start_daemon(DEEPGRAM_API_KEY="una-clave-que-no-es").wait_ready()
    world.fail("deepgram", Fault("refuse", status=401, times=-1, match="/v1/listen"))
    world.expect(hurried(WISH))
    call_control_id = daemon.dial()
    record = world.wait_ended(call_control_id, 30)
    daemon.wait_line("Llamada finalizada", call=call_control_id)
    world.heal("deepgram")
    return daemon, record


def test_6_4_4_a_wrong_key_does_not_keep_it_from_starting(wrong_key: tuple[Daemon, CarrierCall]) -> None:
    daemon, _ = wrong_key
    assert daemon.lines("Server listening on")


def test_6_4_5_the_log_has_the_vendors_reason_and_what_to_do(wrong_key: tuple[Daemon, CarrierCall]) -> None:
    daemon, record = wrong_key
    line, *_ = daemon.lines("🔑", "Deepgram rechazó la clave", call=record.call_control_id)
    assert line.level == "ERROR"
    assert "Invalid credentials" in line.text  # Deepgram's own words
    assert "Revise DEEPGRAM_API_KEY" in line.text
    assert "una-clave-que-no-es" not in line.text


def test_6_4_6_the_call_goes_on_by_the_carriers_transcription(wrong_key: tuple[Daemon, CarrierCall]) -> None:
    daemon, record = wrong_key
    assert daemon.lines("Conectado a Telnyx STT WebSocket", call=record.call_control_id)
    assert not daemon.lines("transcribe Telnyx en la llamada", call=record.call_control_id), (
        "it hears the audio that we have, from the first word on"
    )
    assert daemon.lines("📝", WISH, call=record.call_control_id)
    assert record.script_error == ""
    assert [response.seconds is not None for response in record.response_times()] == [True]
    assert daemon.is_alive


# --- nobody is at our public address ---


@pytest.fixture(scope="module")
def unreachable(start_daemon: Callable[..., Daemon]) -> Iterator[Daemon]:
    daemon = start_daemon(WEBHOOK_BASE_URL=f"http://127.0.0.1:{free_port()}")
    yield daemon
    daemon.kill()  # it would wait for the news that its calls have ended, which cannot reach it


def test_6_4_7_the_engine_starts_without_a_public_address(unreachable: Daemon) -> None:
    assert unreachable.get("/health").status_code == 200


def test_6_4_8_the_log_tells_that_nobody_reaches_us(unreachable: Daemon) -> None:
    assert unreachable.wait_line("WEBHOOK_BASE_URL", timeout_s=15).level == "WARNING"


def test_6_4_9_neither_calls_nor_the_api_are_held_up(unreachable: Daemon, world: World) -> None:
    for number in range(3):
        world.expect(hurried(WISH))
        began = time.monotonic()
        unreachable.dial(f"+57300123456{number}")
        assert unreachable.get("/health").status_code == 200
        assert time.monotonic() - began < 2
    assert unreachable.get("/api/sessions/stats").json()["active_sessions"] == 3
