"""Who may ask for what is guarded."""

from __future__ import annotations

import pytest

from support.fake_engine import FakeEngine
from telnyx_actors.front.exchange import Request
from telnyx_actors.front.figures import front_figures
from telnyx_actors.front.security import denial, denial_response, is_loopback, names_this_machine, same_secret
from telnyx_actors.front.server import FrontServer
from telnyx_actors.front.settings import FrontSettings


def request(peer: str = "127.0.0.1", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method="GET", path="/api/calls", peer=peer, headers={"host": "localhost:3000", **named})


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "::1%lo"])
def test_these_addresses_are_this_machine(peer: str) -> None:
    assert is_loopback(peer)


@pytest.mark.parametrize("peer", ["", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "localhost", "127.0.0.1.evil"])
def test_these_are_not(peer: str) -> None:
    assert not is_loopback(peer)


@pytest.mark.parametrize("host", ["localhost", "LocalHost:3000", "127.0.0.1:80", "[::1]", "[::1]:3000"])
def test_these_hosts_name_this_machine(host: str) -> None:
    assert names_this_machine(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.com",
        "localhost.evil.com",
        "localhost:",
        "localhost:3000:1",
        "127.0.0.1@evil",
        "::1",
        "[::1",
        "a, b",
    ],
)
def test_these_hosts_do_not(host: str) -> None:
    assert not names_this_machine(host)


def test_without_a_token_this_machine_may_ask() -> None:
    assert denial(request(), None) is None
    assert denial(request(origin="http://localhost:3000"), None) is None


@pytest.mark.parametrize(
    "header",
    [
        "forwarded",
        "via",
        "x_forwarded_for",
        "x_forwarded_proto",
        "x_forwarded_host",
        "x_real_ip",
        "cf_connecting_ip",
        "cf_ray",
        "x_ngrok_domain",
        "ngrok_trace_id",
        "true_client_ip",
        "x_original_host",
        "tailscale_user_login",
    ],
)
def test_a_tunnel_on_this_machine_is_not_this_machine(header: str) -> None:
    assert denial(request(**{header: "127.0.0.1"}), None) == "forwarded"


def test_without_a_token_nobody_else_may_ask() -> None:
    assert denial(request(peer="192.168.1.7"), None) == "not_loopback"
    assert denial(request(host="clinic.example.com"), None) == "foreign_host"
    assert denial(Request("GET", "/", peer="127.0.0.1"), None) == "foreign_host"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil", "http://[", ""])
def test_a_page_of_another_site_may_not_use_the_browser_of_this_machine(origin: str) -> None:
    assert denial(request(origin=origin), None) == "foreign_origin"


def test_with_a_token_the_token_is_enough_from_anywhere() -> None:
    assert denial(request(peer="10.0.0.1", host="x.example", authorization="Bearer s3cret"), "s3cret") is None
    assert denial(request(via="1.1 proxy", authorization="bearer  s3cret"), "s3cret") is None


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        ("", "no_token"),
        ("Bearer", "no_token"),
        ("Bearer wrong", "bad_token"),
        ("Basic s3cret", "bad_token"),
        ("Bearer s3cret, Bearer s3cret", "bad_token"),
        ("Bearer s3cretÿ", "bad_token"),
    ],
)
def test_with_a_token_nothing_else_is_enough_not_even_loopback(authorization: str, reason: str) -> None:
    assert denial(request(authorization=authorization), "s3cret") == reason


def test_denials_say_how_to_get_in_and_nothing_else() -> None:
    refused = denial_response("bad_token")
    assert refused.status == 401
    assert any(name == "WWW-Authenticate" for name, _ in refused.headers)
    assert denial_response("forwarded") == denial_response("not_loopback")
    assert denial_response("forwarded").status == 403


def test_refusals_that_operators_watch_are_counted_from_zero() -> None:
    server = FrontServer(FakeEngine(), FrontSettings())
    server.counters.access_denied["no_token"] += 1
    families = {family.name: family for family in front_figures(server)}
    denied = {sample.labels["reason"]: sample.value for sample in families["telnyx_actors_front_access_denied"].samples}
    assert denied["no_token"] == 1
    assert denied["bad_token"] == denied["forwarded"] == denied["not_loopback"] == 0
    rejected = families["telnyx_actors_front_webhooks_rejected"].samples
    assert [(sample.labels, sample.value) for sample in rejected] == [({"reason": "signature_mismatch"}, 0)]


def test_secrets_of_any_text_can_be_compared() -> None:
    assert same_secret("ñ", "ñ")
    assert not same_secret("\udcff", "ñ")
