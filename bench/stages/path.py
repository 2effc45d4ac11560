"""The stages of a frame's way from Telnyx to the vendor and the disk, one by one: µs of CPU each.

Each is measured alone and warm, so that their sum is less than what a call costs: between
them lie the switches of threads, of which ``wake`` is the dearest.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from pykka._envelope import Envelope
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.sync.server import ServerConnection, serve

from bench.stages.front import frame
from telnyx_actors.actors.inbox import Inbox, Overflow
from telnyx_actors.actors.lane import AudioLane
from telnyx_actors.actors.replay_buffer import ReplayBuffer
from telnyx_actors.actors.session import PIECE_FRAMES, CallSession
from telnyx_actors.actors.spool import Spool
from telnyx_actors.clock import SystemClock
from telnyx_actors.core.audio import FRAME_BYTES, FRAME_MS, Encoding
from telnyx_actors.core.ear import Ear
from telnyx_actors.core.recording import AgentTrack, CallerTrack
from telnyx_actors.core.reorder import Reorderer
from telnyx_actors.core.voice_activity import VoiceActivity, VoiceActivitySettings
from telnyx_actors.providers.deepgram import Deepgram, DeepgramOptions
from telnyx_actors.providers.http import tls_context
from telnyx_actors.providers.voice_classifier import WebRtcClassifier
from telnyx_actors.standins.voices import synthesize
from telnyx_actors.wire.telnyx_media import Media, encode_media, parse

ROUNDS: Final = 5
FRAMES_A_SECOND: Final = 1000 // FRAME_MS
PIECES_A_SECOND: Final = FRAMES_A_SECOND / PIECE_FRAMES
SOUND: Final = bytes(range(FRAME_BYTES))
PIECE: Final = SOUND * PIECE_FRAMES


@dataclass(frozen=True, slots=True)
class Stage:
    """``us`` of CPU each time; ``a_second`` is how often that happens in one call."""

    name: str
    us: float
    a_second: float = FRAMES_A_SECOND

    @property
    def percent(self) -> float:
        """Of a core, for one call."""
        return self.us * self.a_second / 1e4


def cost_us(work: Callable[[], object], number: int = 4000, clock: Callable[[], float] = time.thread_time) -> float:
    """The best of some rounds: what disturbs a round only adds to it. By default the CPU time of this thread."""
    best_s = float("inf")
    for _ in range(ROUNDS):
        begin = clock()
        for _ in range(number):
            work()
        best_s = min(best_s, clock() - begin)
    return best_s / number * 1e6


def stages(folder: Path) -> Iterator[Stage]:
    """``folder`` is for what goes to the disk."""
    yield Stage("WebSocket: unmask and cut a frame", _websocket_us())
    text = frame(7).encode()
    yield Stage("JSON and base64: bytes to a value", cost_us(lambda: parse(text)))
    yield from _session()
    yield Stage("wake the transcriber: into its inbox, and its thread awake", _wake_us(), PIECES_A_SECOND)
    yield Stage("replay buffer: kept until its words are final", _replay_us(), PIECES_A_SECOND)
    yield Stage("Deepgram: a piece into the socket", _deepgram_us(), PIECES_A_SECOND)
    yield from _recording(folder)
    yield Stage("journal: an entry, committed with others", _journal_us(folder), a_second=1)
    piece = SOUND * 12
    yield Stage("outwards: 240 ms of audio to a message", cost_us(lambda: encode_media(piece)), a_second=1 / 0.24)


def _websocket_us() -> float:
    protocol = ServerProtocol(state=State.OPEN)
    data = Frame(Opcode.TEXT, frame(7).encode()).serialize(mask=True)

    def receive() -> None:
        protocol.receive_data(data)
        protocol.events_received()
        protocol.data_to_send()

    return cost_us(receive)


def _session() -> Iterator[Stage]:
    reorderer, chunks = Reorderer(Encoding.PCMU), count(1)
    yield Stage("put in order", cost_us(lambda: reorderer.push(next(chunks), SOUND)))
    classifier = WebRtcClassifier(Encoding.PCMU)
    sounds = cycle(_speech())
    yield Stage("voice or not: webrtcvad behind the noise gate", cost_us(lambda: classifier.is_voice(next(sounds))))
    activity, at_ms = VoiceActivity(), count(0, FRAME_MS)
    yield Stage("voice activity: began, confirmed, ended", cost_us(lambda: activity.feed(False, next(at_ms))))
    lane = AudioLane[bytes]()

    def put_and_take() -> None:
        lane.put(SOUND)
        lane.take()

    yield Stage("a lane: in and out", cost_us(put_and_take))
    session, numbers = CallSession(SystemClock(), _ear), count(1)
    session.encoding = Encoding.PCMU
    whole_us = cost_us(lambda: session.media(Media("inbound", next(numbers), 0, next(sounds))))
    yield Stage("**the four together, with two lanes: a call's session**", whole_us)


def _speech() -> list[bytes]:
    audio = synthesize("Buenas tardes, quisiera una cita para mi perro.", voice="cliente")
    return [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]


def _ear(encoding: Encoding) -> Ear:
    return Ear(WebRtcClassifier(encoding), VoiceActivitySettings())


def _wake_us() -> float:
    """Both threads' time: a reader that sleeps, a message, a reader that handles it and sleeps again."""
    inbox, handled = Inbox(100, Overflow.DROP_OLDEST, time.monotonic), threading.Semaphore(0)
    number = 2000
    envelope = cast(Envelope[Any], SimpleNamespace(message=SOUND, reply_to=None))

    def read() -> None:
        for _ in range(number * ROUNDS):
            inbox.get()
            handled.release()

    def put() -> None:
        inbox.put(envelope)
        handled.acquire()

    reader = threading.Thread(target=read)
    reader.start()
    found = cost_us(put, number, time.process_time)
    reader.join()
    return found


