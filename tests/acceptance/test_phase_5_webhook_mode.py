"""Phase 5: the same call without media streams, driven by webhooks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from measure.daemon import Daemon
from support.stage import PRICE, WISH, assert_blanks_filled, hurried, orders
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.telnyx_settings import WebhookChaos
from telnyx_actors.standins.world import World


@pytest.fixture(scope="module")
def daemon(start_daemon: Callable[..., Daemon]) -> Daemon:
    """Started for media streams, then changed and started again, as the box says."""
    daemon = start_daemon()
    assert daemon.stop() == 0
    daemon.env["USE_MEDIA_STREAMS"] = "false"
    return daemon.start().wait_ready()


@pytest.fixture(scope="module")
def call(daemon: Daemon, world: World) -> CarrierCall:
    world.expect(hurried(WISH))
    call_control_id = daemon.dial()
    record = world.wait_ended(call_control_id, 30)
    daemon.wait_line("Llamada finalizada", call=call_control_id)
    return record


def test_5_1_the_mode_changes_with_one_setting(daemon: Daemon) -> None:
    assert [line.text for line in daemon.lines("USE_MEDIA_STREAMS")] == []  # nothing to warn of
    assert daemon.get("/health").status_code == 200


def test_5_2_the_same_call_is_held(call: CarrierCall) -> None:
    assert (call.script_error, call.violations) == ("", [])
    assert "playback_start" in orders(call) and not call.events_of("stream.start")


def test_5_3_the_log_shows_no_socket_to_deepgram(daemon: Daemon, call: CarrierCall) -> None:
    assert daemon.lines("📞", "Llamada iniciada", call=call.call_control_id)
    assert daemon.lines("🔌") == []


def test_5_4_transcriptions_come_as_webhooks(daemon: Daemon, call: CarrierCall) -> None:
    assert daemon.lines(f"📨 [CALL:{call.call_control_id}] Webhook recibido: call.transcription")


def test_5_5_what_was_said_is_in_the_log(daemon: Daemon, call: CarrierCall) -> None:
    assert daemon.lines(f"📝 [CALL:{call.call_control_id}] Transcripción recibida: '{WISH}'")


def test_5_6_the_answer_is_slower_but_not_slow(call: CarrierCall) -> None:
    (response,) = [response.seconds for response in call.response_times()]
    assert response is not None and 0.8 < response < 6.0


def test_5_7_a_command_fills_in_the_blanks(call: CarrierCall) -> None:
    assert_blanks_filled("5.7", "Webhook", call)


def test_one_turn_gets_one_reply_when_every_webhook_comes_twice_and_shuffled(daemon: Daemon, world: World) -> None:
    world.misbehave(WebhookChaos(duplicates=1, shuffle_ms=250))
    before = daemon.figure("telnyx_actors_front_webhooks_duplicate_total")
    world.expect(hurried(WISH, PRICE))
    call_control_id = daemon.dial()
    record = world.wait_ended(call_control_id, 40)
    daemon.wait_line("Llamada finalizada", call=call_control_id)
    world.heal()
    said = [line.text.split("'")[1] for line in daemon.lines("💬", call=call_control_id)]
    assert len(said) == 2, said
    heard = " ".join(word.text for word in world.agent_words(call_control_id))
    for reply in said:
        assert heard.count(reply) == 1, heard
    assert (record.script_error, record.violations) == ("", [])
    assert daemon.figure("telnyx_actors_front_webhooks_duplicate_total") > before
