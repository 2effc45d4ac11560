"""Who sees the page: sessions, cookies, and requests that a browser was made to send by another site."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_actors.front import sessions
from telnyx_actors.front.byte_ranges import PART_BYTES_MAX, UnsatisfiableError, wanted_part
from telnyx_actors.front.exchange import Request
from telnyx_actors.front.security import client_address, is_same_origin, page_denial
from telnyx_actors.front.sessions import LIFE_S, SESSIONS_MAX, Sessions
from telnyx_actors.front.throttle import ADDRESSES_MAX, GUESSES_MAX, Throttle

HERE = "http://localhost:3000"


def request(method: str = "GET", peer: str = "127.0.0.1", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, "/console/live", peer=peer, headers={"host": "localhost:3000", **named})


def denial(of: Request, token: str | None = None, *, has_session: bool = False) -> str | None:
    return page_denial(of, token, has_session=has_session)


# --- who guesses ---


def test_five_guesses_of_a_minute_are_enough_and_the_next_minute_has_its_own() -> None:
    throttle = Throttle()
    for second in range(GUESSES_MAX):
        assert throttle.wait_s("a", 100.0 + second) == 0
        throttle.guessed("a", 100.0 + second)
    assert throttle.wait_s("a", 104.5) == 56
    assert throttle.wait_s("a", 159.9) == 1
    assert throttle.wait_s("b", 104.5) == 0
    assert throttle.wait_s("a", 160.0) == 0
    throttle.guessed("a", 160.0)
    assert throttle.wait_s("a", 160.0) == 1  # the guesses of second 101 to 160
    throttle.forget("a")
    assert throttle.wait_s("a", 160.0) == 0


def test_of_many_who_guess_those_who_did_last_are_remembered() -> None:
    throttle = Throttle()
    for _ in range(GUESSES_MAX):
        throttle.guessed("first", 0.0)
        throttle.guessed("second", 0.0)
    for number in range(ADDRESSES_MAX - 2):
        throttle.guessed(str(number), 1.0)
    throttle.guessed("first", 2.0)
    throttle.guessed("one more", 3.0)
    assert throttle.wait_s("first", 4.0) > 0
    assert throttle.wait_s("second", 4.0) == 0
    assert len(throttle._guesses) == ADDRESSES_MAX


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # anyone may write a header
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "10.0.0.1, 198.51.100.1", "198.51.100.1"),  # the proxy's own word comes last
        ("127.0.0.1", "anything", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", None, "2001:db8:1:2::/64"),
    ],
)
def test_who_guesses_is_known_by_what_nobody_can_choose(peer: str, forwarded: str | None, address: str) -> None:
    headers = {} if forwarded is None else {"x_forwarded_for": forwarded}
    assert client_address(request(peer=peer, **headers)) == address


# --- who may ---


def test_this_machine_looks_and_acts_from_the_page_itself() -> None:
    assert denial(request()) is None
    assert denial(request("POST", origin=HERE)) is None
    assert denial(request("POST")) is None  # no browser: one always says where it was
    assert denial(request(upgrade="websocket", origin=HERE)) is None


@pytest.mark.parametrize("origin", ["http://localhost:8080", "http://127.0.0.1:3000", "null", "http://evil.test", ""])
@pytest.mark.parametrize("of", [request("POST"), request(upgrade="websocket")], ids=["post", "socket"])
def test_another_site_does_nothing_here_not_even_one_of_this_machine(of: Request, origin: str) -> None:
    asked = Request(of.method, of.path, headers={**of.headers, "origin": origin}, peer=of.peer)
    assert denial(asked) == "foreign_origin"
    assert denial(asked, "s3cret", has_session=True) == "foreign_origin"


def test_with_a_token_set_a_session_or_the_token_is_needed() -> None:
    assert denial(request(), "s3cret") == "no_token"
    assert denial(request(), "s3cret", has_session=True) is None
    assert denial(request("POST", authorization="Bearer s3cret"), "s3cret") is None
    assert denial(request("POST", authorization="Bearer wrong"), "s3cret") == "bad_token"


def test_a_session_that_acts_has_to_say_where_it_comes_from() -> None:
    assert denial(request("POST"), "s3cret", has_session=True) == "foreign_origin"
    assert denial(request(upgrade="websocket"), "s3cret", has_session=True) == "foreign_origin"
    assert denial(request("POST", origin=HERE), "s3cret", has_session=True) is None


def test_a_wrong_token_beside_a_session_does_not_buy_the_way_around_the_origin() -> None:
    forged = request("POST", authorization="Bearer wrong", origin="http://evil.test")
    assert denial(forged, "s3cret", has_session=True) == "foreign_origin"


@pytest.mark.parametrize("origin", ["http://[", "https://localhost:3000.evil.test", "localhost:3000"])
def test_what_is_not_our_origin_is_not(origin: str) -> None:
    assert not is_same_origin({"origin": origin, "host": "localhost:3000"})


# --- sessions ---


def test_a_session_ends_with_its_time_or_on_request() -> None:
    kept = Sessions()
    first, second = kept.begin(0.0), kept.begin(0.0)
    assert first != second
    assert kept.is_open(first, LIFE_S - 1)
    assert not kept.is_open(first, LIFE_S)
    kept.end(second)
    assert not kept.is_open(second, 1.0)
    assert not kept.is_open("", 1.0)
    assert not kept.is_open("\udcff", 1.0)


def test_there_are_only_so_many_sessions_and_the_oldest_goes() -> None:
    kept = Sessions()
    opened = [kept.begin(0.0) for _ in range(SESSIONS_MAX + 1)]
    assert [kept.is_open(secret, 1.0) for secret in opened] == [False, *[True] * SESSIONS_MAX]


def test_no_script_reads_the_cookie_and_no_other_site_sends_it() -> None:
    name, value = sessions.cookie("secret", is_https=False)
    assert name == "Set-Cookie"
    assert value == f"{sessions.COOKIE}=secret; Path=/console; Max-Age={LIFE_S}; HttpOnly; SameSite=Strict"
    assert sessions.cookie("secret", is_https=True)[1].endswith("; Secure")
    assert "Max-Age=0" in sessions.cookie("", is_https=False)[1]


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        (f"{sessions.COOKIE}=abc", "abc"),
        (f"a=1; {sessions.COOKIE}=abc; b=2", "abc"),
        ("a=1", ""),
        ("", ""),
        (f"x{sessions.COOKIE}=abc", ""),
        (f"{sessions.COOKIE}", ""),
    ],
)
def test_the_secret_is_found_among_other_cookies(header: str, secret: str) -> None:
    assert sessions.secret_in({"cookie": header}) == secret


# --- parts of files ---


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-", (0, 99)),
        ("bytes=10-19", (10, 19)),
        ("bytes=10-900", (10, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-900", (0, 99)),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=-", None),
    ],
)
def test_a_part_is_what_was_asked_for(header: str | None, part: tuple[int, int] | None) -> None:
    assert wanted_part(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=20-10", "bytes=-0"])
def test_a_part_that_is_not_there_is_refused(header: str) -> None:
    with pytest.raises(UnsatisfiableError):
        wanted_part(header, 100)


def test_no_answer_is_long() -> None:
    size = 5 * PART_BYTES_MAX
    assert wanted_part("bytes=0-", size) == (0, PART_BYTES_MAX - 1)
    with pytest.raises(UnsatisfiableError):
        wanted_part(None, size)


@given(st.text(max_size=40) | st.from_regex(r"bytes=\d{0,20}-\d{0,20}", fullmatch=True), st.integers(0, 10_000))
def test_a_part_lies_in_the_file_whatever_is_asked(header: str, size: int) -> None:
    try:
        part = wanted_part(header, size)
    except UnsatisfiableError:
        return
    assert part is None or 0 <= part[0] <= part[1] < size
