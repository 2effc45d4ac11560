"""Many calls asked for at once, within what the account allows; and one of which nothing is heard."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from support.engine import QUICK, WITHIN_S, House
from support.waiting import until
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import Answer, CallerScript, Stay
from telnyx_actors.standins.telnyx_settings import WebhookChaos
from telnyx_actors.standins.world import WorldSettings

RINGS_LONG = CallerScript((Stay(60),), Answer(after_s=60))


def account(*, max_dials_per_5_s: int = 150, max_calls: int = 1000) -> WorldSettings:
    """A carrier that allows no more than this."""
    telnyx = replace(QUICK.telnyx, max_dials_per_5_s=max_dials_per_5_s, max_calls=max_calls)
    return replace(QUICK, telnyx=telnyx)


def batch(house: House, size: int) -> list[dict[str, Any]]:
    """Ask for so many calls in one request; its rows' answers, in order."""
    house.world.answer_with(RINGS_LONG)
    rows = [{"telefono": house.new_number(), "nombre": f"Persona {number}"} for number in range(size)]
    answer = requests.post(f"{house.url}/api/call/batch", json={"calls": rows}, timeout=WITHIN_S + 20)
    assert answer.status_code == 200
    body = answer.json()
    assert body["total"] == size
    assert [result["telefono"] for result in body["results"]] == [row["telefono"] for row in rows]
    results: list[dict[str, Any]] = body["results"]
    return results


def errors(results: list[dict[str, Any]]) -> list[str]:
    return [result["error"] for result in results if result["status"] == "error"]


def test_a_batch_is_dialled_at_the_accounts_pace(tmp_path: Path) -> None:
    with House(tmp_path, env={"DIALS_PER_SECOND": "20"}) as house, house.scene():
        begun = time.monotonic()
        results = batch(house, 11)
        took_s = time.monotonic() - begun
        assert errors(results) == []
        assert len({result["call_control_id"] for result in results}) == 11
        assert took_s >= 10 / 20


def test_a_carrier_that_says_slower_is_obeyed_and_every_call_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telnyx_actors.standins.telnyx_api.DIAL_WINDOW_S", 0.8)
    with House(tmp_path, account(max_dials_per_5_s=3)) as house, house.scene():
        assert errors(batch(house, 5)) == []
        assert len(house.world.calls()) == 5, "each was dialled once"


def test_where_the_account_has_no_line_left_each_row_says_so_and_the_others_are_made(tmp_path: Path) -> None:
    with House(tmp_path, account(max_calls=2)) as house, house.scene():
        results = batch(house, 4)
        assert [result["status"] for result in results].count("success") == 2
        assert all("90043" in error and "cuando termine alguna" in error for error in errors(results))


def test_what_failed_can_be_sent_again_as_it_is(tmp_path: Path) -> None:
    with House(tmp_path, env={"MAX_CALLS": "2"}) as house, house.scene():
        first = batch(house, 3)
        (error,) = errors(first)
        assert "MAX_CALLS" in error
        done = next(result["call_control_id"] for result in first if result["status"] == "success")
        house.hang_up(done)
        until(lambda: len(house.engine.calls) < 2)
        left = [{"telefono": result["telefono"], "nombre": "Ana"} for result in first if result["status"] == "error"]
        again = requests.post(f"{house.url}/api/call/batch", json={"calls": left}, timeout=WITHIN_S)
        assert [result["status"] for result in again.json()["results"]] == ["success"]


@pytest.mark.parametrize("key", ["signed", "by secret"])
def test_a_call_that_rings_though_its_dial_was_given_up_is_hung_up_as_soon_as_that_is_heard(
    tmp_path: Path, key: str
) -> None:
    with House(tmp_path, env={} if key == "signed" else {"TELNYX_PUBLIC_KEY": ""}) as house, house.scene():
        house.world.answer_with(RINGS_LONG)
        house.world.misbehave(WebhookChaos(delay_ms=600))
        house.world.fail("telnyx", Fault("drop", times=-1, match="POST /v2/calls"))
        refused = house.place(telefono=house.new_number(), nombre="Ana")
        assert (refused.status_code, refused.json()["error"]) == (500, "telnyx_unavailable")
        house.world.heal()
        (ghost,) = house.world.calls()
        until(lambda: not len(house.engine.calls))
        ended = house.world.wait_ended(ghost.call_control_id, WITHIN_S)
        assert (ended.answered_at, ended.hangup_source) == (None, "caller")
        assert "se cuelga" in house.log.wait("se dio por perdida").text


def test_a_call_without_webhooks_is_told_in_the_log_and_in_the_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telnyx_actors.actors.call_setup.WEBHOOK_WITHIN_S", 0.3)
    with House(tmp_path) as house, house.scene():
        heard_of = house.dial(RINGS_LONG)
        house.log.wait("Webhook recibido")
        house.world.misbehave(WebhookChaos(missing=1.0))
        call = house.dial(RINGS_LONG)
        line = house.log.wait("no ha llegado ningún webhook")
        assert (line.call, line.level) == (call, "WARNING")
        assert f"{house.url}/webhook/telnyx" in line.text
        assert not [text for text in house.log.of(heard_of) if "ningún webhook" in text]
        page = requests.get(f"{house.url}/metrics", timeout=WITHIN_S).text
        assert 'kind="no_webhook"} 1.0' in page
