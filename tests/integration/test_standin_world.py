"""The whole world: every vendor at once, from another thread and from another process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import requests

from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import Answer, CallerScript, HangUp, Say, Stay, Wait
from telnyx_actors.standins.telnyx_settings import LineSettings, TelnyxSettings, WebhookChaos
from telnyx_actors.standins.world import World, WorldSettings
from telnyx_actors.standins.world_client import WorldClient
from telnyx_actors.standins.world_codec import BadScript, script_from_json, script_to_json

NUMBER = "+573001112233"
SHORT = CallerScript((Wait(0.1), Say("Sí."), HangUp()), Answer(after_s=0), name="corto")


def dial(env: dict[str, str], to: str = NUMBER) -> requests.Response:
    """What an engine does first, with nothing but its settings."""
    body = {"connection_id": env["TELNYX_CONNECTION_ID"], "from": env["TELNYX_PHONE_NUMBER"], "to": to}
    headers = {"Authorization": f"Bearer {env['TELNYX_API_KEY']}"}
    return requests.post(f"{env['TELNYX_API_URL']}/calls", json=body, headers=headers, timeout=5)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(WorldSettings(s3=False, telnyx=TelnyxSettings(reply_delay_ms=0))) as running:
        yield running


def test_a_call_is_made_and_read_from_another_thread(world: World) -> None:
    before = len(world.calls())
    world.expect(SHORT, NUMBER)
    assert dial(world.env).status_code == 200
    record = world.wait_call(before, timeout_s=5)
    record = world.wait_ended(record.call_control_id, timeout_s=5)
    assert (record.script_name, record.script_error, record.to) == ("corto", "", NUMBER)
    assert len(record.caller_speech()) == 1


def test_a_script_for_one_number_is_kept_for_it(world: World) -> None:
    before = len(world.calls())
    world.expect(SHORT, "+573009999999")
    world.answer_with(CallerScript((Stay(5),), Answer("busy", after_s=0), name="ocupado"))
    dial(world.env)
    dial(world.env, "+573009999999")
    names = [world.wait_call(before + index, timeout_s=5).script_name for index in range(2)]
    assert names == ["ocupado", "corto"]
    for record in world.calls()[before:]:
        world.wait_ended(record.call_control_id, timeout_s=5)


def test_a_fault_reaches_the_vendor_it_is_for_and_is_healed(world: World) -> None:
    world.fail("telnyx", Fault("refuse", status=503, times=-1, match="POST /v2/calls"))
    assert dial(world.env).status_code == 503
    world.heal()
    world.expect(SHORT)
    assert dial(world.env).status_code == 200


def test_waiting_for_what_does_not_happen_times_out(world: World) -> None:
    with pytest.raises(TimeoutError):
        world.wait_call(1000, timeout_s=0.05)
    with pytest.raises(KeyError):
        world.call("v3:unknown")


def test_every_vendor_answers_at_the_address_in_its_setting(world: World) -> None:
    env = world.env
    deepgram = env["DEEPGRAM_URL"].replace("ws", "http", 1)
    answers = {
        f"{env['TELNYX_API_URL']}/balance": {"Authorization": f"Bearer {env['TELNYX_API_KEY']}"},
        f"{deepgram}/v1/projects": {"Authorization": f"Token {env['DEEPGRAM_API_KEY']}"},
        f"{env['ANTHROPIC_BASE_URL']}/v1/models": {
            "Authorization": f"Bearer {env['ANTHROPIC_API_KEY']}",
            "anthropic-version": "2023-06-01",
        },
        f"{env['ELEVENLABS_API_URL']}/v1/models": {"xi-api-key": env["ELEVENLABS_API_KEY"]},
    }
    for url, headers in answers.items():
        assert requests.get(url, headers=headers, timeout=5).status_code == 200, url


def test_a_world_that_stopped_leaves_no_thread_and_no_listener() -> None:
    before = set(threading.enumerate())
    world = World(WorldSettings(s3=False))
    world.start()
    url = world.telnyx.url
    world.ring(CallerScript((Stay(60),)), "+573001112233")
    world.stop()
    world.stop()
    assert set(threading.enumerate()) == before
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=1)


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_behind(world: World) -> None:
    port = int(world.telnyx.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="address"):
        World(WorldSettings(port_base=port, s3=False)).start()


def test_s3_has_the_bucket_that_the_settings_name() -> None:
    pytest.importorskip("moto")
    with World() as world:
        env = world.env
        s3 = boto3.client(
            "s3",
            endpoint_url=env["AWS_ENDPOINT_URL_S3"],
            region_name=env["AWS_REGION"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        )
        s3.put_object(Bucket=env["S3_BUCKET"], Key="saludo.wav", Body=b"RIFF")
        assert s3.get_object(Bucket=env["S3_BUCKET"], Key="saludo.wav")["Body"].read() == b"RIFF"
        s3.close()


# --- in a process of its own ---


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldClient]:
    file = tmp_path_factory.mktemp("world") / "world.env"
    command = [sys.executable, "-m", "telnyx_actors.standins", "--no-s3", "--env-file", str(file)]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environ, text=True)
    output = process.stdout
    assert output is not None
    try:
        line = output.readline()
        client = WorldClient(line.strip().removeprefix("WORLD_URL="))
        assert client.env["TELNYX_PUBLIC_KEY"] in file.read_text(encoding="utf-8")
        yield client
        client.close()
    finally:
        process.terminate()
        assert process.wait(10) == 0
        output.close()


def test_a_world_in_another_process_gives_the_same_record(client: WorldClient) -> None:
    before = len(client.calls())
    client.expect(SHORT)
    dial(client.env)
    record = client.wait_call(before, timeout_s=5)
    record = client.wait_ended(record.call_control_id, timeout_s=5)
    assert (record.script_name, record.script_error) == ("corto", "")
    assert len(record.spoken) == record.length
    assert len(record.caller_speech()) == 1
    assert record.ended_at is not None
    assert time.monotonic() - 10 < record.ended_at < time.monotonic()


def test_a_person_with_curl_sees_the_call_and_hears_it(client: WorldClient) -> None:
    call_id = client.ring(CallerScript((Stay(30),)), NUMBER)
    shown = requests.get(f"{client.url}/calls/{call_id}", timeout=5).json()
    assert (shown["state"], shown["direction"]) == ("parked", "incoming")
    assert shown["events"][0]["kind"] == "created"
    sound = requests.get(f"{client.url}/calls/{call_id}/heard.wav", timeout=5)
    assert sound.content[:4] == b"RIFF"
    assert call_id in {record.call_control_id for record in client.calls()}


def test_faults_lines_webhooks_and_the_model_are_set_from_outside(client: WorldClient) -> None:
    client.fail("telnyx", Fault("refuse", status=429, match="balance"))
    headers = {"Authorization": f"Bearer {client.env['TELNYX_API_KEY']}"}
    url = f"{client.env['TELNYX_API_URL']}/balance"
    assert [requests.get(url, headers=headers, timeout=5).status_code for _ in range(2)] == [429, 200]
    client.misbehave(WebhookChaos(duplicates=1))
    client.set_line(LineSettings(law="PCMA"))
    client.set_webhook_url("http://127.0.0.1:9/")
    client.script_model([("hola", "Buenas.")])
    client.answer_with(CallerScript())
    client.heal()
    assert "fault" in {entry["kind"] for entry in client.entries("telnyx")}


def test_wrong_requests_are_refused_in_words(client: WorldClient) -> None:
    with pytest.raises(KeyError):
        client.call("v3:unknown")
    with pytest.raises(TimeoutError):
        client.wait_call(1000, timeout_s=0.05)
    with pytest.raises(ValueError, match="vendor"):
        client.fail("nobody", Fault("drop"))
    for path in ("/scripts", "/faults", "/line", "/webhook-chaos"):
        answer = requests.request("POST" if path == "/faults" else "PUT", client.url + path, data=b"{", timeout=5)
        assert answer.status_code == 400, path


def test_scripts_survive_json() -> None:
    script = CallerScript((Say("Hola", b"\x00\xff"), Wait(1.5), Stay(3)), Answer("reject", 1.0), "n", "clienta")
    assert script_from_json(script_to_json(script)) == script


@pytest.mark.parametrize("data", [None, [], {"steps": 3}, {"steps": [{"do": "Dance"}]}, {"steps": [{"do": "Wait"}]}])
def test_what_is_no_script_is_refused(data: object) -> None:
    with pytest.raises(BadScript):
        script_from_json(data)
