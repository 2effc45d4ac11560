"""The central path of the Telnyx stand-in: dial, answer, talk, hang up, and what its record says about it."""

from __future__ import annotations

import asyncio
import base64

import pytest

from support.carrier import render, telnyx_and_app, tone
from telnyx_actors.standins.caller import CallerScript, HangUp, InterruptAfter, Say, Stay, Wait, WaitForAgent


def test_a_dialled_call_goes_from_initiated_to_hangup_with_both_sides_recorded() -> None:
    async def call() -> None:
        async with telnyx_and_app() as (telnyx, app):
            telnyx.expect(CallerScript((Say("Buenas tardes"), WaitForAgent(silent_ms=200), HangUp())))
            call_id = await app.dial(client_state=base64.b64encode(b"uno").decode())
            socket = await app.socket()
            await app.until(lambda: len(socket.of("media")) >= 40)
            await socket.play(tone(300))
            await socket.mark("fin")
            record = await telnyx.wait_ended(call_id, 5)
            await app.event("call.hangup")

            assert record.script_error == ""
            assert sorted(app.kinds()) == sorted(
                ["call.initiated", "call.answered", "streaming.started", "streaming.stopped", "call.hangup"]
            )
            assert app.payloads("call.hangup")[0]["hangup_cause"] == "normal_clearing"
            assert {payload["client_state"] for payload in app.payloads("call.answered")} == {"dW5v"}
            assert [frame["mark"]["name"] for frame in socket.of("mark")] == ["fin"]
            assert [frame["event"] for frame in socket.frames[:2]] == ["connected", "start"]
            assert socket.frames[-1]["event"] == "stop"
            assert socket.close_code == 0  # aiohttp's word for a close without a status

            (said_from, said_to) = record.caller_speech()[0]
            assert (said_from, said_to) == pytest.approx((0.0, 0.66), abs=0.021)
            (begin, end) = record.agent_speech()[0]
            assert end - begin == pytest.approx(0.3, abs=0.011)
            assert len(record.heard) == len(record.spoken) == record.length
            assert record.violations == []

    asyncio.run(call())


def test_the_application_receives_exactly_what_the_caller_says_every_20_ms() -> None:
    async def call() -> None:
        async with telnyx_and_app() as (telnyx, app):
            telnyx.expect(CallerScript((Wait(0.2), Say("Hola"), Wait(0.2), HangUp())))
            call_id = await app.dial()
            socket = await app.socket()
            record = await telnyx.wait_ended(call_id, 5)
            await app.event("call.hangup")

            media = [frame["media"] for frame in socket.of("media")]
            received = b"".join(base64.b64decode(item["payload"]) for item in media)
            assert received[1600:3200] == render("Hola")
            assert len(received) == 160 * len(media)
            assert abs(len(received) - record.length) <= 320
            chunks = [int(item["chunk"]) for item in media]
            assert chunks == list(range(chunks[0], chunks[0] + len(chunks)))

    asyncio.run(call())


def test_a_clear_takes_back_what_was_not_heard_and_returns_every_mark() -> None:
    async def call() -> None:
        async with telnyx_and_app() as (telnyx, app):
            telnyx.expect(CallerScript((InterruptAfter(0.4, "No no"), Stay(5))))
            call_id = await app.dial()
            socket = await app.socket()
            for name in ("a", "b", "c"):
                await socket.play(tone(300))
                await socket.mark(name)
            record = telnyx.call(call_id)
            await app.until(lambda: record.utterances)
            await asyncio.sleep(0.1)
            await socket.clear()
            await app.until(lambda: len(socket.of("mark")) == 3)
            await app.until(lambda: record.length > record.utterances[0].speech[1] + 800)
            await app.command(call_id, "hangup")
            await telnyx.wait_ended(call_id, 5)

            (barge_in,) = record.barge_in_times()
            assert barge_in.seconds == pytest.approx(0.1, abs=0.06)
            assert [event.data["why"] for event in record.events_of("mark")] == ["played", "cleared", "cleared"]
            (begin, end) = record.agent_playing()[0]
            assert 0.45 < end - begin < 0.65
            assert end == pytest.approx(barge_in.clear_s, abs=0.002)
            assert record.script_error == ""

    asyncio.run(call())


def test_an_incoming_call_waits_parked_for_its_answer() -> None:
    async def call() -> None:
        async with telnyx_and_app() as (telnyx, app):
            telnyx.set_webhook_url(f"{app.url}/webhook")
            record = telnyx.ring(CallerScript((Say("Aló"), HangUp())), "+573009998877")
            payload = await app.event("call.initiated")
            assert (payload["direction"], payload["state"]) == ("incoming", "parked")
            assert payload["client_state"] is None

            status, _ = await app.command(record.call_control_id, "answer", **app.stream_fields())
            assert status == 200
            socket = await app.socket()
            await telnyx.wait_ended(record.call_control_id, 5)
            await app.event("call.hangup")
            assert app.payloads("call.hangup")[0]["hangup_source"] == "caller"
            assert socket.of("start")[0]["start"]["from"] == "+573009998877"
            assert record.script_error == ""

    asyncio.run(call())


def test_a_caller_who_is_cut_off_in_the_middle_of_the_script_is_visible() -> None:
    async def call() -> None:
        async with telnyx_and_app() as (telnyx, app):
            telnyx.expect(CallerScript((Wait(30), HangUp())))
            call_id = await app.dial()
            await app.socket()
            await app.command(call_id, "hangup")
            record = await telnyx.wait_ended(call_id, 5)
            assert "step 1" in record.script_error

    asyncio.run(call())
