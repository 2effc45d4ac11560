"""The routes of the front, over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import requests
from loguru import logger

from support.fake_engine import FakeEngine, created
from support.front_client import QUICK, ask, serving
from telnyx_actors.front.ports import Answer, CallRequest, Reply
from telnyx_actors.front.server import FrontServer

CALL = {"telefono": "+573001234567", "nombre": "Ana", "contexto": "vacunas", "saludo": "Hola Ana"}


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(live_calls={"v3:a/b": {"call_control_id": "v3:a/b", "state": "talking"}})


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def server(engine: FakeEngine, request: pytest.FixtureRequest) -> Iterator[FrontServer]:
    with serving(engine, use_uvloop=request.param) as server:
        yield server


@pytest.fixture
def url(server: FrontServer) -> str:
    return f"http://127.0.0.1:{server.port}"


def test_the_index_says_what_this_is_and_what_can_be_asked(url: str) -> None:
    body = requests.get(url, timeout=5).json()
    assert body["status"] == "running"
    assert {"service", "version", "endpoints"} <= set(body)
    assert "POST /api/call/initiate" in body["endpoints"]


@pytest.mark.parametrize("path", ["/health", "/api/health"])
def test_health_is_open_and_dated(url: str, path: str) -> None:
    answer = requests.get(url + path, headers={"X-Forwarded-For": "1.2.3.4"}, timeout=5)
    assert answer.status_code == 200
    assert answer.json()["status"] == "healthy"
    assert answer.json()["timestamp"].endswith("Z")


def test_ready_follows_the_engine(url: str, engine: FakeEngine) -> None:
    assert requests.get(f"{url}/ready", timeout=5).status_code == 200
    engine.is_ready = False
    assert requests.get(f"{url}/ready", timeout=5).status_code == 503


def test_a_call_is_initiated_as_asked(url: str, engine: FakeEngine) -> None:
    answer = requests.post(f"{url}/api/call/initiate", json=CALL, timeout=5)
    assert answer.status_code == 201
    assert answer.json() == created("+573001234567")
    assert engine.requests == [CallRequest("+573001234567", "Ana", "vacunas", "Hola Ana")]


def test_the_engine_may_answer_later_and_from_another_thread(url: str, engine: FakeEngine) -> None:
    threads = []

    def later(request: CallRequest, reply: Reply) -> None:
        thread = threading.Timer(0.05, reply, [Answer(503, {"error": "full", "message": "Lleno"}, retry_after_s=7)])
        threads.append(thread)
        thread.start()

    engine.on_initiate = later
    answer = requests.post(f"{url}/api/call/initiate", json=CALL, timeout=5)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "7"
    assert answer.json() == {"error": "full", "message": "Lleno"}
    for thread in threads:
        thread.join()


def test_a_reply_that_never_comes_is_a_504_and_one_that_comes_twice_counts_once(engine: FakeEngine) -> None:
    replies: list[Reply] = []

    def twice(_request: CallRequest, reply: Reply) -> None:
        reply(Answer(201, {}))
        reply(Answer(500, {}))

    engine.on_initiate = lambda _request, reply: replies.append(reply)
    with serving(engine, QUICK) as server:
        url = f"http://127.0.0.1:{server.port}"
        with requests.Session() as session:
            answer = session.post(f"{url}/api/call/initiate", json=CALL, timeout=5)
            assert answer.status_code == 504
            assert answer.json()["error"] == "timeout"
            replies[0](Answer(201, created("+57300")))
            engine.on_initiate = twice
            assert session.post(f"{url}/api/call/initiate", json=CALL, timeout=5).status_code == 201
            assert session.get(f"{url}/health", timeout=5).status_code == 200
        assert server.counters.replies_dropped == 2


def test_a_reply_after_the_front_has_stopped_is_dropped_in_silence(engine: FakeEngine) -> None:
    replies: list[Reply] = []
    engine.on_initiate = lambda _request, reply: replies.append(reply)
    with serving(engine, QUICK) as server:
        requests.post(f"http://127.0.0.1:{server.port}/api/call/initiate", json=CALL, timeout=5)
    lines: list[str] = []
    handler = logger.add(lines.append)
    replies[0](Answer(201, {}))
    logger.remove(handler)
    assert (server.counters.replies_dropped, server.counters.errors, lines) == (0, 0, [])


def test_a_batch_answers_every_row_in_order(url: str, engine: FakeEngine) -> None:
    def some(request: CallRequest, reply: Reply) -> None:
        if request.nombre == "Ocupado":
            reply(Answer(503, {"error": "full", "message": "Lleno"}))
        else:
            reply(Answer(201, created(request.telefono)))

    engine.on_initiate = some
    rows = [
        {"telefono": "+573001234567", "nombre": "Ana"},
        {"telefono": "nope", "nombre": "Luis"},
        {"telefono": "+573001234568", "nombre": "Ocupado"},
        7,
    ]
    answer = requests.post(f"{url}/api/call/batch", json={"calls": rows}, timeout=5)
    assert answer.status_code == 200
    body = answer.json()
    assert body["total"] == 4
    assert body["results"][0] == {
        "status": "success",
        "call_control_id": "v3:+573001234567",
        "telefono": "+573001234567",
    }
    assert [row["status"] for row in body["results"]] == ["success", "error", "error", "error"]
    assert [row["telefono"] for row in body["results"]] == ["+573001234567", "nope", "+573001234568", ""]
    assert "'telefono'" in body["results"][1]["error"]
    assert body["results"][2]["error"] == "Lleno"


def test_a_batch_of_nothing_but_mistakes_is_still_answered(url: str, engine: FakeEngine) -> None:
    answer = requests.post(f"{url}/api/call/batch", json={"calls": [{}, []]}, timeout=5)
    assert [row["status"] for row in answer.json()["results"]] == ["error", "error"]
    assert engine.requests == []


def test_a_batch_that_is_late_tells_what_is_known(engine: FakeEngine) -> None:
    def only_ana(request: CallRequest, reply: Reply) -> None:
        if request.nombre == "Ana":
            reply(Answer(201, created(request.telefono)))

    engine.on_initiate = only_ana
    rows = [{"telefono": "+573001234567", "nombre": "Ana"}, {"telefono": "+573001234568", "nombre": "Luis"}]
    limits = type(QUICK)(batch_reply_s=0.1)
    with serving(engine, limits) as server:
        answer = requests.post(f"http://127.0.0.1:{server.port}/api/call/batch", json={"calls": rows}, timeout=5)
    assert [row["status"] for row in answer.json()["results"]] == ["success", "error"]
    assert "puede estar en curso" in answer.json()["results"][1]["error"]


def test_calls_can_be_listed_looked_at_and_hung_up(url: str) -> None:
    assert requests.get(f"{url}/api/calls", timeout=5).json()["calls"][0]["state"] == "talking"
    assert requests.get(f"{url}/api/calls/v3%3Aa%2Fb", timeout=5).json()["state"] == "talking"
    assert requests.get(f"{url}/api/calls/v3:other", timeout=5).status_code == 404
    assert requests.post(f"{url}/api/calls/v3%3Aa%2Fb/hangup", timeout=5).status_code == 202
    assert requests.get(f"{url}/api/calls/v3%3Aa%2Fb/hangup", timeout=5).status_code == 405


def test_stats_metrics_and_the_test_of_the_model(url: str) -> None:
    stats = requests.get(f"{url}/api/sessions/stats", timeout=5).json()
    assert set(stats) == {"active_sessions", "total_calls", "uptime_seconds"}
    metrics = requests.get(f"{url}/metrics", timeout=5)
    assert metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert metrics.text.startswith("# TYPE")
    body = {"nombre": "Ana", "mensaje": "¿Abren hoy?"}
    assert "¿Abren hoy?" in requests.post(f"{url}/api/test/claude", json=body, timeout=5).json()["response"]


def test_every_answer_of_every_kind_is_json_with_the_security_headers(url: str) -> None:
    for method, path, status in (
        ("GET", "/", 200),
        ("GET", "/nope", 404),
        ("PUT", "/health", 405),
        ("OPTIONS", "/api/calls", 405),
        ("GET", "/stream/media", 426),
        ("POST", "/api/call/initiate", 415),
    ):
        answer = requests.request(method, url + path, timeout=5)
        assert answer.status_code == status
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert status == 200 or set(answer.json()) == {"error", "message"}


def test_405_says_what_is_allowed(url: str) -> None:
    assert requests.put(f"{url}/health", timeout=5).headers["Allow"] == "GET, HEAD"
    assert requests.get(f"{url}/api/call/initiate", timeout=5).headers["Allow"] == "POST"


def test_head_is_get_without_the_body(server: FrontServer) -> None:
    request = b"%s /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    status, headers, body = ask(server, request % b"HEAD", method="HEAD")
    _, of_get, _ = ask(server, request % b"GET")
    assert (status, body) == (200, None)
    assert headers["Content-Length"] == of_get["Content-Length"]


def test_a_bug_behind_a_route_is_a_500_without_its_story(url: str, engine: FakeEngine, server: FrontServer) -> None:
    def broken(_request: CallRequest, _reply: Reply) -> None:
        raise RuntimeError("secret detail")

    engine.on_initiate = broken
    answer = requests.post(f"{url}/api/call/initiate", json=CALL, timeout=5)
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert server.counters.errors == 1
    assert requests.get(f"{url}/health", timeout=5).status_code == 200


def test_with_a_token_only_the_token_opens_the_api(engine: FakeEngine) -> None:
    with serving(engine, api_token="s3cret") as server:
        url = f"http://127.0.0.1:{server.port}"
        assert requests.get(f"{url}/health", timeout=5).status_code == 200
        refused = requests.get(f"{url}/api/calls", timeout=5)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        wrong = {"Authorization": "Bearer no"}
        assert requests.get(f"{url}/metrics", headers=wrong, timeout=5).status_code == 401
        right = {"Authorization": "Bearer s3cret", "X-Forwarded-For": "9.9.9.9"}
        assert requests.get(f"{url}/metrics", headers=right, timeout=5).status_code == 200
        assert server.counters.access_denied == {"no_token": 1, "bad_token": 1}


def test_without_a_token_a_tunnel_does_not_open_the_api(url: str, server: FrontServer) -> None:
    tunnel = {"X-Forwarded-For": "9.9.9.9"}
    refused = requests.post(f"{url}/api/call/initiate", json=CALL, headers=tunnel, timeout=5)
    assert refused.status_code == 403
    assert refused.json()["error"] == "forbidden"
    assert server.counters.access_denied == {"forwarded": 1}


def test_requests_are_counted_by_route_and_status(url: str, server: FrontServer) -> None:
    requests.get(f"{url}/health", timeout=5)
    requests.get(f"{url}/api/calls/v3:other", timeout=5)
    requests.get(f"{url}/no/such/{'x' * 50}", timeout=5)
    assert server.counters.requests == {("/health", 200): 1, ("/api/calls/{id}", 404): 1, ("other", 404): 1}
