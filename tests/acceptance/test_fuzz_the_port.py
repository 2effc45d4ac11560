"""Anything at the port of the real engine: no 500, no crash, and the next caller is served.

A few hundred requests in the normal run; ``make deep`` for more of each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from measure.daemon import Daemon
from support.depth import EXAMPLES, IS_REPEATABLE
from support.waiting import until
from support.webhook_signer import Signer, event
from telnyx_actors.standins.caller import CallerScript, Stay
from telnyx_actors.standins.world import World
from telnyx_actors.wire.telnyx_webhook import KNOWN_EVENT_TYPES

PACE = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=IS_REPEATABLE,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SURPRISES = (500, 501, 502, 504)

NUMBERS = st.sampled_from(["+573001234567", "+12", "573001234567", "", "+57 300 123 4567", "٠٣", "+999999999999999"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | NUMBERS
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["telefono", "nombre", "contexto", "saludo", "calls", "mensaje", "extra"])
BODIES = JSON | st.dictionaries(FIELDS, JSON, max_size=5)
POSTS = st.sampled_from(
    [
        "/api/call/initiate",
        "/api/call/batch",
        "/api/test/claude",
        "/api/calls/{id}/hangup",
        "/webhook/telnyx",
        "/health",
        "/",
    ]
)
SEGMENTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)

# What stands in the payloads of Telnyx's events, and what should not.
PAYLOAD_FIELDS = {
    "transcription_data": st.fixed_dictionaries(
        {}, optional={"transcript": SCALARS, "confidence": SCALARS, "is_final": SCALARS}
    )
    | JSON,
    "status": st.sampled_from(["completed", "failed", "cancelled", "file_not_found", ""]) | SCALARS,
    "hangup_cause": SCALARS,
    "hangup_source": SCALARS,
    "digit": SCALARS,
    "result": SCALARS,
    "direction": st.sampled_from(["incoming", "outgoing"]) | SCALARS,
    "from": NUMBERS | SCALARS,
    "to": NUMBERS | SCALARS,
    "client_state": st.sampled_from(["e30=", "W10=", "eyJyZWYiOjF9", "%%%"]) | SCALARS,
    "stream_id": SCALARS,
    "media_url": SCALARS,
    "sequence_number": SCALARS,
}
PAYLOADS = st.fixed_dictionaries({}, optional=PAYLOAD_FIELDS)
# `call.hangup` would end the call that all the others are about.
EVENTS = st.sampled_from([*sorted(KNOWN_EVENT_TYPES - {"call.hangup"}), "call.unheard_of", ""])


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture(scope="module")
def daemon(start_daemon: Callable[..., Daemon], signer: Signer, world: World) -> Iterator[Daemon]:
    """Every number that the fuzzer hits upon is answered by nobody."""
    daemon = start_daemon(TELNYX_PUBLIC_KEY=signer.public_key, MAX_CALLS="5")
    world.answer_with(CallerScript((Stay(1),)))
    yield daemon
    daemon.kill()  # its calls wait for webhooks that only this test could sign


@pytest.fixture(scope="module")
def live_call(daemon: Daemon, world: World) -> str:
    """A call that is talked to while the webhooks about it are nonsense."""
    world.expect(CallerScript((Stay(600),)), "+573009998877")
    return daemon.dial("+573009998877")


@pytest.fixture(autouse=True)
def nothing_broke(daemon: Daemon) -> Iterator[None]:
    yield
    assert daemon.is_alive
    assert daemon.get("/health").status_code == 200
    assert daemon.figure("telnyx_actors_actor_crashes_total") == 0
    assert daemon.figure("telnyx_actors_front_errors_total") == 0
    assert [line.text for line in daemon.lines("Traceback")] == []


@PACE
@given(POSTS, BODIES, SEGMENTS)
def test_no_body_of_the_api_is_a_surprise(daemon: Daemon, path: str, body: object, segment: str) -> None:
    answer = daemon.post(path.replace("{id}", segment or "x"), json=body)
    assert answer.status_code not in SURPRISES, (path, body, answer.text)
    assert answer.status_code < 400 or {"error", "message"} <= answer.json().keys(), answer.text


@PACE
@given(
    st.sampled_from(["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]),
    st.lists(SEGMENTS, max_size=4),
    st.binary(max_size=60),
)
def test_no_path_is_a_surprise(daemon: Daemon, method: str, segments: list[str], body: bytes) -> None:
    answer = daemon.http.request(method, daemon.url + "/" + "/".join(segments), data=body, timeout=10)
    assert answer.status_code not in SURPRISES, (method, segments, answer.text)


@PACE
@given(st.binary(max_size=200) | BODIES.map(lambda body: json.dumps(body).encode()))
def test_no_signed_body_is_a_surprise(daemon: Daemon, signer: Signer, body: bytes) -> None:
    answer = daemon.post("/webhook/telnyx", data=body, headers=signer.headers(body))
    assert answer.status_code in (200, 400), (body, answer.text)


@PACE
@given(EVENTS, PAYLOADS)
def test_no_event_about_a_live_call_harms_it(
    daemon: Daemon, signer: Signer, live_call: str, event_type: str, payload: dict[str, object]
) -> None:
    body = event(event_type, **{**payload, "call_control_id": live_call})
    answer = daemon.post("/webhook/telnyx", data=body, headers=signer.headers(body))
    assert answer.status_code in (200, 400), (body, answer.text)


@PACE
@given(EVENTS, PAYLOADS, SCALARS)
def test_no_event_about_an_unknown_call_harms_anything(
    daemon: Daemon, signer: Signer, event_type: str, payload: dict[str, object], call_control_id: object
) -> None:
    body = event(event_type, **{**payload, "call_control_id": call_control_id})
    answer = daemon.post("/webhook/telnyx", data=body, headers=signer.headers(body))
    assert answer.status_code in (200, 400), (body, answer.text)


def test_behind_all_that_it_takes_calls(daemon: Daemon) -> None:
    until(lambda: daemon.get("/ready").status_code == 200)
