"""The vendor's own SDK, pointed at the Telnyx stand-in: what it sends is understood, what it reads is typed."""

from __future__ import annotations

import asyncio
import base64
import importlib
import json
from typing import Any

import pytest
import telnyx
from telnyx.lib.webhook_verification import WebhookVerificationError, verify_webhook_signature

from support.carrier import CALLER, App, quick, render, telnyx_and_app, tone
from telnyx_actors.standins.audibility import wav
from telnyx_actors.standins.caller import Answer, CallerScript, HangUp, Press, Say, Stay, Wait
from telnyx_actors.standins.telnyx import TelnyxStandIn
from telnyx_actors.standins.telnyx_settings import WebhookChaos

AT_ONCE = Answer(after_s=0.0)


def sdk(standin: TelnyxStandIn, key: str = "") -> telnyx.AsyncTelnyx:
    return telnyx.AsyncTelnyx(
        api_key=key or standin.settings.api_key, base_url=standin.api_url, max_retries=0, timeout=5
    )


async def dial(client: telnyx.AsyncTelnyx, standin: TelnyxStandIn, app: App, **changes: Any) -> str:
    settings = standin.settings
    values: dict[str, Any] = {"connection_id": settings.connection_id, "from_": settings.phone_number, "to": CALLER}
    answer = await client.calls.dial(**{**values, "webhook_url": f"{app.url}/webhook", **changes})
    assert answer.data is not None
    assert answer.data.is_alive is False
    assert answer.data.record_type == "call"
    return answer.data.call_control_id


def test_the_sdk_dials_streams_commands_and_hangs_up() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (standin, app), sdk(standin) as client:
            standin.expect(CallerScript((Stay(10),), AT_ONCE))
            call_id = await dial(client, standin, app, **app.stream_fields(), stream_track="inbound_track")
            await app.socket()
            actions = client.calls.actions
            await actions.send_dtmf(call_id, digits="12#")
            await actions.update_client_state(call_id, client_state=base64.b64encode(b"dos").decode())
            await actions.stop_streaming(call_id)
            await app.event("streaming.stopped")
            await actions.start_transcription(call_id, transcription_engine="Deepgram")
            await actions.stop_transcription(call_id)
            status = await client.calls.retrieve_status(call_id)
            assert status.data is not None
            assert (status.data.is_alive, status.data.client_state) == (True, base64.b64encode(b"dos").decode())
            active = [call async for call in await client.connections.list_active_calls(standin.settings.connection_id)]
            assert [call.call_control_id for call in active] == [call_id]

            answer = await actions.hangup(call_id)
            assert answer.data is not None
            assert answer.data.result == "ok"
            record = await standin.wait_ended(call_id, 5)
            assert (record.hangup_cause, record.hangup_source) == ("normal_clearing", "caller")
            status = await client.calls.retrieve_status(call_id)
            assert status.data is not None
            assert status.data.is_alive is False

    asyncio.run(run())


def test_the_preflight_questions_are_answered() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (standin, _), sdk(standin) as client:
            application = await client.call_control_applications.retrieve(standin.settings.connection_id)
            assert application.data is not None
            assert application.data.webhook_api_version == "2"
            own = standin.settings.phone_number
            for wanted, found in ((own.lstrip("+"), [own]), (own, [])):  # digits alone, or nothing is found
                numbers = await client.phone_numbers.list(filter={"phone_number": wanted})
                assert [number.phone_number async for number in numbers] == found
            balance = await client.balance.retrieve()
            assert balance.data is not None
            assert balance.data.currency == "USD"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"to": "3001234567"}, telnyx.UnprocessableEntityError, "10016"),
        ({"to": ""}, telnyx.UnprocessableEntityError, "10004"),
        ({"connection_id": "1"}, telnyx.UnprocessableEntityError, "10015"),
        ({"client_state": "no base64!"}, telnyx.UnprocessableEntityError, "90017"),
        ({"stream_track": "inbound"}, telnyx.UnprocessableEntityError, "10032"),
        ({"stream_url": "http://x/"}, telnyx.UnprocessableEntityError, "10015"),
        ({"timeout_secs": 1}, telnyx.UnprocessableEntityError, "90028"),
        ({"time_limit_secs": 5}, telnyx.UnprocessableEntityError, "90029"),
        ({"time_limit_secs": 14_460}, telnyx.UnprocessableEntityError, "90029"),
    ],
)
def test_a_wrong_dial_is_refused_as_the_vendor_refuses_it(
    changes: dict[str, Any], error: type[telnyx.APIStatusError], code: str
) -> None:
    async def run() -> None:
        async with telnyx_and_app() as (standin, app), sdk(standin) as client:
            with pytest.raises(error) as caught:
                await dial(client, standin, app, **changes)
            assert isinstance(caught.value.body, dict)
            assert caught.value.body["errors"][0]["code"] == code
            assert standin.calls() == []

    asyncio.run(run())


def test_a_wrong_key_is_an_authentication_error() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (standin, app), sdk(standin, "KEYwrong") as client:
            with pytest.raises(telnyx.AuthenticationError, match="10009"):
                await dial(client, standin, app)

    asyncio.run(run())


