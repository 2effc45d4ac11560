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

from support.certificates import loopback_contexts
from support.raw_server import HttpRequest, Peer, RawServer, chunk, failing, head, streaming
from support.vendor_streams import START, STOP, Reader, delta, ended, pieces_of, reply, sse
from telnyx_actors.core.history import OPENING
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.claude import Claude, ClaudeOptions, open_client
from telnyx_actors.providers.http import tls_context
from telnyx_actors.providers.ports import Message, ModelRequest, ReplyDelta, ReplyDone

REQUEST = ModelRequest("Eres María.", (Message("user", "Hola"),), 70)
DONE = ReplyDone("end_turn", input_tokens=30, output_tokens=15, cached_tokens=600)
EVENTS = "text/event-stream"
WOKEN_WITHIN_S = 0.5

answering = partial(streaming, EVENTS)

Connect = Callable[..., Claude]


@pytest.fixture
def connect(tls: ssl.SSLContext) -> Iterator[Connect]:
    clients = []

    def connect(server: RawServer, trust: ssl.SSLContext = tls, **options: Any) -> Claude:
        client = open_client(ClaudeOptions("sk-secret", server.url, **options), trust)
        clients.append(client)
        return Claude(client, "claude-haiku-5-5")

    yield connect
    for client in clients:
        client.close()


def error_of(claude: Claude) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        list(claude.stream(REQUEST))
    assert "sk-secret" not in str(caught.value)
    return caught.value


# --- the reply ---


def test_a_reply_is_its_texts_and_then_what_it_cost(connect: Connect) -> None:
    with RawServer(answering(*reply("Hola, ", "soy María."))) as server:
        assert list(connect(server).stream(REQUEST)) == [ReplyDelta("Hola, "), ReplyDelta("soy María."), DONE]


@pytest.mark.parametrize("size", [1, 7])
def test_a_reply_cut_into_pieces_anywhere_reads_the_same(connect: Connect, size: int) -> None:
    stream = b"".join(reply("Señor", " ¿mañana?"))
    with RawServer(answering(*pieces_of(stream, size))) as server:
        assert list(connect(server).stream(REQUEST)) == [ReplyDelta("Señor"), ReplyDelta(" ¿mañana?"), DONE]


def test_the_request_is_what_the_newest_api_accepts(connect: Connect) -> None:
    requests: list[HttpRequest] = []
    history = (Message("assistant", "Buenos días."), Message("user", "Hola"), Message("assistant", " "))
    with RawServer(answering(*reply("Sí."), requests=requests)) as server:
        list(connect(server).stream(ModelRequest("Eres María.", history, 70)))

    (request,) = requests
    assert (request.method, request.target) == ("POST", "/v1/messages")
    assert request.headers["authorization"] == "Bearer sk-secret"
    assert not request.json.keys() & {"temperature", "top_p", "top_k"}
    assert request.json == {
        "model": "claude-haiku-5-5",
        "max_tokens": 70,
        "stream": True,
        "thinking": {"type": "disabled"},
        "system": [{"type": "text", "text": "Eres María.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": OPENING},
            {"role": "assistant", "content": "Buenos días."},
            {"role": "user", "content": "Hola"},
        ],
    }


def test_thinking_tools_and_events_of_tomorrow_are_not_spoken(connect: Connect) -> None:
    others: list[dict[str, object]] = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hmm"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "delta_of_tomorrow", "text": "no"}},
        {"type": "event_of_tomorrow", "delta": {"text": "no"}},
    ]
    events = [START, *others, delta("Hola"), ended("tool_use"), STOP]
    with RawServer(answering(*map(sse, events))) as server:
        *texts, done = connect(server).stream(REQUEST)

    assert texts == [ReplyDelta("Hola")]
    assert isinstance(done, ReplyDone)
    assert done.stop_reason == "tool_use"


