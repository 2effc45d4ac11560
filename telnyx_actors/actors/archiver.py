"""The actors that keep the record: one for each call, and one for what was left behind."""

from __future__ import annotations

import shutil
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pykka

from telnyx_actors.actors.base import Birth, EngineActor, tell
from telnyx_actors.actors.calls import LiveCalls
from telnyx_actors.actors.messages import (
    AgentAudio,
    AgentCleared,
    CallSummary,
    CloseRecord,
    OpenRecord,
    RecordClosed,
    StreamLost,
    Sweep,
    TurnOver,
)
from telnyx_actors.actors.pump import Pump
from telnyx_actors.actors.session import CallSession
from telnyx_actors.actors.spool import Spool, idle_s, is_unbegun, ship, weight_bytes
from telnyx_actors.actors.tally import Tally
from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.recording import AgentTrack, CallerTrack, origin_of
from telnyx_actors.core.transcript import turn_entry
from telnyx_actors.core.turn import TurnRecord
from telnyx_actors.errors import ProviderError
from telnyx_actors.providers.ports import Archive

FLUSH_S: Final = 1.0
SWEEP_S: Final = 60.0
LEFT_BEHIND_S: Final = 30.0
"""A call in progress writes every second, whichever process holds it."""


class _FlushDue:
    pass


class _SweepDue:
    pass


class _SweepOver:
    pass


class ArchiverActor(EngineActor):
    """Spools audio and turns while the call runs, and ships them when it is over.

    A disk that takes nothing interrupts the record and not the call: what comes meanwhile is
    silence in the recording, turns wait, and every second it is tried again.
    """

    # Audio that waits here is the record: nothing of it is dropped before a minute of it waits.
    inbox_max = 10_000

    def __init__(
        self,
        birth: Birth,
        call: pykka.ActorRef[Any],
        archive: Archive,
        archive_folder: str,
        folder: Path,
        session: CallSession,
    ) -> None:
        super().__init__(birth)
        self._call = call
        self._archive = archive
        self._archive_folder = archive_folder
        self._spool = Spool(folder)
        self._lane = session.recording
        self._order: OpenRecord | None = None  # while the record is kept
        self._caller: CallerTrack | None = None  # None while the disk takes nothing, too
        self._agent: AgentTrack | None = None
        self._turns: deque[TurnRecord] = deque()  # not written yet
        self._origin_s = 0.0
        self._is_stream_lost = False

    def handle(self, message: object) -> None:
        try:
            self._take(message)
        except OSError as error:
            self._suspend(error)
            if isinstance(message, CloseRecord):
                tell(self._call, RecordClosed((), str(error)))

    def _take(self, message: object) -> None:
        match message:
            case _FlushDue():
                self.send_later(FLUSH_S, _FlushDue())
                self._resume()
                self._flush()
            case AgentAudio():
                self._append(agent=self._agent.sent(message.at, message.audio) if self._agent else b"")
            case AgentCleared():
                self._append(agent=self._agent.cleared(message.at) if self._agent else b"")
            case OpenRecord():
                self._open(message)
            case StreamLost():
                if self._caller is not None:
                    self._flush()
                    self._caller.interrupted()
                    self._is_stream_lost = True
            case TurnOver():
                if self._order is not None:
                    self._turns.append(message.record)
                    self._write_turns()
            case CloseRecord():
                self._close(message)
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        if error is None:
            with suppress(OSError):  # then it was suspended before, and said so
                self._flush()  # nothing to do, unless the call goes on in another process
        self._spool.close()

    def _open(self, order: OpenRecord) -> None:
        if self._order is not None:
            return
        self._order, self._origin_s = order, order.origin_s
        self.send_later(FLUSH_S, _FlushDue())
        self._resume()

    def _resume(self) -> None:
        """Go on where the files end: they are not empty after a restart, or a disk that was full."""
        if self._order is None or self._caller is not None:
            return
        order = self._order
        self._spool.open(order.head)
        encoding = Encoding(str(order.head["encoding"]))
        caller, agent = self._spool.sizes
        origin_s = origin_of(self._origin_s, now=self.clock.now(), position=max(caller, agent))
        self._origin_s = origin_s
        self._caller = CallerTrack(encoding, origin_s=origin_s, position=caller)
        self._agent = AgentTrack(Encoding.PCMU, origin_s=origin_s, position=agent)
        self._write_turns()

    def _suspend(self, error: OSError) -> None:
        """Nothing can be written now; the next flush tries again."""
        if self._caller is not None:
            self.log.warning("el registro se interrumpe: no se puede escribir en {} ({})", self._spool.folder, error)
        self._caller = self._agent = None
        self._spool.close()

    def _write_turns(self) -> None:
        while self._caller is not None and self._turns:
            self._spool.add_turn(turn_entry(self._turns[0], self._origin_s))
            self._turns.popleft()

    def _flush(self) -> None:
        if self._caller is None or self._agent is None:
            return
        frames = self._lane.take()
        if self._is_stream_lost and not frames:
            return  # it may have been the end of the call, of which we hear later: silence would outlast it
        self._is_stream_lost = False
        caller = self._caller.received(frames)
        self._append(caller, self._agent.advanced(self.clock.now()))

    def _append(self, caller: bytes = b"", agent: bytes = b"") -> None:
        if caller or agent:
            self._spool.append(caller, agent)

    def _close(self, order: CloseRecord) -> None:
        self._resume()
        if self._caller is None or self._agent is None:  # never any audio: there is nothing to keep
            tell(self._call, RecordClosed(()))
            return
        self._order = None  # a flush may still be due, and there is nothing left to append to
        caller = self._caller.received(self._lane.take())
        self._append(caller, self._agent.finished(order.at))
        self._append(self._caller.finished(order.at))
        self._caller = self._agent = None
        self._spool.end(end_entry(order.summary, self._origin_s))
        try:
            places = ship(self._spool.folder, self._archive, self._archive_folder)
        except (OSError, ProviderError, ValueError) as error:
            self.runtime.stats.vendor_failed(error)
            tell(self._call, RecordClosed((), str(error)))
        else:
            tell(self._call, RecordClosed(places))


