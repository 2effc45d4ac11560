"""Webhook deliveries of the Telnyx stand-in: repeated, doubled, shuffled, lost."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from support.carrier import quick, telnyx_and_app
from telnyx_actors.standins.caller import Answer, CallerScript, HangUp, Stay, Wait
from telnyx_actors.standins.telnyx_settings import WebhookChaos, WebhookSettings

QUICK = CallerScript((Wait(0.04), HangUp()), Answer(after_s=0.0))


def attempts(deliveries: list[tuple[dict[str, str], bytes]], kind: str) -> list[int]:
    bodies = [json.loads(body) for _, body in deliveries]
    return [body["meta"]["attempt"] for body in bodies if body["data"]["event_type"] == kind]


@pytest.mark.parametrize(("status", "tries"), [(500, 2), (503, 2), (429, 2), (408, 2), (400, 1), (404, 1), (204, 1)])
def test_what_was_not_taken_is_sent_again_unless_it_was_refused(status: int, tries: int) -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            app.statuses = [status]
            telnyx.expect(CallerScript((Stay(9),), Answer("no_answer")))
            await app.dial(stream=False)
            await app.until(lambda: len(attempts(app.deliveries, "call.initiated")) >= tries)
            await asyncio.sleep(0.06)
            assert attempts(app.deliveries, "call.initiated") == list(range(1, tries + 1))
            ids = {json.loads(body)["data"]["id"] for _, body in app.deliveries}
            assert len(ids) == 1

    asyncio.run(run())


def test_after_the_last_try_a_webhook_is_given_up() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            app.statuses = [500] * 10
            telnyx.expect(CallerScript((Stay(9),), Answer("no_answer")))
            await app.dial(stream=False)
            await app.until(lambda: len(app.deliveries) == 4)
            await asyncio.sleep(0.06)
            assert len(app.deliveries) == 4

    asyncio.run(run())


def test_two_failures_go_over_to_the_failover_address() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            object.__setattr__(telnyx.settings.webhooks, "failover_url", f"{app.url}/webhook?failover")
            app.statuses = [500, 500]
            telnyx.expect(CallerScript((Stay(9),), Answer("no_answer")))
            await app.dial(stream=False)
            await app.event("call.initiated")
            targets = [json.loads(body)["meta"]["delivered_to"].endswith("failover") for _, body in app.deliveries]
            assert targets == [False, False, True]

    asyncio.run(run())


def test_the_calls_own_retry_policy_is_kept() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            app.statuses = [500] * 5
            telnyx.expect(CallerScript((Stay(9),), Answer("no_answer")))
            await app.dial(stream=False, webhook_retries_policies={"call.initiated": {"retries_ms": [10]}})
            await app.until(lambda: len(app.deliveries) == 2)
            await asyncio.sleep(0.06)
            assert len(app.deliveries) == 2

    asyncio.run(run())


def test_every_event_can_come_twice_and_in_any_order() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            telnyx.misbehave(WebhookChaos(duplicates=1, shuffle_ms=200, seed=1))
            telnyx.expect(QUICK)
            await app.dial()
            await app.until(lambda: len(app.webhooks) == 10)
            ids = [webhook["data"]["id"] for webhook in app.webhooks]
            assert {ids.count(one) for one in ids} == {2}
            by_time = sorted(app.webhooks, key=lambda webhook: webhook["data"]["occurred_at"])
            assert by_time != app.webhooks
            kinds = list(dict.fromkeys(webhook["data"]["event_type"] for webhook in by_time))
            assert (kinds[0], kinds[-1]) == ("call.initiated", "call.hangup")

    asyncio.run(run())


def test_one_kind_of_event_can_be_missing_or_late() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            telnyx.misbehave(
                WebhookChaos(match="call.answered", missing=1.0), WebhookChaos(match="call.initiated", delay_ms=150)
            )
            telnyx.expect(QUICK)
            began = time.monotonic()
            call_id = await app.dial(stream=False)
            await telnyx.wait_ended(call_id, 5)
            await app.event("call.initiated")
            assert time.monotonic() - began >= 0.15
            assert app.kinds() == ["call.hangup", "call.initiated"]

    asyncio.run(run())


def test_version_1_is_flat_with_underscores() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(webhooks=WebhookSettings(delay_ms=0, api_version="1"))) as (_, app):
            await app.dial(stream=False)
            await app.until(lambda: app.webhooks)
            assert app.webhooks[0]["event_type"] == "call_initiated"
            assert "data" not in app.webhooks[0]

    asyncio.run(run())
