"""How calls of the Telnyx stand-in end, are refused, transferred, played to and transcribed."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import aiohttp
import pytest

from support.carrier import CALLER, App, quick, render, telnyx_and_app, tone
from telnyx_actors.standins.audibility import wav
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import Answer, AnswerKind, CallerScript, HangUp, Say, Stay, Wait
from telnyx_actors.standins.carrier_call import CarrierCall
from telnyx_actors.standins.telnyx import TelnyxStandIn
from telnyx_actors.standins.telnyx_settings import MediaSettings

AT_ONCE = Answer(after_s=0.0)
STAYS = CallerScript((Stay(20),), AT_ONCE)


async def answered(telnyx: TelnyxStandIn, app: App, script: CallerScript = STAYS, **changes: Any) -> CarrierCall:
    telnyx.expect(script)
    call_id = await app.dial(stream=False, **changes)
    record = telnyx.call(call_id)
    await app.until(lambda: record.media_at)
    return record


@pytest.mark.parametrize(
    ("kind", "cause", "sip"),
    [("busy", "user_busy", "486"), ("reject", "call_rejected", "603"), ("not_found", "not_found", "404")],
)
def test_a_call_that_is_not_taken_says_why(kind: AnswerKind, cause: str, sip: str) -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            telnyx.expect(CallerScript((), Answer(kind, after_s=0.05)))
            call_id = await app.dial()
            await telnyx.wait_ended(call_id, 5)
            payload = await app.event("call.hangup")
            assert (payload["hangup_cause"], payload["sip_hangup_cause"]) == (cause, sip)
            assert payload["call_quality_stats"] is None
            await app.until(lambda: app.sockets[0].close_code is not None)
            assert [frame["event"] for frame in app.sockets[0].frames] == ["connected"]
            assert sorted(app.kinds()) == ["call.hangup", "call.initiated"]

    asyncio.run(run())


def test_a_phone_that_nobody_takes_times_out() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(ring_limit_s=0.1)) as (telnyx, app):
            telnyx.expect(CallerScript((), Answer("no_answer")))
            call_id = await app.dial(stream=False)
            record = await telnyx.wait_ended(call_id, 5)
            assert record.hangup_cause == "timeout"

    asyncio.run(run())


def test_a_call_over_its_time_limit_is_ended() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(time_limit_s=0.1)) as (telnyx, app):
            telnyx.expect(STAYS)
            call_id = await app.dial(stream=False)
            assert (await telnyx.wait_ended(call_id, 5)).hangup_cause == "time_limit"

    asyncio.run(run())


def test_a_caller_whom_nobody_answers_gives_up() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(inbound_patience_s=0.1)) as (telnyx, app):
            record = telnyx.ring(STAYS, CALLER, webhook_url=f"{app.url}/webhook")
            await telnyx.wait_ended(record.call_control_id, 5)
            payload = await app.event("call.hangup")
            assert (payload["hangup_cause"], payload["hangup_source"]) == ("originator_cancel", "caller")
            assert record.script_error == ""

    asyncio.run(run())


def test_an_incoming_call_can_be_rejected() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            record = telnyx.ring(STAYS, CALLER, webhook_url=f"{app.url}/webhook")
            status, answer = await app.command(record.call_control_id, "reject")
            assert (status, answer["errors"][0]["code"]) == (422, "10004")
            await app.command(record.call_control_id, "reject", cause="USER_BUSY")
            assert (await telnyx.wait_ended(record.call_control_id, 5)).hangup_cause == "user_busy"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("mode", "machine", "kinds"),
    [
        ("detect", "human", ["call.machine.detection.ended"]),
        ("greeting_end", "machine", ["call.machine.detection.ended", "call.machine.greeting.ended"]),
        ("premium", "machine", ["call.machine.premium.detection.ended", "call.machine.premium.greeting.ended"]),
    ],
)
def test_answering_machines_are_told_in_their_own_events(mode: str, machine: Any, kinds: list[str]) -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(detection_s=0.02)) as (telnyx, app):
            await answered(
                telnyx,
                app,
                CallerScript((Stay(9),), Answer(after_s=0, machine=machine)),
                answering_machine_detection=mode,
            )
            await app.event(kinds[-1])
            assert [kind for kind in app.kinds() if "machine" in kind] == kinds

    asyncio.run(run())


def test_a_transfer_connects_two_people_and_ends_with_either() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            record = await answered(telnyx, app)
            telnyx.expect(CallerScript((Wait(0.1), HangUp()), AT_ONCE), "+573187654321")
            own = telnyx.settings.phone_number
            to = {"to": "+573187654321", "from": own, "webhook_url": f"{app.url}/webhook"}
            await app.command(record.call_control_id, "transfer", **to)
            await telnyx.wait_ended(record.call_control_id, 5)
            assert record.transferred_to == "+573187654321"
            other = telnyx.calls()[1]
            assert other.call_session_id == record.call_session_id
            await app.until(lambda: len(app.payloads("call.bridged")) == 2)

    asyncio.run(run())


def test_a_transfer_under_a_number_that_is_not_the_accounts_is_refused() -> None:
    """Left out, it is the number that was called: somebody's, where the call is one of ours."""

    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            record = await answered(telnyx, app)
            for number in ({}, {"from": "+573187654321"}):
                status, answer = await app.command(record.call_control_id, "transfer", to="+573187654321", **number)
                assert (status, answer["errors"][0]["code"]) == (403, "10010")
            assert len(telnyx.calls()) == 1

    asyncio.run(run())


