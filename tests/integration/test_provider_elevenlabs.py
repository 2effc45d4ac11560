from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from support.certificates import loopback_contexts
from support.raw_server import HttpRequest, Peer, RawServer, chunk, failing, head, streaming
from support.vendor_streams import Reader, pieces_of
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.elevenlabs import ElevenLabs, ElevenLabsOptions
from telnyx_actors.providers.http import tls_context

TEXT = "Buenos días, habla María."
AUDIO = bytes(range(256)) * 40  # 1.28 s: the ramp shows a byte lost or doubled
SOUND = "audio/basic"
WOKEN_WITHIN_S = 0.5

speaking = partial(streaming, SOUND)

Connect = Callable[..., ElevenLabs]


@pytest.fixture
def connect(tls: ssl.SSLContext) -> Iterator[Connect]:
    voices = []

    def connect(server: RawServer, trust: ssl.SSLContext = tls, **options: Any) -> ElevenLabs:
        made = ElevenLabsOptions("sk-secret", "21m00/Tcm", base_url=server.url, **options)
        voices.append(ElevenLabs(made, trust))
        return voices[-1]

    yield connect
    for voice in voices:
        voice.close()


def error_of(voice: ElevenLabs, text: str = TEXT) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        list(voice.synthesize(text))
    assert "sk-secret" not in str(caught.value)
    return caught.value


# --- the speech ---


@pytest.mark.parametrize("size", [1, 37, 160, 9999])
def test_speech_is_the_bytes_as_they_came(connect: Connect, size: int) -> None:
    with RawServer(speaking(*pieces_of(AUDIO, size))) as server:
        assert b"".join(connect(server).synthesize(TEXT)) == AUDIO


def test_the_request_names_voice_model_language_and_format(connect: Connect) -> None:
    requests: list[HttpRequest] = []
    with RawServer(speaking(AUDIO, requests=requests)) as server:
        list(connect(server, voice_settings={"speed": 1.1}).synthesize(TEXT, previous_text="Hola."))

    (request,) = requests
    assert request.target == "/v1/text-to-speech/21m00%2FTcm/stream?output_format=ulaw_8000"
    assert request.headers["xi-api-key"] == "sk-secret"
    assert request.headers["accept-encoding"] == "identity"
    assert request.json == {
        "text": TEXT,
        "model_id": "eleven_flash_v2_5",
        "language_code": "es",
        "previous_text": "Hola.",
        "voice_settings": {"speed": 1.1},
    }


def test_models_are_not_sent_what_they_refuse(connect: Connect) -> None:
    requests: list[HttpRequest] = []
    with RawServer(speaking(AUDIO, requests=requests)) as server:
        list(connect(server, model="eleven_v3").synthesize(TEXT, previous_text="Hola."))
        list(connect(server, model="eleven_multilingual_v2").synthesize(TEXT))

    assert "previous_text" not in requests[0].json
    assert "language_code" not in requests[1].json


def test_the_identity_changes_with_everything_that_is_heard(connect: Connect) -> None:
    with RawServer(speaking(AUDIO)) as server:
        voices = [
            connect(server),
            connect(server, model="eleven_turbo_v2_5"),
            connect(server, language="en"),
            connect(server, voice_settings={"speed": 1.1}),
        ]
        assert len({voice.identity for voice in voices}) == 4
        assert voices[0].identity == connect(server, connect_timeout_s=9.0).identity


FRAMINGS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "chunked": (head(200, content_type=SOUND, transfer_encoding="chunked"), chunk),
    "known length": (head(200, content_type=SOUND, content_length=str(len(AUDIO))), bytes),
    "until the end": (head(200, content_type=SOUND, connection="close"), bytes),
}


@pytest.mark.parametrize("framing", FRAMINGS)
def test_the_first_bytes_are_given_before_the_rest_exists(connect: Connect, framing: str) -> None:
    start, framed = FRAMINGS[framing]
    heard = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(start + framed(AUDIO[:100]))
        assert heard.wait(5)
        peer.send(framed(AUDIO[100:]) + (chunk(b"") if framing == "chunked" else b""))

    with RawServer(script) as server:
        reader = Reader(connect(server).synthesize(TEXT))
        assert reader.wait_for(1) == [AUDIO[:100]]
        heard.set()
        assert reader.ended_within(5)
    assert b"".join(reader.items) == AUDIO