def end_entry(summary: CallSummary, origin_s: float) -> dict[str, object]:
    """How a call ended, for its transcript."""
    return {
        "reason": summary.reason,
        "duration_ms": round((summary.ended_at - origin_s) * 1000),
        "ring_ms": None if summary.answered_at is None else round((summary.answered_at - summary.born_at) * 1000),
        "counts": dict(summary.counts),
    }


class SweeperActor(EngineActor):
    """Ships what other processes, or a vendor's bad hour, left in the spool.

    A pump does it, because an archive that is away takes its time to say so.
    """

    def __init__(
        self,
        birth: Birth,
        spool_dir: Path,
        archive: Archive,
        archive_folder: str,
        calls: LiveCalls,
        tally: Tally,
    ) -> None:
        super().__init__(birth)
        self._tally = tally
        self._spool_dir = spool_dir
        self._archive = archive
        self._archive_folder = archive_folder
        self._calls = calls
        self._unreadable: set[str] = set()
        self._pump: Pump[str] | None = None

    def setup(self) -> None:
        # Should nobody say that the calls that were left have been taken up.
        self._due = self.send_later(LEFT_BEHIND_S, _SweepDue())

    def handle(self, message: object) -> None:
        match message:
            case _SweepDue() | Sweep():
                if self._pump is None:
                    self._sweep()
            case _SweepOver():
                self._pump = None
                self._due.cancel()
                self._due = self.send_later(SWEEP_S, _SweepDue())
            case _:
                self.unexpected(message)

    def teardown(self, error: Exception | None) -> None:
        if self._pump is not None:
            self._pump.cancel()

    def _sweep(self) -> None:
        stopped = threading.Event()
        self._pump = Pump(
            self._shipped(stopped), stopped.set, lambda _: True, self._ended, f"{self.path}/sweep"
        ).start()

    # --- on the pump's thread ---

    def _shipped(self, stopped: threading.Event) -> Iterator[str]:
        """Ship whatever is left over. The names of what was done."""
        folders = sorted(self._spool_dir.iterdir()) if self._spool_dir.is_dir() else []
        self._tally.gauge("spool_calls", len(folders))
        self._tally.gauge("spool_bytes", sum(map(weight_bytes, folders)))
        for folder in folders:
            if stopped.is_set():
                return
            try:
                if not self._is_left_behind(folder):
                    continue
                if is_unbegun(folder):
                    shutil.rmtree(folder)
                    continue
                places = ship(folder, self._archive, self._archive_folder)
                self.log.info("registro {} archivado: {}", folder.name, ", ".join(places))
                yield folder.name
            except (OSError, ProviderError, ValueError) as error:
                self.runtime.stats.vendor_failed(error)
                self.log.warning("el registro {} sigue en el spool: {}", folder.name, error)
                if isinstance(error, ValueError):
                    self._unreadable.add(folder.name)  # and will not get better

    def _is_left_behind(self, folder: Path) -> bool:
        """Nobody's any more: not a call of ours, and nothing was written lately by another process."""
        if folder.name in self._unreadable or self._calls.get(folder.name) is not None:
            return False
        is_one = (folder / "call.json").exists() or is_unbegun(folder)
        return is_one and idle_s(folder, self.clock.wall().timestamp()) >= LEFT_BEHIND_S

    def _ended(self, error: Exception | None) -> None:
        if error is not None:
            self.log.opt(exception=error).error("falló el repaso del spool")
        tell(self.actor_ref, _SweepOver())
