"""ElevenLabs' stand-in over real sockets: its own SDK, and raw clients for what an SDK hides."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import requests
import websocket
from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError

from support.loopback import serving
from support.waiting import until
from telnyx_actors.standins import voices
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.elevenlabs import ElevenLabsSettings, ElevenLabsStandIn
from telnyx_actors.standins.phrasebook import Listener, Phrasebook

TEXT = "Con mucho gusto, le ayudo con su cita para mañana a las diez."
SPEECH = "/v1/text-to-speech/maria/stream"


def quick(**changes: Any) -> ElevenLabsSettings:
    return ElevenLabsSettings(**{"api_key": "clave", "first_audio_ms": 10, "speed": 100.0, **changes})


@pytest.fixture
def eleven() -> Iterator[ElevenLabsStandIn]:
    with serving(ElevenLabsStandIn(quick())) as standin:
        yield standin


@pytest.fixture
def sdk(eleven: ElevenLabsStandIn) -> Iterator[ElevenLabs]:
    with httpx.Client(timeout=5) as http:
        client = ElevenLabs(api_key="clave", base_url=eleven.url, httpx_client=http)
        client.text_to_speech._ws_base_url = eleven.url.replace("http", "ws")  # the SDK insists on TLS
        yield client


@contextmanager
def post(
    standin: ElevenLabsStandIn,
    text: str = TEXT,
    query: str = "output_format=ulaw_8000",
    path: str = SPEECH,
    **more: Any,
) -> Iterator[requests.Response]:
    body = {"text": text, "model_id": "eleven_flash_v2_5"}
    options = {"headers": {"xi-api-key": "clave"}, "json": body, "stream": True, "timeout": 5, **more}
    with requests.post(f"{standin.url}{path}?{query}", **options) as response:
        yield response


@contextmanager
def raw(standin: ElevenLabsStandIn, kind: str = "stream-input", query: str = "") -> Iterator[websocket.WebSocket]:
    url = f"{standin.url.replace('http', 'ws')}/v1/text-to-speech/maria/{kind}"
    full = f"{url}?model_id=eleven_flash_v2_5&output_format=ulaw_8000{query}"
    socket = websocket.create_connection(full, header={"xi-api-key": "clave"}, timeout=5)
    try:
        yield socket
    finally:
        socket.shutdown()  # type: ignore[no-untyped-call]  # as the library has it


def say(socket: websocket.WebSocket, **message: Any) -> None:
    socket.send(json.dumps(message))


def messages(socket: websocket.WebSocket) -> Iterator[dict[str, Any]]:
    """Everything until the close, whose code comes last as ``{"close": code}``."""
    while True:
        opcode, data = socket.recv_data(control_frame=True)
        if opcode == 8:
            yield {"close": int.from_bytes(data[:2], "big")}
            return
        yield json.loads(data)


def heard(received: list[dict[str, Any]]) -> bytes:
    return b"".join(base64.b64decode(message["audio"]) for message in received if message.get("audio"))


def words(audio: bytes, text: str) -> str:
    book = Phrasebook()
    book.add(text, voices.speak(text))
    listener = Listener(book)
    for _ in listener.feed(audio):
        pass
    return " ".join(word.text for word in listener.words())


# --- the vendor's SDK ---


def test_the_sdk_streams_speech_that_says_the_text(sdk: ElevenLabs, eleven: ElevenLabsStandIn) -> None:
    stream = sdk.text_to_speech.stream(
        "maria", text=TEXT, model_id="eleven_flash_v2_5", output_format="ulaw_8000", language_code="es"
    )
    audio = b"".join(stream)
    assert words(audio, TEXT) == TEXT
    (synthesis,) = eleven.syntheses
    assert (synthesis.text, synthesis.audio, synthesis.outcome) == (TEXT, audio, "complete")
    assert synthesis.bytes_sent == len(audio)


def test_the_sdk_gets_whole_speech_in_linear_samples(sdk: ElevenLabs) -> None:
    audio = b"".join(sdk.text_to_speech.convert("maria", text=TEXT, output_format="pcm_16000"))
    assert len(audio) / 32 == pytest.approx(voices.speak(TEXT).duration_ms, abs=30)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK is behind its own websockets library
def test_the_sdk_speaks_as_it_writes(sdk: ElevenLabs, eleven: ElevenLabsStandIn) -> None:
    spoken = sdk.text_to_speech.convert_realtime(
        "maria", text=iter([TEXT, " Que tenga un feliz día."]), model_id="eleven_flash_v2_5", output_format="ulaw_8000"
    )
    audio = b"".join(spoken)
    assert audio == b"".join(synthesis.audio for synthesis in eleven.syntheses)
    assert " ".join(synthesis.text for synthesis in eleven.syntheses) == f"{TEXT} Que tenga un feliz día."


def test_the_sdk_finds_voice_user_and_models(sdk: ElevenLabs) -> None:
    assert sdk.voices.get("maria").voice_id == "maria"
    assert sdk.user.get().subscription.status == "active"
    assert sdk.user.subscription.get().tier == "scale"
    assert "eleven_flash_v2_5" in [model.model_id for model in sdk.models.list()]


def test_the_sdk_is_told_what_is_wrong(sdk: ElevenLabs) -> None:
    with pytest.raises(ApiError) as error:
        list(sdk.text_to_speech.stream("maria", text=TEXT, model_id="eleven_v0", output_format="ulaw_8000"))
    assert error.value.status_code == 400
    assert error.value.body["detail"]["code"] == "model_not_found"


# --- HTTP ---


@pytest.mark.parametrize(
    ("framing", "header"),
    [("chunked", "transfer-encoding"), ("length", "content-length"), ("eof", "connection")],
)
def test_every_framing_brings_the_same_audio(framing: Any, header: str) -> None:
    with serving(ElevenLabsStandIn(quick(framing=framing))) as standin, post(standin) as response:
        framed = {"transfer-encoding", "content-length"} & {name.lower() for name in response.headers}
        assert framed == ({header} - {"connection"})
        assert header in response.headers
        assert response.content == voices.synthesize(TEXT)


def test_first_audio_comes_after_its_time_and_the_rest_faster_than_it_sounds() -> None:
    with serving(ElevenLabsStandIn()) as standin:
        voices.synthesize(TEXT)
        began = time.monotonic()
        with post(standin) as response:
            response.raw.read1(1)
            first_s = time.monotonic() - began
            rest = response.raw.read()
            whole_s = time.monotonic() - began
    assert 0.11 <= first_s <= 0.3
    assert whole_s - first_s < len(rest) / 8000 / 4


def test_headers_tell_concurrency_cost_and_request(eleven: ElevenLabsStandIn) -> None:
    with post(eleven) as response:
        assert response.headers["content-type"] == "audio/basic"
        assert response.headers["current-concurrent-requests"] == "1"
        assert response.headers["maximum-concurrent-requests"] == "30"
        assert response.headers["character-cost"] == str(len(TEXT))
        assert response.headers["request-id"]


def test_beyond_the_limit_a_request_waits_a_little_and_is_then_refused() -> None:
    with serving(ElevenLabsStandIn(quick(concurrent_max=1, speed=5.0))) as standin, post(standin) as first:
        with post(standin) as second:
            assert second.status_code == 429
            assert second.json()["detail"]["code"] == "concurrent_limit_exceeded"
        assert first.content == voices.synthesize(TEXT)
        with post(standin) as third:
            assert third.status_code == 200


def test_a_request_that_need_not_wait_long_is_served() -> None:
    with serving(ElevenLabsStandIn(quick(concurrent_max=1, queue_ms=2000))) as standin:
        statuses: list[int] = []

        def ask() -> None:
            with post(standin) as response:
                statuses.append(response.status_code)
                assert response.content

        askers = [threading.Thread(target=ask) for _ in range(3)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join(5)
    assert statuses == [200, 200, 200]


@pytest.mark.parametrize("legacy", [True, False])
def test_a_wrong_key_is_401_in_the_shape_of_its_age(legacy: bool) -> None:
    with (
        serving(ElevenLabsStandIn(quick(legacy_errors=legacy))) as standin,
        post(standin, headers={"xi-api-key": "otra"}) as response,
    ):
        assert response.status_code == 401
        detail = response.json()["detail"]
    assert detail["status"] == "invalid_api_key"
    assert ("code" in detail) is not legacy


def test_what_cannot_be_encoded_is_refused_in_words(eleven: ElevenLabsStandIn) -> None:
    with post(eleven, query="") as response:
        assert response.status_code == 400
        assert "mp3_44100_128" in response.json()["detail"]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"1"])
def test_a_body_that_is_no_json_object_is_422(eleven: ElevenLabsStandIn, body: bytes) -> None:
    with post(eleven, json=None, data=body) as response:
        assert response.status_code == 422
        assert isinstance(response.json()["detail"], list)


def test_connections_are_counted(eleven: ElevenLabsStandIn) -> None:
    with requests.Session() as session:
        for _ in range(3):
            url, key = f"{eleven.url}{SPEECH}?output_format=ulaw_8000", {"xi-api-key": "clave"}
            assert session.post(url, json={"text": "Hola."}, headers=key, timeout=5).content
    assert eleven.connections == 1


def test_a_client_that_leaves_is_noticed() -> None:
    with serving(ElevenLabsStandIn(quick(speed=1.0))) as standin:
        with post(standin) as response:
            response.raw.read1(1)
        until(lambda: standin.syntheses[0].outcome == "disconnected")
        assert 0 < standin.syntheses[0].bytes_sent < len(standin.syntheses[0].audio)


# --- faults ---


@pytest.mark.parametrize("status", [200, 401, 429, 500, 503])
def test_a_refusal_is_json_even_with_status_200(eleven: ElevenLabsStandIn, status: int) -> None:
    eleven.fail(Fault("refuse", status=status, code="system_busy"))
    with post(eleven) as response:
        assert response.status_code == status
        assert response.headers["content-type"].startswith("application/json")
        assert response.json()["detail"]["code"] == "system_busy"


@pytest.mark.parametrize(("after", "expected"), [(0, 0), (1234, 1234)])
def test_audio_may_be_empty_or_end_too_early(eleven: ElevenLabsStandIn, after: int, expected: int) -> None:
    eleven.fail(Fault("drop", after=after, code="end"))
    with post(eleven) as response:
        assert response.status_code == 200
        assert len(response.content) == expected


@pytest.mark.parametrize("code", ["", "truncate"])
def test_audio_may_be_cut(eleven: ElevenLabsStandIn, code: str) -> None:
    eleven.fail(Fault("drop", after=3000, code=code))
    with post(eleven) as response, pytest.raises(requests.RequestException):
        assert not response.content
    assert (eleven.syntheses[0].outcome, eleven.syntheses[0].bytes_sent) == ("drop", 3000)


def test_audio_may_be_half_closed(eleven: ElevenLabsStandIn) -> None:
    eleven.fail(Fault("half_close", after=3000))
    with post(eleven) as response, pytest.raises(requests.RequestException):
        assert not response.content
    assert eleven.syntheses[0].bytes_sent == 3000


@pytest.mark.parametrize("kind", ["stall", "half_open"])
def test_audio_may_stall(eleven: ElevenLabsStandIn, kind: Any) -> None:
    eleven.fail(Fault(kind, after=100))
    with post(eleven, timeout=1.0) as response:
        assert response.raw.read(100)
        with pytest.raises(requests.RequestException):
            assert not response.content


def test_garbage_is_in_the_middle_of_the_audio(eleven: ElevenLabsStandIn) -> None:
    eleven.fail(Fault("garbage", after=1000))
    with post(eleven) as response:
        audio = response.content
    assert audio.index(b'{"detail"') == 1000
    assert len(audio) > len(voices.synthesize(TEXT))


def test_a_delay_comes_on_top(eleven: ElevenLabsStandIn) -> None:
    eleven.fail(Fault("delay", after_ms=200, match="cita"))
    began = time.monotonic()
    with post(eleven) as response:
        assert response.content
    assert time.monotonic() - began >= 0.2


# --- stream-input ---


def test_text_is_spoken_when_it_ends_and_the_socket_closes(eleven: ElevenLabsStandIn) -> None:
    with raw(eleven) as socket:
        say(socket, text=" ")
        say(socket, text=TEXT + " ")
        say(socket, text="")
        received = list(messages(socket))
    assert received[-1] == {"close": 1000}
    assert received[-2]["isFinal"] is True
    assert received[-2]["audio"] is None
    assert all(message["isFinal"] is None for message in received[:-2])
    assert words(heard(received), TEXT) == TEXT
    aligned = [message["alignment"] for message in received[:-2] if message["alignment"]]
    assert "".join(character for part in aligned for character in part["chars"]).strip() == TEXT
    assert "charsDurationsMs" in received[0]["normalizedAlignment"]


def test_auto_mode_speaks_at_once_and_flush_keeps_the_socket(eleven: ElevenLabsStandIn) -> None:
    with raw(eleven, query="&auto_mode=true") as socket:
        say(socket, text=" ")
        say(socket, text="Hola. ")
        assert json.loads(socket.recv())["audio"]
    with raw(eleven) as socket:
        say(socket, text=" ")
        say(socket, text="Hola. ", flush=True)
        assert json.loads(socket.recv())["audio"]


def test_silence_of_the_client_ends_in_an_error_and_1008() -> None:
    with serving(ElevenLabsStandIn(quick(inactivity_timeout_s=0.2))) as standin, raw(standin) as socket:
        say(socket, text=" ")
        error, close = messages(socket)
    assert error["error"] == "input_timeout_exceeded"
    assert "0.2 seconds" in error["message"]
    assert close == {"close": 1008}


@pytest.mark.parametrize("query", ["&output_format=mp3_44100_128", "&model_id=eleven_v4"])
def test_a_wrong_address_is_an_error_message_and_1008(eleven: ElevenLabsStandIn, query: str) -> None:
    url = f"{eleven.url.replace('http', 'ws')}/v1/text-to-speech/maria/stream-input?{query[1:]}"
    socket = websocket.create_connection(url, header={"xi-api-key": "clave"}, timeout=5)
    error, close = messages(socket)
    socket.shutdown()  # type: ignore[no-untyped-call]  # as the library has it
    assert error["error"] in ("output_format_not_allowed", "unsupported_model")
    assert close == {"close": 1008}


@pytest.mark.parametrize(("key", "close"), [("clave", 1000), ("otra", 1008)])
def test_the_key_may_come_in_the_first_message(eleven: ElevenLabsStandIn, key: str, close: int) -> None:
    url = f"{eleven.url.replace('http', 'ws')}/v1/text-to-speech/maria/stream-input?output_format=ulaw_8000"
    socket = websocket.create_connection(url, timeout=5)
    say(socket, text=" ", xi_api_key=key)
    if close == 1000:
        say(socket, text="")
    assert list(messages(socket))[-1] == {"close": close}
    socket.shutdown()  # type: ignore[no-untyped-call]  # as the library has it


@pytest.mark.parametrize("garbage", ["", "{", "[]", '{"text": "Hola"}', '{"text": 7}'])
def test_a_message_that_breaks_the_protocol_ends_it(eleven: ElevenLabsStandIn, garbage: str) -> None:
    with raw(eleven) as socket:
        socket.send(garbage)
        error, close = messages(socket)
    assert error["error"] == "invalid_message"
    assert close == {"close": 1008}


# --- multi-stream-input ---


def test_contexts_are_told_apart_and_end_one_by_one(eleven: ElevenLabsStandIn) -> None:
    with raw(eleven, "multi-stream-input") as socket:
        for name, text in (("uno", "Hola. "), ("dos", "Adiós. ")):
            say(socket, text=" ", context_id=name)
            say(socket, text=text, context_id=name)
            say(socket, context_id=name, close_context=True)
        say(socket, close_socket=True)
        received = list(messages(socket))
    assert received[-1] == {"close": 1000}
    ended = [message["contextId"] for message in received[:-1] if message["isFinal"]]
    assert ended == ["uno", "dos"]
    for name, text in (("uno", "Hola."), ("dos", "Adiós.")):
        assert heard([message for message in received[:-1] if message["contextId"] == name]) == voices.synthesize(text)


def test_context_ids_may_come_back_in_snake_case() -> None:
    with (
        serving(ElevenLabsStandIn(quick(snake_case_ids=True))) as standin,
        raw(standin, "multi-stream-input") as socket,
    ):
        say(socket, text=" ", context_id="uno")
        say(socket, text="Hola. ", context_id="uno", flush=True)
        assert json.loads(socket.recv())["context_id"] == "uno"


def test_the_sixth_context_ends_the_socket(eleven: ElevenLabsStandIn) -> None:
    with raw(eleven, "multi-stream-input") as socket:
        for n in range(6):
            say(socket, text=" ", context_id=f"c{n}")
        error, close = messages(socket)
    assert error["error"] == "max_active_conversations"
    assert close == {"close": 1008}


@pytest.mark.parametrize(("code", "close"), [("quota_exceeded", 1008), ("", None)])
def test_a_socket_may_be_dropped_in_the_middle(eleven: ElevenLabsStandIn, code: str, close: int | None) -> None:
    eleven.fail(Fault("drop", after=1000, code=code))
    with raw(eleven, query="&auto_mode=true") as socket:
        say(socket, text=" ")
        say(socket, text=TEXT)
        if close:
            assert list(messages(socket))[-1] == {"close": close}
        else:
            with pytest.raises(ConnectionError):
                list(messages(socket))