# --- connections ---


def test_phrases_share_a_connection(connect: Connect) -> None:
    with RawServer(speaking(AUDIO)) as server:
        voice = connect(server)
        for _ in range(3):
            list(voice.synthesize(TEXT))
        assert server.connections == 1


def test_a_pooled_connection_that_died_is_replaced_and_nothing_is_said_twice(connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        if peer.number == 0:
            peer.respond_chunked([AUDIO], content_type=SOUND)
            peer.read_request()  # and never answers: the connection ends as the next request arrives
        else:
            peer.respond_chunked([AUDIO], content_type=SOUND)

    with RawServer(script) as server:
        voice = connect(server)
        list(voice.synthesize(TEXT))
        assert b"".join(voice.synthesize(TEXT)) == AUDIO
        assert server.connections == 2


def test_warming_opens_the_connection_that_the_first_phrase_uses(connect: Connect) -> None:
    targets = []

    def script(peer: Peer) -> None:
        while request := peer.read_request():
            targets.append(f"{request.method} {request.target}")
            if request.method == "GET":
                peer.respond(200, '{"voice_id":"x"}' * 1000, content_type="application/json")
            else:
                peer.respond_chunked([AUDIO], content_type=SOUND)

    with RawServer(script) as server:
        voice = connect(server)
        voice.warm()
        list(voice.synthesize(TEXT))
        assert server.connections == 1
    assert targets[0] == "GET /v1/voices/21m00%2FTcm"


def test_warming_never_raises(connect: Connect) -> None:
    with RawServer(failing(401, "{}")) as server:
        voice = connect(server)
        voice.warm()
    voice.warm()  # and now nobody listens


def test_proxies_of_the_environment_are_not_used(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with RawServer(speaking(AUDIO)) as server:
        assert b"".join(connect(server).synthesize(TEXT)) == AUDIO


def test_certificates_are_loaded_once_and_not_per_connection(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = loopback_contexts(tmp_path)
    loads = []
    for name in ("load_verify_locations", "load_default_certs"):
        monkeypatch.setattr(ssl.SSLContext, name, lambda *args, **kwargs: loads.append(args))

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.respond_chunked([AUDIO], content_type=SOUND, connection="close")

    with RawServer(script, theirs) as server:
        voice = connect(server, ours)
        for _ in range(2):
            assert b"".join(voice.synthesize(TEXT)) == AUDIO
        assert server.connections == 2
    assert loads == []


def test_a_certificate_that_nobody_vouches_for_is_refused(connect: Connect, tmp_path: Path) -> None:
    theirs, _ = loopback_contexts(tmp_path)
    with RawServer(speaking(AUDIO), theirs) as server:
        assert error_of(connect(server)).kind is Failure.UNAVAILABLE


# --- cancelling ---


def silent(_: Peer) -> None:
    """Never answers."""


def headers_only(peer: Peer) -> None:
    peer.send(head(200, content_type=SOUND, transfer_encoding="chunked"))


def some_audio(peer: Peer) -> None:
    headers_only(peer)
    peer.send(chunk(AUDIO[:100]))


def some_audio_of_known_length(peer: Peer) -> None:
    peer.send(head(200, content_type=SOUND, content_length=str(len(AUDIO))) + AUDIO[:100])


@pytest.mark.parametrize("moment", [silent, headers_only, some_audio, some_audio_of_known_length])
@pytest.mark.parametrize("secure", [False, True])
def test_a_cancel_blocks_nobody_wakes_the_reader_and_tells_the_vendor(
    connect: Connect, moment: Callable[[Peer], None], secure: bool, tmp_path: Path
) -> None:
    asked, gone = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        if not peer.read_request():
            return
        if peer.number:
            peer.respond_chunked([AUDIO], content_type=SOUND)
            return
        moment(peer)
        asked.set()
        peer.wait_for_end()
        gone.set()

    theirs, ours = loopback_contexts(tmp_path) if secure else (None, tls_context())
    with RawServer(script, theirs) as server:
        voice = connect(server, ours)
        stream = voice.synthesize(TEXT)
        reader = Reader(stream)
        assert asked.wait(5)
        reader.wait_for(0 if moment in (silent, headers_only) else 1)
        started = time.monotonic()
        stream.cancel()
        stream.cancel()
        assert time.monotonic() - started < WOKEN_WITHIN_S
        assert reader.ended_within(WOKEN_WITHIN_S)
        assert reader.error is None
        assert b"".join(reader.items) in (b"", AUDIO[:100])
        assert gone.wait(WOKEN_WITHIN_S)
        assert b"".join(voice.synthesize(TEXT)) == AUDIO


def test_a_cancel_before_anyone_reads_asks_for_nothing(connect: Connect) -> None:
    with RawServer(speaking(AUDIO)) as server:
        stream = connect(server).synthesize(TEXT)
        stream.cancel()
        assert list(stream) == []
        assert server.connections == 0


def test_a_cancel_at_the_last_piece_cannot_reach_the_next_phrase(connect: Connect) -> None:
    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.respond(200, AUDIO[:2000], content_type=SOUND)

    with RawServer(script) as server:
        voice = connect(server)
        first = voice.synthesize("Sí.")
        pieces = iter(first)
        assert next(pieces) == AUDIO[:2000]  # by now the connection is in the pool
        second = iter(voice.synthesize("No."))
        received = next(second)
        first.cancel()
        assert received + b"".join(second) == AUDIO[:2000]
        assert list(pieces) == []
        assert b"".join(voice.synthesize("Sí.")) == AUDIO[:2000]
        assert server.connections == 1


def test_a_cancel_after_the_end_harms_nobody(connect: Connect) -> None:
    with RawServer(speaking(AUDIO)) as server:
        voice = connect(server)
        first = voice.synthesize(TEXT)
        list(first)
        first.cancel()
        assert b"".join(voice.synthesize(TEXT)) == AUDIO
        assert server.connections == 1


def test_a_reader_that_leaves_in_the_middle_leaves_nothing_open(connect: Connect) -> None:
    gone = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        some_audio(peer)
        peer.wait_for_end()
        gone.set()

    with RawServer(script) as server:
        for _ in connect(server).synthesize(TEXT):
            break
        assert gone.wait(WOKEN_WITHIN_S)


# --- failures ---


def detail(**fields: str) -> str:
    return json.dumps({"detail": fields})


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (401, detail(code="invalid_api_key", message="bad key"), Failure.AUTH, "invalid_api_key"),
        (401, detail(status="invalid_api_key", message="bad key"), Failure.AUTH, "invalid_api_key"),
        (401, detail(status="quota_exceeded", message="bad key"), Failure.PAYMENT, "quota_exceeded"),
        (404, detail(code="voice_not_found", message="bad key"), Failure.REFUSED, "voice_not_found"),
        (429, detail(code="concurrent_limit_exceeded", message="bad key"), Failure.RATE_LIMIT, "concurrent_limit_exceeded"),
        (429, detail(status="too_many_concurrent_requests", message="bad key"), Failure.RATE_LIMIT, "too_many_concurrent_requests"),
        (429, detail(code="system_busy", message="bad key"), Failure.UNAVAILABLE, "system_busy"),
        (503, detail(message="bad key"), Failure.UNAVAILABLE, None),
        (400, '{"detail":"bad key"}', Failure.REFUSED, None),
        (302, "bad key", Failure.REFUSED, None),
    ],
)  # fmt: skip
def test_a_refusal_says_why_in_every_shape_it_comes(
    connect: Connect, status: int, body: str, kind: Failure, code: str | None
) -> None:
    with RawServer(failing(status, body, location="http://127.0.0.1:9/")) as server:
        error = error_of(connect(server))

    assert (error.kind, error.status, error.code, error.message) == (kind, status, code, "bad key")


def test_a_list_of_validation_errors_is_one_line(connect: Connect) -> None:
    body = json.dumps({"detail": [{"loc": ["body", "text"], "msg": "Field required", "type": "missing"}]})
    with RawServer(failing(422, body)) as server:
        error = error_of(connect(server))

    assert error.kind is Failure.REFUSED
    assert "Field required" in error.message


@pytest.mark.parametrize("body", ["", "<html>" + "x" * 200_000, "[" * 5000, '{"detail":{"code":7}}', "\x00"])
def test_a_refusal_that_makes_no_sense_is_cut_short(connect: Connect, body: str) -> None:
    with RawServer(failing(500, body)) as server:
        error = error_of(connect(server))

    assert error.kind is Failure.UNAVAILABLE
    assert len(error.message) <= 300


def test_a_yes_with_json_in_it_is_a_failure(connect: Connect) -> None:
    with RawServer(failing(200, detail(status="something_odd", message="the vendor's reason"))) as server:
        error = error_of(connect(server))

    assert error.kind is Failure.PROTOCOL
    assert "the vendor's reason" in error.message


@pytest.mark.parametrize("amount", [0, 100])
def test_a_yes_with_no_audio_or_far_too_little_is_a_failure(connect: Connect, amount: int) -> None:
    with RawServer(speaking(*pieces_of(AUDIO[:amount], 50))) as server:
        assert error_of(connect(server)).kind is Failure.PROTOCOL


def test_speech_without_end_is_cut_off(connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        headers_only(peer)
        while True:
            peer.send(chunk(AUDIO))

    with RawServer(script) as server:
        assert error_of(connect(server), "Sí.").kind is Failure.PROTOCOL


@pytest.mark.parametrize("moment", [some_audio, some_audio_of_known_length])
@pytest.mark.parametrize("end", [Peer.reset, lambda peer: None])
def test_speech_cut_in_the_middle_is_a_failure_and_not_asked_again(
    connect: Connect, moment: Callable[[Peer], None], end: Callable[[Peer], None]
) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        moment(peer)
        end(peer)

    with RawServer(script) as server:
        reader = Reader(connect(server).synthesize("Sí."))
        assert reader.ended_within(5)
        assert reader.error is not None
        assert reader.error.kind is Failure.UNAVAILABLE
        assert server.connections == 1


@pytest.mark.parametrize("moment", [silent, headers_only, some_audio])
def test_a_silent_vendor_is_given_up_in_time(connect: Connect, moment: Callable[[Peer], None]) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        moment(peer)
        peer.wait_for_end()

    with RawServer(script) as server:
        first_s, gap_s = (5.0, 0.2) if moment is some_audio else (0.2, 5.0)
        started = time.monotonic()
        error = error_of(connect(server, first_byte_timeout_s=first_s, gap_timeout_s=gap_s))
        assert error.kind is Failure.TIMEOUT
        assert time.monotonic() - started < 2.0
        assert server.connections == 1


def test_a_vendor_that_cannot_be_reached_is_unavailable(connect: Connect) -> None:
    with RawServer(silent) as server:
        voice = connect(server)
    assert error_of(voice).kind is Failure.UNAVAILABLE


def test_a_connection_that_is_not_made_in_time_is_not_tried_again(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def time_out(*args: object, **kwargs: object) -> None:
        tries.append(args)
        raise requests.ConnectTimeout

    monkeypatch.setattr(requests.Session, "send", time_out)
    with RawServer(silent) as server:
        assert error_of(connect(server)).kind is Failure.TIMEOUT
    assert len(tries) == 1


@pytest.mark.parametrize("garbage", [b"\x00\xff" * 500, b"HTTP/1.1 OK\r\n\r\n", b"\r\n\r\n", b"SSH-2.0-x\r\n"])
def test_garbage_instead_of_an_answer_is_a_failure(connect: Connect, garbage: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(garbage)

    with RawServer(script) as server:
        assert error_of(connect(server)).kind in (Failure.UNAVAILABLE, Failure.PROTOCOL)


def test_garbage_between_pieces_is_a_failure(connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        some_audio(peer)
        peer.send(b"no chunk at all\r\n")
        peer.wait_for_end()

    with RawServer(script) as server:
        assert error_of(connect(server)).kind in (Failure.UNAVAILABLE, Failure.PROTOCOL)
