"""What the carrier is asked: our addresses with their secrets, and a state that comes back whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from support.plans import PLAN, settings
from telnyx_actors.actors.orders import (
    CLIENT_STATE_MAX_BYTES,
    TIME_LIMIT_MAX_S,
    Orders,
    hang_up,
    order_in,
    ref_in,
    reject,
    transfer,
)
from telnyx_actors.core.rules import Rules
from telnyx_actors.wire.telnyx_client_state import decode_client_state

SECRET = "s&cr=t/ñ"


@pytest.fixture
def orders() -> Orders:
    return Orders(PLAN, SECRET, settings(Path()))


def query(url: object) -> dict[str, list[str]]:
    return parse_qs(urlsplit(str(url)).query)


def test_a_dial_says_where_its_webhooks_and_its_stream_go(orders: Orders) -> None:
    request = orders.dial("stream-secret")
    assert request.to == PLAN.number
    assert query(request.webhook_url) == {"call": [PLAN.ref], "token": [SECRET]}
    assert request.stream is not None
    assert query(request.stream.url) == {"secret": ["stream-secret"]}


@pytest.mark.parametrize(
    ("rules", "limit_s"),
    [
        (Rules(call_max_s=1800), 1860),
        (Rules(call_max_s=1800, transfer_number="+576015550111", transfer_max_s=7200), 9060),
        (Rules(call_max_s=13_900), 13_960),
        (Rules(call_max_s=13_900, transfer_number="+576015550111"), TIME_LIMIT_MAX_S),
    ],
)
def test_the_carrier_ends_a_call_only_when_neither_we_nor_a_person_should_have_it_any_more(
    rules: Rules, limit_s: int
) -> None:
    assert Orders(PLAN, SECRET, settings(Path(), rules)).dial(None).time_limit_secs == limit_s


def test_a_caller_is_given_to_a_person_under_our_number(orders: Orders) -> None:
    order = orders.transfer("+576015550111")
    assert (order.body["to"], order.body["from"]) == ("+576015550111", "+576015550100")
    assert query(order.body["webhook_url"]) == {"call": [PLAN.ref], "token": [SECRET]}


def test_a_call_without_a_stream_is_dialled_and_answered_without_one(orders: Orders) -> None:
    assert orders.dial(None).stream is None
    assert not [field for field in orders.answer(None).body if field.startswith("stream")]
    assert query(orders.answer("x").body["stream_url"]) == {"secret": ["x"]}


def test_the_state_of_a_call_comes_back_with_its_name(orders: Orders) -> None:
    for state in (orders.dial(None).client_state, decode_client_state(str(orders.answer(None).body["client_state"]))):
        assert ref_in(state) == PLAN.ref
        assert json.loads(state or "")["nombre"] == "Pedro"


@pytest.mark.parametrize("contexto", ["x" * 4000, "ñ" * 4000, "🙂" * 4000, '"\\\n' * 1000, "\x01" * 4000])
def test_the_state_is_never_too_large_and_always_names_the_call(contexto: str) -> None:
    plan = replace(PLAN, nombre="Ñ" * 120, contexto=contexto)
    state = Orders(plan, SECRET, settings(Path())).dial(None).client_state
    assert len(state.encode()) <= CLIENT_STATE_MAX_BYTES
    assert ref_in(state) == plan.ref
    assert contexto.startswith(json.loads(state)["contexto"] or contexto)


@pytest.mark.parametrize("state", [None, "", "hola", "[]", "5", '{"ref": 5}', '{"otro": "x"}', "[" * 100_000, "{"])
def test_a_state_that_is_not_ours_names_no_call(state: str | None) -> None:
    assert ref_in(state) == ""


def test_every_order_has_an_id_of_its_own(orders: Orders) -> None:
    made = [
        orders.answer("x"), orders.answer("x"), orders.start_stream("x"), orders.speak("hola"), orders.stop_playing(),
        orders.play(b""), orders.transcribe(), orders.stop_transcribing(), orders.stop_stream(), transfer("+57"), hang_up(),
        reject(),
    ]  # fmt: skip
    ids = [order.command_id for order in made] + [orders.dial(None).command_id]
    assert len(set(ids)) == len(ids)


def test_what_the_carrier_says_comes_back_with_its_order_and_its_call(orders: Orders) -> None:
    one, two = orders.speak("uno"), orders.speak("dos")
    for order in (one, two):
        state = decode_client_state(str(order.body["client_state"]))
        assert (order_in(state), ref_in(state)) == (order.command_id, PLAN.ref)
    assert order_in(orders.dial(None).client_state) == ""


@pytest.mark.parametrize("engine", ["deepgram", "google", "telnyx", "azure"])
def test_the_carrier_is_asked_for_words_as_they_are_said_and_while_they_are(engine: str) -> None:
    orders = Orders(PLAN, SECRET, replace(settings(Path()), transcription_engine=engine))
    config = json.loads(json.dumps(orders.transcribe().body["transcription_engine_config"]))
    assert config.get("interim_results", False) is (engine != "telnyx"), "which has none"
    assert config.get("smart_format", True) is (engine != "deepgram"), "else it writes numbers as our own does not"


def test_a_text_longer_than_the_carrier_takes_is_cut(orders: Orders) -> None:
    assert len(str(orders.speak("a" * 5000).body["payload"])) == 3000
