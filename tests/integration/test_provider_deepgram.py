from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.certificates import loopback_contexts
from support.raw_server import Peer, RawServer, close_frame, frame, head
from support.vendor_streams import Reader
from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.events import TranscriptFinal
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.deepgram import Deepgram, DeepgramOptions, FluxStream, NovaStream
from telnyx_actors.wire.deepgram import NovaSettings

Frame = tuple[int, bytes]
BINARY, TEXT = 2, 1
FRAME = bytes(range(160))
WOKEN_WITHIN_S = 0.5


def deepgram(server: RawServer, tls: ssl.SSLContext, **options: float) -> Deepgram:
    return Deepgram(DeepgramOptions("dg-secret", NovaSettings(), server.url, **options), tls)


def final(text: str) -> str:
    alternative = {"transcript": text, "confidence": 0.9, "words": []}
    return json.dumps({"type": "Results", "channel": {"alternatives": [alternative]}, "is_final": True})


def heard(text: str) -> TranscriptFinal:
    return TranscriptFinal(text, 0.9)


def listening(peer: Peer) -> None:
    peer.accept_websocket()
    peer.wait_for_end()


def error_of(work: Callable[[], object]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        work()
    assert "dg-secret" not in str(caught.value)
    return caught.value


# --- talking ---


def test_audio_and_commands_go_out_and_transcripts_come_in(tls: ssl.SSLContext) -> None:
    frames: list[Frame | None] = []

    def script(peer: Peer) -> None:
        request = peer.accept_websocket()
        assert request.target.startswith("/v1/listen?model=nova-3&language=es&encoding=alaw&sample_rate=8000")
        assert request.headers["authorization"] == "Token dg-secret"
        frames.extend(peer.read_frame() for _ in range(3))
        peer.send_text(final("buenos días"))
        peer.wait_for_end()

    with RawServer(script) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMA)
        stream.send(FRAME)
        stream.finalize()
        stream.keep_alive()
        reader = Reader(stream.events())
        assert reader.wait_for(1) == [heard("buenos días")]
        stream.close()
        assert reader.ended_within(WOKEN_WITHIN_S)
        assert reader.error is None

    # Commands go as text: a binary one would be taken for audio.
    assert frames == [(BINARY, FRAME), (TEXT, b'{"type":"Finalize"}'), (TEXT, b'{"type":"KeepAlive"}')]


def test_an_empty_frame_is_never_sent_as_it_would_end_the_stream(tls: ssl.SSLContext) -> None:
    frames: list[Frame | None] = []

    def script(peer: Peer) -> None:
        peer.accept_websocket()
        frames.append(peer.read_frame())
        peer.wait_for_end()

    with RawServer(script) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMU)
        stream.send(b"")
        stream.send(FRAME)
        stream.close()
    assert frames == [(BINARY, FRAME)]


def test_a_stream_that_got_no_audio_is_kept_alive_with_some(tls: ssl.SSLContext) -> None:
    frames: list[Frame | None] = []

    def script(peer: Peer) -> None:
        peer.accept_websocket()
        frames.extend(peer.read_frame() for _ in range(3))
        peer.wait_for_end()

    with RawServer(script) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMU)
        stream.keep_alive()
        stream.keep_alive()
        reader = Reader(stream.events())
        stream.close()
        assert reader.ended_within(WOKEN_WITHIN_S)
    assert frames == [(BINARY, b"\xff" * 160), (TEXT, b'{"type":"KeepAlive"}'), (TEXT, b'{"type":"KeepAlive"}')]


