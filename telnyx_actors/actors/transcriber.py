"""The actor that has the caller's words made of the caller's audio, by the vendor.

When the caller speaks is known without it (``core/ear.py``). The connection is opened and
read by a pump, and audio that comes meanwhile waits in the replay buffer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeGuard

import pykka

from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.actors.messages import Finalize, FramesWaiting, HeardElsewhere, StreamEnded, StreamReady
from telnyx_actors.actors.mute import MuteWatch
from telnyx_actors.actors.pump import Pump
from telnyx_actors.actors.replay_buffer import ReplayBuffer
from telnyx_actors.actors.services import Vendors
from telnyx_actors.actors.session import CallSession
from telnyx_actors.core import events as ev
from telnyx_actors.core.audio import FRAME_MS, Encoding
from telnyx_actors.core.backoff import Backoff
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.logs import CallLog
from telnyx_actors.providers.ports import TranscriptionStream

KEEP_ALIVE_S: Final = 4.0
RECONNECT: Final = Backoff(first_s=0.2, limit_s=5.0)
RECONNECT_REFUSED: Final = Backoff(first_s=30.0, limit_s=120.0, least=0.5)
"""After a refusal that asking again cannot help, such as a wrong key: somebody may mend it meanwhile."""

STABLE_S: Final = 2.0
"""A connection that lasts this long counts as one; some are closed as soon as they are open."""

FAILURES_MAX: Final = 5
"""So many in a row are as good as a refusal."""

_FRAME_S: Final = FRAME_MS / 1000


@dataclass(frozen=True, slots=True)
class _Settled:
    """The words of so much of the connection's audio are final."""

    audio_s: float | None


@dataclass(frozen=True, slots=True)
class _StableDue:
    stream: TranscriptionStream


class _KeepAliveDue:
    pass


class _ReconnectDue:
    pass


