"""Deepgram's stand-in over real sockets: its own SDK, and a raw client for what an SDK hides."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import websocket
from deepgram import DeepgramClient
from deepgram.environment import DeepgramClientEnvironment

from support.loopback import entries, serving
from support.waiting import until
from telnyx_actors.standins import voices
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.deepgram import DeepgramSettings, DeepgramStandIn
from telnyx_actors.standins.deepgram_v1 import V1Settings
from telnyx_actors.standins.deepgram_v2 import V2Settings
from telnyx_actors.standins.phrasebook import Phrasebook

TEXT = "Sí, claro."
NOVA = "/v1/listen?model=nova-3&language=es&encoding=mulaw&sample_rate=8000&punctuate=true&endpointing=300"
FLUX = "/v2/listen?model=flux-general-multi&encoding=mulaw&sample_rate=8000"
SILENCE = b"\xff" * 160
FINALIZE, CLOSE, KEEPALIVE = (json.dumps({"type": kind}) for kind in ("Finalize", "CloseStream", "KeepAlive"))

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK is behind its own websockets library


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    book = Phrasebook()
    book.add(TEXT, voices.speak(TEXT, voice="cliente"))
    return book


@pytest.fixture
def deepgram(book: Phrasebook) -> Iterator[DeepgramStandIn]:
    with serving(DeepgramStandIn(book, quick())) as standin:
        yield standin


def quick(**changes: Any) -> DeepgramSettings:
    """As the vendor, but a backlog is worked off at once: these tests are not about pace."""
    return DeepgramSettings(**{"api_key": "clave", "backlog_speed": 100.0, **changes})


def speech() -> bytes:
    return voices.synthesize(TEXT, voice="cliente")


@contextmanager
def raw(standin: DeepgramStandIn, path: str = NOVA, **headers: str) -> Iterator[websocket.WebSocket]:
    sent = headers or {"Authorization": "Token clave"}
    socket = websocket.create_connection(standin.url.replace("http", "ws") + path, header=sent, timeout=5)
    try:
        yield socket
    finally:
        socket.shutdown()  # type: ignore[no-untyped-call]  # as the library has it


def send_speech(socket: websocket.WebSocket, audio: bytes) -> None:
    for at in range(0, len(audio), 800):
        socket.send_binary(audio[at : at + 800])


def receive(socket: websocket.WebSocket) -> tuple[int, Any]:
    """A message (opcode 1), or the close code (opcode 8)."""
    opcode, data = socket.recv_data(control_frame=True)
    return opcode, int.from_bytes(data[:2], "big") if opcode == 8 else json.loads(data)


def receive_until(socket: websocket.WebSocket, kind: str) -> dict[str, Any]:
    while True:
        opcode, message = receive(socket)
        assert opcode == 1, f"closed with {message}"
        if message["type"] == kind:
            return dict(message)


def refused(standin: DeepgramStandIn, path: str, **headers: str) -> websocket.WebSocketBadStatusException:
    with pytest.raises(websocket.WebSocketBadStatusException) as error, raw(standin, path, **headers):
        pass
    return error.value


# --- the vendor's SDK ---


@pytest.fixture
def sdk(deepgram: DeepgramStandIn) -> Iterator[DeepgramClient]:
    sockets = deepgram.url.replace("http", "ws")
    environment = DeepgramClientEnvironment(
        base=deepgram.url, production=sockets, agent=sockets, agent_rest=deepgram.url
    )
    with httpx.Client() as http:
        yield DeepgramClient(api_key="clave", environment=environment, httpx_client=http)


def test_the_sdk_hears_speech_over_nova(sdk: DeepgramClient) -> None:
    with sdk.listen.v1.connect(
        model="nova-3", language="es", encoding="mulaw", sample_rate="8000", punctuate="true", endpointing="300"
    ) as socket:
        socket.send_media(speech() + SILENCE * 25)
        socket.send_keep_alive()
        socket.send_finalize()
        socket.send_close_stream()
        heard = [message for message in socket if message is not None]
    finals = [message for message in heard if message.type == "Results" and message.is_final]
    assert " ".join(filter(None, (m.channel.alternatives[0].transcript for m in finals))) == TEXT
    assert finals[-1].from_finalize is True
    words = [word for m in finals for word in m.channel.alternatives[0].words]
    assert [(word.word, word.punctuated_word) for word in words] == [("sí", "Sí,"), ("claro", "claro.")]
    assert heard[-1].type == "Metadata"
    assert heard[-1].channels == 1


def test_the_sdk_follows_a_flux_turn(sdk: DeepgramClient) -> None:
    with sdk.listen.v2.connect(
        model="flux-general-multi", encoding="mulaw", sample_rate="8000", eager_eot_threshold="0.4"
    ) as socket:
        socket.send_media(speech() + SILENCE * 50)
        socket.send_close_stream()
        heard = list(socket)
    assert heard[0].type == "Connected"
    turns = [message for message in heard if message.type == "TurnInfo" and message.event != "Update"]
    assert [turn.event for turn in turns] == ["StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]
    assert [turn.transcript for turn in turns[1:]] == [TEXT, TEXT]
    assert [message.sequence_id for message in heard] == list(range(len(heard)))


def test_the_sdk_checks_its_key_and_is_granted_a_token(sdk: DeepgramClient, deepgram: DeepgramStandIn) -> None:
    listed = sdk.manage.v1.projects.list()
    assert [project.project_id for project in listed.projects or []] == ["proyecto"]
    token = sdk.auth.v1.tokens.grant().access_token
    with raw(deepgram, Authorization=f"Bearer {token}") as socket:
        assert socket.connected


# --- the handshake ---


@pytest.mark.parametrize("authorization", ["Token otra", "Bearer clave", "", "Basic clave"])
def test_a_wrong_key_is_refused_with_a_reason(deepgram: DeepgramStandIn, authorization: str) -> None:
    error = refused(deepgram, NOVA, Authorization=authorization)
    assert error.status_code == 401
    assert error.resp_headers is not None
    assert error.resp_headers["dg-error"] == "Invalid credentials."
    body = json.loads(error.resp_body or b"")
    assert body["err_code"] == "INVALID_AUTH"
    assert body["request_id"] == error.resp_headers["dg-request-id"]


def test_the_key_may_come_as_a_subprotocol(deepgram: DeepgramStandIn) -> None:
    url = deepgram.url.replace("http", "ws") + NOVA
    socket = websocket.create_connection(url, subprotocols=["token", "clave"], timeout=5)
    assert socket.subprotocol == "token"
    socket.shutdown()  # type: ignore[no-untyped-call]  # as the library has it


def test_a_bad_parameter_is_refused_before_the_upgrade(deepgram: DeepgramStandIn) -> None:
    error = refused(deepgram, NOVA + "&interim_results=true&utterance_end_ms=999")
    assert error.status_code == 400
    assert error.resp_headers is not None
    assert error.resp_headers["dg-error"] == "Invalid 'utterance_end_ms' value of '999'."


def test_a_success_has_a_request_id_too(deepgram: DeepgramStandIn) -> None:
    with raw(deepgram) as socket:
        assert socket.headers is not None
        assert socket.headers["dg-request-id"]


def test_streams_beyond_the_limit_are_429_until_one_ends(book: Phrasebook) -> None:
    with serving(DeepgramStandIn(book, quick(streams_max=1))) as standin:
        with raw(standin):
            assert refused(standin, NOVA).status_code == 429
        until(lambda: standin.streams_open == 0)
        with raw(standin):
            assert standin.streams_opened == 2


@pytest.mark.parametrize("status", [400, 401, 402, 403, 429, 500, 503])
def test_a_fault_refuses_once_with_its_status(deepgram: DeepgramStandIn, status: int) -> None:
    deepgram.fail(Fault("refuse", status=status, match="/v1/listen connect"))
    assert refused(deepgram, NOVA).status_code == status
    with raw(deepgram) as socket:
        assert socket.connected


# --- the stream ---


def test_a_final_follows_finalize_after_its_delay(deepgram: DeepgramStandIn) -> None:
    with raw(deepgram) as socket:
        send_speech(socket, speech())
        socket.send(FINALIZE)
        began = time.monotonic()
        while not (result := receive_until(socket, "Results"))["from_finalize"]:
            pass
        assert 0.08 <= time.monotonic() - began <= 0.4
        assert result["channel"]["alternatives"][0]["transcript"].endswith("claro.")


def test_nothing_is_said_on_opening_and_keepalive_gets_no_answer(deepgram: DeepgramStandIn) -> None:
    with raw(deepgram) as socket:
        socket.send_binary(SILENCE)
        socket.send(KEEPALIVE)
        socket.ping("hola")
        opcode, data = socket.recv_data(control_frame=True)
        assert (opcode, bytes(data)) == (10, b"hola")


def test_close_stream_ends_with_1000_and_a_closed_connection(deepgram: DeepgramStandIn) -> None:
    with raw(deepgram) as socket:
        socket.send_binary(SILENCE)
        socket.send(CLOSE)
        assert receive_until(socket, "Metadata")["duration"] == 0.02
        assert receive(socket) == (8, 1000)


def test_a_type_that_no_client_knows_comes_with_speech(deepgram: DeepgramStandIn) -> None:
    with raw(deepgram) as socket:
        send_speech(socket, speech())
        assert receive_until(socket, "Unannounced")


def test_broken_text_is_told_and_the_stream_goes_on(deepgram: DeepgramStandIn) -> None:
    with raw(deepgram) as socket:
        socket.send("{")
        assert receive_until(socket, "Error")["variant"] == "SchemaError"
        send_speech(socket, speech() + SILENCE * 20)
        assert receive_until(socket, "Results")["is_final"]


def test_an_empty_binary_frame_ends_it(deepgram: DeepgramStandIn) -> None:
    with raw(deepgram) as socket:
        socket.send_binary(b"")
        assert receive(socket) == (8, 1008)


@pytest.mark.parametrize("keepalive_first", [True, False])
def test_without_audio_it_ends_with_net_0001_even_if_kept_alive(book: Phrasebook, keepalive_first: bool) -> None:
    settings = quick(v1=V1Settings(idle_timeout_s=0.3))
    with serving(DeepgramStandIn(book, settings)) as standin, raw(standin) as socket:
        began = time.monotonic()
        if keepalive_first:
            time.sleep(0.15)
            socket.send(KEEPALIVE)
        opcode, data = socket.recv_data(control_frame=True)
        assert (opcode, data[:2]) == (8, (1011).to_bytes(2, "big"))
        assert b"net0001" in data
        assert 0.25 <= time.monotonic() - began <= 0.6


def test_keepalive_saves_a_stream_that_had_audio(book: Phrasebook) -> None:
    settings = quick(v1=V1Settings(idle_timeout_s=0.3))
    with serving(DeepgramStandIn(book, settings)) as standin, raw(standin) as socket:
        socket.send_binary(SILENCE)
        for _ in range(4):
            time.sleep(0.15)
            socket.send(KEEPALIVE)
        socket.send(CLOSE)
        assert receive_until(socket, "Metadata")


def test_flux_lives_by_pings_and_ends_without(book: Phrasebook) -> None:
    settings = quick(v2=V2Settings(idle_timeout_s=0.3))
    with serving(DeepgramStandIn(book, settings)) as standin, raw(standin, FLUX) as socket:
        for _ in range(3):
            time.sleep(0.15)
            socket.ping()
        assert receive_until(socket, "Connected")["sequence_id"] == 0
        while (received := socket.recv_data(control_frame=True))[0] != 8:
            assert received[0] == 10


def test_a_backlog_is_worked_off_a_little_faster_than_real_time(book: Phrasebook) -> None:
    with serving(DeepgramStandIn(book, quick(backlog_speed=1.25))) as standin, raw(standin) as socket:
        began = time.monotonic()
        socket.send_binary(SILENCE * 75)  # 1.5 s, of which half a second is no backlog
        socket.send(CLOSE)
        receive_until(socket, "Metadata")
        assert 0.8 <= time.monotonic() - began <= 1.3


# --- faults ---


def test_a_stalled_stream_stays_open_and_silent(deepgram: DeepgramStandIn) -> None:
    deepgram.fail(Fault("stall", match="stream"))
    with raw(deepgram, FLUX) as socket:
        send_speech(socket, speech())
        socket.settimeout(0.3)
        with pytest.raises(websocket.WebSocketTimeoutException):
            socket.recv()


def test_a_fault_reaches_a_stream_that_is_open(deepgram: DeepgramStandIn) -> None:
    with raw(deepgram) as socket:
        send_speech(socket, speech() + SILENCE * 20)
        receive_until(socket, "Results")
        deepgram.fail(Fault("drop", match="stream"))
        socket.send_binary(SILENCE)
        with pytest.raises(ConnectionError):
            receive_until(socket, "Nothing")


def test_a_drop_with_a_code_closes_with_that_reason(deepgram: DeepgramStandIn) -> None:
    deepgram.fail(Fault("drop", code="NET-0000", match="stream"))
    with raw(deepgram) as socket:
        socket.send_binary(SILENCE)
        opcode, data = socket.recv_data(control_frame=True)
        assert (opcode, data[:2]) == (8, (1011).to_bytes(2, "big"))
        assert b"NET-0000" in data


def test_garbage_is_followed_by_sense(deepgram: DeepgramStandIn) -> None:
    deepgram.fail(Fault("garbage", match="stream"))
    with raw(deepgram) as socket:
        send_speech(socket, speech() + SILENCE * 20)
        opcode, data = socket.recv_data()
        assert opcode == 1
        with pytest.raises(ValueError):
            json.loads(data)
        assert socket.recv_data()[0] == 2
        assert receive_until(socket, "Results")


def test_a_late_final_is_late_by_what_was_asked(deepgram: DeepgramStandIn) -> None:
    deepgram.fail(Fault("delay", after_ms=300, match="Results"))
    with raw(deepgram) as socket:
        send_speech(socket, speech())
        began = time.monotonic()
        socket.send(FINALIZE)
        receive_until(socket, "Results")
        assert time.monotonic() - began >= 0.3


def test_half_open_does_not_even_answer_pings(deepgram: DeepgramStandIn) -> None:
    deepgram.fail(Fault("half_open", match="stream"))
    with raw(deepgram) as socket:
        socket.send_binary(SILENCE)
        socket.ping()
        socket.settimeout(0.3)
        with pytest.raises(websocket.WebSocketTimeoutException):
            socket.recv_data(control_frame=True)


def test_half_close_ends_what_it_says_and_reads_on(deepgram: DeepgramStandIn) -> None:
    deepgram.fail(Fault("half_close", match="stream"))
    with raw(deepgram) as socket:
        socket.send_binary(SILENCE)
        assert socket.sock is not None
        assert socket.sock.recv(1) == b""  # the library would close its own direction too
        socket.send(KEEPALIVE)
        until(lambda: KEEPALIVE in [entry.data["message"] for entry in entries(deepgram, "text")])


def test_what_was_sent_and_received_is_remembered(deepgram: DeepgramStandIn) -> None:
    with raw(deepgram) as socket:
        socket.send_binary(SILENCE)
        socket.send(CLOSE)
        receive_until(socket, "Metadata")
    until(lambda: bool(entries(deepgram, "closed")))
    assert [entry.kind for entry in deepgram.entries] == ["connected", "text", "sent", "sent", "closed"]
    assert entries(deepgram, "connected")[0].data["query"] == dict(
        pair.split("=") for pair in NOVA.partition("?")[2].split("&")
    )