def test_one_thread_reads_while_others_send_also_under_tls(tmp_path: Path) -> None:
    """OpenSSL allows no two threads inside one connection; every frame must come out whole."""
    theirs, ours = loopback_contexts(tmp_path)
    count, senders = 300, 3
    echoed = threading.Event()

    def script(peer: Peer) -> None:
        peer.accept_websocket()
        seen = set()
        for _ in range(count * senders):
            seen.add(peer.read_frame())
            peer.send_text(final("x" * 300))
        assert seen == {(BINARY, bytes([number]) * 160) for number in range(senders)}
        echoed.set()
        peer.wait_for_end()

    with RawServer(script, theirs) as server:
        stream = deepgram(server, ours).connect(Encoding.PCMU)
        reader = Reader(stream.events())
        threads = [
            threading.Thread(target=lambda data: [stream.send(data) for _ in range(count)], args=(bytes([n]) * 160,))
            for n in range(senders)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert echoed.wait(10)
        assert len(reader.wait_for(count * senders)) == count * senders
        stream.close()
        assert reader.ended_within(WOKEN_WITHIN_S)


def test_proxies_of_the_environment_are_not_used(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with RawServer(listening) as server:
        deepgram(server, tls).connect(Encoding.PCMU).close()


def test_pings_are_answered_and_pauses_are_no_loss(tls: ssl.SSLContext) -> None:
    def script(peer: Peer) -> None:
        peer.accept_websocket()
        peer.send(frame(9, b"are you there"))
        assert peer.read_frame() == (10, b"are you there")
        half = frame(1, final("hola").encode())
        peer.send(half[:40])
        assert peer.read_frame() == (BINARY, FRAME)  # meanwhile reads have timed out in the middle of the frame
        peer.send(half[40:])
        peer.wait_for_end()

    with RawServer(script) as server:
        stream = deepgram(server, tls, send_timeout_s=0.05).connect(Encoding.PCMU)
        reader = Reader(stream.events())
        assert not reader.ended_within(0.3)
        stream.send(FRAME)
        assert reader.wait_for(1) == [heard("hola")]
        stream.close()
        assert reader.ended_within(WOKEN_WITHIN_S)


# --- garbage ---


def test_messages_that_make_no_sense_are_counted_and_dropped(tls: ssl.SSLContext) -> None:
    def script(peer: Peer) -> None:
        peer.accept_websocket()
        for garbage in (b"", b"{", b'{"type":7}', b"\xff\xfe", b'{"type":"Results","channel":"?"}'):
            peer.send(frame(TEXT, garbage))
        peer.send(frame(BINARY, b"\x00\x01"))
        peer.send_text({"type": "Error", "variant": "SchemaError", "description": "what?"})
        peer.send_text(final("sigo"))
        peer.wait_for_end()

    with RawServer(script) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMU)
        reader = Reader(stream.events())
        assert reader.wait_for(1) == [heard("sigo")]
        assert stream.malformed_messages == 5
        stream.close()
        assert reader.ended_within(WOKEN_WITHIN_S)


def test_text_is_not_checked_twice(tls: ssl.SSLContext) -> None:
    """The library's check of UTF-8 is pure Python and costs ten times the rest of a message."""
    with RawServer(listening) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMU)
        assert stream._connection._ws.frame_buffer.skip_utf8_validation
        stream.close()


@pytest.mark.parametrize(
    "garbage",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"\xff" * 64, frame(3, b"reserved"), frame(0, b"no beginning"), b"\x81\x7f\xff" * 9],
)
def test_what_is_not_websocket_ends_the_stream(tls: ssl.SSLContext, garbage: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.accept_websocket()
        peer.send(garbage)
        peer.socket.shutdown(socket.SHUT_WR)
        peer.wait_for_end()

    with RawServer(script) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMU)
        assert error_of(lambda: list(stream.events())).kind in (Failure.PROTOCOL, Failure.UNAVAILABLE)


def test_a_message_without_end_is_not_collected(tls: ssl.SSLContext) -> None:
    def script(peer: Peer) -> None:
        peer.accept_websocket()
        peer.send(b"\x81\x7f" + (2**40).to_bytes(8, "big"))
        while True:
            peer.send(bytes(65536))

    with RawServer(script) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMU)
        error = error_of(lambda: list(stream.events()))
    assert "1048576 bytes" in error.message


# --- closing ---


@pytest.mark.parametrize("secure", [False, True])
def test_a_close_wakes_the_reader_even_when_the_peer_never_answers(
    tls: ssl.SSLContext, secure: bool, tmp_path: Path
) -> None:
    theirs, ours = loopback_contexts(tmp_path) if secure else (None, tls)
    gone = threading.Event()

    def script(peer: Peer) -> None:
        peer.accept_websocket()
        peer.wait_for_end()
        gone.set()

    with RawServer(script, theirs) as server:
        stream = deepgram(server, ours, send_timeout_s=30.0).connect(Encoding.PCMU)
        reader = Reader(stream.events())
        started = time.monotonic()
        stream.close()
        stream.close()
        assert time.monotonic() - started < WOKEN_WITHIN_S
        assert reader.ended_within(WOKEN_WITHIN_S)
        assert reader.error is None
        assert gone.wait(WOKEN_WITHIN_S)
        assert error_of(lambda: stream.send(FRAME)).kind is Failure.UNAVAILABLE


def test_a_close_before_anyone_reads_leaves_nothing_open(tls: ssl.SSLContext) -> None:
    gone = threading.Event()

    def script(peer: Peer) -> None:
        peer.accept_websocket()
        peer.wait_for_end()
        gone.set()

    with RawServer(script) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMU)
        stream.close()
        assert gone.wait(WOKEN_WITHIN_S)
        assert list(stream.events()) == []


