"""The webhook route, over real sockets: proof, answers, order, duplicates."""

from __future__ import annotations

import base64
import json
import queue
import threading
import time
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.fake_engine import FakeEngine
from support.front_client import serving
from telnyx_actors.front.server import FrontServer
from telnyx_actors.front.settings import FrontLimits
from telnyx_actors.wire.telnyx_webhook import WebhookEvent

KEY = Ed25519PrivateKey.generate()
PUBLIC_KEY = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()


def event(event_type: str = "call.answered", event_id: str = "e-1", **payload: Any) -> bytes:
    payload = {"call_control_id": "v3:abc", **payload}
    return json.dumps({"data": {"event_type": event_type, "id": event_id, "payload": payload}}).encode()


def signed(body: bytes, age_s: int = 0) -> dict[str, str]:
    timestamp = str(int(time.time()) - age_s)
    proof = KEY.sign(timestamp.encode() + b"|" + body)
    return {"Telnyx-Timestamp": timestamp, "Telnyx-Signature-Ed25519": base64.b64encode(proof).decode()}


def deliver(server: FrontServer, body: bytes, query: str = "", **headers: str) -> requests.Response:
    named = {"User-Agent": "telnyx-webhooks", "Content-Type": "application/json", **headers}
    return requests.post(f"http://127.0.0.1:{server.port}/webhook/telnyx{query}", body, headers=named, timeout=5)


def test_a_signed_event_is_answered_and_handed_over() -> None:
    engine = FakeEngine()
    with serving(engine, telnyx_public_key=PUBLIC_KEY) as server:
        body = event()
        answer = deliver(server, body, "?call=r1", **signed(body))
        assert (answer.status_code, answer.json()) == (200, {"status": "handled"})
        got, call_ref = engine.webhooks.get(timeout=5)
        assert (got.event_type, got.call_control_id, call_ref) == ("call.answered", "v3:abc", "r1")


def test_the_answer_does_not_wait_for_the_work() -> None:
    release = threading.Event()

    def work(_event: WebhookEvent) -> None:
        assert release.wait(5)

    engine = FakeEngine(secrets={"r1": "t"}, on_webhook=work)
    with serving(engine) as server:
        answer = deliver(server, event(), "?call=r1&token=t")
        assert answer.status_code == 200
        assert engine.webhooks.empty()
        release.set()
        assert engine.webhooks.get(timeout=5)


def test_work_that_fails_is_counted_and_costs_no_connection() -> None:
    def work(_event: WebhookEvent) -> None:
        raise RuntimeError("boom")

    with serving(FakeEngine(secrets={"r1": "t"}, on_webhook=work)) as server, requests.Session() as session:
        url = f"http://127.0.0.1:{server.port}/webhook/telnyx?call=r1&token=t"
        assert session.post(url, event(event_id="1"), timeout=5).status_code == 200
        assert session.post(url, event(event_id="2"), timeout=5).status_code == 200
        assert session.get(f"http://127.0.0.1:{server.port}/health", timeout=5).status_code == 200
        assert server.counters.errors == 2


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda body: {}, "signature_missing"),
        (lambda body: signed(body, age_s=400), "signature_stale"),
        (lambda body: signed(body, age_s=-400), "signature_stale"),
        (lambda body: signed(body + b" "), "signature_mismatch"),
        (lambda body: {**signed(body), "Telnyx-Timestamp": str(int(time.time()) - 7)}, "signature_mismatch"),
        (lambda body: {**signed(body), "Telnyx-Signature-Ed25519": "AAAA"}, "signature_malformed"),
    ],
)
def test_an_unproven_event_is_refused_and_counted(make: Any, reason: str) -> None:
    engine = FakeEngine(secrets={"r1": "t"})
    with serving(engine, telnyx_public_key=PUBLIC_KEY) as server:
        body = event()
        # With a key set, the secret of the URL is no substitute for the signature.
        answer = deliver(server, body, "?call=r1&token=t", **make(body))
        assert answer.status_code == 401
        assert answer.json()["error"] == "unauthorized"
        assert server.counters.webhooks_rejected == {reason: 1}
    assert engine.webhooks.empty()


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "no_secret"),
        ("?call=r1", "no_secret"),
        ("?token=t", "no_secret"),
        ("?call=r2&token=t", "unknown_call"),
        ("?call=r1&token=x", "bad_secret"),
        ("?call=r1&token=%C3%B1", "bad_secret"),
        ("?call=r1&token=%FF", "bad_secret"),
        ("?call=r3&token=", "no_secret"),
        ("?call=r3&token=x", "unknown_call"),
    ],
)
def test_without_a_key_only_the_secret_of_a_call_will_do(query: str, reason: str) -> None:
    engine = FakeEngine(secrets={"r1": "t", "r3": ""})
    with serving(engine) as server:
        assert deliver(server, event(), query).status_code == 401
        assert server.counters.webhooks_rejected == {reason: 1}
    assert engine.webhooks.empty()


def test_what_is_delivered_twice_is_handed_over_once_within_the_window() -> None:
    engine = FakeEngine(secrets={"r1": "t"})
    with serving(engine, FrontLimits(webhook_ids_max=2)) as server:
        for event_id in ("a", "a", "b", "a", "c", "a"):  # c pushes a out of a window of two
            answer = deliver(server, event(event_id=event_id), "?call=r1&token=t")
            assert answer.json() == {"status": "handled"}
        assert server.counters.webhooks_duplicate == 2
    assert [engine.webhooks.get(timeout=5)[0].event_id for _ in range(4)] == ["a", "b", "c", "a"]


def test_unknown_events_and_those_without_a_call() -> None:
    engine = FakeEngine(secrets={"r1": "t"})
    query = "?call=r1&token=t"
    with serving(engine) as server:
        assert deliver(server, event("call.novelty"), query).json() == {"status": "received"}
        no_call = event("call.answered", call_control_id=None)
        answer = deliver(server, no_call, query)
        assert (answer.status_code, answer.json()["error"]) == (400, "missing_call_control_id")
        recording = event("call.recording.saved", call_control_id=None, call_leg_id="leg")
        assert deliver(server, recording, query).json() == {"status": "received"}
        for garbage in (b"", b"{}", b"[]", b"\xff" * 100):
            assert deliver(server, garbage, query).status_code == 400
        assert server.counters.webhooks_rejected == {"no_call_control_id": 1, "malformed": 4}
    with pytest.raises(queue.Empty):
        engine.webhooks.get_nowait()


def test_version_1_of_the_api_is_understood() -> None:
    engine = FakeEngine(secrets={"r1": "t"})
    old = {"record_type": "event", "event_type": "call_answered", "id": "1", "payload": {"call_control_id": "v3:abc"}}
    with serving(engine) as server:
        assert deliver(server, json.dumps(old).encode(), "?call=r1&token=t").json() == {"status": "handled"}
    assert engine.webhooks.get(timeout=5)[0].event_type == "call.answered"
