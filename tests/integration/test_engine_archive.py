"""What is left of a call, and where: the recording, the transcript, the spool, S3."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from measure.daemon import free_port
from support.engine import (
    AGENT,
    QUICK,
    Ended,
    House,
    assert_as_long_as_the_call,
    first_audio_s,
    recording_in,
)
from support.waiting import until
from telnyx_actors.actors import archiver
from telnyx_actors.providers.folder import FolderArchive
from telnyx_actors.standins import sound, voices
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.caller import CallerScript, HangUp, InterruptAfter, Say, WaitForAgent
from telnyx_actors.standins.telnyx_settings import WebhookChaos
from telnyx_actors.standins.world import BUCKET, S3_KEYS

GREETED = WaitForAgent(silent_ms=200)
SHORT = CallerScript((GREETED, HangUp()))
LONG_ANSWER = "Con mucho gusto le cuento de los horarios, y después de los precios."
WITHIN_S = 0.05
"""How far the recording may be off."""


class Bucket:
    """What an S3 holds."""

    def __init__(self, url: str) -> None:
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=url,
            region_name=S3_KEYS["AWS_REGION"],
            aws_access_key_id=S3_KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=S3_KEYS["AWS_SECRET_ACCESS_KEY"],
        )

    def keys(self) -> list[str]:
        return [found["Key"] for found in self._client.list_objects_v2(Bucket=BUCKET).get("Contents", ())]

    def read(self, key: str) -> tuple[bytes, str]:
        """Content and its type."""
        answer = self._client.get_object(Bucket=BUCKET, Key=key)
        with answer["Body"] as body:
            return body.read(), answer["ContentType"]

    def close(self) -> None:
        self._client.close()


# --- a folder ------------------------------------------------------------------


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A call with everything that could shift a recording: answers sent ahead, and one taken back."""
    with House(tmp_path_factory.mktemp("engine")) as house:
        house.world.script_model([("cuénteme", LONG_ANSWER), ("domingos", "No abrimos.")])
        script = (GREETED, Say("Cuénteme."), InterruptAfter(0.8, "¿Y los domingos?"), GREETED, HangUp())
        return house.ended(house.dial(CallerScript(script)))


def test_the_recording_is_as_long_as_the_call(interrupted: Ended) -> None:
    assert_as_long_as_the_call(interrupted)


