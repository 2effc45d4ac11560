"""The actor that has the caller's words made of the caller's audio, by a vendor or its reserve.

When the caller speaks is known without it (``core/ear.py``), and who is to hear next when a connection
is lost is decided elsewhere (``core/succession.py``). Connections are opened and read by pumps, and audio
that comes meanwhile waits in the replay buffer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pykka

from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.actors.messages import Finalize, ForgetSpeech, FramesWaiting, HeardElsewhere
from telnyx_actors.actors.mute import MuteWatch
from telnyx_actors.actors.replay_buffer import ReplayBuffer
from telnyx_actors.actors.services import Vendors
from telnyx_actors.actors.session import CallSession
from telnyx_actors.actors.transcriber_line import LineLost, LineOpen, Settled, TranscriberLine
from telnyx_actors.core import events as ev
from telnyx_actors.core.audio import FRAME_MS, SAMPLE_RATE_HZ, Encoding
from telnyx_actors.core.succession import Next, Source, Succession
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.logs import CallLog
from telnyx_actors.providers.ports import Transcription

KEEP_ALIVE_S: Final = 4.0

STABLE_S: Final = 2.0
"""A connection that lasts this long counts as one; some are closed as soon as they are open."""

BUSY_S: Final = 1.0
"""While somebody speaks, who hears is not changed without need: so long until the next look."""

_FRAME_S: Final = FRAME_MS / 1000

_NAMES: Final = {Source.OWN: "Deepgram", Source.RESERVE: "Telnyx STT"}
_KEYS: Final = {Source.OWN: "DEEPGRAM_API_KEY", Source.RESERVE: "TELNYX_API_KEY"}


@dataclass(frozen=True, slots=True)
class _StableDue:
    line: TranscriberLine


class _KeepAliveDue:
    pass


@dataclass(frozen=True, slots=True)
class _ConnectDue:
    source: Source


@dataclass(frozen=True, slots=True)
class _BackDue:
    """Try our own again, if it is still this reserve that hears."""

    line: TranscriberLine


@dataclass(frozen=True, slots=True)
class _TakeOver:
    """The line before this one has been dropped, and whatever it had settled is settled."""

    line: TranscriberLine


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
        self._transcribers: Mapping[Source, Transcription] = {Source.OWN: vendors.transcription} | (
            {} if vendors.reserve is None else {Source.RESERVE: vendors.reserve}
        )
        self._lane = session.hearing
        self._replay = replay
        self._encoding = encoding
        self._call_log = log
        self._line: TranscriberLine | None = None  # that hears
        self._coming: TranscriberLine | None = None  # that is being opened
        self._succession = Succession(has_reserve=Source.RESERVE in self._transcribers)
        self._mute = MuteWatch()
        self._must_finalize = False
        self._is_replaced = False  # the carrier hears, until we can again
        self._sent_at = 0.0
        self._has_heard = False
        self._is_voice = session.is_voice

    def setup(self) -> None:
        self._connect(Source.OWN)
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
            case Settled():
                self._replay.settled(message.audio_s)
            case LineOpen():
                self._opened(message.line)
            case _TakeOver():
                if message.line is self._coming:
                    self._take_over(message.line)
            case LineLost():
                self._lost(message.line, message.error)
            case _StableDue():
                self._look_at(message.line)
            case ForgetSpeech():
                self._forget()
            case HeardElsewhere():
                self._is_replaced = self._line is None
            case _ConnectDue():
                self._connect(message.source)
            case _BackDue():
                self._try_own(message.line)
            case _KeepAliveDue():
                self._keep_alive()
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        for line in (self._line, self._coming):
            if line is not None:
                self._drop(line)

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
        if self._line is not None:
            self._watch(self._line)

    def _watch(self, line: TranscriberLine) -> None:
        stream, now = line.stream, self.clock.now()
        if self._mute.is_mute(stream.messages, stream.signs_of_life, now):
            self._lost(line, ProviderError(stream.provider, Failure.TIMEOUT, "no dice nada de una voz"))
        elif self._mute.is_to_probe(now):
            self._probe(line)

    def _probe(self, line: TranscriberLine) -> None:
        self._mute.probed(self.clock.now(), line.stream.signs_of_life)
        try:
            line.stream.probe()
        except ProviderError as error:
            self.log.debug("probe: {}", error)  # its reader tells how it ended

    def _send(self) -> None:
        if self._line is None:
            return
        audio = self._replay.unsent()
        if not audio:
            return
        try:
            self._line.stream.send(audio)
        except ProviderError:
            return  # the reader of the same connection tells how it ended
        self._replay.sent(len(audio))
        self._sent_at = self.clock.now()

    def _finalize(self) -> None:
        if self._line is None:
            self._must_finalize = True
            return
        self._hear()  # what was said last is in the lane, if it is not more than a few frames
        try:
            self._line.finalize(self._replay.given_s)
        except ProviderError:
            self._must_finalize = True
        else:
            if self._replay.has_voice:
                self._mute.asked(self.clock.now())

    # --- the connections ------------------------------------------------------------

    def _connect(self, source: Source) -> None:
        self._call_log.info("🔌", f"Conectando a {_NAMES[source]} WebSocket")
        self._coming = TranscriberLine(
            source,
            self._transcribers[source],
            self._encoding,
            partial(tell, self.actor_ref),
            partial(tell, self._call),
            f"{self.path}/{source.value}",
        ).start()

    def _opened(self, line: TranscriberLine) -> None:
        if line is not self._coming:
            return  # it was given up while it was being opened
        if self._line is None:
            self._take_over(line)
        else:
            self._drop(self._line)
            self._line = None
            tell(self.actor_ref, _TakeOver(line))

    def _take_over(self, line: TranscriberLine) -> None:
        self._call_log.info("✅", f"Conectado a {_NAMES[line.source]} WebSocket")
        self._line, self._coming = line, None
        self.send_later(STABLE_S, _StableDue(line))
        if line.source is Source.RESERVE:
            self._try_own_later(line)
        if self._is_replaced:
            self._is_replaced = False
            self._replay.forget()
        self._replay.rewind()
        backlog_s = len(self._replay.unsent()) / SAMPLE_RATE_HZ
        tell(self._call, ev.HearingRestored(line.source is Source.RESERVE, backlog_s))
        self._mute.connected(line.stream.habits, self.clock.now(), backlog_s)
        self._probe(line)  # ahead of it: to learn whether probes are answered
        self._send()
        if self._must_finalize:
            self._must_finalize = False
            self._finalize()

    def _lost(self, line: TranscriberLine, error: Exception | None) -> None:
        if line not in (self._line, self._coming):
            return  # it was given up already, with this on its way
        self._drop(line)
        self.runtime.stats.vendor_failed(error)
        reason = f"{error}" if error is not None else "la conexión se cerró"
        is_refused = isinstance(error, ProviderError) and not error.is_temporary
        if isinstance(error, ProviderError) and error.kind is Failure.AUTH:
            who, why, key = _NAMES[line.source], error.message.rstrip("."), _KEYS[line.source]
            self._call_log.error("🔑", f"{who} rechazó la clave: {why}. Revise {key}.")
        if line is self._coming:
            self._coming = None
            if self._line is not None:
                self._not_back(self._line, reason, is_refused=is_refused)
                return
        else:
            self._line = None
        # Whoever has stopped to speak waits for an answer: the next connection is to say at once what it hears.
        self._must_finalize |= self._replay.has_voice and not self._is_voice
        following = self._succession.lost(line.source, self.runtime.random(), is_refused=is_refused)
        self._tell_loss(line.source, following, reason)
        if self._coming is None:
            self.send_later(following.delay_s, _ConnectDue(following.source))

    def _tell_loss(self, lost: Source, following: Next, reason: str) -> None:
        if following.source is lost:
            after = f"reintento en {following.delay_s:.1f} s"
        elif following.is_final:
            after = f"transcribe Telnyx en la llamada; reintento con Deepgram en {following.delay_s:.1f} s"
        else:
            after = "lo releva Telnyx STT"
        self._call_log.warning("🔁", f"{_NAMES[lost]} desconectado ({reason}); {after}")
        tell(self._call, ev.HearingFailed(reason, following.is_final))

    def _forget(self) -> None:
        """Whatever the connection is still making of it is of no use: the next one knows nothing of it."""
        self._hear()
        self._must_finalize = False
        if self._line is not None:
            source = self._line.source
            self._drop(self._line)
            self._line = None
            if self._coming is None:
                self._connect(source)
        self._replay.forget()

    def _drop(self, line: TranscriberLine) -> None:
        line.drop()
        if line.is_open:
            garbage = ProviderError(line.stream.provider, Failure.PROTOCOL, "mensajes que no se entienden")
            self.runtime.stats.vendor_failed(garbage, times=line.stream.malformed_messages)

    def _look_at(self, line: TranscriberLine) -> None:
        """Whether a connection has proved good: who has a voice to tell of has to have said something."""
        if line is self._line and (line.stream.messages or not self._replay.has_voice):
            self._succession.lasted(line.source)

    # --- back to our own --------------------------------------------------------------

    def _try_own_later(self, reserve: TranscriberLine) -> None:
        self.send_later(self._succession.back_s(self.runtime.random()), _BackDue(reserve))

    def _try_own(self, reserve: TranscriberLine) -> None:
        if reserve is not self._line:
            return
        if self._replay.has_voice:  # of which the reserve may have made some words, and ours would make them again
            self.send_later(BUSY_S, _BackDue(reserve))
        else:
            self._connect(Source.OWN)

    def _not_back(self, reserve: TranscriberLine, reason: str, *, is_refused: bool) -> None:
        self.log.debug("Deepgram todavía no: {}", reason)
        self._succession.not_back(is_refused=is_refused)
        self._try_own_later(reserve)

    def _keep_alive(self) -> None:
        if self._line is not None and self.clock.now() - self._sent_at >= KEEP_ALIVE_S:
            try:
                self._line.stream.keep_alive()
            except ProviderError as error:
                self.log.debug("keep-alive: {}", error)  # its reader tells how it ended
        self.send_later(KEEP_ALIVE_S, _KeepAliveDue())
