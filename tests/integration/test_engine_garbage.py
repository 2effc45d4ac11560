"""Garbage at every door, while a call is in progress that must not notice."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import websocket

from support.engine import WITHIN_S, Ended, House
from support.waiting import until
from telnyx_actors.standins.caller import CallerScript, HangUp, Say, Wait, WaitForAgent
from telnyx_actors.standins.telnyx_settings import WebhookChaos

GREETED = WaitForAgent(silent_ms=200)
NASTY = [b"", b"\x00\xff\xfe", b"{", b"null", b"[]", b"1e999", b'"\\ud800"', b"[" * 50_000, b'{"data":' * 5_000]
EVENTS: list[Any] = [
    {"event_type": "call.sorpresa", "payload": {}},
    {"event_type": "call.hangup", "payload": []},
    {"event_type": 7, "id": {}, "payload": None},
    {"event_type": "call.answered", "payload": {"call_control_id": ["?"], "client_state": "¿?"}},
    {"event_type": "call.transcription", "payload": {"call_control_id": "v3:x", "transcription_data": "hola"}},
    {"event_type": "call.speak.ended", "payload": {"call_control_id": "v3:x", "client_state": "e30="}},
]
FRAMES = [
    "{",
    "[]",
    '{"event":"media"}',
    '{"event":"media","media":{"payload":"***","chunk":"1","timestamp":"x","track":"inbound"}}',
    '{"event":"media","media":{"payload":"","chunk":"-9","timestamp":"1","track":"inbound"}}',
    '{"event":"mark","mark":{"name":"nobody\'s"}}',
    '{"event":"dtmf","dtmf":{"digit":"hola"}}',
    '{"event":"start","start":{}}',
    '{"event":"error","payload":7}',
    '{"event":"sorpresa"}',
    '{"event":' * 2_000,
]
REQUESTS = [
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS, to a port that speaks none
    b"GET / HTTP/uno\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"POST /webhook/telnyx HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /webhook/telnyx HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /stream/media HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"A" * 100_000,
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("engine")) as house:
        house.world.script_model([("hora", "Las tres.")])
        yield house


def knock(house: House, request: bytes) -> bytes:
    """Send these bytes, and read whatever comes until the engine has had enough."""
    address = urlsplit(house.url)
    with socket.create_connection((address.hostname, address.port), timeout=WITHIN_S) as line:
        try:
            line.sendall(request)
            line.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: line.recv(65_536), b""))
        except (ConnectionResetError, BrokenPipeError):
            return b""


def post(house: House, path: str, body: bytes) -> int:
    headers = {"Content-Type": "application/json"}
    return requests.post(house.url + path, data=body, headers=headers, timeout=WITHIN_S).status_code


def post_signed(house: House, url: str, body: bytes) -> int:
    """A webhook that Telnyx itself could have sent, by its signature."""
    headers = house.world.telnyx._exchange.webhooks._headers(body, WebhookChaos())
    return requests.post(url, data=body, headers=headers, timeout=WITHIN_S).status_code


def send_as_carrier(house: House, call: str, text: str) -> None:
    """A frame in the call's own media socket."""
    stream = house.world.telnyx._exchange.registry.legs[call].stream
    loop = house.world._loop
    assert stream is not None and loop is not None
    asyncio.run_coroutine_threadsafe(stream._send(text), loop).result(WITHIN_S)


def body_of_the_dial(house: House, call: str) -> Any:
    return next(e.data["body"] for e in house.world.entries("telnyx") if e.data.get("call_control_id") == call)


@pytest.fixture(scope="module")
def ended(house: House) -> Ended:
    """A call at all of whose doors somebody knocked meanwhile."""
    steps = (GREETED, Say("¿Qué hora es?"), WaitForAgent(silent_ms=300), Wait(3.0), Say("¿Qué hora es?"), GREETED)
    call = house.dial(CallerScript((*steps, HangUp())))
    until(lambda: len(house.world.call(call).utterances) == 1)
    dialled = body_of_the_dial(house, call)
    for request in REQUESTS:
        assert not knock(house, request).startswith(b"HTTP/1.1 2")
    for body in NASTY:
        assert post_signed(house, dialled["webhook_url"], body) in (200, 400, 413)
        assert post(house, "/webhook/telnyx", body) in (401, 403)
        assert post(house, "/api/call/initiate", body) == 400
    for event in EVENTS:
        whole = {"record_type": "event", "id": "1", "occurred_at": "2026-11-22T00:00:00Z", **event}
        assert post_signed(house, dialled["webhook_url"], json.dumps({"data": whole}).encode()) in (200, 400)
    for frame in FRAMES:
        send_as_carrier(house, call, frame)
    for secret in ("", "?secret=x", f"?secret={parse_qs(urlsplit(dialled['stream_url']).query)['secret'][0]}"):
        stranger = websocket.create_connection(f"ws{house.url[4:]}/stream/media{secret}", timeout=WITHIN_S)
        for frame in FRAMES:
            stranger.send(frame)
        stranger.send_binary(b"\x00\xff")
        stranger.close()
    return house.ended(call)


def test_the_conversation_goes_on(ended: Ended) -> None:
    assert ended.said == ["¿Qué hora es?", "¿Qué hora es?"]
    assert [turn["heard"] for turn in ended.turns("reply")] == ["Las tres.", "Las tres."]
    assert ended.transcript["end"]["reason"] == "normal_clearing"


def test_the_call_keeps_its_socket(ended: Ended) -> None:
    assert len(ended.carrier.events_of("stream.start")) == 1
    assert ended.carrier.events_of("stream.gone") == []


def test_nothing_got_past_the_parsers(house: House, ended: Ended) -> None:
    assert [line.text for line in house.log.lines if line.level in ("ERROR", "CRITICAL")] == []
    assert house.engine.runtime.stats.crashes() == []
    assert ended.carrier.violations == []


def test_what_was_refused_was_counted(house: House, ended: Ended) -> None:
    server = house.engine.front.server
    assert server is not None
    assert server.counters.frames_garbage >= 3 * 5
    assert ended.said