def test_a_close_wakes_a_sender_whom_nobody_reads(tls: ssl.SSLContext) -> None:
    def script(peer: Peer) -> None:
        peer.accept_websocket()
        assert finished.wait(5)

    finished = threading.Event()
    with RawServer(script) as server:
        stream = deepgram(server, tls, send_timeout_s=30.0).connect(Encoding.PCMU)
        sending, errors = threading.Event(), []

        def send() -> None:
            sending.set()
            try:
                while True:
                    stream.send(bytes(65536))
            except ProviderError as error:
                errors.append(error)

        sender = threading.Thread(target=send)
        sender.start()
        assert sending.wait(5)
        sender.join(0.3)
        assert sender.is_alive()
        stream.close()
        sender.join(WOKEN_WITHIN_S)
        assert not sender.is_alive()
        assert len(errors) == 1
        finished.set()


def test_a_peer_that_reads_nothing_is_given_up_in_time(tls: ssl.SSLContext) -> None:
    finished = threading.Event()

    def script(peer: Peer) -> None:
        peer.accept_websocket()
        assert finished.wait(5)

    def fill(stream: NovaStream | FluxStream) -> None:
        while True:
            stream.send(bytes(65536))

    with RawServer(script) as server:
        stream = deepgram(server, tls, send_timeout_s=0.2).connect(Encoding.PCMU)
        assert error_of(lambda: fill(stream)).kind is Failure.TIMEOUT
        assert error_of(lambda: list(stream.events())).kind is Failure.UNAVAILABLE
        finished.set()


# --- losing the connection ---


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (1011, "Deepgram did not receive audio data. See https://dpgr.am/net0001", Failure.UNAVAILABLE),
        (1008, "DATA-0000", Failure.REFUSED),
        (1000, "", Failure.UNAVAILABLE),
    ],
)
def test_why_deepgram_closed_is_not_lost(tls: ssl.SSLContext, code: int, reason: str, kind: Failure) -> None:
    def script(peer: Peer) -> None:
        peer.accept_websocket()
        peer.send_text(final("hola"))
        peer.send(close_frame(code, reason))
        peer.wait_for_end()

    with RawServer(script) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMU)
        reader = Reader(stream.events())
        assert reader.ended_within(5)
    assert reader.items == [heard("hola")]
    assert reader.error is not None
    assert (reader.error.kind, reader.error.code) == (kind, str(code))
    assert reason in reader.error.message
    assert error_of(lambda: stream.send(FRAME)).kind is Failure.UNAVAILABLE


def test_why_deepgram_closed_is_not_lost_when_it_is_gone_at_once(tls: ssl.SSLContext) -> None:
    received = threading.Event()

    def script(peer: Peer) -> None:
        peer.accept_websocket()
        peer.send_text(final("hola"))
        peer.send(close_frame(1011, "NET-0001"))
        assert received.wait(5)
        peer.reset()

    with RawServer(script) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMU)
        events = stream.events()
        assert next(events) == heard("hola")  # the close has been received with it, and waits in our buffer
        received.set()
        for thread in server._threads:
            thread.join(5)
        assert error_of(lambda: next(events)).code == "1011"


@pytest.mark.parametrize("end", [Peer.reset, lambda peer: None])
def test_a_connection_lost_without_a_word_is_unavailable(tls: ssl.SSLContext, end: Callable[[Peer], None]) -> None:
    def script(peer: Peer) -> None:
        peer.accept_websocket()
        peer.send_text(final("hola"))
        end(peer)

    with RawServer(script) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMU)
        reader = Reader(stream.events())
        assert reader.ended_within(5)
    assert reader.error is not None
    assert reader.error.kind is Failure.UNAVAILABLE


def test_an_empty_close_is_a_loss_too(tls: ssl.SSLContext) -> None:
    def script(peer: Peer) -> None:
        peer.accept_websocket()
        peer.send(frame(8, b""))
        peer.wait_for_end()

    with RawServer(script) as server:
        stream = deepgram(server, tls).connect(Encoding.PCMU)
        assert error_of(lambda: list(stream.events())).code == "1005"


