"""``/console`` over real sockets: the login, the headers, the live socket, recordings in parts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from support.front_page import TOKEN, WITHIN_S, Page
from telnyx_actors.front.throttle import GUESSES_MAX
from telnyx_actors.providers.ports import DialRequest, StreamRequest


@pytest.fixture
def open_page() -> Iterator[Page]:
    page = Page(None)
    yield page
    page.close()


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page(TOKEN)
    yield page
    page.close()


# --- the login ---


def test_who_has_no_session_is_shown_to_the_login(page: Page) -> None:
    answer = page.get("/console")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/login")
    form = page.get("/console/login")
    assert (form.status_code, 'name="token"' in form.text) == (200, True)


def test_the_token_opens_a_session_that_no_script_sees(page: Page) -> None:
    answer = page.post("/console/login", {"token": TOKEN})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console")
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/console"))
    assert TOKEN not in cookie
    assert page.get("/console").status_code == 200
    assert page.get("/api/calls").status_code == 401  # the page's session opens the page


@pytest.mark.parametrize("form", [{"token": "wrong"}, {"token": ""}, {}, "token=%ff", "a=1&b=2&c=3&d=4&e=5"])
def test_anything_else_opens_nothing(page: Page, form: Any) -> None:
    answer = page.post("/console/login", form)
    assert answer.headers["Location"] == "/console/login#wrong"
    assert "Set-Cookie" not in answer.headers
    assert page.get("/console").status_code == 303
    assert page.server.counters.access_denied["bad_token"] == 1


def test_who_guesses_too_often_has_to_wait_and_nobody_else_has(page: Page) -> None:
    elsewhere = {"X-Forwarded-For": "198.51.100.1"}
    for _ in range(GUESSES_MAX):
        assert page.post("/console/login", {"token": "wrong"}, **elsewhere).status_code == 303
    for token in ("wrong", TOKEN):
        answer = page.post("/console/login", {"token": token}, **elsewhere)
        assert (answer.status_code, answer.json()["error"]) == (429, "too_many_requests")
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert "Set-Cookie" not in answer.headers
    assert page.server.counters.access_denied == {"bad_token": GUESSES_MAX, "too_many_guesses": 2}
    assert page.post("/console/login", {"token": TOKEN}).headers["Location"] == "/console"


def test_another_site_logs_nobody_in_or_out(page: Page) -> None:
    for origin in (None, "http://evil.test"):
        assert page.post("/console/login", {"token": TOKEN}, origin=origin).status_code == 403
    page.post("/console/login", {"token": TOKEN})
    assert page.post("/console/logout", origin="http://evil.test").status_code == 403
    assert page.get("/console").status_code == 200


def test_who_leaves_has_left(page: Page) -> None:
    page.post("/console/login", {"token": TOKEN})
    before = page.cookie
    assert page.post("/console/logout").headers["Location"] == "/console/login"
    assert page.get("/console", Cookie=before).status_code == 303


def test_without_a_token_this_machine_needs_no_login(open_page: Page) -> None:
    assert open_page.get("/console").status_code == 200
    assert open_page.get("/console/login").headers["Location"] == "/console"
    assert open_page.post("/console/login", {"token": ""}).status_code == 403
    assert open_page.get("/console", **{"X-Forwarded-For": "1.2.3.4"}).status_code == 403
    assert open_page.get("/console", Host="rebound.test").status_code == 403


# --- what is served ---


def test_the_page_may_load_and_do_nothing_but_its_own(open_page: Page) -> None:
    for path in ("/console", "/console/page/app.js", "/console/page/phone_worklet.js"):
        headers = open_page.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Permissions-Policy"].startswith("microphone=(self)")
        assert headers["X-Frame-Options"] == "DENY"


def test_only_its_own_files_are_served(open_page: Page) -> None:
    for name in ("assets.py", "..%2fassets.py", "%2e%2e", "nothing", "../live.py"):
        assert open_page.get(f"/console/page/{name}").status_code == 404


def test_a_recording_comes_in_parts(open_page: Page) -> None:
    wav = bytes(range(256)) * 8192
    open_page.engine.archive.files["ref/call.wav"] = wav
    path = "/console/calls/ref/audio.wav"
    whole = b""
    while len(whole) < len(wav):
        answer = open_page.get(path, Range=f"bytes={len(whole)}-")
        assert answer.status_code == 206
        assert answer.headers["Content-Range"].startswith(f"bytes {len(whole)}-")
        assert answer.headers["Content-Type"] == "audio/wav"
        whole += answer.content
    assert whole == wav
    assert open_page.get(path).status_code == 416
    assert open_page.get(path, Range=f"bytes={len(wav)}-").headers["Content-Range"] == f"bytes */{len(wav)}"
    assert open_page.get("/console/calls/other/audio.wav").status_code == 404
    assert open_page.get("/console/calls/ref/passwd").status_code == 404


def test_a_short_file_comes_whole(open_page: Page) -> None:
    open_page.engine.archive.files["ref/transcript.json"] = b"{}"
    answer = open_page.get("/console/calls/ref/transcript.json")
    assert (answer.status_code, answer.content, answer.headers["Accept-Ranges"]) == (200, b"{}", "bytes")


# --- what is done ---


def test_nothing_is_done_by_looking(open_page: Page) -> None:
    for path in ("/console/calls/v3:1/hangup", "/console/phone", "/console/phone/web:1/hangup", "/console/logout"):
        assert open_page.get(path).status_code in (404, 405)


def test_a_call_is_hung_up_from_the_page_and_from_nowhere_else(open_page: Page) -> None:
    open_page.engine.live_calls["ref"] = {}
    assert open_page.post("/console/calls/ref/hangup", origin="http://localhost:8080").status_code == 403
    assert open_page.post("/console/calls/ref/hangup").status_code == 202
    assert open_page.post("/console/calls/nobody/hangup").status_code == 404


def test_a_softphone_is_opened_and_ended_from_the_page(open_page: Page) -> None:
    answer = open_page.post("/console/phone")
    assert (answer.status_code, answer.json()["media"]) == (201, "/stream/media?secret=s")
    stream = StreamRequest("wss://x.test/stream/media?secret=s")
    call = open_page.phone.dial(DialRequest("web", "https://hook", "{}", "c", stream)).call_control_id
    assert open_page.post(f"/console/phone/{call}/hangup").status_code == 202
    assert open_page.post(f"/console/phone/{call}/hangup").status_code == 404


# --- the live socket ---


def test_a_viewer_comes_asks_and_leaves(open_page: Page) -> None:
    with open_page.live() as socket:
        assert json.loads(socket.recv(WITHIN_S))["at"] == 1
        socket.send('{"watch": "ref", "tree": true}')
        assert json.loads(socket.recv(WITHIN_S)) == {"heard": "ref"}
    assert open_page.server.stop(2.0)
    assert open_page.audience.said == [("asked", "ref", "True"), ("left",)]


def test_the_carriers_commands_reach_the_browser_that_has_the_call(open_page: Page) -> None:
    stream = StreamRequest("wss://x.test/stream/media?secret=s")
    call = open_page.phone.dial(DialRequest("web", "https://hook", "{}", "c", stream)).call_control_id
    with open_page.live() as socket:
        socket.recv(WITHIN_S)
        socket.send(json.dumps({"phone": call, "watch": ""}))
        assert json.loads(socket.recv(WITHIN_S)) == {"heard": ""}
        open_page.phone._pass_on(open_page.phone._line(call), {"command": "stop"})
        assert json.loads(socket.recv(WITHIN_S)) == {"phone": {"id": call, "command": "stop"}}
        socket.send(json.dumps({"spoken": call}))


@pytest.mark.parametrize("origin", ["http://evil.test", "http://localhost:1", "null"])
def test_another_sites_socket_is_not_opened(open_page: Page, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        open_page.live(origin)
    assert refusal.value.response.status_code == 403


def test_the_socket_needs_the_session(page: Page) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        page.live()
    assert refusal.value.response.status_code == 401
    page.post("/console/login", {"token": TOKEN})
    with page.live(cookies=[page.cookie]) as socket:
        assert json.loads(socket.recv(WITHIN_S))["at"] == 1


@pytest.mark.parametrize("word", ["[]", "{", '{"watch": 7}', "9" * 5000, b"\x00"])
def test_a_socket_that_says_nonsense_is_closed(open_page: Page, word: str | bytes) -> None:
    with open_page.live() as socket:
        socket.recv(WITHIN_S)
        socket.send(word)
        with pytest.raises(ConnectionClosed) as end:
            socket.recv(WITHIN_S)
    assert end.value.rcvd is not None
    assert end.value.rcvd.code == 1007


def test_while_the_console_restarts_a_viewer_is_told_to_come_again(open_page: Page) -> None:
    open_page.audience.is_there = False
    with open_page.live() as socket, pytest.raises(ConnectionClosed) as end:
        socket.recv(WITHIN_S)
    assert end.value.rcvd is not None
    assert end.value.rcvd.code == 1013