def test_commands_are_refused_by_the_state_of_the_call() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (standin, app), sdk(standin) as client:
            actions = client.calls.actions
            with pytest.raises(telnyx.UnprocessableEntityError, match="90015"):
                await actions.hangup("v3:unknown")

            standin.expect(CallerScript((Stay(10),), Answer(after_s=0.3)))
            call_id = await dial(client, standin, app)
            with pytest.raises(telnyx.UnprocessableEntityError, match="90034"):
                await actions.speak(call_id, payload="Hola", voice="Telnyx.KokoroTTS.af")
            with pytest.raises(telnyx.UnprocessableEntityError, match="90102"):
                await actions.answer(call_id)

            await app.event("call.answered")
            with pytest.raises(telnyx.UnprocessableEntityError, match="90048"):
                await actions.stop_streaming(call_id)
            await actions.start_transcription(call_id)
            with pytest.raises(telnyx.UnprocessableEntityError, match="90054"):
                await actions.start_transcription(call_id)
            with pytest.raises(telnyx.UnprocessableEntityError, match="90014"):
                await actions.send_dtmf(call_id, digits="12x")

            await actions.hangup(call_id)
            await standin.wait_ended(call_id, 5)
            with pytest.raises(telnyx.UnprocessableEntityError, match="90018"):
                await actions.hangup(call_id)

    asyncio.run(run())


def test_a_command_repeated_with_its_command_id_happens_once() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (standin, app), sdk(standin) as client:
            standin.answer_with(CallerScript((Stay(10),), AT_ONCE))
            first = await dial(client, standin, app, command_id="uno")
            assert await dial(client, standin, app, command_id="uno") == first
            assert len(standin.calls()) == 1
            await app.event("call.answered")
            for _ in range(2):
                await client.calls.actions.speak(first, payload="Hola", voice="Telnyx.KokoroTTS.af", command_id="dos")
            await app.event("call.speak.ended")
            assert standin.call(first).carrier.segments[0].audio == render("Hola")
            assert len(standin.call(first).carrier.segments) == 1

    asyncio.run(run())


def test_more_dials_than_the_account_may_make_are_rate_limited() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(max_dials_per_5_s=2)) as (standin, app), sdk(standin) as client:
            for _ in range(2):
                await dial(client, standin, app)
            with pytest.raises(telnyx.RateLimitError, match="90103") as caught:
                await dial(client, standin, app)
            assert caught.value.response.headers["x-ratelimit-remaining"] == "0"

    asyncio.run(run())


def test_every_webhook_passes_the_sdks_verifier_and_fits_its_type() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (standin, app), sdk(standin) as client:
            standin.expect(
                CallerScript(
                    (Wait(0.5), Say("Hola"), Press("7"), Wait(0.6), HangUp()), Answer(after_s=0, machine="human")
                )
            )
            content = base64.b64encode(wav(tone(100))).decode()
            call_id = await dial(client, standin, app, **app.stream_fields(), answering_machine_detection="detect")
            await app.event("call.answered")
            actions = client.calls.actions
            await actions.start_transcription(call_id)
            await actions.start_playback(call_id, playback_content=content, audio_type="wav")
            await actions.speak(call_id, payload="Eh", voice="Telnyx.KokoroTTS.af")
            await standin.wait_ended(call_id, 10)
            await app.event("call.hangup")

            seen = set()
            for headers, body in app.deliveries:
                verify_webhook_signature(body, headers, standin.public_key)
                kind = json.loads(body)["data"]["event_type"]
                event = event_type(kind).model_validate_json(body)
                assert event.data is not None
                assert event.data.event_type == kind
                assert event.data.payload.call_control_id == call_id
                seen.add(kind)
            assert seen >= {
                "call.initiated",
                "call.answered",
                "call.hangup",
                "call.dtmf.received",
                "call.playback.started",
                "call.playback.ended",
                "call.speak.started",
                "call.speak.ended",
                "streaming.started",
                "streaming.stopped",
            }

    asyncio.run(run())


def event_type(kind: str) -> Any:
    """The SDK's class for a webhook, by the SDK's own naming."""
    name = kind if kind.startswith("call.") else f"call.{kind}"
    name = "transcription" if kind == "call.transcription" else name.replace(".", "_")
    module = importlib.import_module(f"telnyx.types.{name}_webhook_event")
    return getattr(module, "".join(part.capitalize() for part in name.split("_")) + "WebhookEvent")


@pytest.mark.parametrize("chaos", [WebhookChaos(bad_signature=True), WebhookChaos(stale_s=301)])
def test_a_forged_or_stale_webhook_does_not_pass_the_sdks_verifier(chaos: WebhookChaos) -> None:
    async def run() -> None:
        async with telnyx_and_app() as (standin, app):
            standin.misbehave(chaos)
            await app.dial(stream=False)
            await app.event("call.initiated")
            headers, body = app.deliveries[0]
            with pytest.raises(WebhookVerificationError):
                verify_webhook_signature(body, headers, standin.public_key)

    asyncio.run(run())
