from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from support.raw_server import HttpRequest, Peer, RawServer
from support.telnyx_types import check_body
from telnyx_actors.core.audio import Encoding
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.ports import CallCommand, CarrierCall, DialledCall, DialRequest, StreamRequest
from telnyx_actors.providers.telnyx import Telnyx, TelnyxOptions

DIAL = DialRequest(
    to="+573001112233",
    webhook_url="https://example.com/webhook?secret=s",
    client_state="llamada 7 ñ",
    command_id="id-1",
    stream=StreamRequest("wss://example.com/stream/media", codec=Encoding.PCMU),
)
HANGUP = CallCommand("hangup", "id-2")
ENDED: dict[str, object] = {
    "code": "90018",
    "title": "Call has already ended",
    "detail": "This call is no longer active.",
}
OK = json.dumps({"data": {"result": "ok"}})

Answer = Callable[[Peer, HttpRequest], None]


class Exchange:
    """A server that gives ``answers`` one after another, and then the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[HttpRequest] = []
        self._answers = answers
        self._lock = threading.Lock()

    def __call__(self, peer: Peer) -> None:
        while request := peer.read_request():
            with self._lock:
                answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
                self.requests.append(request)
            answer(peer, request)


def saying(status: int, body: str, **headers: str) -> Answer:
    return lambda peer, _: peer.respond(status, body, content_type="application/json", **headers)


def refusing(status: int, error: dict[str, object], **headers: str) -> Answer:
    return saying(status, json.dumps({"errors": [error]}), **headers)


def lost(peer: Peer, _: HttpRequest) -> None:
    """Done, but the answer never arrives."""
    peer.reset()


def slow(peer: Peer, _: HttpRequest) -> None:
    peer.wait_for_end()


class Pauses(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def connect(tls: ssl.SSLContext, pauses: Pauses) -> Iterator[Callable[[RawServer], Telnyx]]:
    carriers = []

    def connect(server: RawServer) -> Telnyx:
        options = TelnyxOptions(
            "KEY-secret",
            connection_id="1234",
            phone_number="+576011234567",
            base_url=f"{server.url}/v2",
            answer_timeouts_s=(0.3, 0.3, 0.3),
            dial_timeouts_s=(0.3, 0.3),
        )
        carriers.append(Telnyx(options, tls, sleep=pauses))
        return carriers[-1]

    yield connect
    for carrier in carriers:
        carrier.close()


Connect = Callable[[RawServer], Telnyx]


def error_of(work: Callable[[], object]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        work()
    assert "KEY-secret" not in str(caught.value)
    return caught.value


# --- requests ---


def test_a_dial_is_what_telnyx_takes(connect: Connect) -> None:
    call = {"record_type": "call", "call_control_id": "v3:x", "call_leg_id": "leg", "call_session_id": "session"}
    exchange = Exchange(saying(200, json.dumps({"data": {**call, "is_alive": False, "new": 1}})))
    with RawServer(exchange) as server:
        assert connect(server).dial(DIAL) == DialledCall("v3:x", "leg", "session")

    (request,) = exchange.requests
    assert (request.method, request.target) == ("POST", "/v2/calls")
    assert request.headers["authorization"] == "Bearer KEY-secret"
    check_body("dial", request.json)
    assert request.json == {
        "connection_id": "1234",
        "from": "+576011234567",
        "to": "+573001112233",
        "webhook_url": "https://example.com/webhook?secret=s",
        "webhook_url_method": "POST",
        "client_state": "bGxhbWFkYSA3IMOx",
        "command_id": "id-1",
        "timeout_secs": 30,
        "time_limit_secs": 3600,
        "stream_url": "wss://example.com/stream/media",
        "stream_track": "inbound_track",
        "stream_bidirectional_mode": "rtp",
        "stream_bidirectional_codec": "PCMU",
        "stream_bidirectional_target_legs": "both",
    }


def test_a_dial_without_a_stream_asks_for_none(connect: Connect) -> None:
    exchange = Exchange(saying(200, '{"data":{"call_control_id":"v3:x"}}'))
    with RawServer(exchange) as server:
        connect(server).dial(DialRequest("+571", "https://x", "s", "id"))

    check_body("dial", exchange.requests[0].json)
    assert not [name for name in exchange.requests[0].json if name.startswith("stream")]


@pytest.mark.parametrize(
    "command",
    [
        CallCommand("hangup", "id"),
        CallCommand("speak", "id", {"payload": "Un momento.", "voice": "Telnyx.KokoroTTS.af"}),
        CallCommand("playback_start", "id", {"playback_content": "AAAA", "audio_type": "wav"}),
        CallCommand("transfer", "id", {"to": "+571"}),
    ],
)
def test_a_command_goes_to_its_call_with_its_id(connect: Connect, command: CallCommand) -> None:
    exchange = Exchange(saying(200, OK))
    with RawServer(exchange) as server:
        connect(server).command("v3:a/b", command)

    (request,) = exchange.requests
    assert request.target == f"/v2/calls/v3%3Aa%2Fb/actions/{command.name}"
    assert request.json == {**command.body, "command_id": "id"}
    check_body(command.name, request.json)


def test_a_calls_status_is_read(connect: Connect) -> None:
    alive = {"call_control_id": "v3:x", "is_alive": True, "client_state": "bGxhbWFkYSA3IMOx", "call_duration": 9}
    exchange = Exchange(saying(200, json.dumps({"data": alive})))
    with RawServer(exchange) as server:
        assert connect(server).status("v3:x") == CarrierCall("v3:x", is_alive=True, client_state="llamada 7 ñ")

    assert (exchange.requests[0].method, exchange.requests[0].target) == ("GET", "/v2/calls/v3%3Ax")


def test_commands_share_a_connection(connect: Connect) -> None:
    with RawServer(Exchange(saying(200, OK))) as server:
        carrier = connect(server)
        for _ in range(3):
            carrier.command("v3:x", HANGUP)
        assert server.connections == 1


def test_proxies_of_the_environment_are_not_used(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with RawServer(Exchange(saying(200, OK))) as server:
        connect(server).command("v3:x", HANGUP)


# --- tries ---


@pytest.mark.parametrize("trouble", [lost, slow, saying(500, "{}"), saying(503, "<html>")])
def test_a_command_whose_fate_is_unknown_is_repeated_with_the_same_id(
    connect: Connect, trouble: Answer, pauses: Pauses
) -> None:
    exchange = Exchange(trouble, trouble, saying(200, OK))
    with RawServer(exchange) as server:
        connect(server).command("v3:x", HANGUP)

    assert [request.json["command_id"] for request in exchange.requests] == ["id-2"] * 3
    assert pauses == [0.0, 0.25]


def test_tries_end(connect: Connect) -> None:
    exchange = Exchange(refusing(503, {"code": "10007", "title": "Unexpected error"}))
    with RawServer(exchange) as server:
        error = error_of(lambda: connect(server).command("v3:x", HANGUP))

    assert len(exchange.requests) == 3
    assert (error.kind, error.status, error.code) == (Failure.UNAVAILABLE, 503, "10007")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "10009", Failure.AUTH),
        (403, "10010", Failure.AUTH),
        (404, "10005", Failure.REFUSED),
        (422, "10016", Failure.REFUSED),
        (422, "10011", Failure.REFUSED),
        (422, "90018", Failure.GONE),
        (422, "90015", Failure.GONE),
        (422, "90034", Failure.REFUSED),
        (403, "90041", Failure.CAPACITY),
        (403, "90043", Failure.CAPACITY),
        (422, "20100", Failure.PAYMENT),
    ],
)
def test_a_refusal_is_told_once_with_code_and_reason(connect: Connect, status: int, code: str, kind: Failure) -> None:
    exchange = Exchange(refusing(status, {"code": code, "title": "t", "detail": "the vendor's reason"}))
    with RawServer(exchange) as server:
        error = error_of(lambda: connect(server).command("v3:x", HANGUP))

    assert len(exchange.requests) == 1
    assert (error.kind, error.status, error.code, error.message) == (kind, status, code, "the vendor's reason")


@pytest.mark.parametrize(
    ("detail", "kind"),
    [
        ("Limit of concurrent calls reached D1", Failure.CAPACITY),
        ("User channel limit exceeded (D3)", Failure.CAPACITY),
        ("Caller id is not a number of the account (D35)", Failure.REFUSED),
        ("Dialed number is not included in whitelisted countries D13", Failure.REFUSED),
        ("Destination number is invalid D11", Failure.REFUSED),
        ("You do not have permission", Failure.AUTH),
    ],
)
def test_what_is_not_allowed_is_told_from_a_key_that_is_wrong(connect: Connect, detail: str, kind: Failure) -> None:
    refusal = refusing(403, {"code": "10010", "title": "Authorization failed", "detail": detail})
    with RawServer(Exchange(refusal)) as server:
        assert error_of(lambda: connect(server).dial(DIAL)).kind is kind


@pytest.mark.parametrize(("says_s", "waited_s"), [(None, 0.25), ("0.5", 0.5), ("30", 1.0)])
def test_a_command_that_came_in_a_crowd_is_repeated_when_telnyx_says(
    connect: Connect, pauses: Pauses, says_s: str | None, waited_s: float
) -> None:
    headers = {} if says_s is None else {"retry_after": says_s}
    exchange = Exchange(refusing(429, {"code": "10011"}, **headers), saying(200, OK))
    with RawServer(exchange) as server:
        connect(server).command("v3:x", CallCommand("answer", "id-2"))

    assert [request.json["command_id"] for request in exchange.requests] == ["id-2"] * 2
    assert pauses == [waited_s]


@pytest.mark.parametrize("code", ["10011", "90103"])
def test_a_dial_that_came_in_a_crowd_is_left_to_whoever_dials(connect: Connect, pauses: Pauses, code: str) -> None:
    exchange = Exchange(refusing(429, {"code": code}))
    with RawServer(exchange) as server:
        error = error_of(lambda: connect(server).dial(DIAL))

    assert (error.kind, len(exchange.requests), pauses) == (Failure.RATE_LIMIT, 1, [])


def test_a_call_that_ended_is_gone(connect: Connect) -> None:
    with RawServer(Exchange(refusing(422, ENDED))) as server:
        error = error_of(lambda: connect(server).command("v3:x", HANGUP))

    assert error.kind is Failure.GONE
    assert not error.is_temporary


@pytest.mark.parametrize("headers", [{"retry_after": "2.5"}, {"x_ratelimit_reset": "2.5"}])
def test_a_rate_limit_says_when_to_come_back(connect: Connect, headers: dict[str, str]) -> None:
    with RawServer(Exchange(refusing(429, {"code": "10011"}, **headers))) as server:
        error = error_of(lambda: connect(server).dial(DIAL))

    assert (error.kind, error.retry_after_s) == (Failure.RATE_LIMIT, 2.5)


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "mañana", ""])
def test_a_senseless_time_to_come_back_is_none(connect: Connect, value: str) -> None:
    headers = {"retry_after": value.encode("ascii", "ignore").decode()}
    with RawServer(Exchange(refusing(429, {"code": "10011"}, **headers))) as server:
        assert error_of(lambda: connect(server).dial(DIAL)).retry_after_s is None


def test_transcription_that_already_runs_is_what_was_asked_for(connect: Connect) -> None:
    already = refusing(422, {"code": "90054", "title": "Call transcription is already in progress"})
    with RawServer(Exchange(already)) as server:
        carrier = connect(server)
        carrier.command("v3:x", CallCommand("transcription_start", "id"))
        assert error_of(lambda: carrier.command("v3:x", CallCommand("speak", "id"))).code == "90054"


# --- what makes no sense ---


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"data":{"result":"ok"}}', "<html>", "\x00", "[" * 5000])
def test_a_dial_answered_without_a_call_is_a_protocol_failure(connect: Connect, body: str) -> None:
    with RawServer(Exchange(saying(200, body))) as server:
        assert error_of(lambda: connect(server).dial(DIAL)).kind is Failure.PROTOCOL


@pytest.mark.parametrize("body", ["", "<html>" + "x" * 200_000, '{"errors":7}', "\x00"])
def test_a_refusal_without_an_envelope_is_cut_short(connect: Connect, body: str) -> None:
    with RawServer(Exchange(saying(400, body))) as server:
        error = error_of(lambda: connect(server).dial(DIAL))

    assert error.kind is Failure.REFUSED
    assert len(error.message) <= 300


def test_a_redirect_is_not_followed(connect: Connect) -> None:
    exchange = Exchange(saying(307, "", location="http://127.0.0.1:9/"))
    with RawServer(exchange) as server:
        assert error_of(lambda: connect(server).dial(DIAL)).status == 307

    assert len(exchange.requests) == 1


def test_a_carrier_that_cannot_be_reached_is_unavailable(connect: Connect, pauses: Pauses) -> None:
    with RawServer(Exchange(lost)) as server:
        carrier = connect(server)
    error = error_of(lambda: carrier.command("v3:x", HANGUP))
    assert error.kind is Failure.UNAVAILABLE
    assert re.fullmatch(r"connection failed \(\[\w+ \d+\] [^()]+\)", error.message), error.message
    assert len(pauses) == 2


# --- before the first call ---

NUMBER = {"phone_number": "+576011234567", "status": "active", "connection_id": "1234"}


def test_the_application_is_looked_up_by_its_id(connect: Connect) -> None:
    exchange = Exchange(saying(200, json.dumps({"data": {"id": "1234", "application_name": "Clínica"}})))
    with RawServer(exchange) as server:
        application = connect(server).application()

    assert application.application_name == "Clínica"
    assert exchange.requests[0].target == "/v2/call_control_applications/1234"


def test_our_number_is_found_among_those_that_contain_it(connect: Connect) -> None:
    longer = {**NUMBER, "phone_number": "+5760112345678"}
    exchange = Exchange(
        saying(200, json.dumps({"data": [longer, NUMBER]})), saying(200, json.dumps({"data": [longer]}))
    )
    with RawServer(exchange) as server:
        carrier = connect(server)
        found, not_found = carrier.number(), carrier.number()

    assert found is not None
    assert (found.phone_number, found.status, found.connection_id) == ("+576011234567", "active", "1234")
    assert not_found is None


def test_a_number_is_verified_or_it_is_not(connect: Connect) -> None:
    exchange = Exchange(
        saying(200, json.dumps({"data": {"phone_number": "+576011234567"}})),
        refusing(404, {"code": "10005", "title": "Resource not found"}),
        refusing(401, {"code": "10009", "title": "Authentication failed"}),
    )
    with RawServer(exchange) as server:
        carrier = connect(server)
        assert carrier.is_verified_number()
        assert not carrier.is_verified_number()
        assert error_of(carrier.is_verified_number).kind is Failure.AUTH


def test_an_application_that_cannot_be_understood_is_said_so(connect: Connect) -> None:
    with RawServer(Exchange(saying(200, "<html>"))) as server:
        assert error_of(connect(server).application).kind is Failure.PROTOCOL