class TranscriberActor(EngineActor):
    """``session`` and ``replay`` belong to the call, so that no word is lost with this actor."""

    def __init__(
        self,
        birth: Birth,
        call: pykka.ActorRef[Any],
        vendors: Vendors,
        session: CallSession,
        replay: ReplayBuffer,
        encoding: Encoding,
        log: CallLog,
    ) -> None:
        super().__init__(birth)
        self._call = call
        self._transcription = vendors.transcription
        self._lane = session.hearing
        self._replay = replay
        self._encoding = encoding
        self._call_log = log
        self._stream: TranscriptionStream | None = None
        self._pump: Pump[object] | None = None
        self._mute = MuteWatch()
        self._failures = 0
        self._must_finalize = False
        self._is_replaced = False  # the carrier hears, until we can again
        self._sent_at = 0.0
        self._has_heard = False
        self._is_voice = session.is_voice

    def setup(self) -> None:
        self._connect()
        self._lane.listen(partial(tell, self.actor_ref, FramesWaiting()))
        self._hear()
        # The request for final words may have been made while nobody was here.
        self._must_finalize = self._replay.has_voice and not self._is_voice
        self.send_later(KEEP_ALIVE_S, _KeepAliveDue())

    def handle(self, message: object) -> None:
        match message:
            case FramesWaiting():
                self._hear()
            case Finalize():
                self._finalize()
            case _Settled():
                self._replay.settled(message.audio_s)
            case StreamReady():
                self._ready(message.stream)
            case StreamEnded():
                if self._pump is not None:  # else it was given up already, with this on its way
                    self._lost(message.error)
            case _StableDue():
                if message.stream is self._stream:
                    self._failures = 0
            case HeardElsewhere():
                self._is_replaced = self._stream is None
            case _ReconnectDue():
                self._connect()
            case _KeepAliveDue():
                self._keep_alive()
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        self._drop_stream()

    # --- frames -----------------------------------------------------------------

    def _hear(self) -> None:
        frames = self._lane.take()
        if not frames:
            return
        if not self._has_heard:
            self._has_heard = True
            self._call_log.info("🎤", "Recibiendo audio de Telnyx")
        voiced = sum(is_voice for _, is_voice in frames)
        self._is_voice = frames[-1][1]
        self._replay.add(b"".join(frame for frame, _ in frames), is_voice=voiced > 0)
        self._send()
        self._mute.given(voiced * _FRAME_S, (len(frames) - voiced) * _FRAME_S)
        stream = self._stream
        if stream is None:
            return
        if self._mute.is_mute(stream.messages, self.clock.now(), announces_voices=stream.announces_voices):
            self._lost(ProviderError("deepgram", Failure.TIMEOUT, "no dice nada de una voz"))

    def _send(self) -> None:
        if self._stream is None:
            return
        audio = self._replay.unsent()
        if not audio:
            return
        try:
            self._stream.send(audio)
        except ProviderError:
            return  # the reader of the same connection tells how it ended
        self._replay.sent(len(audio))
        self._sent_at = self.clock.now()

    def _finalize(self) -> None:
        if self._stream is None:
            self._must_finalize = True
            return
        self._hear()  # what was said last is in the lane, if it is not more than a few frames
        try:
            self._stream.finalize()
        except ProviderError:
            self._must_finalize = True
        else:
            if self._replay.has_voice:
                self._mute.asked(self.clock.now())

    # --- the connection ------------------------------------------------------------

    def _connect(self) -> None:
        self._call_log.info("🔌", "Conectando a Deepgram WebSocket")
        connection = _Connection(self._transcription.connect, self._encoding)
        self._pump = Pump(
            connection.items(),
            connection.close,
            self._deliver,
            lambda error: tell(self.actor_ref, StreamEnded(error)),
            f"{self.path}/deepgram",
        ).start()

    def _deliver(self, item: object) -> bool:
        """On the pump's thread: what was heard goes to the call in one line, so that none overtakes another."""
        if isinstance(item, StreamReady):
            return tell(self.actor_ref, item)
        if _settles(item):
            tell(self.actor_ref, _Settled(item.audio_s))
        return tell(self._call, item)

    def _ready(self, stream: TranscriptionStream) -> None:
        self._call_log.info("✅", "Conectado a Deepgram WebSocket")
        tell(self._call, ev.HearingRestored())
        self._stream = stream
        self._mute.connected()
        self.send_later(STABLE_S, _StableDue(stream))
        if self._is_replaced:
            self._is_replaced = False
            self._replay.forget()
        self._replay.rewind()
        self._send()
        if self._must_finalize:
            self._must_finalize = False
            self._finalize()

    def _lost(self, error: Exception | None) -> None:
        self._drop_stream()
        self.runtime.stats.vendor_failed(error)
        is_refused = isinstance(error, ProviderError) and not error.is_temporary
        is_final = is_refused or self._failures >= FAILURES_MAX
        backoff = RECONNECT_REFUSED if is_final else RECONNECT
        delay_s = backoff.delay_s(self._failures, self.runtime.random())
        self._failures += 1
        # Whoever has stopped to speak waits for an answer: the next connection is to say at once what it hears.
        self._must_finalize |= self._replay.has_voice and not self._is_voice
        reason = f"{error}" if error is not None else "la conexión se cerró"
        if isinstance(error, ProviderError) and error.kind is Failure.AUTH:
            self._call_log.error("🔑", f"Deepgram rechazó la clave: {error.message}. Revise DEEPGRAM_API_KEY.")
        else:
            self._call_log.warning("🔁", f"Deepgram desconectado ({reason}); reintento en {delay_s:.1f} s")
        tell(self._call, ev.HearingFailed(reason, is_final))
        self.send_later(delay_s, _ReconnectDue())

    def _drop_stream(self) -> None:
        if self._stream is not None:
            garbage = ProviderError("deepgram", Failure.PROTOCOL, "mensajes que no se entienden")
            self.runtime.stats.vendor_failed(garbage, times=self._stream.malformed_messages)
        self._stream = None
        if self._pump is not None:
            self._pump.cancel()
            self._pump = None

    def _keep_alive(self) -> None:
        if self._stream is not None and self.clock.now() - self._sent_at >= KEEP_ALIVE_S:
            try:
                self._stream.keep_alive()
            except ProviderError as error:
                self.log.debug("keep-alive: {}", error)  # its reader tells how it ended
        self.send_later(KEEP_ALIVE_S, _KeepAliveDue())


def _settles(item: object) -> TypeGuard[ev.TranscriptFinal | ev.TurnConfirmed]:
    """Whether nothing before this need be heard again. A final that does not say where it ends may be in the middle."""
    if isinstance(item, ev.TranscriptFinal):
        return item.audio_s is not None or item.flushed or item.endpoint
    return isinstance(item, ev.TurnConfirmed)


class _Connection:
    """A connection that is opened by whoever iterates it, and can be closed before that."""

    def __init__(self, connect: Any, encoding: Encoding) -> None:
        self._connect = connect
        self._encoding = encoding
        self._stream: TranscriptionStream | None = None
        self._is_closed = False

    def items(self) -> Iterator[object]:
        stream: TranscriptionStream = self._connect(self._encoding)
        self._stream = stream
        if self._is_closed:
            stream.close()
            return
        yield StreamReady(stream)
        yield from stream.events()

    def close(self) -> None:
        self._is_closed = True
        if self._stream is not None:
            self._stream.close()
