"""Each client against the vendor's stand-in: what both sides read in the vendor's documentation must agree."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Literal

import pytest

from support.vendor_streams import Reader, pieces_of
from support.waiting import until
from telnyx_actors.core.audio import FRAME_BYTES, Encoding
from telnyx_actors.core.events import TranscriptEvent, TranscriptFinal, TranscriptInterim, TurnConfirmed, TurnPredicted
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.claude import Claude, ClaudeOptions, open_client
from telnyx_actors.providers.deepgram import Deepgram, DeepgramOptions
from telnyx_actors.providers.elevenlabs import ElevenLabs, ElevenLabsOptions
from telnyx_actors.providers.ports import (
    CallCommand,
    DialRequest,
    Message,
    ModelRequest,
    ReplyDelta,
    ReplyDone,
    StreamRequest,
    Transcription,
)
from telnyx_actors.providers.telnyx import Telnyx, TelnyxOptions
from telnyx_actors.providers.telnyx_stt import TelnyxStt, TelnyxSttOptions
from telnyx_actors.standins import voices
from telnyx_actors.standins.base import Fault
from telnyx_actors.standins.claude import ClaudeSettings
from telnyx_actors.standins.elevenlabs import ElevenLabsSettings
from telnyx_actors.standins.world import World, WorldSettings
from telnyx_actors.wire.deepgram import FluxSettings, NovaSettings
from telnyx_actors.wire.telnyx_stt import SttSettings

SAID = "Quiero una cita para mañana."
SYSTEM = "Eres María, la recepcionista. " * 200


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    quick = WorldSettings(
        s3=False,
        claude=ClaudeSettings(headers_ms=5, first_token_ms=20, token_ms=2),
        elevenlabs=ElevenLabsSettings(first_audio_ms=5, speed=200),
    )
    with World(quick) as world:
        yield world


@pytest.fixture(autouse=True)
def fair_weather(world: World) -> Iterator[None]:
    yield
    world.heal()


# --- Deepgram ---


def words_of(text: str) -> list[str]:
    return text.lower().replace(".", "").replace(",", "").split()


def hear(world: World, tls: ssl.SSLContext, settings: NovaSettings | FluxSettings) -> list[TranscriptEvent]:
    return hear_by(world, Deepgram(DeepgramOptions("key", settings, base_url=world.env["DEEPGRAM_URL"]), tls))


def hear_by(world: World, client: Transcription) -> list[TranscriptEvent]:
    """What is heard of one sentence, spoken and then followed by a second of silence."""
    speech = voices.speak(SAID, voice="cliente")
    world.phrasebook.add(SAID, speech)
    stream = client.connect(Encoding.PCMU)
    stream.probe()
    reader = Reader(stream.events())
    for piece in pieces_of(speech.audio + b"\xff" * 8000, 5 * FRAME_BYTES):
        stream.send(piece)
    stream.finalize()
    until(lambda: any(isinstance(event, TranscriptFinal | TurnConfirmed) for event in reader.items))
    stream.close()
    assert reader.ended_within(1)
    assert reader.error is None
    assert stream.malformed_messages == 0
    assert stream.signs_of_life == stream.messages + 1, "the answer to the probe"
    return reader.items


def test_nova_hears_a_sentence(world: World, tls: ssl.SSLContext) -> None:
    heard = hear(world, tls, NovaSettings())

    finals = " ".join(event.text for event in heard if isinstance(event, TranscriptFinal))
    assert words_of(finals) == words_of(SAID)
    assert any(isinstance(event, TranscriptInterim) for event in heard)


def test_flux_predicts_and_confirms_a_turn(world: World, tls: ssl.SSLContext) -> None:
    heard = hear(world, tls, FluxSettings())

    confirmed = [event for event in heard if isinstance(event, TurnConfirmed)]
    predicted = [event for event in heard if isinstance(event, TurnPredicted)]
    assert [words_of(event.text) for event in confirmed] == [words_of(SAID)]
    assert predicted[-1].text == confirmed[0].text


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Failure.AUTH), (402, Failure.PAYMENT), (429, Failure.RATE_LIMIT), (503, Failure.UNAVAILABLE)],
)
def test_deepgram_refuses(world: World, tls: ssl.SSLContext, status: int, kind: Failure) -> None:
    world.fail("deepgram", Fault("refuse", status=status))
    with pytest.raises(ProviderError) as caught:
        Deepgram(DeepgramOptions("key", base_url=world.deepgram.url), tls).connect(Encoding.PCMU)
    assert (caught.value.kind, caught.value.status) == (kind, status)


@pytest.mark.parametrize(("code", "close_code"), [("NET-0000", "1011"), ("DATA-0000", "1008")])
def test_deepgram_closes_with_its_reason(world: World, tls: ssl.SSLContext, code: str, close_code: str) -> None:
    world.fail("deepgram", Fault("drop", code=code, match="stream"))
    stream = Deepgram(DeepgramOptions("key", base_url=world.deepgram.url), tls).connect(Encoding.PCMU)
    reader = Reader(stream.events())
    stream.send(b"\xff" * 16000)
    assert reader.ended_within(5)
    assert reader.error is not None
    assert reader.error.code == close_code
    assert code.lower().replace("-", "") in reader.error.message.lower().replace("-", "")


# --- Telnyx, speech to text ---


def stt(world: World, tls: ssl.SSLContext, engine: str = "deepgram", key: str = "") -> TelnyxStt:
    api_key = key or world.env["TELNYX_API_KEY"]
    return TelnyxStt(TelnyxSttOptions(api_key, SttSettings(engine), world.env["TELNYX_API_URL"]), tls)


@pytest.mark.parametrize("engine", ["deepgram", "google", "telnyx", "azure"])
def test_telnyx_hears_a_sentence_by_any_engine(world: World, tls: ssl.SSLContext, engine: str) -> None:
    heard = hear_by(world, stt(world, tls, engine))
    finals = [event for event in heard if isinstance(event, TranscriptFinal)]
    assert words_of(" ".join(event.text for event in finals)) == words_of(SAID)
    assert any(event.flushed for event in finals) is (engine == "deepgram"), "the others take no orders"
    assert any(isinstance(event, TranscriptInterim) for event in heard) is (engine == "deepgram")


def test_telnyx_hears_nobody_with_a_wrong_key(world: World, tls: ssl.SSLContext) -> None:
    with pytest.raises(ProviderError) as caught:
        stt(world, tls, key="falsa").connect(Encoding.PCMU)
    assert (caught.value.provider, caught.value.kind) == ("telnyx", Failure.AUTH)


def test_an_engine_that_telnyx_does_not_know_is_refused_behind_the_handshake(world: World, tls: ssl.SSLContext) -> None:
    reader = Reader(stt(world, tls, "orejas").connect(Encoding.PCMU).events())
    assert reader.ended_within(5)
    assert isinstance(reader.error, ProviderError)
    assert reader.error.code == "40007"


# --- Claude ---


@pytest.fixture(scope="module")
def claude(world: World, tls: ssl.SSLContext) -> Iterator[Claude]:
    client = open_client(ClaudeOptions("key", world.claude.url, read_timeout_s=0.5), tls)
    yield Claude(client, "claude-haiku-5-5")
    client.close()


def ask(text: str) -> ModelRequest:
    return ModelRequest(SYSTEM, (Message("assistant", "Buenos días."), Message("user", text)), 70)


def test_claude_answers_from_the_cache_on_one_connection(world: World, claude: Claude) -> None:
    before = world.claude.connections
    claude.check()
    assert claude.prewarm(SYSTEM) > 0
    for _ in range(3):
        *texts, done = claude.stream(ask("Hola"))
        assert isinstance(done, ReplyDone)
        assert done.stop_reason == "end_turn"
        assert done.cached_tokens > 0
        assert "".join(text.text for text in texts if isinstance(text, ReplyDelta)) == world.claude.requests[-1].reply
    assert world.claude.connections - before <= 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("refuse", status=529), Failure.UNAVAILABLE),
        (Fault("refuse", status=401), Failure.AUTH),
        (Fault("refuse", status=402), Failure.PAYMENT),
        (Fault("refuse", status=429), Failure.RATE_LIMIT),
        (Fault("drop", after=2), Failure.UNAVAILABLE),
        (Fault("drop", after=2, code="end"), Failure.PROTOCOL),
        (Fault("drop", after=2, code="truncate"), Failure.UNAVAILABLE),
        (Fault("drop", after=2, code="overloaded_error"), Failure.UNAVAILABLE),
        (Fault("half_open", after=0), Failure.TIMEOUT),
        (Fault("half_open", after=2), Failure.TIMEOUT),
    ],
)
def test_claude_fails(world: World, claude: Claude, fault: Fault, kind: Failure) -> None:
    world.fail("claude", fault)
    with pytest.raises(ProviderError) as caught:
        list(claude.stream(ask("Hola")))
    assert caught.value.kind is kind
    assert isinstance(list(claude.stream(ask("Hola")))[-1], ReplyDone)


def test_claude_notices_a_cancel(world: World, claude: Claude) -> None:
    stream = claude.stream(ask("Hola"))
    reader = Reader(stream)
    reader.wait_for(1)
    stream.cancel()
    assert reader.ended_within(0.5)
    until(lambda: world.claude.requests[-1].outcome == "disconnected")


# --- ElevenLabs ---


@pytest.fixture(scope="module")
def voice(world: World, tls: ssl.SSLContext) -> Iterator[ElevenLabs]:
    options = ElevenLabsOptions("key", "21m00Tcm4TlvDq8ikWAM", base_url=world.elevenlabs.url, gap_timeout_s=0.3)
    voice = ElevenLabs(options, tls)
    yield voice
    voice.close()


def test_elevenlabs_speaks_on_one_connection(world: World, voice: ElevenLabs) -> None:
    before = world.elevenlabs.connections
    voice.check()
    for text in ("Buenos días.", "¿En qué le puedo ayudar?"):
        audio = b"".join(voice.synthesize(text, previous_text="Hola."))
        assert world.elevenlabs.syntheses[-1].text == text
        assert audio == voices.speak(text, voice=world.elevenlabs.settings.voice).audio
    assert world.elevenlabs.connections - before <= 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("refuse", status=401, code="invalid_api_key"), Failure.AUTH),
        (Fault("refuse", status=401, code="quota_exceeded"), Failure.PAYMENT),
        (Fault("refuse", status=429, code="concurrent_limit_exceeded"), Failure.RATE_LIMIT),
        (Fault("refuse", status=500), Failure.UNAVAILABLE),
        (Fault("refuse", status=422), Failure.REFUSED),
        (Fault("refuse", status=200), Failure.PROTOCOL),
        (Fault("drop", code="end"), Failure.PROTOCOL),
        (Fault("drop", after=2000, code="truncate"), Failure.UNAVAILABLE),
        (Fault("drop", after=2000), Failure.UNAVAILABLE),
        (Fault("half_open", after=2000), Failure.TIMEOUT),
    ],
)
def test_elevenlabs_fails(world: World, voice: ElevenLabs, fault: Fault, kind: Failure) -> None:
    world.fail("elevenlabs", fault)
    with pytest.raises(ProviderError) as caught:
        list(voice.synthesize("Un momento, por favor."))
    assert caught.value.kind is kind
    assert b"".join(voice.synthesize("Un momento, por favor."))


# --- Telnyx ---


@pytest.fixture(scope="module")
def carrier(world: World, tls: ssl.SSLContext) -> Iterator[Telnyx]:
    env = world.env
    options = TelnyxOptions(
        env["TELNYX_API_KEY"],
        env["TELNYX_CONNECTION_ID"],
        env["TELNYX_PHONE_NUMBER"],
        base_url=env["TELNYX_API_URL"],
        answer_timeouts_s=(0.5, 0.5, 0.5),
        dial_timeouts_s=(0.5, 0.5),
    )
    carrier = Telnyx(options, tls, sleep=lambda seconds: None)
    yield carrier
    carrier.close()


def dial(number: str, command_id: str, url: str = "ws://127.0.0.1:9/stream/media") -> DialRequest:
    return DialRequest(number, "http://127.0.0.1:9/webhook", "estado", command_id, StreamRequest(url))


def test_telnyx_dials_tells_and_hangs_up(carrier: Telnyx) -> None:
    call_id = carrier.dial(dial("+573001112201", "d1")).call_control_id
    assert carrier.status(call_id).client_state == "estado"
    carrier.command(call_id, CallCommand("hangup", "h1"))
    until(lambda: not carrier.status(call_id).is_alive)

    with pytest.raises(ProviderError) as caught:
        carrier.command(call_id, CallCommand("hangup", "h2"))
    assert caught.value.kind is Failure.GONE
    with pytest.raises(ProviderError) as caught:
        carrier.command("v3:nobody", CallCommand("hangup", "h3"))
    assert caught.value.kind is Failure.GONE


@pytest.mark.parametrize("kind", ["drop", "stall"])
def test_a_dial_whose_answer_is_lost_calls_once(world: World, carrier: Telnyx, kind: Literal["drop", "stall"]) -> None:
    before = len(world.calls())
    world.fail("telnyx", Fault(kind, match="POST /v2/calls"))
    call = carrier.dial(dial(f"+5730011122{len(kind):02}", f"lost-{kind}"))

    assert len(world.calls()) == before + 1
    carrier.command(call.call_control_id, CallCommand("hangup", f"end-{kind}"))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("refuse", status=401), Failure.AUTH),
        (Fault("refuse", status=429), Failure.RATE_LIMIT),
        (Fault("refuse", status=503, times=3), Failure.UNAVAILABLE),
    ],
)
def test_telnyx_refuses(world: World, carrier: Telnyx, fault: Fault, kind: Failure) -> None:
    world.fail("telnyx", fault)
    with pytest.raises(ProviderError) as caught:
        carrier.dial(dial("+573001112299", "refused"))
    assert caught.value.kind is kind