def _replay_us() -> float:
    replay = ReplayBuffer()

    def pass_on() -> None:
        replay.add(PIECE, is_voice=False)
        replay.sent(len(replay.unsent()))

    return cost_us(pass_on)


def _deepgram_us() -> float:
    """What the sending thread spends; whoever reads is another one."""
    with _sink() as url:
        stream = Deepgram(DeepgramOptions("key", base_url=url), tls_context()).connect(Encoding.PCMU)
        found = cost_us(lambda: stream.send(PIECE))
        stream.close()
    return found


@contextmanager
def _sink() -> Iterator[str]:
    """A WebSocket server that takes everything and says nothing."""

    def swallow(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                connection.recv()

    with serve(swallow, "127.0.0.1", 0, compression=None, max_size=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def _recording(folder: Path) -> Iterator[Stage]:
    """A second of both sides goes to the disk at once."""
    spool = Spool(folder / "call")
    spool.open({"id": "v3:a", "encoding": "PCMU"})
    caller, agent = CallerTrack(Encoding.PCMU, origin_s=0.0), AgentTrack(Encoding.PCMU, origin_s=0.0)
    seconds = count(1)

    def flush() -> None:
        second = next(seconds)
        frames = [(second - 1 + (n + 1) * FRAME_MS / 1000, SOUND) for n in range(FRAMES_A_SECOND)]
        spool.append(caller.received(frames), agent.advanced(float(second)))

    yield Stage("record: a second of both sides, placed and written", cost_us(flush, 400), a_second=1)
    spool.close()


def _journal_us(folder: Path) -> float:
    """Groups of 50, as they come from a hundred calls in half a second."""
    db = sqlite3.connect(folder / "journal.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("CREATE TABLE entries (id INTEGER PRIMARY KEY, ref TEXT, kind TEXT, wall TEXT, data TEXT)")
    data = {"turn": 3, "said": "¿A qué hora abren los sábados?", "heard": "Claro. Abrimos de lunes a viernes."}
    group = 50

    def commit() -> None:
        rows = [("call/1", "turn", "2026-11-22T10:00:00", json.dumps(data, ensure_ascii=False)) for _ in range(group)]
        with db:
            db.execute("BEGIN")
            db.executemany("INSERT INTO entries (ref, kind, wall, data) VALUES (?, ?, ?, ?)", rows)

    found = cost_us(commit, 20) / group
    db.close()
    return found
