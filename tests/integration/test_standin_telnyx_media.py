"""The media socket of the Telnyx stand-in, and everything that can go wrong with it."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import pytest

from support.carrier import App, Socket, quick, render, telnyx_and_app, tone
from telnyx_actors.standins import sound
from telnyx_actors.standins.audibility import SILENCE, is_audible
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import Answer, CallerScript, HangUp, Press, Say, Stay, Wait
from telnyx_actors.standins.telnyx import TelnyxStandIn
from telnyx_actors.standins.telnyx_line import Line
from telnyx_actors.standins.telnyx_settings import LineSettings, MediaSettings

AT_ONCE = Answer(after_s=0.0)
STAYS = CallerScript((Stay(20),), AT_ONCE)


async def started(telnyx: TelnyxStandIn, app: App, script: CallerScript = STAYS, **changes: Any) -> tuple[str, Socket]:
    telnyx.expect(script)
    call_id = await app.dial(**changes)
    return call_id, await app.socket()


def test_what_is_sent_faster_than_real_time_plays_in_real_time() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            call_id, socket = await started(telnyx, app)
            began = time.monotonic()
            for index in range(3):
                await socket.play(tone(100))
                await socket.mark(str(index))
            await app.until(lambda: len(socket.of("mark")) == 3)
            assert 0.28 < time.monotonic() - began < 0.5
            record = telnyx.call(call_id)
            times = [event.at_s for event in record.events_of("mark")]
            (begin, end) = record.agent_playing()[0]
            expected = [begin + 0.1, begin + 0.2, begin + 0.3]
            assert end == pytest.approx(begin + 0.3)
            assert times == pytest.approx(expected, abs=0.06)
            assert min(late - due for late, due in zip(times, expected, strict=True) if late is not None) >= 0
            assert len(record.events_of("audio")) == 1

    asyncio.run(run())


def test_a_mark_with_nothing_playing_comes_straight_back() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            call_id, socket = await started(telnyx, app)
            await socket.mark("ya")
            await app.until(lambda: socket.of("mark"))
            assert telnyx.call(call_id).events_of("mark")[0].data["why"] == "idle"

    asyncio.run(run())


def test_the_two_directions_have_their_own_codecs() -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(line=LineSettings(law="PCMA"))) as (telnyx, app):
            call_id, socket = await started(telnyx, app, CallerScript((Say("Hola"), Stay(9)), AT_ONCE))
            assert socket.of("start")[0]["start"]["media_format"]["encoding"] == "PCMA"
            await socket.play(tone(100))
            await app.until(lambda: len(socket.of("media")) >= 10)
            received = b"".join(base64.b64decode(frame["media"]["payload"]) for frame in socket.of("media")[:10])
            assert received == sound.ulaw_to_alaw(render("Hola"))
            assert bytes(telnyx.call(call_id).stream.segments[0].audio) == tone(100)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", 100003),
        ('{"event":"media"}', 100003),
        ('{"event":"mark","mark":{"name":7}}', 100003),
        ('"clear"', 100003),
        ("[" * 100_000, 100003),
        ('{"event":"media","media":{"payload":"*"}}', 100004),
        (json.dumps({"event": "media", "media": {"payload": base64.b64encode(tone(30_020)).decode()}}), 100004),
    ],
)
def test_a_wrong_message_earns_an_error_frame_and_nothing_else(text: str, code: int) -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            call_id, socket = await started(telnyx, app)
            await socket.ws.send_str(text)
            (error,) = await app.until(lambda: socket.of("error"))
            assert error["payload"]["code"] == code
            assert len(telnyx.call(call_id).violations) == 1
            await socket.mark("todavía")
            await app.until(lambda: socket.of("mark"))

    asyncio.run(run())


def test_a_binary_message_is_malformed() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            _, socket = await started(telnyx, app)
            await socket.ws.send_bytes(tone(20))
            (error,) = await app.until(lambda: socket.of("error"))
            assert error["payload"]["code"] == 100003

    asyncio.run(run())


def test_without_rtp_mode_nothing_is_ever_heard() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            call_id, socket = await started(telnyx, app, stream_bidirectional_mode="mp3")
            await socket.play(tone(100))
            await socket.play(tone(100))
            (error,) = await app.until(lambda: socket.of("error"))
            assert error["payload"]["code"] == 100005
            assert telnyx.call(call_id).agent_playing() == []
            assert telnyx.call(call_id).violations

    asyncio.run(run())


def test_media_shorter_than_20_ms_are_played_and_noted() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            call_id, socket = await started(telnyx, app)
            await socket.play(tone(10))
            record = telnyx.call(call_id)
            await app.until(lambda: record.stream.segments)
            assert [event.data["detail"] for event in record.violations] == ["10 ms in one message"]

    asyncio.run(run())


def test_keys_come_as_a_frame_and_as_a_webhook() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            _, socket = await started(telnyx, app, CallerScript((Press("5#"), Stay(9)), AT_ONCE))
            await app.until(lambda: len(socket.of("dtmf")) == 2 and len(app.payloads("call.dtmf.received")) == 2)
            assert [frame["dtmf"]["digit"] for frame in socket.of("dtmf")] == ["5", "#"]

    asyncio.run(run())


def test_the_token_comes_as_a_header_and_the_parameters_as_an_object() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            parameters = [{"name": "clave", "value": "uno"}]
            _, socket = await started(telnyx, app, stream_auth_token="secreto", custom_parameters=parameters)
            assert {key.lower(): value for key, value in socket.headers.items()}[
                "x-telnyx-streaming-auth-token"
            ] == "secreto"
            assert socket.of("connected")[0]["connected"]["x-telnyx-streaming-auth-token"] == "secreto"
            assert socket.of("start")[0]["start"]["custom_parameters"] == {"clave": "uno"}

    asyncio.run(run())


def test_an_application_that_cannot_be_reached_is_told_and_the_call_lives_on() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            app.refuse_sockets = True
            telnyx.expect(STAYS)
            call_id = await app.dial()
            failed = await app.event("streaming.failed")
            assert failed["failure_reason"] == "connection_failed"
            assert "from" not in failed
            await app.event("call.answered")
            assert telnyx.call(call_id).state == "answered"

            app.refuse_sockets = False
            status, _ = await app.command(call_id, "streaming_start", **app.stream_fields())
            assert status == 200
            await app.socket()
            status, answer = await app.command(call_id, "streaming_start", **app.stream_fields())
            assert (status, answer["errors"][0]["code"]) == (422, "90045")

    asyncio.run(run())


def test_a_socket_that_the_application_closes_does_not_end_the_call() -> None:
    async def run() -> None:
        settings = quick(media=MediaSettings(reconnect_after_s=0.05, max_reconnects=1))
        async with telnyx_and_app(settings) as (telnyx, app):
            call_id, first = await started(telnyx, app)
            await first.ws.close()
            await app.event("streaming.stopped")
            second = await app.socket(1)
            assert first.of("start")[0]["stream_id"] != second.of("start")[0]["stream_id"]
            await second.play(tone(100))
            await second.ws.close()
            await app.until(lambda: len(app.payloads("streaming.stopped")) == 2)
            assert telnyx.call(call_id).state == "answered"
            assert len(app.sockets) == 2

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["drop", "stall", "half_open", "half_close", "garbage"])
def test_a_socket_breaks_after_so_many_frames_as_told(kind: Any) -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            telnyx.fail(Fault(kind, after=5, match="media "))
            call_id, socket = await started(telnyx, app)
            record = telnyx.call(call_id)
            await app.until(lambda: record.events_of("fault"))
            if kind in ("drop", "half_close"):
                await app.until(lambda: socket.close_code == 1006)
                await app.event("streaming.stopped")
            elif kind == "garbage":
                await app.until(lambda: len(socket.of("media")) > 8)
                assert len(socket.garbage) == 1
            else:
                await socket.play(tone(20))
                await socket.mark("nunca")
                await asyncio.sleep(0.15)
                assert len(socket.of("media")) == 5
                assert socket.of("mark") == []
                assert bool(record.stream.segments) is (kind == "stall")
                assert not socket.ws.closed
            assert record.state == "answered"

    asyncio.run(run())


@pytest.mark.parametrize("drops", [False, True])
def test_what_waits_when_a_socket_breaks_is_played_or_dropped_as_told(drops: bool) -> None:
    async def run() -> None:
        async with telnyx_and_app(quick(media=MediaSettings(drops_audio_on_loss=drops))) as (telnyx, app):
            call_id, socket = await started(telnyx, app)
            await socket.play(tone(5000))
            record = telnyx.call(call_id)
            await app.until(lambda: record.stream.segments)
            telnyx.fail_stream(call_id, Fault("drop"))
            await app.event("streaming.stopped")
            left_ms = (record.stream.end - record.length) / 8
            assert left_ms <= 0 if drops else left_ms > 3000

    asyncio.run(run())


def test_a_refused_or_late_socket_can_be_asked_for() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            telnyx.fail(Fault("refuse", match="media "))
            telnyx.fail(Fault("delay", after_ms=150, match="media "))
            telnyx.answer_with(STAYS)
            await app.dial()
            await app.event("streaming.failed")
            began = time.monotonic()
            await app.dial()
            await app.until(lambda: app.sockets)
            assert time.monotonic() - began >= 0.15

    asyncio.run(run())


def test_frames_keep_to_the_wall_clock_without_drift() -> None:
    async def run() -> None:
        async with telnyx_and_app() as (telnyx, app):
            call_id, socket = await started(telnyx, app, CallerScript((Wait(1.5), HangUp()), AT_ONCE))
            record = await telnyx.wait_ended(call_id, 5)
            await app.event("call.hangup")
            assert len(socket.of("media")) == pytest.approx(record.duration_s / 0.02, abs=2)
            assert record.duration_s == pytest.approx(1.52, abs=0.1)

    asyncio.run(run())


def chunks(texts: list[str]) -> list[int]:
    return [int(json.loads(text)["media"]["chunk"]) for text in texts]


def send(count: int, **settings: Any) -> list[list[str]]:
    line = Line(LineSettings(**settings), "s", "+57")
    return [line.frames(bytes([index % 100]) * 160) for index in range(count)]


def test_a_good_line_numbers_every_frame() -> None:
    sent = [json.loads(text) for texts in send(3, first_chunk=7, timestamp_unit="ticks") for text in texts]
    assert [frame["media"]["chunk"] for frame in sent] == ["7", "8", "9"]
    assert [frame["media"]["timestamp"] for frame in sent] == ["5", "165", "325"]
    assert [frame["sequence_number"] for frame in sent] == ["3", "4", "5"]


def test_a_bad_line_loses_doubles_swaps_and_holds_frames_but_invents_none() -> None:
    lost = chunks([text for texts in send(500, loss=0.2) for text in texts])
    assert 350 < len(lost) < 450
    assert lost == sorted(set(lost))

    doubled = chunks([text for texts in send(500, duplicate=0.2) for text in texts])
    assert 550 < len(doubled) < 650
    assert set(doubled) == set(range(2, 502))

    swapped = chunks([text for texts in send(501, reorder=0.2) for text in texts])
    assert swapped != sorted(swapped)
    assert max(abs(chunk - place) for place, chunk in enumerate(swapped, start=2)) == 1

    held = send(500, jitter=0.1, max_held=4)
    assert chunks([text for texts in held for text in texts]) == list(range(2, 2 + sum(map(len, held))))
    assert max(map(len, held)) > 2
    assert [] in held


def test_the_same_line_has_the_same_luck_twice() -> None:
    assert send(50, loss=0.3, reorder=0.3) == send(50, loss=0.3, reorder=0.3)


def test_comfort_noise_is_never_digital_silence_and_never_audible() -> None:
    line = Line(LineSettings(comfort_noise=True), "s", "+57")
    for _ in range(20):
        (text,) = line.frames(SILENCE)
        frame = base64.b64decode(json.loads(text)["media"]["payload"])
        assert frame != SILENCE
        assert not is_audible(frame)
