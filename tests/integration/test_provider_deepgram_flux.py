from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable

import pytest

from support.raw_server import Peer, RawServer
from support.vendor_streams import Reader
from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.events import TranscriptEvent, TurnConfirmed, TurnPredicted
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.deepgram import Deepgram, DeepgramOptions
from telnyx_actors.wire.deepgram import FluxSettings

Frame = tuple[int, bytes]
BINARY = 2
FRAME = bytes(range(160))
WOKEN_WITHIN_S = 0.5


def flux(server: RawServer, tls: ssl.SSLContext, **options: float) -> Deepgram:
    return Deepgram(DeepgramOptions("dg-secret", FluxSettings(), server.url, **options), tls)


def open_flux(peer: Peer) -> None:
    peer.accept_websocket()
    peer.send_text({"type": "Connected", "request_id": "r", "sequence_id": 0})


def error_of(work: Callable[[], object]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        work()
    assert "dg-secret" not in str(caught.value)
    return caught.value


def turn(event: str, text: str) -> dict[str, object]:
    return {"type": "TurnInfo", "event": event, "transcript": text, "end_of_turn_confidence": 0.8}


def test_flux_gets_pieces_of_80_ms_and_tells_turns(tls: ssl.SSLContext) -> None:
    frames: list[Frame | None] = []

    def script(peer: Peer) -> None:
        open_flux(peer)
        frames.extend(peer.read_frame() for _ in range(2))
        peer.send_text(turn("EagerEndOfTurn", "hola"))
        peer.send_text(turn("EndOfTurn", "hola"))
        peer.wait_for_end()

    with RawServer(script) as server:
        stream = flux(server, tls).connect(Encoding.PCMU)
        for _ in range(5):
            stream.send(FRAME)
        stream.send(b"")
        stream.finalize()
        stream.finalize()
        reader: Reader[TranscriptEvent] = Reader(stream.events())
        assert reader.wait_for(2) == [TurnPredicted("hola", 0.8), TurnConfirmed("hola", 0.8)]
        stream.close()
        assert reader.ended_within(WOKEN_WITHIN_S)

    # finalize() sends the rest of the audio and no command: Flux alone judges when a turn is over.
    assert frames == [(BINARY, FRAME * 4), (BINARY, FRAME)]


def test_flux_is_kept_alive_by_silence_as_it_knows_no_other_way(tls: ssl.SSLContext) -> None:
    received: list[Frame] = []

    def script(peer: Peer) -> None:
        open_flux(peer)
        while sum(len(data) for _, data in received) < 4000:
            got = peer.read_frame()
            assert got is not None
            received.append(got)
        peer.wait_for_end()

    with RawServer(script) as server:
        stream = flux(server, tls).connect(Encoding.PCMA)
        stream.keep_alive()
        stream.close()
    assert {opcode for opcode, _ in received} == {BINARY}
    assert b"".join(data for _, data in received) == b"\xd5" * 4000


def test_the_silence_that_keeps_flux_alive_is_not_counted_among_the_audio_it_was_given(tls: ssl.SSLContext) -> None:
    def script(peer: Peer) -> None:
        open_flux(peer)
        peer.read_frame()
        turn = {"type": "TurnInfo", "event": "EndOfTurn", "transcript": "hola", "audio_window_end": 1.7}
        peer.send_text(turn)
        peer.wait_for_end()

    with RawServer(script) as server:
        stream = flux(server, tls).connect(Encoding.PCMU)
        stream.keep_alive()
        reader: Reader[TranscriptEvent] = Reader(stream.events())
        (confirmed,) = reader.wait_for(1)
        stream.close()
        assert reader.ended_within(WOKEN_WITHIN_S)
    assert isinstance(confirmed, TurnConfirmed)
    assert confirmed.audio_s == pytest.approx(1.2)


def test_flux_that_opens_but_never_gets_ready_is_given_up_in_time(tls: ssl.SSLContext) -> None:
    gone = threading.Event()

    def script(peer: Peer) -> None:
        peer.accept_websocket()
        peer.wait_for_end()
        gone.set()

    with RawServer(script) as server:
        started = time.monotonic()
        error = error_of(lambda: flux(server, tls, connect_timeout_s=0.3).connect(Encoding.PCMU))
        assert error.kind is Failure.TIMEOUT
        assert time.monotonic() - started < 1.5
        assert gone.wait(WOKEN_WITHIN_S)


@pytest.mark.parametrize("moment", ["before it is ready", "in the middle"])
def test_a_fatal_error_of_flux_ends_the_stream_with_its_reason(tls: ssl.SSLContext, moment: str) -> None:
    gone = threading.Event()

    def script(peer: Peer) -> None:
        peer.accept_websocket()
        if moment == "in the middle":
            peer.send_text({"type": "Connected", "request_id": "r", "sequence_id": 0})
        peer.send_text({"type": "Error", "sequence_id": 1, "code": "INTERNAL_SERVER_ERROR", "description": "oh no"})
        peer.wait_for_end()
        gone.set()

    with RawServer(script) as server:
        error = error_of(lambda: list(flux(server, tls).connect(Encoding.PCMU).events()))
        assert gone.wait(WOKEN_WITHIN_S)
    assert (error.kind, error.code) == (Failure.UNAVAILABLE, "INTERNAL_SERVER_ERROR")
    assert "oh no" in error.message