# --- refusals ---


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Failure.REFUSED),
        (401, Failure.AUTH),
        (402, Failure.PAYMENT),
        (403, Failure.AUTH),
        (429, Failure.RATE_LIMIT),
        (503, Failure.UNAVAILABLE),
    ],
)
def test_a_refused_handshake_says_why(tls: ssl.SSLContext, status: int, kind: Failure) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        body = json.dumps({"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials.", "request_id": "r"})
        peer.respond(status, body, content_type="application/json", dg_request_id="r")

    with RawServer(script) as server:
        error = error_of(lambda: deepgram(server, tls).connect(Encoding.PCMU))
    assert (error.kind, error.status, error.code, error.message) == (
        kind,
        status,
        "INVALID_AUTH",
        "Invalid credentials.",
    )


def test_the_reason_in_the_header_is_the_best_one(tls: ssl.SSLContext) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.respond(400, "not json", dg_error="Invalid 'utterance_end_ms' value of '999'.")

    with RawServer(script) as server:
        error = error_of(lambda: deepgram(server, tls).connect(Encoding.PCMU))
    assert error.message == "Invalid 'utterance_end_ms' value of '999'."


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\xff" * 100 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 what\r\n\r\n",
        head(400, content_length="many"),
        head(101, upgrade="websocket", connection="Upgrade", sec_websocket_accept="wrong"),
        b"",
    ],
)
def test_an_answer_that_is_no_handshake_is_a_failure(tls: ssl.SSLContext, answer: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer)

    with RawServer(script) as server:
        error_of(lambda: deepgram(server, tls).connect(Encoding.PCMU))
        assert server.connections == 1


def test_a_redirect_is_not_followed(tls: ssl.SSLContext) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        here = server.url.replace("http", "ws")
        peer.send(head(302, location=f"{here}/v1/listen", content_length="0"))

    with RawServer(script) as server:
        error_of(lambda: deepgram(server, tls).connect(Encoding.PCMU))
        assert server.connections == 1


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 101 Switching\r\n", head(500, content_length=str(10**12))])
def test_a_handshake_that_never_ends_is_given_up_in_time(tls: ssl.SSLContext, start: bytes) -> None:
    """One byte now and then keeps every single read happy: only a limit on the whole helps."""
    stop = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(start)
        while not stop.wait(0.05):
            peer.send(b"x")

    with RawServer(script) as server:
        started = time.monotonic()
        error_of(lambda: deepgram(server, tls, connect_timeout_s=0.3).connect(Encoding.PCMU))
        assert time.monotonic() - started < 1.5
        stop.set()


def test_a_vendor_that_cannot_be_reached_is_unavailable(tls: ssl.SSLContext) -> None:
    with RawServer(lambda peer: None) as server:
        client = deepgram(server, tls)
    assert error_of(lambda: client.connect(Encoding.PCMU)).kind is Failure.UNAVAILABLE


def test_certificates_are_loaded_once_and_not_per_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, ours = loopback_contexts(tmp_path)
    loads = []
    for name in ("load_verify_locations", "load_default_certs"):
        monkeypatch.setattr(ssl.SSLContext, name, lambda *args, **kwargs: loads.append(args))

    with RawServer(listening, theirs) as server:
        client = deepgram(server, ours)
        for _ in range(2):
            client.connect(Encoding.PCMU).close()
    assert loads == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tls: ssl.SSLContext, tmp_path: Path) -> None:
    theirs, _ = loopback_contexts(tmp_path)
    with RawServer(lambda peer: None, theirs) as server:
        assert error_of(lambda: deepgram(server, tls).connect(Encoding.PCMU)).kind is Failure.UNAVAILABLE


# --- before the first call ---


def test_the_key_is_checked_by_asking_for_its_projects(tls: ssl.SSLContext) -> None:
    seen: list[tuple[str, str]] = []

    def script(peer: Peer) -> None:
        request = peer.read_request()
        assert request is not None
        seen.append((request.target, request.headers["authorization"]))
        peer.respond(200, json.dumps({"projects": []}))

    with RawServer(script) as server:
        deepgram(server, tls).check_key()
    assert seen == [("/v1/projects", "Token dg-secret")]


def test_a_wrong_key_is_told_in_deepgrams_words(tls: ssl.SSLContext) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.respond(401, json.dumps({"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials."}))

    with RawServer(script) as server:
        error = error_of(deepgram(server, tls).check_key)
    assert (error.kind, error.status, error.message) == (Failure.AUTH, 401, "Invalid credentials.")


def test_the_model_is_checked_by_a_stream_that_is_closed_again(tls: ssl.SSLContext) -> None:
    ended = threading.Event()

    def script(peer: Peer) -> None:
        peer.accept_websocket()
        peer.wait_for_end()
        ended.set()

    with RawServer(script) as server:
        deepgram(server, tls).check_model()
        assert ended.wait(WOKEN_WITHIN_S)
