"""Who may come in: webhooks that Telnyx did not sign, strangers on the media socket, the API from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import websocket

from measure.daemon import Daemon
from support.stage import WISH, hurried
from support.waiting import until
from support.webhook_signer import Signer, event
from telnyx_actors.standins.caller import CallerScript, HangUp, Stay, WaitForAgent
from telnyx_actors.standins.world import World

WEBHOOK = "/webhook/telnyx"
REJECTED = "telnyx_actors_front_webhooks_rejected_total"
DENIED = "telnyx_actors_front_access_denied_total"
STREAMS_REFUSED = "telnyx_actors_front_streams_refused_total"


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture(scope="module")
def daemon(start_daemon: Callable[..., Daemon], signer: Signer) -> Daemon:
    """Trusts the test's signatures alone: no call of the stand-ins' gets a webhook through."""
    return start_daemon(TELNYX_PUBLIC_KEY=signer.public_key)


@pytest.fixture(scope="module")
def keyless(start_daemon: Callable[..., Daemon]) -> Daemon:
    """Has no public key, as the checklist's ``.env``: each call's own secret must do."""
    return start_daemon().wait_ready()


@pytest.fixture(scope="module")
def tokened(start_daemon: Callable[..., Daemon]) -> Daemon:
    return start_daemon(API_TOKEN="una-frase-larga")


def counted(daemon: Daemon, family: str, reason: str, action: Callable[[], object]) -> float:
    """How much the counter rose by the action."""
    before = daemon.figure(family, reason=reason)
    action()
    return daemon.figure(family, reason=reason) - before


# --- webhooks, with a public key ---


def test_a_signed_webhook_is_taken(daemon: Daemon, signer: Signer) -> None:
    body = event(call_control_id="v3:x")
    answer = daemon.post(WEBHOOK, data=body, headers=signer.headers(body))
    assert (answer.status_code, answer.json()) == (200, {"status": "handled"})


def test_an_unsigned_webhook_is_refused_and_counted(daemon: Daemon) -> None:
    def post() -> None:
        headers = {"Content-Type": "application/json"}
        assert daemon.post(WEBHOOK, data=event(call_control_id="v3:x"), headers=headers).status_code == 401

    assert counted(daemon, REJECTED, "signature_missing", post) == 1


def test_a_stale_webhook_is_refused_and_counted(daemon: Daemon, signer: Signer) -> None:
    def post() -> None:
        body = event(call_control_id="v3:x")
        assert daemon.post(WEBHOOK, data=body, headers=signer.headers(body, age_s=301)).status_code == 401

    assert counted(daemon, REJECTED, "signature_stale", post) == 1


def test_an_altered_webhook_is_refused_and_counted(daemon: Daemon, signer: Signer) -> None:
    def post() -> None:
        body = event(call_control_id="v3:x")
        altered = body.replace(b"v3:x", b"v3:y")
        assert daemon.post(WEBHOOK, data=altered, headers=signer.headers(body)).status_code == 401

    assert counted(daemon, REJECTED, "signature_mismatch", post) == 1


def test_somebody_elses_signature_is_refused_and_counted(daemon: Daemon) -> None:
    def post() -> None:
        body = event(call_control_id="v3:x")
        assert daemon.post(WEBHOOK, data=body, headers=Signer().headers(body)).status_code == 401

    assert counted(daemon, REJECTED, "signature_mismatch", post) == 1


def test_a_replayed_webhook_has_no_effect_and_is_counted(daemon: Daemon, signer: Signer) -> None:
    body = event(call_control_id="v3:x")
    headers = signer.headers(body)
    before = daemon.figure("telnyx_actors_front_webhooks_duplicate_total")
    assert [daemon.post(WEBHOOK, data=body, headers=headers).status_code for _ in range(3)] == [200, 200, 200]
    assert daemon.figure("telnyx_actors_front_webhooks_duplicate_total") - before == 2


def test_refusals_say_nothing_of_their_reason(daemon: Daemon, signer: Signer) -> None:
    body = event(call_control_id="v3:x")
    answers = {
        daemon.post(WEBHOOK, data=body, headers=headers).text
        for headers in ({}, signer.headers(body, age_s=999), Signer().headers(body))
    }
    assert len(answers) == 1


# --- webhooks, without one ---


@pytest.mark.parametrize(
    ("query", "reason"),
    [("", "no_secret"), ("?call=nadie&token=x", "unknown_call"), ("?call={ref}&token=x", "bad_secret")],
)
def test_without_a_key_the_calls_own_secret_is_needed(keyless: Daemon, world: World, query: str, reason: str) -> None:
    world.expect(CallerScript((Stay(20),)), "+573009990001")
    placed = keyless.post("/api/call/initiate", json={"telefono": "+573009990001", "nombre": "Ana"}).json()
    body = event("call.hangup", call_control_id=placed["call_control_id"])

    def post() -> None:
        url = WEBHOOK + query.format(ref=placed["call_id"])
        assert keyless.post(url, data=body, headers={"Content-Type": "application/json"}).status_code == 401

    assert counted(keyless, REJECTED, reason, post) == 1
    assert keyless.get(f"/api/calls/{placed['call_control_id']}").json()["state"] != "ended"
    assert keyless.post(f"/api/calls/{placed['call_control_id']}/hangup").status_code < 300


# --- the media socket ---


@pytest.fixture
def socket(keyless: Daemon) -> Iterator[websocket.WebSocket]:
    socket = websocket.create_connection(f"ws://127.0.0.1:{keyless.port}/stream/media", timeout=8)
    yield socket
    if socket.sock is not None:  # its own ``close`` does nothing once the server has closed, and leaks the socket
        socket.sock.close()


def start_of(call_control_id: str) -> str:
    media_format = {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}
    start = {"call_control_id": call_control_id, "media_format": media_format}
    return json.dumps({"event": "start", "sequence_number": "1", "stream_id": "s", "start": start})


def test_a_stranger_on_the_media_socket_is_let_in_and_sent_away(keyless: Daemon, socket: websocket.WebSocket) -> None:
    def say_start() -> None:
        socket.send(start_of("v3:inventada"))
        opcode, data = socket.recv_data()
        assert (opcode, int.from_bytes(data[:2], "big")) == (websocket.ABNF.OPCODE_CLOSE, 1008)

    assert counted(keyless, STREAMS_REFUSED, "not_admitted", say_start) == 1


def test_who_knows_a_calls_id_but_not_its_secret_does_not_get_its_audio(
    keyless: Daemon, socket: websocket.WebSocket, world: World
) -> None:
    world.expect(hurried(WISH))
    call_control_id = keyless.dial()
    socket.send(start_of(call_control_id))
    opcode, data = socket.recv_data()
    assert (opcode, int.from_bytes(data[:2], "big")) == (websocket.ABNF.OPCODE_CLOSE, 1008)
    record = world.wait_ended(call_control_id, 30)
    assert record.script_error == ""  # the call itself noticed nothing
    assert [response.seconds is not None for response in record.response_times()] == [True]


# --- the API ---


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"X-Forwarded-For": "203.0.113.7"}, "forwarded"),
        ({"Host": "clinica.example"}, "foreign_host"),
        ({"Origin": "https://clinica.example"}, "foreign_origin"),
    ],
)
@pytest.mark.parametrize("path", ["/api/calls", "/api/sessions/stats", "/metrics"])
def test_without_a_token_the_api_is_for_this_machine_only(
    daemon: Daemon, headers: dict[str, str], reason: str, path: str
) -> None:
    def get() -> None:
        assert daemon.get(path, headers=headers).status_code == 403

    assert counted(daemon, DENIED, reason, get) == 1


def test_nobody_elsewhere_can_place_a_call(daemon: Daemon, world: World) -> None:
    before = len(world.calls())
    body = {"telefono": "+573001234567", "nombre": "Ana"}
    answer = daemon.post("/api/call/initiate", json=body, headers={"X-Forwarded-For": "203.0.113.7"})
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert len(world.calls()) == before


def test_what_anybody_may_know_is_open(daemon: Daemon) -> None:
    for path in ("/", "/health", "/api/health"):
        assert daemon.get(path, headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 200, path
    until(lambda: daemon.get("/ready", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 200)


def test_with_a_token_only_the_token_counts(tokened: Daemon) -> None:
    assert tokened.get("/api/calls").status_code == 401
    assert tokened.get("/api/calls", headers={"Authorization": "Bearer otra"}).status_code == 401
    tokened.http.headers["Authorization"] = "Bearer una-frase-larga"
    assert tokened.get("/api/calls", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 200
    assert tokened.figure(DENIED, reason="no_token") == 1
    assert tokened.figure(DENIED, reason="bad_token") == 1


def test_no_secret_of_a_call_is_in_the_log(keyless: Daemon, world: World) -> None:
    world.expect(CallerScript((WaitForAgent(speaking_ms=100), HangUp())))
    call_control_id = keyless.dial()
    world.wait_ended(call_control_id, 20)
    keyless.wait_line("Registro guardado", call=call_control_id)
    assert [line.text for line in keyless.lines() if "token=" in line.text or "secret=" in line.text] == []