def test_a_recording_ends_with_the_audio_not_with_the_news_of_it(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        house.world.misbehave(WebhookChaos(match="call.hangup", delay_ms=500))
        ended = house.ended(house.dial(SHORT))
    assert_as_long_as_the_call(ended)
    assert ended.transcript["end"]["duration_ms"] == pytest.approx(ended.carrier.duration_s * 1000, abs=WITHIN_S * 1000)


def test_the_caller_is_on_the_left_each_word_where_it_was_said(interrupted: Ended) -> None:
    assert interrupted.recording is not None
    for utterance in interrupted.carrier.utterances:
        found = interrupted.recording.caller.find(sound.ulaw_to_linear(utterance.audio))
        assert found >= 0, f"«{utterance.text}» is not whole in the recording"
        assert abs(found / 2 - utterance.start) / 8000 <= WITHIN_S


def test_the_agent_is_on_the_right_as_the_carrier_played_it(interrupted: Ended) -> None:
    """What was taken back is not in it: the recording falls silent when the carrier did."""
    assert interrupted.recording is not None
    agent, tolerance = interrupted.recording.agent, int(WITHIN_S * 8000)
    for segment in interrupted.carrier.stream.segments:
        found = agent.find(sound.ulaw_to_linear(bytes(segment.audio[:-tolerance])))
        assert found >= 0
        assert abs(found / 2 - segment.start) <= tolerance
        behind = agent[found + 2 * (len(segment.audio) + tolerance) :][: 2 * tolerance]
        assert sound.linear_rms(behind) == 0


def test_the_transcript_says_what_the_carrier_played(interrupted: Ended) -> None:
    """The times of its turns are those of the recording, and the words those that could be heard there."""
    _, cut, last = interrupted.heard
    assert (cut, last) == (LONG_ANSWER[: len(cut)], "No abrimos.")
    played = interrupted.carrier.agent_playing(join_ms=50)
    for turn, (start, _) in zip(interrupted.turns(), played, strict=True):
        assert turn["times_ms"]["first_sent"] == pytest.approx(start * 1000, abs=60)
    cut_s, whole_s = played[1][1] - played[1][0], len(voices.synthesize(LONG_ANSWER, voice=AGENT)) / 8000
    assert len(cut) / len(LONG_ANSWER) == pytest.approx(cut_s / whole_s, abs=0.2)


def test_a_record_that_is_slow_to_be_put_away_is_put_away_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is still due to be written falls into the time in which the record is closed already."""
    put, may_put = FolderArchive.put, Event()

    def slow_put(archive: FolderArchive, key: str, source: Path | bytes, content_type: str) -> str:
        if key.endswith("call.wav"):
            assert may_put.wait(5)
        return put(archive, key, source, content_type)

    monkeypatch.setattr(FolderArchive, "put", slow_put)
    monkeypatch.setattr(archiver, "FLUSH_S", 0.02)
    with House(tmp_path) as house:
        call = house.dial(SHORT)
        house.world.wait_ended(call, 10)
        house.log.wait("Llamada finalizada")
        view = house.view(call)
        stats = house.engine.runtime.stats.get(f"engine/{view.plan.ref}/archiver")
        assert stats is not None
        until(lambda: stats.data_depth > 0)  # a flush is due, behind the closing
        may_put.set()
        assert house.ended(call).recording is not None
        assert [*(tmp_path / "spool").iterdir()] == []


# --- S3 ---------------------------------------------------------------------------


def test_with_s3_record_and_phrases_are_kept_there_and_nothing_stays_behind(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    with House(one, replace(QUICK, s3=True)) as house:
        bucket = Bucket(house.world.s3_url)
        carrier = house.world.wait_ended(call := house.dial(SHORT), 10)
        until(lambda: house.engine.calls.find(call) is None)
        name = call.replace(":", "_")
        wav, transcript = (key for key in sorted(bucket.keys()) if name in key)
        assert re.fullmatch(rf"audios/20\d\d/\d\d/\d\d/{name}/call\.wav", wav)
        content, kind = bucket.read(wav)
        assert kind == "audio/wav"
        assert abs(recording_in(content).seconds - carrier.duration_s) <= WITHIN_S + carrier.max_tick_late_s
        content, kind = bucket.read(transcript)
        assert (kind, json.loads(content)["call"]["id"]) == ("application/json", call)
        assert f"s3://{BUCKET}/{wav}" in "\n".join(house.log.of(call))
        assert [*(one / "spool").iterdir()] == []
        # A machine that is new: what was said once is fetched, not made again.
        house.close_engine()
        house.world.fail("elevenlabs", Fault("refuse", times=-1))
        house.data_dir = two
        house.open_engine()
        until(lambda: len([*two.rglob("*.ulaw")]) == len([*one.rglob("*.ulaw")]))
        carrier = house.world.wait_ended(house.dial(SHORT), 10)
        assert not carrier.events_of("speak"), "not in the carrier's voice"
        bucket.close()


def test_while_s3_is_away_calls_go_on_and_their_records_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiver, "SWEEP_S", 0.2)
    monkeypatch.setattr(archiver, "LEFT_BEHIND_S", 0.5)
    port = free_port()
    nobody_there = {**S3_KEYS, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}"}
    with House(tmp_path, env=nobody_there) as house:
        call = house.dial(SHORT, saludo="Hola, don Nicanor.")
        house.world.wait_ended(call, 10)
        until(lambda: house.engine.calls.find(call) is None)
        (folder,) = (tmp_path / "spool").iterdir()
        assert {"call.json", "end.json", "turns.jsonl", "caller.raw", "agent.raw"} <= {f.name for f in folder.iterdir()}
        assert "El registro queda en el spool" in "\n".join(house.log.of(call))
        server = ThreadedMotoServer("127.0.0.1", port=port, verbose=False)
        server.start()
        bucket = Bucket(f"http://127.0.0.1:{port}")
        bucket._client.create_bucket(Bucket=BUCKET)
        until(lambda: not folder.exists())
        name = call.replace(":", "_")
        transcript = next(key for key in sorted(bucket.keys()) if key.endswith(f"{name}/transcript.json"))
        assert json.loads(bucket.read(transcript)[0])["turns"][0]["heard"] == "Hola, don Nicanor."
        bucket.close()
        server.stop()


# --- phrases ------------------------------------------------------------------------


def test_a_known_greeting_is_heard_at_once_even_if_the_voice_is_away(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        greeting = house.ended(house.dial(SHORT)).heard
        house.close_engine()
        house.world.fail("elevenlabs", Fault("refuse", times=-1))
        house.open_engine()  # with an empty memory: the phrase comes from disk
        ended = house.ended(house.dial(SHORT))
        assert ended.heard == greeting
        assert first_audio_s(ended) <= 0.150