def test_a_transfer_that_nobody_takes_leaves_the_call_up() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            record = await answered(telnyx, app)
            telnyx.expect(CallerScript((), Answer("busy", after_s=0)))
            to = {"to": "+573187654321", "from": telnyx.settings.phone_number}
            await app.command(record.call_control_id, "transfer", **to)
            await telnyx.wait_ended(telnyx.calls()[1].call_control_id, 5)
            assert record.state == "answered"
            assert app.payloads("call.bridged") == []

    asyncio.run(run())


# --- what the carrier plays ---


def test_files_and_sentences_play_one_after_another() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(speak_delay_ms=0, playback_delay_ms=0)) as (telnyx, app):
            record = await answered(telnyx, app)
            call_id = record.call_control_id
            content = base64.b64encode(wav(tone(100))).decode()
            await app.command(call_id, "playback_start", playback_content=content, audio_type="wav", loop=2)
            await app.command(call_id, "speak", payload="Hola", voice="Telnyx.KokoroTTS.af")
            await app.event("call.speak.ended")
            kinds = [kind for kind in app.kinds() if "playback" in kind or "speak" in kind]
            assert kinds == ["call.playback.started", "call.playback.ended", "call.speak.started", "call.speak.ended"]
            assert app.payloads("call.playback.ended")[0]["status"] == "completed"
            played = b"".join(bytes(segment.audio) for segment in record.carrier.segments)
            assert played == tone(100) * 2 + render("Hola")

    asyncio.run(run())


def test_a_file_is_fetched_or_said_to_be_missing() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(playback_delay_ms=0)) as (telnyx, app):
            record = await answered(telnyx, app)
            await app.command(
                record.call_control_id, "playback_start", audio_url=f"{app.url}/nada.wav", audio_type="wav"
            )
            assert (await app.event("call.playback.ended"))["status"] == "file_not_found"
            assert record.agent_playing() == []

    asyncio.run(run())


def test_an_mp3_sounds_for_about_as_long_as_it_is() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(playback_delay_ms=0)) as (telnyx, app):
            record = await answered(telnyx, app)
            content = base64.b64encode(b"ID3" + bytes(3197)).decode()
            await app.command(record.call_control_id, "playback_start", playback_content=content)
            await app.event("call.playback.ended")
            ((begin, end),) = record.agent_speech()
            assert end - begin == pytest.approx(0.2, abs=0.011)

    asyncio.run(run())


@pytest.mark.parametrize(("ending", "status"), [("playback_stop", "cancelled"), ("hangup", "call_hangup")])
def test_a_playback_that_is_cut_says_how(ending: str, status: str) -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(playback_delay_ms=0)) as (telnyx, app):
            record = await answered(telnyx, app)
            content = base64.b64encode(wav(tone(5000))).decode()
            await app.command(record.call_control_id, "playback_start", playback_content=content, audio_type="wav")
            await app.event("call.playback.started")
            await app.command(record.call_control_id, ending)
            assert (await app.event("call.playback.ended"))["status"] == status
            assert record.agent_playing()[0][1] < 2.0

    asyncio.run(run())


def test_nonsense_to_play_is_refused_or_fails() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(playback_delay_ms=0)) as (telnyx, app):
            record = await answered(telnyx, app)
            wrong: list[tuple[dict[str, Any], str]] = [
                ({}, "10004"),
                ({"playback_content": "*"}, "10015"),
                ({"audio_url": "x", "loop": 0}, "90009"),
            ]
            for body, code in wrong:
                status, answer = await app.command(record.call_control_id, "playback_start", **body)
                assert (status, answer["errors"][0]["code"]) == (422, code)
            content = base64.b64encode(b"RIFF nothing").decode()
            await app.command(record.call_control_id, "playback_start", playback_content=content, audio_type="wav")
            assert (await app.event("call.playback.ended"))["status"] == "failed"

    asyncio.run(run())