@pytest.mark.parametrize("reason", ["refusal", "max_tokens", "reason_of_tomorrow"])
def test_why_a_reply_stopped_is_passed_on(connect: Connect, reason: str) -> None:
    with RawServer(answering(*map(sse, [START, ended(reason), STOP]))) as server:
        (done,) = connect(server).stream(REQUEST)

    assert isinstance(done, ReplyDone)
    assert done.stop_reason == reason


# --- connections ---


def test_a_pause_between_turns_costs_no_new_connection(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own limit is 5 s: nearly every turn would pay for a TLS handshake."""
    with RawServer(answering(*reply("Hola"))) as server:
        claude = connect(server)
        list(claude.stream(REQUEST))
        later_s = 100.0
        clock = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: clock() + later_s)
        list(claude.stream(REQUEST))
        assert server.connections == 1
        later_s = 250.0
        list(claude.stream(REQUEST))
        assert server.connections == 2


def test_a_reader_that_stops_at_the_end_leaves_the_connection_usable(connect: Connect) -> None:
    with RawServer(answering(*reply("Hola"))) as server:
        claude = connect(server)
        for _ in range(3):
            for item in claude.stream(REQUEST):
                if isinstance(item, ReplyDone):
                    break
        assert server.connections == 1


def test_a_finished_reply_is_told_even_when_the_body_never_ends(connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(head(200, content_type=EVENTS, transfer_encoding="chunked"))
        peer.send(chunk(b"".join(reply("Hola"))))
        peer.wait_for_end()

    with RawServer(script) as server:
        started = time.monotonic()
        assert list(connect(server, read_timeout_s=5.0).stream(REQUEST)) == [ReplyDelta("Hola"), DONE]
        assert time.monotonic() - started < 2.0


def test_a_pooled_connection_that_died_is_replaced_before_anyone_notices(connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        if peer.number == 0:
            peer.respond_chunked(reply("Uno"), content_type=EVENTS)
            peer.read_request()  # and never answers: the connection ends as the next request arrives
        else:
            peer.respond_chunked(reply("Dos"), content_type=EVENTS)

    with RawServer(script) as server:
        claude = connect(server)
        assert ReplyDelta("Uno") in list(claude.stream(REQUEST))
        assert list(claude.stream(REQUEST)) == [ReplyDelta("Dos"), DONE]
        assert server.connections == 2


def test_warming_opens_the_connection_that_the_first_reply_uses(connect: Connect) -> None:
    targets = []

    def script(peer: Peer) -> None:
        while request := peer.read_request():
            targets.append(f"{request.method} {request.target}")
            if request.method == "GET":
                peer.respond(200, '{"type":"model","id":"claude-haiku-5-5"}', content_type="application/json")
            else:
                peer.respond_chunked(reply("Hola"), content_type=EVENTS)

    with RawServer(script) as server:
        claude = connect(server)
        claude.warm()
        list(claude.stream(REQUEST))
        assert server.connections == 1
    assert targets == ["GET /v1/models/claude-haiku-5-5", "POST /v1/messages"]


def test_warming_never_raises(connect: Connect) -> None:
    with RawServer(failing(500, "{}")) as server:
        claude = connect(server)
        claude.warm()
    claude.warm()  # and now nobody listens


def test_the_system_prompt_can_be_cached_before_the_first_question(connect: Connect) -> None:
    requests: list[HttpRequest] = []
    usage = {"input_tokens": 3, "output_tokens": 0, "cache_creation_input_tokens": 900, "cache_read_input_tokens": 0}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}

    def script(peer: Peer) -> None:
        while request := peer.read_request():
            requests.append(request)
            peer.respond(200, json.dumps(message), content_type="application/json")

    with RawServer(script) as server:
        assert connect(server).prewarm("Eres María.") == 900
    assert requests[0].json["max_tokens"] == 0
    assert "stream" not in requests[0].json


def test_proxies_of_the_environment_are_not_used(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with RawServer(answering(*reply("Hola"))) as server:
        assert list(connect(server).stream(REQUEST))[-1] == DONE


# --- cancelling ---


def silent(_: Peer) -> None:
    """Never answers."""


def headers_only(peer: Peer) -> None:
    peer.send(head(200, content_type=EVENTS, transfer_encoding="chunked"))


def half_a_reply(peer: Peer) -> None:
    headers_only(peer)
    peer.send(chunk(sse(START) + sse(delta("Hola"))))


@pytest.mark.parametrize("moment", [silent, headers_only, half_a_reply])
@pytest.mark.parametrize("secure", [False, True])
def test_a_cancel_wakes_the_reader_at_once_and_tells_the_vendor(
    connect: Connect, moment: Callable[[Peer], None], secure: bool, tmp_path: Path
) -> None:
    asked, gone = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        if not peer.read_request():
            return
        if peer.number:
            peer.respond_chunked(reply("Sigo aquí"), content_type=EVENTS)
            return
        moment(peer)
        asked.set()
        peer.wait_for_end()
        gone.set()

    theirs, ours = loopback_contexts(tmp_path) if secure else (None, tls_context())
    with RawServer(script, theirs) as server:
        claude = connect(server, ours)
        stream = claude.stream(REQUEST)
        reader = Reader(stream)
        assert asked.wait(5)
        reader.wait_for(1 if moment is half_a_reply else 0)
        stream.cancel()
        stream.cancel()
        assert reader.ended_within(WOKEN_WITHIN_S)
        assert reader.error is None
        assert gone.wait(WOKEN_WITHIN_S)
        assert list(claude.stream(REQUEST)) == [ReplyDelta("Sigo aquí"), DONE]


def test_a_cancel_before_anyone_reads_asks_for_nothing(connect: Connect) -> None:
    with RawServer(answering(*reply("Hola"))) as server:
        stream = connect(server).stream(REQUEST)
        stream.cancel()
        assert list(stream) == []
        assert server.connections == 0


def test_a_cancel_as_the_end_is_told_cannot_reach_the_next_reply(connect: Connect) -> None:
    """By then the connection is in the pool, or carries somebody else's words."""
    with RawServer(answering(*reply("Hola"))) as server:
        claude = connect(server)
        stream = claude.stream(REQUEST)
        for item in stream:
            if isinstance(item, ReplyDone):
                stream.cancel()
        assert list(claude.stream(REQUEST))[-1] == DONE
        assert server.connections == 1


def test_a_cancel_after_the_end_harms_nobody(connect: Connect) -> None:
    with RawServer(answering(*reply("Hola"))) as server:
        claude = connect(server)
        first = claude.stream(REQUEST)
        list(first)
        first.cancel()
        assert list(claude.stream(REQUEST))[-1] == DONE
        assert server.connections == 1


# --- failures ---


def envelope(type_: str, message: str) -> str:
    return json.dumps({"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_1"})


@pytest.mark.parametrize(
    ("status", "type_", "kind"),
    [
        (400, "invalid_request_error", Failure.REFUSED),
        (401, "authentication_error", Failure.AUTH),
        (402, "billing_error", Failure.PAYMENT),
        (403, "permission_error", Failure.AUTH),
        (404, "not_found_error", Failure.REFUSED),
        (429, "rate_limit_error", Failure.RATE_LIMIT),
        (500, "api_error", Failure.UNAVAILABLE),
        (529, "overloaded_error", Failure.UNAVAILABLE),
    ],
)
def test_a_refusal_says_why_and_is_not_asked_again(connect: Connect, status: int, type_: str, kind: Failure) -> None:
    with RawServer(failing(status, envelope(type_, "the vendor's reason"), retry_after="30")) as server:
        started = time.monotonic()
        error = error_of(connect(server))
        assert time.monotonic() - started < 1.0  # a Retry-After is for whoever decides, not for a sleep in here
        assert server.connections == 1

    assert (error.kind, error.status, error.code, error.message) == (kind, status, type_, "the vendor's reason")
    assert error.retry_after_s == 30


def test_a_refusal_that_is_not_json_is_cut_short(connect: Connect) -> None:
    with RawServer(failing(502, "<html>" + "x" * 100_000)) as server:
        error = error_of(connect(server))

    assert error.kind is Failure.UNAVAILABLE
    assert len(error.message) <= 300


def test_an_error_in_the_middle_has_the_replys_status_and_is_known_by_its_type(connect: Connect) -> None:
    bad: dict[str, object] = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with RawServer(answering(sse(START), sse(delta("Hola")), sse(bad))) as server:
        error = error_of(connect(server))

    assert (error.kind, error.code, error.message, error.status) == (
        Failure.UNAVAILABLE,
        "overloaded_error",
        "Overloaded",
        None,
    )


def test_a_stream_that_ends_well_without_its_last_event_is_a_failure(connect: Connect) -> None:
    with RawServer(answering(sse(START), sse(delta("Hola")))) as server:
        assert error_of(connect(server)).kind is Failure.PROTOCOL


def test_a_stream_without_a_stop_reason_is_a_failure(connect: Connect) -> None:
    with RawServer(answering(*map(sse, [START, delta("Hola"), ended(None), STOP]))) as server:
        assert error_of(connect(server)).kind is Failure.PROTOCOL


@pytest.mark.parametrize("end", [Peer.reset, lambda peer: None])
def test_a_connection_lost_in_the_middle_is_in_our_words(connect: Connect, end: Callable[[Peer], None]) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        half_a_reply(peer)
        end(peer)

    with RawServer(script) as server:
        assert error_of(connect(server)).kind is Failure.UNAVAILABLE
        assert server.connections == 1  # something was said: asking again would say it twice


@pytest.mark.parametrize("moment", [silent, half_a_reply])
def test_a_silent_vendor_is_given_up_in_time(connect: Connect, moment: Callable[[Peer], None]) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        moment(peer)
        peer.wait_for_end()

    with RawServer(script) as server:
        assert error_of(connect(server, read_timeout_s=0.2)).kind is Failure.TIMEOUT


def test_a_vendor_that_cannot_be_reached_is_unavailable(connect: Connect) -> None:
    with RawServer(silent) as server:
        claude = connect(server)
    assert error_of(claude).kind is Failure.UNAVAILABLE


@pytest.mark.parametrize(
    "garbage",
    [
        b"event: message_start\ndata: {not json\n\n",
        b"event: content_block_delta\ndata: " + b"[" * 20_000 + b"\n\n",
        b"event: error\ndata: not json\n\n",
        b"event: error\ndata: 7\n\n",
        b"\x00\xff\xfe\n\n",
    ],
)
def test_garbage_that_cannot_be_read_is_a_protocol_failure(connect: Connect, garbage: bytes) -> None:
    with RawServer(answering(sse(START), garbage)) as server:
        assert error_of(connect(server)).kind is Failure.PROTOCOL


@pytest.mark.parametrize(
    "garbage",
    [
        b"event: content_block_delta\ndata: []\n\n",
        b"event: content_block_delta\ndata: null\n\n",
        b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":null}\n\n',
        b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":7}}\n\n',
        b'event: message_start\ndata: {"type":"message_start","message":{}}\n\n',
        b'event: message_delta\ndata: {"type":"message_delta"}\n\n',
        b": comment\n\n",
        b"data: {}\n\n",
    ],
)
def test_garbage_that_can_be_stepped_over_does_not_end_a_reply(connect: Connect, garbage: bytes) -> None:
    with RawServer(answering(sse(START), garbage, sse(delta("Hola")), sse(ended()), sse(STOP))) as server:
        items = list(connect(server).stream(REQUEST))

    assert items[0] == ReplyDelta("Hola")
    assert isinstance(items[-1], ReplyDone)
