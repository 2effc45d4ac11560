"""Claude's stand-in over real sockets: its own SDK, and a raw client for what an SDK hides."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest
import requests

from support.loopback import entries, serving
from support.waiting import until
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.claude import ClaudeSettings, ClaudeStandIn, Reply, Rule, ToolUse

MODEL = "claude-haiku-5-5"
QUIET: dict[str, Any] = {"type": "disabled"}


def quick(**changes: Any) -> ClaudeSettings:
    return ClaudeSettings(**{"api_key": "clave", "headers_ms": 5, "first_token_ms": 20, "token_ms": 2, **changes})


@pytest.fixture
def claude() -> Iterator[ClaudeStandIn]:
    with serving(ClaudeStandIn(quick())) as standin:
        yield standin


@pytest.fixture
def sdk(claude: ClaudeStandIn) -> Iterator[anthropic.Anthropic]:
    with client_of(claude) as client:
        yield client


def client_of(standin: ClaudeStandIn, **options: Any) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        **{"api_key": "clave", "base_url": standin.url, "max_retries": 0, "timeout": 5, **options}
    )


def asked(text: str = "Hola", **more: Any) -> dict[str, Any]:
    return {
        "model": MODEL,
        "max_tokens": 200,
        "thinking": QUIET,
        "messages": [{"role": "user", "content": text}],
        **more,
    }


def stream_text(client: anthropic.Anthropic, **request: Any) -> tuple[list[str], anthropic.types.Message]:
    with client.messages.stream(**request) as stream:
        pieces = list(stream.text_stream)
        return pieces, stream.get_final_message()


def post(standin: ClaudeStandIn, body: Any, headers: dict[str, str] | None = None) -> requests.Response:
    sent = {"Authorization": "Bearer clave", "anthropic-version": "2026-10-21", **(headers or {})}
    data = json.dumps({**body, "stream": True}).encode() if isinstance(body, dict) else body
    return requests.post(f"{standin.url}/v1/messages", data=data, headers=sent, timeout=5)


def failure(client: anthropic.Anthropic, **request: Any) -> anthropic.APIStatusError:
    with pytest.raises(anthropic.APIStatusError) as error:
        stream_text(client, **request)
    return error.value


# --- the vendor's SDK ---


def test_the_sdk_streams_a_reply_in_tokens(sdk: anthropic.Anthropic, claude: ClaudeStandIn) -> None:
    claude.script([("hola", "Claro que sí. Mañana a las diez, señora Muñoz.")])
    pieces, message = stream_text(sdk, **asked())
    assert "".join(pieces) == "Claro que sí. Mañana a las diez, señora Muñoz."
    assert len(pieces) > 8
    assert (message.stop_reason, message.model) == ("end_turn", MODEL)
    assert message.usage.output_tokens == len(pieces)
    (request,) = claude.requests
    assert (request.outcome, request.tokens_sent, request.last_user_text) == ("complete", len(pieces), "Hola")
    assert request.body["thinking"] == QUIET


def test_tokens_come_when_the_settings_say(sdk: anthropic.Anthropic) -> None:
    with serving(ClaudeStandIn()) as standin, client_of(standin) as client:
        began = time.monotonic()
        with client.messages.stream(**asked()) as stream:
            times = [time.monotonic() - began for _ in stream.text_stream]
    assert 0.34 <= times[0] <= 0.6
    assert (times[-1] - times[0]) / (len(times) - 1) == pytest.approx(0.02, rel=0.35)


def test_the_sdk_gets_a_whole_reply(sdk: anthropic.Anthropic) -> None:
    message = sdk.messages.create(**asked("Quiero una cita"))
    assert [block.type for block in message.content] == ["text"]
    assert message.stop_reason == "end_turn"


def test_tools_are_streamed_in_pieces_beside_text(sdk: anthropic.Anthropic, claude: ClaudeStandIn) -> None:
    tools = (ToolUse("agendar", {"día": "martes", "hora": 10}), ToolUse("colgar"))
    claude.script([Rule("", Reply("Ya la agendo.", tools=tools))])
    pieces, message = stream_text(sdk, **asked())
    assert "".join(pieces) == "Ya la agendo."
    used = [(block.name, block.input) for block in message.content if block.type == "tool_use"]
    assert used == [("agendar", {"día": "martes", "hora": 10}), ("colgar", {})]
    assert message.stop_reason == "tool_use"


def test_a_model_that_is_not_told_otherwise_thinks_first(claude: ClaudeStandIn) -> None:
    with serving(ClaudeStandIn(quick(thinking_ms=100))) as standin, client_of(standin) as client:
        request = asked()
        del request["thinking"]
        began = time.monotonic()
        with client.messages.stream(**request) as stream:
            next(iter(stream.text_stream))
            assert time.monotonic() - began >= 0.1
            message = stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text"]


def test_no_tokens_allowed_warms_the_cache(sdk: anthropic.Anthropic) -> None:
    system = [{"type": "text", "text": "Eres María. " * 200, "cache_control": {"type": "ephemeral"}}]
    warmed = sdk.messages.create(**asked(max_tokens=0, system=system))
    assert (warmed.content, warmed.usage.cache_read_input_tokens) == ([], 0)
    _, message = stream_text(sdk, **asked(system=system))
    assert message.usage.cache_read_input_tokens == warmed.usage.cache_creation_input_tokens
    assert message.usage.cache_creation_input_tokens == 0


def test_max_tokens_cuts_the_reply(sdk: anthropic.Anthropic) -> None:
    pieces, message = stream_text(sdk, **asked(max_tokens=2))
    assert (len(pieces), message.stop_reason) == (2, "max_tokens")


def test_models_are_listed_and_looked_up(sdk: anthropic.Anthropic) -> None:
    assert MODEL in [model.id for model in sdk.models.list()]
    assert sdk.models.retrieve(MODEL).lifecycle == "active"
    with pytest.raises(anthropic.NotFoundError):
        sdk.models.retrieve("claude-1")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_refusals_are_the_errors_the_sdk_knows(
    sdk: anthropic.Anthropic, claude: ClaudeStandIn, status: int, kind: str
) -> None:
    claude.fail(Fault("refuse", status=status))
    error = failure(sdk, **asked())
    assert (error.status_code, error.type) == (status, kind)
    assert error.request_id
    assert (error.response.headers.get("retry-after") is not None) == (status == 429)
    assert stream_text(sdk, **asked())[1].stop_reason == "end_turn"


def test_a_wrong_key_is_an_authentication_error(claude: ClaudeStandIn) -> None:
    with client_of(claude, api_key="otra") as client:
        assert isinstance(failure(client, **asked()), anthropic.AuthenticationError)


def test_a_retired_model_is_not_found(sdk: anthropic.Anthropic) -> None:
    assert isinstance(failure(sdk, **asked(model="claude-haiku-0")), anthropic.NotFoundError)


def test_connections_are_counted(claude: ClaudeStandIn) -> None:
    limits = httpx2.Limits(keepalive_expiry=60)
    with client_of(claude, http_client=anthropic.DefaultHttpxClient(limits=limits)) as client:
        for _ in range(3):
            stream_text(client, **asked())
        assert claude.connections == 1
    with client_of(claude) as client:
        stream_text(client, **asked())
    assert claude.connections == 2


def test_a_client_that_leaves_is_noticed_and_when(sdk: anthropic.Anthropic) -> None:
    with serving(ClaudeStandIn(quick(first_token_ms=20, token_ms=200))) as standin, client_of(standin) as client:
        with client.messages.stream(**asked()) as stream:
            next(iter(stream.text_stream))
            left_at = time.monotonic()
        until(lambda: standin.requests[0].outcome == "disconnected")
        assert 0 <= standin.requests[0].ended_at - left_at < 0.15
        assert standin.requests[0].tokens_sent == 1


# --- faults in the middle ---


def test_an_error_event_in_the_stream_is_an_api_error(sdk: anthropic.Anthropic, claude: ClaudeStandIn) -> None:
    claude.fail(Fault("drop", after=3, code="overloaded_error"))
    error = failure(sdk, **asked())
    assert (error.status_code, error.type) == (200, "overloaded_error")


@pytest.mark.parametrize("code", ["", "truncate"])
def test_a_cut_stream_is_a_transport_error(sdk: anthropic.Anthropic, claude: ClaudeStandIn, code: str) -> None:
    claude.fail(Fault("drop", after=3, code=code))
    with pytest.raises(httpx2.TransportError):
        stream_text(sdk, **asked())
    assert (claude.requests[0].outcome, claude.requests[0].tokens_sent) == ("drop", 3)


@pytest.mark.parametrize("after", [0, 3])
def test_a_half_closed_stream_is_a_transport_error(claude: ClaudeStandIn, after: int) -> None:
    claude.fail(Fault("half_close", after=after))
    with client_of(claude) as client, pytest.raises((httpx2.TransportError, anthropic.APIConnectionError)):
        stream_text(client, **asked())
    assert len(entries(claude, "fault")) == 1
    assert claude.requests[0].tokens_sent == after


def test_a_stream_that_ends_too_early_has_no_stop_reason(sdk: anthropic.Anthropic, claude: ClaudeStandIn) -> None:
    claude.fail(Fault("drop", after=3, code="end"))
    pieces, message = stream_text(sdk, **asked())
    assert (len(pieces), message.stop_reason) == (3, None)


@pytest.mark.parametrize(("kind", "after"), [("stall", 0), ("stall", 3), ("half_open", 0), ("half_open", 3)])
def test_a_stall_lasts_until_the_client_gives_up(claude: ClaudeStandIn, kind: Any, after: int) -> None:
    claude.fail(Fault(kind, after=after))
    gives_up = pytest.raises((httpx2.ReadTimeout, anthropic.APITimeoutError))
    with client_of(claude, timeout=httpx2.Timeout(5, read=0.2)) as client, gives_up:
        stream_text(client, **asked())
    assert claude.requests[0].tokens_sent == after


def test_a_fault_may_strike_a_stream_that_is_running() -> None:
    with (
        serving(ClaudeStandIn(quick(token_ms=30))) as standin,
        client_of(standin) as client,
        client.messages.stream(**asked()) as stream,
    ):
        next(iter(stream.text_stream))
        standin.fail(Fault("drop"))
        with pytest.raises(httpx2.TransportError):
            list(stream.text_stream)


def test_faults_may_be_for_one_text_only(sdk: anthropic.Anthropic, claude: ClaudeStandIn) -> None:
    claude.fail(Fault("refuse", status=529, match="cita"))
    assert stream_text(sdk, **asked("Hola"))[1].stop_reason == "end_turn"
    assert failure(sdk, **asked("Una cita")).status_code == 529


def test_a_delay_comes_on_top(sdk: anthropic.Anthropic, claude: ClaudeStandIn) -> None:
    claude.fail(Fault("delay", after_ms=200))
    began = time.monotonic()
    stream_text(sdk, **asked())
    assert time.monotonic() - began >= 0.2


def test_silence_is_filled_with_pings() -> None:
    with serving(ClaudeStandIn(quick(first_token_ms=200, ping_every_ms=40))) as standin:
        text = post(standin, asked()).text
    assert text.count("event: ping\n") >= 4


# --- the wire ---


def test_events_come_in_the_documented_order_and_shape(claude: ClaudeStandIn) -> None:
    claude.script([("", "Sí, señora Muñoz.")])
    response = post(claude, asked())
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["request-id"].startswith("req_")
    assert response.headers["transfer-encoding"] == "chunked"
    events = [block.split("\n") for block in response.content.decode().strip().split("\n\n")]
    named = [(lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))) for lines in events]
    assert all(name == data["type"] for name, data in named)
    names = [name for name, _ in named]
    deltas = names.count("content_block_delta")
    assert names == [
        "message_start",
        "content_block_start",
        "ping",
        *["content_block_delta"] * deltas,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert named[0][1]["message"]["content"] == []


def test_a_chunk_may_end_inside_a_character(claude: ClaudeStandIn) -> None:
    claude.script([("", "ñandú, ñoño, añil, mañana, señal.")])
    body = json.dumps({**asked(), "stream": True}).encode()
    head = (
        "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer clave\r\nanthropic-version: 2026-10-21\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    host, port = claude.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(head.encode() + body)
        received = b"".join(iter(lambda: raw.recv(65536), b""))
    chunks = list(chunks_of(received.partition(b"\r\n\r\n")[2]))
    assert any(not decodes(chunk) for chunk in chunks)
    assert decodes(b"".join(chunks))


def chunks_of(data: bytes) -> Iterator[bytes]:
    while data:
        size, _, data = data.partition(b"\r\n")
        yield data[: int(size, 16)]
        data = data[int(size, 16) + 2 :]


def decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_the_older_key_header_is_taken_too(claude: ClaudeStandIn) -> None:
    assert post(claude, asked(), {"Authorization": "", "x-api-key": "clave"}).status_code == 200


def test_a_request_without_version_or_json_is_invalid(claude: ClaudeStandIn) -> None:
    assert post(claude, asked(), {"anthropic-version": ""}).status_code == 400
    for garbage in (b"", b"{", b"[]", b"\xff\xfe", b'{"messages": [1]}', b'{"messages": [[]]}'):
        response = post(claude, garbage)
        assert response.status_code == 400, garbage
        assert response.json()["error"]["type"] == "invalid_request_error"


def test_too_many_at_once_are_rate_limited() -> None:
    with serving(ClaudeStandIn(quick(concurrent_max=0))) as standin:
        response = post(standin, asked())
    assert (response.status_code, response.json()["error"]["type"]) == (429, "rate_limit_error")