# --- what the carrier hears ---


@pytest.mark.parametrize("interim", [False, True])
def test_transcripts_come_only_if_asked_for_and_interim_ones_only_then(interim: bool) -> None:
    async def run() -> None:
        settings = quick(transcription_final_ms=60, transcription_interim_ms=300)
        async with telnyx_and_app(settings) as (telnyx, app):
            script = CallerScript((Wait(0.1), Say("buenas tardes"), Wait(0.2), HangUp()), AT_ONCE)
            config = {"transcription_engine": "Deepgram", "interim_results": interim, "language": "es"}
            record = await answered(telnyx, app, script, transcription=True, transcription_config=config)
            await telnyx.wait_ended(record.call_control_id, 5)
            await app.event("call.hangup")
            said = [payload["transcription_data"] for payload in app.payloads("call.transcription")]
            assert [item["transcript"] for item in said if item["is_final"]] == ["buenas tardes"]
            assert [item["transcript"] for item in said if not item["is_final"]] == (["buenas"] if interim else [])

    asyncio.run(run())


# --- how REST fails ---


def test_an_answer_can_be_lost_while_the_command_was_carried_out() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            record = await answered(telnyx, app)
            telnyx.fail(Fault("drop", match="actions/hangup"))
            with pytest.raises(aiohttp.ClientOSError):
                await app.command(record.call_control_id, "hangup")
            assert (await telnyx.wait_ended(record.call_control_id, 5)).hangup_cause == "normal_clearing"

    asyncio.run(run())


@pytest.mark.parametrize(("kind", "is_done"), [("stall", True), ("half_open", False)])
def test_an_answer_can_be_withheld_with_and_without_effect(kind: Any, is_done: bool) -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            record = await answered(telnyx, app)
            telnyx.fail(Fault(kind, match="actions/hangup"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await app.command(record.call_control_id, "hangup")
            assert (record.state == "hangup") is is_done

    asyncio.run(run())


def test_rest_can_refuse_be_late_and_talk_nonsense() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            telnyx.fail(Fault("refuse", status=429, times=2))
            for _ in range(2):
                status, answer = await app.request("GET", "/balance")
                assert (status, answer["errors"][0]["code"]) == (429, "10011")
            telnyx.fail(Fault("garbage"))
            with pytest.raises(ValueError, match="utf-8"):
                await app.request("GET", "/balance")
            assert (await app.request("GET", "/balance"))[0] == 200
            assert (await app.request("GET", "/nothing"))[0] == 404

    asyncio.run(run())


def test_transcription_that_starts_late_hears_the_rest_of_the_sentence() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(transcription_final_ms=20)) as (telnyx, app):
            record = await answered(telnyx, app, CallerScript((Say("uno dos tres cuatro"), Stay(9)), AT_ONCE))
            await app.until(lambda: record.length > 8 * 500)
            await app.command(record.call_control_id, "transcription_start", transcription_engine="Telnyx")
            payload = await app.event("call.transcription")
            assert payload["transcription_data"]["transcript"] == "tres cuatro"
            assert payload["transcription_data"]["transcription_track"] == "inbound"

    asyncio.run(run())


def test_a_command_that_was_refused_may_be_repeated_with_the_same_id() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(speak_delay_ms=0)) as (telnyx, app):
            telnyx.expect(CallerScript((Stay(9),), Answer(after_s=0.1)))
            call_id = await app.dial(stream=False)
            body = {"payload": "Hola", "voice": "Telnyx.KokoroTTS.af", "command_id": "uno"}
            assert (await app.command(call_id, "speak", **body))[0] == 422
            await app.until(lambda: telnyx.call(call_id).media_at)
            assert (await app.command(call_id, "speak", **body))[0] == 200
            await app.event("call.speak.ended")

    asyncio.run(run())


def test_a_socket_that_takes_long_does_not_keep_the_caller_waiting() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(media=MediaSettings(start_wait_s=0.05))) as (telnyx, app):
            telnyx.fail(Fault("delay", after_ms=400, match="media "))
            telnyx.expect(CallerScript((Say("Aló"), Stay(9)), AT_ONCE))
            call_id = await app.dial()
            record = telnyx.call(call_id)
            await app.socket()
            (start,) = record.events_of("stream.start")
            assert start.at_s == pytest.approx(0.35, abs=0.1)
            assert record.caller_speech()[0][0] == 0.0

    asyncio.run(run())
