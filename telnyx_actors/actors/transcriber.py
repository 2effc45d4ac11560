"""The actor that hears: voice activity of our own, words from the vendor.

Voice activity must not wait for anybody's network, so the connection is opened and read
by a pump, and frames that come meanwhile wait in the replay buffer.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import pykka

from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.actors.messages import Finalize, FramesWaiting, StreamEnded, StreamReady
from telnyx_actors.actors.pump import Pump
from telnyx_actors.actors.replay import ReplayBuffer
from telnyx_actors.actors.services import Vendors
from telnyx_actors.actors.session import CallSession
from telnyx_actors.core import events as ev
from telnyx_actors.core.audio import FRAME_MS, Encoding
from telnyx_actors.core.backoff import Backoff
from telnyx_actors.core.voice_activity import VoiceActivity, VoiceActivitySettings, VoiceChange, VoiceChangeKind
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.logs import CallLog
from telnyx_actors.providers.ports import TranscriptionStream

KEEP_ALIVE_S: Final = 4.0
RECONNECT: Final = Backoff(first_s=0.2, limit_s=5.0)
RECONNECT_REFUSED: Final = Backoff(first_s=30.0, limit_s=120.0)
"""After a refusal that asking again cannot help, such as a wrong key: somebody may mend it meanwhile."""

_FRAME_S: Final = FRAME_MS / 1000


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
        settings: VoiceActivitySettings,
        log: CallLog,
    ) -> None:
        super().__init__(birth)
        self._call = call
        self._transcription = vendors.transcription
        self._classifier = vendors.classifier(encoding)
        self._activity = VoiceActivity(settings)
        self._lane = session.hearing
        self._replay = replay
        self._encoding = encoding
        self._call_log = log
        self._stream: TranscriptionStream | None = None
        self._pump: Pump[object] | None = None
        self._failures = 0
        self._must_finalize = False
        self._sent_at = 0.0
        self._frames = 0
        self._zero: float | None = None  # when frame 0 would have come on a line without jitter
        self._has_heard = False

    def setup(self) -> None:
        self._connect()
        self._lane.listen(partial(tell, self.actor_ref, FramesWaiting()))
        self.send_later(KEEP_ALIVE_S, _KeepAliveDue())

    def handle(self, message: object) -> None:
        match message:
            case FramesWaiting():
                self._hear()
            case Finalize():
                self._finalize()
            case ev.TranscriptFinal():
                if message.flushed or message.endpoint:
                    self._replay.settled()
                tell(self._call, message)
            case StreamReady():
                self._ready(message.stream)
            case StreamEnded():
                self._lost(message.error)
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
        for at, frame in frames:
            self._detect(at, frame)
        self._replay.add(b"".join(frame for _, frame in frames))
        self._send()

    def _detect(self, at: float, frame: bytes) -> None:
        position_s = self._frames * _FRAME_S
        self._frames += 1
        zero = at - position_s - _FRAME_S  # a frame arrives when its last sample has been spoken
        # The least delayed frame knows best; a slow drift back follows a clock that runs differently.
        self._zero = zero if self._zero is None else min(zero, self._zero + 1e-5)
        change = self._activity.feed(self._classifier.is_voice(frame), round(position_s * 1000))
        if change is not None:
            tell(self._call, self._event(change))

    def _event(self, change: VoiceChange) -> ev.CallEvent:
        assert self._zero is not None
        at = self._zero + change.at_ms / 1000
        match change.kind:
            case VoiceChangeKind.STARTED:
                return ev.VoiceStarted(at)
            case VoiceChangeKind.CONFIRMED:
                return ev.VoiceConfirmed(at)
            case VoiceChangeKind.STOPPED:
                return ev.VoiceStopped(at)

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
        try:
            self._stream.finalize()
        except ProviderError:
            self._must_finalize = True

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
        """On the pump's thread: what concerns the connection is ours, what was heard is the call's."""
        mine = isinstance(item, StreamReady | ev.TranscriptFinal)
        return tell(self.actor_ref if mine else self._call, item)

    def _ready(self, stream: TranscriptionStream) -> None:
        self._call_log.info("✅", "Conectado a Deepgram WebSocket")
        self._failures = 0
        tell(self._call, ev.HearingRestored())
        self._stream = stream
        self._replay.rewind()
        self._send()
        if self._must_finalize:
            self._must_finalize = False
            self._finalize()

    def _lost(self, error: Exception | None) -> None:
        self._drop_stream()
        self.runtime.stats.vendor_failed(error)
        is_final = isinstance(error, ProviderError) and not error.is_temporary
        backoff = RECONNECT_REFUSED if is_final else RECONNECT
        delay_s = backoff.delay_s(self._failures, self.runtime.random())
        self._failures += 1
        reason = f"{error}" if error is not None else "la conexión se cerró"
        if isinstance(error, ProviderError) and error.kind is Failure.AUTH:
            self._call_log.error("🔑", f"Deepgram rechazó la clave: {error.message}. Revise DEEPGRAM_API_KEY.")
        else:
            self._call_log.warning("🔁", f"Deepgram desconectado ({reason}); reintento en {delay_s:.1f} s")
        tell(self._call, ev.HearingFailed(reason, is_final))
        self.send_later(delay_s, _ReconnectDue())

    def _drop_stream(self) -> None:
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
